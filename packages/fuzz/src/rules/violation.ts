/**
 * One rule broken in the middle of a conversation that is correct otherwise: what is sent, and what has to come of it. The tables are in common.ts,
 * clients.ts and servers.ts.
 */
import type { Held } from "../model/peer.js"
import { block, type Pairs } from "@effect-http2/testkit/fieldBlock"
import * as Raw from "@effect-http2/testkit/rawFrame"

const { Type } = Raw

export interface Violation {
  readonly title: string
  /** What has to end, and with which of these codes. */
  readonly scope: "connection" | "stream"
  readonly codes: ReadonlyArray<number>
  /** The state of the stream that it happens on. */
  readonly on: Held
  readonly octets: (id: number) => ReadonlyArray<Uint8Array>
}

export const connection = (
  title: string,
  code: number | ReadonlyArray<number>,
  octets: Violation["octets"],
  on: Held = "idle"
): Violation => ({ title, scope: "connection", codes: [code].flat(), on, octets })

export const stream = (title: string, code: number, on: Held, octets: Violation["octets"]): Violation => ({
  title,
  scope: "stream",
  codes: [code],
  on,
  octets
})

export const nothing = new Uint8Array(0)
export const zeros = (length: number): Uint8Array => new Uint8Array(length)
export const setting = (id: number, value: number): Uint8Array => Raw.settings([id, value])
export const headers = (id: number, pairs: Pairs, flags = Raw.END_HEADERS | Raw.END_STREAM): Uint8Array =>
  Raw.frame(Type.HEADERS, flags, id, block(...pairs))
