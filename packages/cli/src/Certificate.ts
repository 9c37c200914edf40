/**
 * A certificate for a machine of one's own, made anew at each start: for `serve` and `inspect`, and for whoever tries a server.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import { isIP } from "node:net"
import { generate } from "selfsigned"

/**
 * The key and the certificate, both as PEM.
 *
 * @since 0.1.0
 * @category models
 */
export interface Certificate {
  readonly key: string
  readonly cert: string
}

/**
 * @since 0.1.0
 * @category errors
 */
export class CertificateError extends Data.TaggedError("CertificateError")<{ readonly cause: unknown }> {
  override get message(): string {
    return `no certificate could be made: ${String(this.cause)}`
  }
}

const DNS_NAME = 2
const IP_ADDRESS = 7

const altName = (host: string) =>
  isIP(host) === 0 ? ({ type: DNS_NAME, value: host } as const) : ({ type: IP_ADDRESS, ip: host } as const)

/**
 * Makes a self-signed certificate for `localhost`, its addresses and `host`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (host: string): Effect.Effect<Certificate, CertificateError> =>
  Effect.tryPromise({
    try: () =>
      generate([{ name: "commonName", value: "localhost" }], {
        keyType: "ec",
        curve: "P-256",
        algorithm: "sha256",
        extensions: [
          { name: "basicConstraints", cA: false, critical: true },
          { name: "keyUsage", digitalSignature: true, critical: true },
          { name: "extKeyUsage", serverAuth: true },
          { name: "subjectAltName", altNames: [...new Set(["localhost", "127.0.0.1", "::1", host])].map(altName) }
        ]
      }),
    catch: (cause) => new CertificateError({ cause })
  }).pipe(Effect.map((pem) => ({ key: pem.private, cert: pem.cert })))
