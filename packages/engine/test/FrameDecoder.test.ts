/** What the frame decoder refuses: the rules of RFC 9113 §3.4, §4 and §6 on size, padding and stream id. */
import * as ErrorCode from "@effect-http2/engine/ErrorCode"
import * as Frame from "@effect-http2/engine/Frame"
import * as fc from "effect/FastCheck"
import { describe, expect, it } from "vitest"
import { FrameDecoder } from "@effect-http2/engine/frame/frameDecoder"
import { encode } from "@effect-http2/engine/frame/frameEncoder"
import { concat } from "@effect-http2/engine/octets"
import { octets as ascii } from "@effect-http2/testkit/octets"
import { preface, frame as rawFrame } from "@effect-http2/testkit/rawFrame"

const { CONTINUATION, DATA, GOAWAY, HEADERS, PING, PRIORITY, PUSH_PROMISE, RST_STREAM, SETTINGS, WINDOW_UPDATE } =
  Frame.Type
const { FRAME_SIZE_ERROR, PROTOCOL_ERROR } = ErrorCode
const { ACK, PADDED } = Frame.Flag

interface Refused {
  readonly rule: string
  readonly what: string
  readonly wire: Uint8Array
  readonly code: number
  /** The stream that has to end; 0: the connection. */
  readonly streamId?: number
}

const octets = (length: number, first = 0): Uint8Array => new Uint8Array(length).fill(first, 0, 1)
const refuse = (rule: string, what: string, wire: Uint8Array, code: number, streamId = 0): Refused => ({
  rule,
  what,
  wire,
  code,
  streamId
})

const refused: ReadonlyArray<Refused> = [
  refuse("[rfc9113-6.1-3]", "DATA on stream 0", rawFrame(DATA, 0, 0, octets(1)), PROTOCOL_ERROR),
  refuse(
    "[rfc9113-6.1-5]",
    "DATA, padding as long as the payload",
    rawFrame(DATA, PADDED, 1, octets(5, 5)),
    PROTOCOL_ERROR
  ),
  refuse(
    "[rfc9113-6.1-5]",
    "DATA, padding longer than the payload",
    rawFrame(DATA, PADDED, 1, octets(5, 200)),
    PROTOCOL_ERROR
  ),
  refuse("[rfc9113-4.2-2]", "DATA, padded and empty", rawFrame(DATA, PADDED, 1, octets(0)), FRAME_SIZE_ERROR),
  refuse("[rfc9113-6.2-5]", "HEADERS on stream 0", rawFrame(HEADERS, 4, 0, octets(1)), PROTOCOL_ERROR),
  refuse(
    "[rfc9113-6.2-6]",
    "HEADERS, padding as long as the payload",
    rawFrame(HEADERS, 4 | PADDED, 1, octets(3, 3)),
    PROTOCOL_ERROR
  ),
  refuse(
    "[rfc9113-6.2-6]",
    "HEADERS, padding over its priority",
    rawFrame(HEADERS, 0x2c, 1, octets(8, 3)),
    PROTOCOL_ERROR
  ),
  refuse("[rfc9113-4.2-3]", "HEADERS, padded and empty", rawFrame(HEADERS, 4 | PADDED, 1, octets(0)), FRAME_SIZE_ERROR),
  refuse("[rfc9113-4.2-3]", "HEADERS, no room for priority", rawFrame(HEADERS, 0x24, 1, octets(4)), FRAME_SIZE_ERROR),
  refuse("[rfc9113-6.3-1]", "PRIORITY on stream 0", rawFrame(PRIORITY, 0, 0, octets(5)), PROTOCOL_ERROR),
  refuse("[rfc9113-6.3-2]", "PRIORITY of 4 octets", rawFrame(PRIORITY, 0, 3, octets(4)), FRAME_SIZE_ERROR, 3),
  refuse("[rfc9113-6.3-2]", "PRIORITY of 6 octets", rawFrame(PRIORITY, 0, 3, octets(6)), FRAME_SIZE_ERROR, 3),
  refuse("[rfc9113-6.4-4]", "RST_STREAM on stream 0", rawFrame(RST_STREAM, 0, 0, octets(4)), PROTOCOL_ERROR),
  refuse("[rfc9113-6.4-7]", "RST_STREAM of 3 octets", rawFrame(RST_STREAM, 0, 1, octets(3)), FRAME_SIZE_ERROR),
  refuse("[rfc9113-6.4-7]", "RST_STREAM of 5 octets", rawFrame(RST_STREAM, 0, 1, octets(5)), FRAME_SIZE_ERROR),
  refuse("[rfc9113-6.5-6]", "SETTINGS on a stream", rawFrame(SETTINGS, 0, 1, octets(0)), PROTOCOL_ERROR),
  refuse("[rfc9113-6.5-4]", "SETTINGS ACK with a payload", rawFrame(SETTINGS, ACK, 0, octets(6)), FRAME_SIZE_ERROR),
  refuse("[rfc9113-6.5-8]", "SETTINGS of 7 octets", rawFrame(SETTINGS, 0, 0, octets(7)), FRAME_SIZE_ERROR),
  refuse("[rfc9113-6.6-6]", "PUSH_PROMISE on stream 0", rawFrame(PUSH_PROMISE, 4, 0, octets(4)), PROTOCOL_ERROR),
  refuse("[rfc9113-4.2-3]", "PUSH_PROMISE of 3 octets", rawFrame(PUSH_PROMISE, 4, 1, octets(3)), FRAME_SIZE_ERROR),
  refuse(
    "[rfc9113-6.6-13]",
    "PUSH_PROMISE, padding over its end",
    rawFrame(PUSH_PROMISE, 4 | PADDED, 1, octets(5, 1)),
    PROTOCOL_ERROR
  ),
  refuse("[rfc9113-6.7-6]", "PING on a stream", rawFrame(PING, 0, 1, octets(8)), PROTOCOL_ERROR),
  refuse("[rfc9113-6.7-7]", "PING of 7 octets", rawFrame(PING, 0, 0, octets(7)), FRAME_SIZE_ERROR),
  refuse("[rfc9113-6.7-7]", "PING of 9 octets", rawFrame(PING, ACK, 0, octets(9)), FRAME_SIZE_ERROR),
  refuse("[rfc9113-6.8-4]", "GOAWAY on a stream", rawFrame(GOAWAY, 0, 1, octets(8)), PROTOCOL_ERROR),
  refuse("[rfc9113-4.2-2]", "GOAWAY of 7 octets", rawFrame(GOAWAY, 0, 0, octets(7)), FRAME_SIZE_ERROR),
  refuse("[rfc9113-6.9-5]", "WINDOW_UPDATE of 3 octets", rawFrame(WINDOW_UPDATE, 0, 1, octets(3)), FRAME_SIZE_ERROR),
  refuse("[rfc9113-6.9-5]", "WINDOW_UPDATE of 5 octets", rawFrame(WINDOW_UPDATE, 0, 0, octets(5)), FRAME_SIZE_ERROR),
  refuse("[rfc9113-6.10-4]", "CONTINUATION on stream 0", rawFrame(CONTINUATION, 4, 0, octets(1)), PROTOCOL_ERROR)
]

