/**
 * A certificate for a machine of one's own, made anew at each start, without Effect: for programs of either of its versions.
 *
 * @since 0.1.0
 */
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
export const make = async (host: string): Promise<Certificate> => {
  const { cert, private: key } = await generate([{ name: "commonName", value: "localhost" }], {
    keyType: "ec",
    curve: "P-256",
    algorithm: "sha256",
    extensions: [
      { name: "basicConstraints", cA: false, critical: true },
      { name: "keyUsage", digitalSignature: true, critical: true },
      { name: "extKeyUsage", serverAuth: true },
      { name: "subjectAltName", altNames: [...new Set(["localhost", "127.0.0.1", "::1", host])].map(altName) }
    ]
  })
  return { key, cert }
}

/**
 * What there is to be said where that fails.
 *
 * @since 0.1.0
 * @category errors
 */
export const failure = (cause: unknown): string => `no certificate could be made: ${String(cause)}`
