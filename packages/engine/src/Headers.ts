/**
 * The fields of a message as its user sees them: in order, names in lower case, without pseudo-header fields (RFC 9113 §8.2, RFC 9110 §5).
 *
 * @since 0.1.0
 */
import { HeaderField } from "@effect-http2/hpack/HeaderField"

/** What `console.log` asks for in Node. */
const inspect = Symbol.for("nodejs.util.inspect.custom")

/**
 * What is known of headers that were checked for sending, kept on the headers themselves so that it is found out once. Made by message/outgoing.ts.
 *
 * @internal
 */
export interface CheckedHeaders {
  readonly hasDate: boolean
  /** The number in content-length, -1 without one. */
  readonly contentLength: number
  /** The value of host, undefined without one. */
  readonly host: string | undefined
  /** Octets of the section as SETTINGS_MAX_HEADER_LIST_SIZE counts them. */
  readonly size: number
}

/**
 * An immutable list of fields. A message that repeats its headers may hand out the same instance again.
 *
 * @since 0.1.0
 * @category models
 */
export class Headers implements Iterable<readonly [name: string, value: string]> {
  private index: Map<string, string> | undefined = undefined
  /**
   * What sending found out about them; undefined before.
   *
   * @internal
   */
  checked: CheckedHeaders | undefined = undefined

  constructor(
    /** The fields in the order of the wire. */
    readonly fields: ReadonlyArray<HeaderField>
  ) {}

  /** The value of a field; the values of a repeated one are joined as RFC 9110 §5.3 says, `set-cookie` by the first alone. */
  get(name: string): string | undefined {
    return (this.index ??= toIndex(this.fields)).get(name)
  }

  /** Every value of a field, in order. */
  getAll(name: string): ReadonlyArray<string> {
    return this.fields.filter((field) => field.name === name).map((field) => field.value)
  }

  has(name: string): boolean {
    return this.get(name) !== undefined
  }

  *[Symbol.iterator](): Iterator<readonly [string, string]> {
    for (const field of this.fields) yield [field.name, field.value]
  }

  /** Name to value, an array of values where a field is repeated. Values of sensitive fields are hidden. */
  toJSON(): unknown {
    const record: Record<string, string | Array<string>> = {}
    for (const field of this.fields) {
      const value = field.sensitive ? "<redacted>" : field.value
      const current = record[field.name]
      if (current === undefined) record[field.name] = value
      else if (typeof current === "string") record[field.name] = [current, value]
      else current.push(value)
    }
    return record
  }

  toString(): string {
    return JSON.stringify(this.toJSON(), null, 2)
  }

  [inspect](): unknown {
    return this.toJSON()
  }
}

const toIndex = (fields: ReadonlyArray<HeaderField>): Map<string, string> => {
  const index = new Map<string, string>()
  for (const field of fields) {
    const current = index.get(field.name)
    if (current === undefined) index.set(field.name, field.value)
    else if (field.name !== "set-cookie") index.set(field.name, `${current}, ${field.value}`)
  }
  return index
}

/**
 * What headers can be made from: a record (an array stands for a repeated field), pairs, or headers.
 *
 * @since 0.1.0
 * @category models
 */
export type Input =
  | Headers
  | Iterable<readonly [name: string, value: string]>
  | { readonly [name: string]: string | ReadonlyArray<string> | undefined }

/**
 * No fields.
 *
 * @since 0.1.0
 * @category constructors
 */
export const empty: Headers = new Headers([])

const isIterable = (input: Input): input is Iterable<readonly [string, string]> => Symbol.iterator in input

/**
 * Headers from `input`, names in lower case. What a message may not carry is found when it is sent. Fields named in `sensitive` are
 * encoded so that no intermediary puts them into a table (RFC 7541 §6.2.3); `authorization`, short cookies and `set-cookie` always are.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (
  input: Input = empty,
  options?: { readonly sensitive?: ReadonlyArray<string> | undefined }
): Headers => {
  const sensitive = options?.sensitive
  if (input instanceof Headers && sensitive === undefined) return input
  const fields: Array<HeaderField> = []
  const add = (name: string, value: string): void => {
    const lower = name.toLowerCase()
    fields.push(new HeaderField(lower, value, sensitive !== undefined && sensitive.includes(lower)))
  }
  if (isIterable(input)) {
    for (const [name, value] of input) add(name, value)
  } else {
    for (const name in input) {
      const value = input[name]
      if (typeof value === "string") add(name, value)
      else if (value !== undefined) for (const each of value) add(name, each)
    }
  }
  return new Headers(fields)
}

/**
 * Whether the field of this name, in lower case, is about an HTTP/1.1 connection, whatever it says: no message of HTTP/2 has it (RFC 9113 §8.2.2).
 * Of `te` that depends on its value.
 *
 * @since 0.1.0
 * @category predicates
 */
export const isConnectionField = (name: string): boolean => {
  switch (name) {
    case "connection":
    case "proxy-connection":
    case "keep-alive":
    case "transfer-encoding":
    case "upgrade":
      return true
    default:
      return false
  }
}
