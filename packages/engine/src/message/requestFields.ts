/**
 * The fields that requests which are sent have beside their user's: pseudo-header fields (RFC 9113 §8.3.1), those of a client and those that a server promises,
 * and Priority (RFC 9218 §5). The same values give the same instances, which the encoder knows again.
 */
import { HeaderField } from "@effect-http2/hpack/HeaderField"
import type { Headers } from "../Headers.js"
import { Interned } from "../interned.js"
import * as Priority from "../Priority.js"

const methods = /*#__PURE__*/ new Interned((method: string) => new HeaderField(":method", method), 64)
const schemes = /*#__PURE__*/ new Interned((scheme: string) => new HeaderField(":scheme", scheme), 64)

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
  const fields = [methods.get(method)]
  if (method !== "CONNECT") fields.push(schemes.get(scheme))
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
  methods.get("CONNECT"),
  new HeaderField(":protocol", protocol),
  schemes.get(scheme),
  authority,
  new HeaderField(":path", path)
]

type Fields = ReadonlyArray<HeaderField>

const none: Fields = []
/** As many as there are priorities. */
const priorities = /*#__PURE__*/ new Interned((value: string): Fields => [new HeaderField("priority", value)], 16)

/** The Priority field of a request (RFC 9218 §5): what goes behind `headers`: nothing where they have one of their own, or nothing is asked for. */
export const priorityFields = (parameters: Priority.Parameters | undefined, headers: Headers): Fields => {
  if (parameters === undefined || headers.has("priority")) return none
  return priorities.get(Priority.toField(Priority.make(parameters)))
}
