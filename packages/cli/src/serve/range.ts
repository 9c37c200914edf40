/** The Range field (RFC 9110 §14): which octets of a file are asked for. */

/** Positions of octets, both inclusive. */
export interface Range {
  readonly first: number
  readonly last: number
}

/** More than that is no reader, and answered with the whole. */
const MOST = 16

const one = (spec: string, size: number): Range | "unsatisfiable" | undefined => {
  const found = /^\s*(\d{0,16})\s*-\s*(\d{0,16})\s*$/.exec(spec)
  if (found === null) return undefined
  const [, from = "", to = ""] = found
  if (from === "") {
    if (to === "") return undefined
    const length = Math.min(Number(to), size)
    return length === 0 ? "unsatisfiable" : { first: size - length, last: size - 1 }
  }
  const first = Number(from)
  const last = to === "" ? size - 1 : Math.min(Number(to), size - 1)
  if (to !== "" && Number(to) < first) return undefined
  return first >= size ? "unsatisfiable" : { first, last }
}

const octetsOf = (ranges: ReadonlyArray<Range>): number =>
  ranges.reduce((sum, { first, last }) => sum + last - first + 1, 0)

/**
 * The ranges that `field` asks for of `size` octets. Undefined where it is not to be heeded (§14.2): there is none, it is malformed or of another unit, or it
 * asks for more than the whole.
 */
export const parse = (field: string | undefined, size: number): ReadonlyArray<Range> | "unsatisfiable" | undefined => {
  const found = /^\s*bytes\s*=(.*)$/i.exec(field ?? "")
  if (found === null) return undefined
  const specs = (found[1] ?? "").split(",").filter((spec) => spec.trim() !== "")
  if (specs.length === 0 || specs.length > MOST) return undefined
  const parsed = specs.map((spec) => one(spec, size))
  if (parsed.includes(undefined)) return undefined
  const ranges = parsed.filter((range) => range !== undefined && range !== "unsatisfiable")
  if (ranges.length === 0) return "unsatisfiable"
  // Some servers were made to send a file many times over (RFC 9110 §14.2, CVE-2011-3192).
  return ranges.length > 1 && octetsOf(ranges) > size ? undefined : ranges
}

/** Content-Range (§14.4). */
export const contentRange = ({ first, last }: Range, size: number): string => `bytes ${first}-${last}/${size}`