const ping = encode(new Frame.Ping(false, ascii("deadbeef")))

const cut = (wire: Uint8Array, size: number): ReadonlyArray<Uint8Array> =>
  Array.from({ length: Math.ceil(wire.length / size) }, (_, index) => wire.slice(index * size, (index + 1) * size))

describe("frameDecoder", () => {
  it.each(refused.map((row) => [row.rule, row.what, row] as const))("%s %s", (_rule, _what, row) => {
    for (const size of [1, 4, 1000]) {
      const decoder = new FrameDecoder(16_384, false)
      const frames = cut(concat([row.wire, ping]), size).flatMap((chunk) => decoder.decode(chunk))
      const [frame, ...behind] = frames
      expect(frame).toMatchObject({ _tag: "Invalid", errorCode: row.code, streamId: row.streamId })
      expect(behind.map((frame) => frame._tag)).toEqual(row.streamId === 0 ? [] : ["Ping"])
    }
  })

  it("[rfc9113-4.2-1] [rfc9113-4.2-2] takes frames up to the size that was announced, and none larger", () => {
    for (const type of [DATA, HEADERS, 0xbe]) {
      const fits = new FrameDecoder(16_384, false).decode(rawFrame(type, 0, 1, octets(16_384)))
      expect(fits.map((frame) => frame._tag)).not.toContain("Invalid")
      for (const size of [1, 100_000]) {
        const decoder = new FrameDecoder(16_384, false)
        // The length alone decides: the payload need not come.
        const frames = cut(rawFrame(type, 0, 1, octets(16_385)).subarray(0, 9), size).flatMap((chunk) =>
          decoder.decode(chunk)
        )
        expect(frames).toMatchObject([{ _tag: "Invalid", streamId: 0, errorCode: FRAME_SIZE_ERROR, type }])
      }
    }
  })

  it("[rfc9113-4.1-4] ignores the reserved bit of the stream id, of a dependency, of an increment, of GOAWAY", () => {
    const high = Uint8Array.of(0x80, 0, 0, 5)
    const decode = (type: number, flags: number, streamId: number, payload: Uint8Array) =>
      new FrameDecoder(16_384, false).decode(rawFrame(type, flags, streamId, payload))
    expect(decode(DATA, 0, 0x80000001, ascii("x"))).toMatchObject([{ _tag: "Data", streamId: 1 }])
    expect(decode(WINDOW_UPDATE, 0, 0x80000003, high)).toMatchObject([{ streamId: 3, increment: 5 }])
    expect(decode(GOAWAY, 0, 0x80000000, concat([high, octets(4)]))).toMatchObject([{ lastStreamId: 5 }])
    expect(decode(PUSH_PROMISE, 4, 1, high)).toMatchObject([{ promisedStreamId: 5 }])
  })

  it("[rfc9113-4.1-3] ignores flags that a type does not have", () => {
    const decode = (type: number, payload: Uint8Array, streamId: number) =>
      new FrameDecoder(16_384, false).decode(rawFrame(type, 0xfe & ~PADDED & ~0x20 & ~4, streamId, payload))
    expect(decode(DATA, ascii("x"), 1)).toMatchObject([{ _tag: "Data", endStream: false }])
    expect(decode(PING, octets(8), 0)).toMatchObject([{ _tag: "Ping", ack: false }])
    expect(decode(SETTINGS, octets(0), 0)).toMatchObject([{ _tag: "Settings", ack: false }])
    expect(decode(HEADERS, octets(1), 1)).toMatchObject([{ _tag: "Headers", endStream: false, endHeaders: false }])
    expect(decode(RST_STREAM, octets(4), 1)).toMatchObject([{ _tag: "RstStream" }])
    expect(decode(WINDOW_UPDATE, octets(4), 1)).toMatchObject([{ _tag: "WindowUpdate" }])
  })

  it("[rfc9113-4.1-2] hands on frames of unknown types as they are", () => {
    expect(new FrameDecoder(16_384, false).decode(rawFrame(0x0a, 0xff, 0, ascii("altsvc")))).toEqual([
      new Frame.Unknown(0x0a, 0xff, 0, ascii("altsvc"))
    ])
  })

  it("[rfc9113-3.4-4] takes the client's preface, and nothing else, at the beginning", () => {
    for (const size of [1, 7, 100]) {
      const decoder = new FrameDecoder(16_384, true)
      const frames: Array<Frame.Frame> = []
      for (const chunk of cut(concat([preface, ping]), size)) {
        expect(frames).toEqual([])
        decoder.decode(chunk, frames)
      }
      expect(frames).toMatchObject([{ _tag: "Ping" }])
      expect(decoder.awaitsPreface).toBe(false)
    }
  })

  it("[rfc9113-3.4-4] refuses a preface with any octet changed, and says so once", () => {
    for (let at = 0; at < preface.length; at++) {
      const wrong = Uint8Array.from(preface, (octet, index) => (index === at ? octet ^ 1 : octet))
      for (const size of [1, 100]) {
        const decoder = new FrameDecoder(16_384, true)
        const frames = cut(concat([wrong, ping]), size).flatMap((chunk) => decoder.decode(chunk))
        expect(frames).toMatchObject([{ _tag: "Invalid", streamId: 0, errorCode: PROTOCOL_ERROR, section: "3.4" }])
      }
    }
  })

  it("never throws, and ends, whatever the octets; nothing comes behind an error of the connection", () => {
    const chunk = fc.oneof(
      fc.uint8Array({ maxLength: 80 }),
      // Frames with a header that makes sense more often than by chance.
      fc
        .tuple(fc.nat(11), fc.nat(255), fc.constantFrom(0, 1, 2, 3), fc.uint8Array({ maxLength: 20 }))
        .map(([type, flags, streamId, payload]) => rawFrame(type, flags, streamId, payload))
    )
    fc.assert(
      fc.property(fc.array(chunk, { maxLength: 12 }), fc.boolean(), (chunks, expectPreface) => {
        const decoder = new FrameDecoder(16_384, expectPreface)
        const frames = [...(expectPreface ? [preface] : []), ...chunks].flatMap((octets) => decoder.decode(octets))
        const fatal = frames.findIndex((frame) => frame._tag === "Invalid" && frame.streamId === 0)
        expect(fatal === -1 || fatal === frames.length - 1).toBe(true)
      }),
      { numRuns: 1000 }
    )
  })
})
