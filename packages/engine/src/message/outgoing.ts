/**
 * Section 8 of RFC 9113, sending: checks what a user wants to send, once for each `Headers`, and remembers what it found. Called by the two
 * roles before a field section is encoded.
 */
import type { HeaderField } from "@effect-http2/hpack/HeaderField"
import type { CheckedHeaders, Headers } from "../Headers.js"
import * as Http2Error from "../Http2Error.js"
import { isSameAuthority } from "../origin/asciiOrigin.js"
import * as Rules from "../fields/fieldRules.js"

const violation = (field: HeaderField): string | undefined => {
  const { name, value } = field
  if (name.charCodeAt(0) === 0x3a) return `pseudo-header field ${name} among the headers`
  if (!Rules.isFieldName(name)) return `field name ${JSON.stringify(name)} is not allowed`
  if (!Rules.isFieldValue(value)) return `the value of ${name} is not allowed`
  if (Rules.isConnectionSpecific(name, value)) return `${name} is connection-specific`
  if (name === "content-length" && Rules.parseContentLength(value) < 0) return "content-length is not a number"
  return undefined
}

/** Checks headers or trailers to be sent. Throws a `StreamError` of origin `User`. */
export const check = (headers: Headers): CheckedHeaders => (headers.checked ??= examine(headers))

const examine = (headers: Headers): CheckedHeaders => {
  let hasDate = false
  let contentLength = -1
  let host: string | undefined = undefined
  let size = 0
  for (const field of headers.fields) {
    const reason = violation(field)
    if (reason !== undefined) throw Http2Error.usageError(0, "8.2", reason)
    size += field.size
    if (field.name === "date") hasDate = true
    else if (field.name === "content-length") contentLength = Rules.parseContentLength(field.value)
    else if (field.name === "host") host = field.value
  }
  return { hasDate, contentLength, host, size }
}

const targetViolation = (method: string, scheme: string, authority: string, path: string): string | undefined => {
  if (!Rules.isMethod(method)) return "the method is not a token"
  if (!Rules.isAuthority(authority) || authority.includes("@")) return "the authority is not a host and port"
  if (method === "CONNECT") return authority === "" ? "CONNECT without an authority" : undefined
  if (!Rules.isScheme(scheme)) return "the scheme is not one"
  if (!Rules.isOwnTarget(path)) return "the path has octets that are not allowed"
  const isPath = path.charCodeAt(0) === 0x2f || (path === "*" && method === "OPTIONS")
  return Rules.isHttpScheme(scheme) && !isPath ? "the path does not begin with /" : undefined
}

/** Checks what a request is for (§8.3.1). Throws a `StreamError` of origin `User`. */
export const checkTarget = (
  method: string,
  scheme: string,
  authority: string,
  path: string,
  host: string | undefined
): void => {
  const reason = targetViolation(method, scheme, authority, path)
  if (reason !== undefined) throw Http2Error.usageError(0, "8.3.1", reason)
  if (host !== undefined && !isSameAuthority(scheme, host, authority)) {
    throw Http2Error.usageError(
      0,
      "8.3.1",
      `host is ${host}, the authority is ${authority === "" ? "missing" : authority}`
    )
  }
}
