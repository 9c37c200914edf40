/** Frames and field blocks as octets, for tests that play a peer. */
import * as Encoder from "@effect-http2/hpack/Encoder"
import { HeaderField } from "@effect-http2/hpack/HeaderField"
import * as Frame from "@effect-http2/http2/Frame"
import { encode } from "@effect-http2/engine/frame/frameEncoder"
import { concat } from "@effect-http2/engine/octets"
import { preface } from "@effect-http2/engine/frame/preface"

export { concat, encode, preface }

export type Pairs = ReadonlyArray<readonly [name: string, value: string]>

export const ascii = (text: string): Uint8Array => Uint8Array.from(text, (char) => char.charCodeAt(0))

export const filled = (length: number, value = 0x61): Uint8Array => new Uint8Array(length).fill(value)

/** `length` octets, no two neighbours of which are easily confused. */
export const pattern = (length: number): Uint8Array =>
  Uint8Array.from({ length }, (_, index) => (index * 31 + (index >>> 8)) & 0xff)

export const fieldsOf = (pairs: Pairs): Array<HeaderField> => pairs.map(([name, value]) => new HeaderField(name, value))

/** A field block that neither reads nor writes the dynamic table. */
export const block = (pairs: Pairs): Uint8Array =>
  Encoder.make({ maxHeaderTableSize: 0 }).encode(fieldsOf(pairs)).slice(1)

export const get: Pairs = [
  [":method", "GET"],
  [":scheme", "http"],
  [":authority", "test"],
  [":path", "/"]
]

export const post: Pairs = [[":method", "POST"], ...get.slice(1)]

export const ok: Pairs = [[":status", "200"]]

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

/** Any octets behind a frame header: also what `encode` would not write. */
export const rawFrame = (type: number, flags: number, streamId: number, payload: Uint8Array): Uint8Array =>
  encode(new Frame.Unknown(type, flags, streamId, payload))
