/**
 * The fields that requests which are sent have beside their user's: pseudo-header fields (RFC 9113 §8.3.1), those of a client and those that a server promises,
 * and Priority (RFC 9218 §5). The same values give the same instances, which the encoder knows again.
 */
import { HeaderField } from "@effect-http2/hpack/HeaderField"
import type { Headers } from "../Headers.js"
import * as Priority from "../Priority.js"

const methods = new Map<string, HeaderField>()
const schemes = new Map<string, HeaderField>()

const remembered = (memory: Map<string, HeaderField>, name: string, value: string): HeaderField => {
  const known = memory.get(value)
  if (known !== undefined) return known
  const field = new HeaderField(name, value)
  if (memory.size < 64) memory.set(value, field)
  return field
}

/** The pseudo-header fields of the last request: one that asks for the same gets the same instance, which the encoder knows again. */
let last = {
  method: "",
  scheme: "",
  authority: new HeaderField("", ""),
  path: "",
  fields: [] as ReadonlyArray<HeaderField>
}

/** The pseudo-header fields of a request (§8.3.1), those of CONNECT where `method` is that (§8.5). */
export const pseudoFields = (
  method: string,
  scheme: string,
  authority: HeaderField,
  path: string
): ReadonlyArray<HeaderField> => {
  const isLast = last.path === path && last.authority === authority && last.method === method && last.scheme === scheme
  if (isLast) return last.fields
  const fields = [remembered(methods, ":method", method)]
  if (method !== "CONNECT") fields.push(remembered(schemes, ":scheme", scheme))
  if (authority.value !== "") fields.push(authority)
  if (method !== "CONNECT") fields.push(new HeaderField(":path", path))
  last = { method, scheme, authority, path, fields }
  return fields
}

/** The pseudo-header fields of an extended CONNECT (RFC 8441 §4). */
export const connectFields = (
  protocol: string,
  scheme: string,
  authority: HeaderField,
  path: string
): ReadonlyArray<HeaderField> => [
  remembered(methods, ":method", "CONNECT"),
  new HeaderField(":protocol", protocol),
  remembered(schemes, ":scheme", scheme),
  authority,
  new HeaderField(":path", path)
]

type Fields = ReadonlyArray<HeaderField>

const none: Fields = []
/** The same instance for the same value: the encoder knows it again. */
const known = new Map<string, Fields>()

/** The Priority field of a request (RFC 9218 §5): what goes behind `headers`: nothing where they have one of their own, or nothing is asked for. */
export const priorityFields = (parameters: Priority.Parameters | undefined, headers: Headers): Fields => {
  if (parameters === undefined || headers.has("priority")) return none
  const value = Priority.toField(Priority.make(parameters))
  const fields = known.get(value) ?? [new HeaderField("priority", value)]
  known.set(value, fields)
  return fields
}
