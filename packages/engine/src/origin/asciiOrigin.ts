/**
 * Origins as ASCII text in one form only (RFC 6454 §6.2), so that they can be compared: lower case, without the port that the scheme has anyway.
 * Pure. Called where ORIGIN and ALTSVC are read and written, and where host and :authority are compared.
 */

/** A name, whose labels are A-labels where it is internationalized (RFC 7838 §8), or an address. No path, no user, no wildcard. */
const syntax = /^([a-z][a-z0-9+.-]{0,31}):\/\/([a-z0-9._-]{1,255}|\[[0-9a-f:.]{2,45}\])(?::(\d{1,5}))?$/i

const defaultPort = (scheme: string): number | undefined =>
  scheme === "https" ? 443 : scheme === "http" ? 80 : undefined

/** `text` in the form that all origins have here; undefined where it is none. */
export const parse = (text: string): string | undefined => {
  const match = syntax.exec(text)
  if (match === null) return undefined
  const [, scheme = "", host = "", digits] = match
  const port = digits === undefined ? undefined : Number(digits)
  return port === undefined || port <= 65_535 ? serialize(scheme, host, port) : undefined
}

/** The origin of scheme, host, an address of IPv6 in brackets, and port. */
const serialize = (scheme: string, host: string, port: number | undefined): string => {
  const lower = scheme.toLowerCase()
  const isDefault = port === undefined || port === defaultPort(lower)
  return `${lower}://${host.toLowerCase()}${isDefault ? "" : `:${port}`}`
}

/** The origin of `host`, a name or an address without brackets; undefined where that is neither. */
export const ofHost = (host: string, port: number | undefined): string | undefined =>
  parse(`https://${host.includes(":") ? `[${host}]` : host}${port === undefined ? "" : `:${port}`}`)

/** Whether two authorities of requests for `scheme` are the same: in any case of letters, with its own port or without (RFC 3986 §6.2.3). */
export const isSameAuthority = (scheme: string, one: string, other: string): boolean => {
  if (one.toLowerCase() === other.toLowerCase()) return true
  const origin = ofRequest(scheme, one)
  return origin !== undefined && origin === ofRequest(scheme, other)
}

/** The origin of a request; undefined where its authority is none that HTTP has. */
export const ofRequest = (scheme: string, authority: string): string | undefined => parse(`${scheme}://${authority}`)
