/**
 * One value for the same options, however often it is asked for: layers are built once for each program by who they are, and a client that two parts of a
 * program ask for alike is to be one, with one pool for each origin. Called by the skins' `NodeHttp2Client`.
 */

/** Whether values that are neither literals, arrays nor octets are the same. */
export type Equals = (one: unknown, other: unknown) => boolean

const isPlain = (u: object): u is Readonly<Record<string, unknown>> => {
  const prototype: unknown = Object.getPrototypeOf(u)
  return prototype === Object.prototype || prototype === null
}

const isOctets = (u: object): u is Uint8Array => u instanceof Uint8Array

/** Literals, arrays and octets by what they hold, an undefined property as one that is not there; all else, as functions and counters, as `equals` says. */
export const isSame = (one: unknown, other: unknown, equals: Equals): boolean => {
  if (Object.is(one, other)) return true
  if (typeof one !== "object" || typeof other !== "object" || one === null || other === null) return false
  if (isOctets(one)) return isOctets(other) && Buffer.compare(one, other) === 0
  if (Array.isArray(one)) {
    return Array.isArray(other) && one.length === other.length && one.every((each, i) => isSame(each, other[i], equals))
  }
  if (!isPlain(one) || !isPlain(other)) return equals(one, other)
  const keys = new Set([...Object.keys(one), ...Object.keys(other)])
  return [...keys].every((key) => isSame(one[key], other[key], equals))
}

/** `make`, which gives the same value for the same options, for as long as somebody holds it. */
export const memoize = <Options, A extends object>(
  make: (options: Options) => A,
  equals: Equals
): ((options: Options) => A) => {
  let known: Array<{ readonly options: Options; readonly value: WeakRef<A> }> = []
  return (options) => {
    known = known.filter(({ value }) => value.deref() !== undefined)
    const found = known.find((each) => isSame(each.options, options, equals))?.value.deref()
    if (found !== undefined) return found
    const made = make(options)
    known.push({ options, value: new WeakRef(made) })
    return made
  }
}
