/** Frames and field blocks as octets, for tests that play a peer. */
import { HeaderField } from "@effect-http2/hpack/HeaderField"
import * as Frame from "@effect-http2/http2/Frame"
import { concat } from "@effect-http2/engine/octets"
import * as FieldBlock from "@effect-http2/testkit/fieldBlock"
import { filled, octets, pattern } from "@effect-http2/testkit/octets"
import * as Raw from "@effect-http2/testkit/rawFrame"
import { write } from "./frames.js"

export { concat, filled, pattern }
export { get, ok, post } from "@effect-http2/testkit/fieldBlock"

export type Pairs = FieldBlock.Pairs

export const preface = new Uint8Array(Raw.preface)

export const encode = (...args: Parameters<typeof write>): Uint8Array => new Uint8Array(write(...args))

/** Any octets behind a frame header: also what `encode` would not write. */
export const rawFrame = (...args: Parameters<typeof Raw.frame>): Uint8Array => new Uint8Array(Raw.frame(...args))

export const ascii = (text: string): Uint8Array => new Uint8Array(octets(text))

export const fieldsOf = (pairs: Pairs): Array<HeaderField> => pairs.map(([name, value]) => new HeaderField(name, value))

/** A field block that neither reads nor writes the dynamic table. */
export const block = (pairs: Pairs): Uint8Array => new Uint8Array(FieldBlock.block(...pairs))

export const headers = (streamId: number, pairs: Pairs, endStream = true): Frame.Headers =>
  new Frame.Headers(streamId, endStream, true, block(pairs), undefined)

export const data = (streamId: number, octets: Uint8Array | string, endStream = false): Frame.Data => {
  const payload = typeof octets === "string" ? ascii(octets) : octets
  return new Frame.Data(streamId, endStream, payload, payload.length, false)
}

export const settings = (...entries: ReadonlyArray<readonly [number, number]>): Frame.Settings =>
  new Frame.Settings(false, entries)

export const settingsAck = new Frame.Settings(true, [])

export const reset = (streamId: number, code = 8): Frame.RstStream => new Frame.RstStream(streamId, code)

export const windowUpdate = (streamId: number, increment: number): Frame.WindowUpdate =>
  new Frame.WindowUpdate(streamId, increment)

export const ping = (mark: number, ack = false): Frame.Ping => new Frame.Ping(ack, filled(8, mark))
