/**
 * What a field of a message may be (RFC 9113 §8.2, RFC 9110 §5). Pure. Called by message.ts for what arrives and by outgoing.ts for what
 * is sent: the same rules both ways.
 */

import { isConnectionField } from "../Headers.js"

/** For each octet whether it may stand in a field's name in HTTP/2: a token of RFC 9110 §5.6.2 without upper case. */
const nameOctets = new Uint8Array(256)
for (const char of "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz") nameOctets[char.charCodeAt(0)] = 1

/** Whether `name` is a field name as HTTP/2 wants it (§8.2.1); pseudo-header names are not. */
export const isFieldName = (name: string): boolean => {
  for (let i = 0; i < name.length; i++) if (nameOctets[name.charCodeAt(i)] !== 1) return false
  return name.length > 0
}

const isBlank = (code: number): boolean => code === 0x20 || code === 0x09

/**
 * Whether `value` is one of RFC 9110 §5.5: without controls, NUL, CR and LF among them, without blanks at its ends, and without what is not an
 * octet (§8.2.1).
 */
export const isFieldValue = (value: string): boolean => {
  const { length } = value
  if (length === 0) return true
  if (isBlank(value.charCodeAt(0)) || isBlank(value.charCodeAt(length - 1))) return false
  for (let i = 0; i < length; i++) {
    const code = value.charCodeAt(i)
    if (code < 0x20 ? code !== 0x09 : code === 0x7f || code > 0xff) return false
  }
  return true
}

/** Whether a field is about an HTTP/1.1 connection and has no place in HTTP/2 (§8.2.2): `te` has one where it says "trailers". */
export const isConnectionSpecific = (name: string, value: string): boolean =>
  name === "te" ? value.length !== 8 || value.toLowerCase() !== "trailers" : isConnectionField(name)

/** The value of a content-length field, -1 where it is not a number that can be held exactly. */
export const parseContentLength = (value: string): number => {
  if (value.length === 0 || value.length > 15) return -1
  let length = 0
  for (let i = 0; i < value.length; i++) {
    const digit = value.charCodeAt(i) - 0x30
    if (digit < 0 || digit > 9) return -1
    length = length * 10 + digit
  }
  return length
}

/** Whether `value` is a method: a token, of either case. */
export const isMethod = (value: string): boolean => isFieldName(value.toLowerCase())

/** Whether `value` is a URI scheme (RFC 3986 §3.1). */
export const isScheme = (value: string): boolean =>
  value === "https" || value === "http" || /^[a-z][a-z0-9+.-]*$/i.test(value)

/** Whether `scheme` is one of HTTP's, of either case (RFC 9110 §4.2.3). */
export const isHttpScheme = (scheme: string): boolean =>
  scheme === "https" || scheme === "http" || /^https?$/i.test(scheme)

/** Whether `value` has only what a host and port can be made of (RFC 3986 §3.2): no blank, no slash, no query, no fragment. */
export const isAuthority = (value: string): boolean => /^[!$&-.0-;=A-Z[\]_a-z~%@]*$/.test(value)

/**
 * Whether `value` can be the target of a request that arrives: without blanks, controls or a fragment (RFC 9110 §7.1). Octets beyond ASCII should
 * have been encoded; clients send them all the same, and they do no harm.
 */
export const isTarget = (value: string): boolean => {
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i)
    if (code <= 0x20 || code === 0x7f || code === 0x23) return false
  }
  return value.length > 0
}

/** Whether `value` can be the target of a request that is sent: `isTarget`, and ASCII. */
export const isOwnTarget = (value: string): boolean => {
  for (let i = 0; i < value.length; i++) if (value.charCodeAt(i) > 0x7f) return false
  return isTarget(value)
}
