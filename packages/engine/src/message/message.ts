/**
 * Section 8 of RFC 9113, receiving: a decoded field section to the head of a request or response, or to trailers, or to the rule that it
 * breaks. Pure; the result is kept on the section, so that a repeated block is judged once. Called by the two roles.
 */
import { HeaderField } from "@effect-http2/hpack/HeaderField"
import { Headers } from "../Headers.js"
import { isSameAuthority } from "../origin/asciiOrigin.js"
import * as Rules from "../fields/fieldRules.js"
import { type FieldSection, RequestHead, ResponseHead, Violation } from "../fields/messageHead.js"

const tooMany = (): Violation => new Violation("10.5.1", "too many fields", "maxHeaderFields")

const tooLarge = (section: FieldSection): Violation =>
  section.overflow === "size"
    ? new Violation("10.5.1", "the field section is too large", "maxHeaderListSize")
    : tooMany()

/** A value that is longer is looked at once for each entry of the table that it is in, however often that is referred to. */
const longValue = 256
/** Fields whose long values are what they may be. */
const checkedValues = new WeakSet<HeaderField>()

/** `Rules.isFieldValue`, once for one field. */
const isValueAllowed = (field: HeaderField): boolean => {
  const isLong = field.value.length > longValue
  if (isLong && checkedValues.has(field)) return true
  if (!Rules.isFieldValue(field.value)) return false
  if (isLong) checkedValues.add(field)
  return true
}

const fieldViolation = (field: HeaderField): Violation | undefined => {
  const { name, value } = field
  if (!Rules.isFieldName(name)) {
    return name.charCodeAt(0) === 0x3a
      ? new Violation("8.3", `pseudo-header field ${name} is unknown here, repeated, or behind a regular field`)
      : new Violation("8.2.1", "a field name has an octet that is not allowed")
  }
  if (!isValueAllowed(field)) return new Violation("8.2.1", `the value of ${name} is not allowed`)
  if (Rules.isConnectionSpecific(name, value)) return new Violation("8.2.2", `${name} is connection-specific`)
  return undefined
}

/** The fields behind the pseudo-header fields, checked, with cookie crumbs joined (§8.2.3). */
const regularFields = (section: FieldSection, from: number): Array<HeaderField> | Violation => {
  const { fields: all, maxFields } = section
  const fields: Array<HeaderField> = []
  let crumbs: Array<string> | undefined = undefined
  let cookieAt = -1
  let checked: HeaderField | undefined = undefined
  for (let i = from; i < all.length; i++) {
    const field = all[i]
    if (field === undefined) break
    const { name, value } = field
    if (field !== checked) {
      const violation = fieldViolation(field)
      if (violation !== undefined) return violation
      // One large entry, referred to again and again, is looked at once.
      checked = field
    }
    if (name === "cookie") {
      if (cookieAt >= 0) {
        crumbs ??= [fields[cookieAt]?.value ?? ""]
        crumbs.push(value)
        continue
      }
      cookieAt = fields.length
    }
    if (from + fields.length >= maxFields) return tooMany()
    fields.push(field)
  }
  if (crumbs !== undefined) {
    fields[cookieAt] = new HeaderField("cookie", crumbs.join("; "), fields[cookieAt]?.sensitive === true)
  }
  return fields
}

/** The number in content-length: -1 without one, a violation where it is no number or repeated (RFC 9110 §8.6). */
const contentLengthOf = (fields: ReadonlyArray<HeaderField>): number | Violation => {
  let length = -1
  for (const field of fields) {
    if (field.name !== "content-length") continue
    if (length >= 0) return new Violation("8.1.1", "content-length is repeated")
    length = Rules.parseContentLength(field.value)
    if (length < 0) return new Violation("8.1.1", "content-length is not a number")
  }
  return length
}

const hostOf = (fields: ReadonlyArray<HeaderField>): string | undefined | Violation => {
  let host: string | undefined = undefined
  for (const field of fields) {
    if (field.name !== "host") continue
    if (host !== undefined) return new Violation("8.3.1", "host is repeated")
    host = field.value
  }
  return host
}

const expectsContinue = (fields: ReadonlyArray<HeaderField>): boolean =>
  fields.some(({ name, value }) => name === "expect" && value.length === 12 && value.toLowerCase() === "100-continue")

interface Pseudo {
  method: string | undefined
  scheme: string | undefined
  authority: string | undefined
  path: string | undefined
  protocol: string | undefined
  /** How many there were: where the regular fields begin. */
  count: number
}

const pseudoNames: Readonly<Record<string, Exclude<keyof Pseudo, "count">>> = {
  ":method": "method",
  ":scheme": "scheme",
  ":authority": "authority",
  ":path": "path",
  ":protocol": "protocol"
}

