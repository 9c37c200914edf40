/**
 * Certificates for the tests: made when asked for, signed by themselves, for localhost.
 */
import { generate } from "selfsigned"

export interface Certificate {
  readonly cert: string
  readonly key: string
}

/** For `localhost`, 127.0.0.1 and ::1, and for `names` besides. */
export const make = async (...names: ReadonlyArray<string>): Promise<Certificate> => {
  const pems = await generate([{ name: "commonName", value: names[0] ?? "localhost" }], {
    algorithm: "sha256",
    keySize: 2048,
    extensions: [
      { name: "basicConstraints", cA: true },
      {
        name: "subjectAltName",
        altNames: [
          ...["localhost", ...names].map((value) => ({ type: 2 as const, value })),
          { type: 7, ip: "127.0.0.1" },
          { type: 7, ip: "::1" }
        ]
      }
    ]
  })
  return { cert: pems.cert, key: pems.private }
}
