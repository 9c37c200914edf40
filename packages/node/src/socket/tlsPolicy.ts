/**
 * What RFC 9113 §9.2 asks of TLS, for both roles: the versions, the cipher suites, no compression, no renegotiation, and the protocol by
 * ALPN. Called by connect.ts before and after the handshake, and by listen.ts.
 */
import type { TransportError } from "@effect-http2/engine/Http2Error"
import { constants } from "node:crypto"
import type * as Tls from "node:tls"
import { failure } from "./socketError.js"

/**
 * TLS 1.3 suites, all of which are allowed, then those of TLS 1.2 that are ephemeral and AEAD: none of them is in the list of RFC 9113
 * Appendix A. The third is the one that §9.2.2 makes mandatory.
 */
export const CIPHERS = [
  "TLS_AES_128_GCM_SHA256",
  "TLS_AES_256_GCM_SHA384",
  "TLS_CHACHA20_POLY1305_SHA256",
  "ECDHE-ECDSA-AES128-GCM-SHA256",
  "ECDHE-RSA-AES128-GCM-SHA256",
  "ECDHE-ECDSA-AES256-GCM-SHA384",
  "ECDHE-RSA-AES256-GCM-SHA384",
  "ECDHE-ECDSA-CHACHA20-POLY1305",
  "ECDHE-RSA-CHACHA20-POLY1305",
  "DHE-RSA-AES128-GCM-SHA256",
  "DHE-RSA-AES256-GCM-SHA384",
  "DHE-RSA-CHACHA20-POLY1305"
].join(":")

/** RFC 9113 §9.2.1, of a client: no compression, and a server that asks for another handshake is told that there is none. */
export const SECURE_OPTIONS = constants.SSL_OP_NO_RENEGOTIATION | constants.SSL_OP_NO_COMPRESSION

/** RFC 9113 §9.2.1, of a server. Renegotiation is not refused here, where OpenSSL would go on as if nothing was: `endAtRenegotiation`. */
export const SERVER_SECURE_OPTIONS = constants.SSL_OP_NO_COMPRESSION

/** RFC 9113 §9.2.1: DHE keys of at least 2048 bits. */
export const MIN_DH_BITS = 2048

export const MIN_VERSION = "TLSv1.2"

/** The IANA names of TLS 1.2 suites that are ephemeral and AEAD; all others are prohibited (RFC 9113 §9.2.2, Appendix A). */
const ephemeralAead = /^TLS_(?:ECDHE|DHE)_\w+_(?:GCM|CCM|CCM_8|CHACHA20_POLY1305)(?:_SHA\d+)?$/

/** Whether HTTP/2 may run over what was negotiated. */
export const isAllowedCipher = (version: string | null, standardName: string): boolean =>
  version === "TLSv1.3" || (version === "TLSv1.2" && ephemeralAead.test(standardName))

/** RFC 9113 §3.2: "h2c" is no protocol of TLS. Throws at it, for Node's own way to refuse an option. */
export const checkProtocols = (alpnProtocols: ReadonlyArray<string>): void => {
  if (alpnProtocols.includes("h2c")) throw new TypeError("h2c is not spoken over TLS (RFC 9113 §3.2)")
}

/** RFC 9113 §9.2.1: a client of TLS 1.2 that begins another handshake loses its connection before that comes about. */
export const endAtRenegotiation = (socket: Tls.TLSSocket): void => {
  socket.disableRenegotiation()
  socket.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "ERR_TLS_RENEGOTIATION_DISABLED") socket.destroy(error)
  })
}

/** Undefined where the outcome of a handshake is acceptable. */
export const refuse = (
  socket: Tls.TLSSocket,
  where: string,
  alpnProtocols: ReadonlyArray<string>,
  requireAlpn: boolean
): TransportError | undefined => {
  const protocol = typeof socket.alpnProtocol === "string" ? socket.alpnProtocol : undefined
  if (protocol === undefined ? requireAlpn : !alpnProtocols.includes(protocol)) {
    return failure(
      "Alpn",
      `${where}: ${protocol ?? "no protocol"} was negotiated, not ${alpnProtocols.join(" or ")} (ALPN)`
    )
  }
  if (protocol !== undefined && protocol !== "h2") return undefined
  const version = socket.getProtocol()
  const cipher = socket.getCipher().standardName
  return isAllowedCipher(version, cipher)
    ? undefined
    : failure("Tls", `${where}: ${cipher} of ${version ?? "TLS"} is prohibited (RFC 9113 §9.2.2)`)
}