const requestPseudo = (section: FieldSection): Pseudo | Violation => {
  const pseudo: Pseudo = {
    method: undefined,
    scheme: undefined,
    authority: undefined,
    path: undefined,
    protocol: undefined,
    count: 0
  }
  for (const field of section.fields) {
    if (field.name.charCodeAt(0) !== 0x3a) break
    const key = pseudoNames[field.name]
    if (key === undefined) return new Violation("8.3", `${field.name} is not a pseudo-header field of a request`)
    if (pseudo[key] !== undefined) return new Violation("8.3", `${field.name} is repeated`)
    if (!isValueAllowed(field)) return new Violation("8.2.1", `the value of ${field.name} is not allowed`)
    pseudo[key] = field.value
    pseudo.count++
  }
  return pseudo
}

/** What is wrong with the pseudo-header fields taken together (§8.3.1, §8.5, RFC 8441 §4). */
const pseudoViolation = (pseudo: Pseudo, connectProtocol: boolean): Violation | undefined => {
  const { authority, method, path, protocol, scheme } = pseudo
  if (method === undefined || !Rules.isMethod(method))
    return new Violation("8.3.1", ":method is missing or not a token")
  if (method === "CONNECT" && protocol === undefined) {
    if (scheme !== undefined || path !== undefined) return new Violation("8.5", "CONNECT with :scheme or :path")
    if (authority === undefined || !Rules.isTarget(authority)) return new Violation("8.5", "CONNECT without :authority")
    return undefined
  }
  if (protocol !== undefined && (method !== "CONNECT" || !connectProtocol || protocol === "")) {
    return new Violation("8.3", ":protocol where extended CONNECT is not in use (RFC 8441 §4)")
  }
  if (scheme === undefined || !Rules.isScheme(scheme))
    return new Violation("8.3.1", ":scheme is missing or not a scheme")
  if (path === undefined || !Rules.isTarget(path))
    return new Violation("8.3.1", ":path is missing or not a request target")
  const isHttp = Rules.isHttpScheme(scheme)
  if (isHttp && path.charCodeAt(0) !== 0x2f && !(path === "*" && method === "OPTIONS")) {
    return new Violation("8.3.1", ":path does not begin with /")
  }
  if (isHttp && authority !== undefined && (authority === "" || authority.includes("@"))) {
    return new Violation("8.3.1", ":authority is empty or has userinfo")
  }
  return undefined
}

const requestHead = (section: FieldSection, connectProtocol: boolean): RequestHead | Violation => {
  if (section.overflow !== "none") return tooLarge(section)
  const pseudo = requestPseudo(section)
  if (pseudo instanceof Violation) return pseudo
  const violation = pseudoViolation(pseudo, connectProtocol)
  if (violation !== undefined) return violation
  const fields = regularFields(section, pseudo.count)
  if (fields instanceof Violation) return fields
  const contentLength = contentLengthOf(fields)
  if (contentLength instanceof Violation) return contentLength
  const host = hostOf(fields)
  if (host instanceof Violation) return host
  const { authority, method, path, protocol, scheme } = pseudo
  if (!Rules.isAuthority(authority ?? host ?? "")) return new Violation("8.3.1", "the authority is not a host and port")
  // Two names for the origin would let a request be smuggled (§8.3.1); a host that repeats :authority is accepted.
  if (host !== undefined && authority !== undefined && !isSameAuthority(scheme ?? "", host, authority)) {
    return new Violation("8.3.1", "host and :authority differ")
  }
  return new RequestHead(
    method ?? "",
    scheme ?? "",
    authority ?? host ?? "",
    path ?? "",
    protocol,
    new Headers(fields),
    contentLength,
    expectsContinue(fields)
  )
}

/** The request whose head `section` is. `connectProtocol`: whether we announced SETTINGS_ENABLE_CONNECT_PROTOCOL. */
export const parseRequest = (section: FieldSection, connectProtocol: boolean): RequestHead | Violation =>
  (section.request ??= requestHead(section, connectProtocol))

const responseHead = (section: FieldSection): ResponseHead | Violation => {
  if (section.overflow !== "none") return tooLarge(section)
  const [first] = section.fields
  if (first?.name !== ":status") return new Violation("8.3.2", "a response begins with :status")
  if (!/^[1-9]\d\d$/.test(first.value)) return new Violation("8.3.2", ":status is not a status code")
  const status = Number(first.value)
  if (status === 101) return new Violation("8.6", "101 Switching Protocols does not exist in HTTP/2")
  const fields = regularFields(section, 1)
  if (fields instanceof Violation) return fields
  const contentLength = contentLengthOf(fields)
  if (contentLength instanceof Violation) return contentLength
  return new ResponseHead(status, new Headers(fields), contentLength)
}

/** The response whose head `section` is; one of 1xx is not the final one. */
export const parseResponse = (section: FieldSection): ResponseHead | Violation =>
  (section.response ??= responseHead(section))

/** The trailers that `section` is (§8.1): fields without a pseudo-header field. */
export const parseTrailers = (section: FieldSection): Headers | Violation => {
  if (section.overflow !== "none") return tooLarge(section)
  const fields = regularFields(section, 0)
  return fields instanceof Violation ? fields : new Headers(fields)
}
