/**
 * What connections are made to, from a URL.
 */

import { hostOf } from "../socket/identity.js"

/** Scheme, host and port (RFC 9110 §4.3.1). */
export interface Origin {
  /** As in `URL.origin`. */
  readonly key: string
  readonly isTls: boolean
  /** A name or an address, without brackets. */
  readonly host: string
  readonly port: number
  /** Host and port, without the port that the scheme has anyway. */
  readonly authority: string
}

export const toOrigin = (url: URL): Origin => {
  const isTls = url.protocol === "https:"
  return {
    key: url.origin,
    isTls,
    host: hostOf(url),
    port: url.port === "" ? (isTls ? 443 : 80) : Number(url.port),
    authority: url.host
  }
}

/** Undefined for what is no URL of `http:` or `https:`. */
export const parseOrigin = (url: string | URL): Origin | undefined => {
  const parsed = typeof url !== "string" ? url : URL.canParse(url) ? new URL(url) : undefined
  return parsed?.protocol === "https:" || parsed?.protocol === "http:" ? toOrigin(parsed) : undefined
}

/** Host and port, the port in any case, as CONNECT has it (RFC 9110 §9.3.6). */
export const authorityOf = ({ host, port }: Origin): string => `${host.includes(":") ? `[${host}]` : host}:${port}`

/** `Basic`, for what a URL has before the `@`. */
export const basicAuthorization = (url: URL): string | undefined => {
  if (url.username === "" && url.password === "") return undefined
  const credentials = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`
  return `Basic ${Buffer.from(credentials).toString("base64")}`
}
