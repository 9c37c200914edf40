/**
 * What the Node servers share: how they learn what to do, how they tell their port, when they end. Each is a program of its own, started
 * by `nodeServer.ts` as `node [flags] dist/servers/<name>.js <configuration as JSON>`.
 */
import { randomBytes } from "node:crypto"
import { readFileSync } from "node:fs"
import { expectedField, responseFields } from "../fields.js"
import { HELLO, MEBIBYTE } from "../workloads.js"
import type { Task } from "../workloads.js"

/** What a server program is told. */
export interface ServerConfig<T extends Task = Task> {
  readonly task: T
  /** Files in PEM; undefined for a plain server. */
  readonly tls: { readonly key: string; readonly cert: string } | undefined
  /** Which of its variants a program is to be. */
  readonly variant: string
}

/** The configuration of this program, from its command line. */
export const readConfig = <T extends Task>(): ServerConfig<T> => JSON.parse(process.argv[2] ?? "{}") as ServerConfig<T>

/** The key and the certificate as `tls.createServer` takes them; undefined for a plain server. */
export const readTls = (config: ServerConfig): { readonly key: string; readonly cert: string } | undefined =>
  config.tls === undefined
    ? undefined
    : { key: readFileSync(config.tls.key, "utf8"), cert: readFileSync(config.tls.cert, "utf8") }

/** Tells the parent the port, and ends this program when the parent says so or is gone. */
export const announce = (port: number): void => {
  process.once("SIGTERM", () => process.exit(0))
  process.stdin.once("end", () => process.exit(0)).once("error", () => process.exit(0))
  process.stdin.resume()
  process.stdout.write(`${JSON.stringify({ port })}\n`)
}

/** The fields of a 12-byte response. */
export const helloFields = { "content-type": "text/plain", "content-length": String(HELLO.length) }

/** The fields of the response with 20 of them. */
export const manyFields: { readonly [name: string]: string } = { ...helloFields, ...Object.fromEntries(responseFields) }

/** The fields of a download. */
export const downloadFields = { "content-type": "application/octet-stream", "content-length": String(MEBIBYTE) }

/** The body of a download. */
export const downloadBody = (): Uint8Array => randomBytes(MEBIBYTE)

/** Whether an upload has arrived whole; a server answers 500 where it has not. */
export const isWhole = (octets: number): boolean => octets === MEBIBYTE

/** Whether the request carries what the 20-field workload sends; a server answers 500 where it does not. */
export const isExpected = (value: unknown): boolean => value === expectedField[1]

/** The name of the field that `isExpected` is asked about. */
export const expectedName = expectedField[0]
