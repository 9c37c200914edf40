/** Frames to octets and back, whatever their content and however the octets are cut. */
import * as ExtensionFrame from "@effect-http2/engine/ExtensionFrame"
import * as Frame from "@effect-http2/engine/Frame"
import * as fc from "effect/FastCheck"
import { describe, expect, it } from "vitest"
import { FrameDecoder } from "@effect-http2/engine/frame/frameDecoder"
import { encode } from "@effect-http2/engine/frame/frameEncoder"
import { concat } from "@effect-http2/engine/octets"

const maxFrameSize = 16_777_215

const streamId = fc.integer({ min: 1, max: 0x7fffffff })
const uint32 = fc.integer({ min: 0, max: 0xffffffff })
const octets = fc.uint8Array({ maxLength: 200 })
const text = octets.map((from) => String.fromCharCode(...from))
/** Types that nothing defines. */
const unknownType = fc.constantFrom(0x0b, 0x0d, 0x0e, 0x0f, 0x11, 0x42, 0xff)
const priority = fc.record({
  dependency: fc.integer({ min: 0, max: 0x7fffffff }),
  exclusive: fc.boolean(),
  weight: fc.integer({ min: 1, max: 256 })
})

const arbitraryFrame: fc.Arbitrary<Frame.Frame> = fc.oneof(
  fc.tuple(streamId, fc.boolean(), octets).map(([id, end, data]) => new Frame.Data(id, end, data, data.length, false)),
  fc
    .tuple(streamId, fc.boolean(), fc.boolean(), octets, fc.option(priority, { nil: undefined }))
    .map(([id, end, endHeaders, fragment, spec]) => new Frame.Headers(id, end, endHeaders, fragment, spec)),
  fc.tuple(streamId, priority).map(([id, spec]) => new Frame.Priority(id, spec)),
  fc.tuple(streamId, uint32).map(([id, code]) => new Frame.RstStream(id, code)),
  fc
    .array(fc.tuple(fc.integer({ min: 0, max: 0xffff }), uint32), { maxLength: 8 })
    .map((entries) => new Frame.Settings(false, entries)),
  fc.constant(new Frame.Settings(true, [])),
  fc
    .tuple(streamId, streamId, fc.boolean(), octets)
    .map(([id, promised, end, fragment]) => new Frame.PushPromise(id, promised, end, fragment)),
  fc.tuple(fc.boolean(), fc.uint8Array({ minLength: 8, maxLength: 8 })).map(([ack, data]) => new Frame.Ping(ack, data)),
  fc
    .tuple(fc.integer({ min: 0, max: 0x7fffffff }), uint32, octets)
    .map(([id, code, debug]) => new Frame.GoAway(id, code, debug)),
  fc
    .tuple(fc.integer({ min: 0, max: 0x7fffffff }), fc.integer({ min: 0, max: 0x7fffffff }))
    .map(([id, increment]) => new Frame.WindowUpdate(id, increment)),
  fc.tuple(streamId, fc.boolean(), octets).map(([id, end, fragment]) => new Frame.Continuation(id, end, fragment)),
  fc.tuple(streamId, text, text).map(([id, origin, value]) => new ExtensionFrame.AltSvc(id, origin, value)),
  fc
    .tuple(streamId, fc.integer({ min: 0, max: 0xff }), fc.array(text, { maxLength: 5 }))
    .map(([id, flags, origins]) => new ExtensionFrame.Origin(id, flags, origins)),
  fc.tuple(streamId, text).map(([id, value]) => new ExtensionFrame.PriorityUpdate(id, value)),
  fc
    .tuple(unknownType, fc.integer({ min: 0, max: 0xff }), fc.integer({ min: 0, max: 0x7fffffff }), octets)
    .map(([type, flags, id, payload]) => new Frame.Unknown(type, flags, id, payload))
)

/** The frames with the pieces of each DATA frame joined. */
const joinData = (frames: ReadonlyArray<Frame.Frame>): ReadonlyArray<Frame.Frame> => {
  const joined: Array<Frame.Frame> = []
  for (const frame of frames) {
    const last = joined[joined.length - 1]
    if (frame._tag === "Data" && frame.continued && last?._tag === "Data") {
      const length = last.flowControlledLength + frame.flowControlledLength
      expect([last.streamId, last.endStream]).toEqual([frame.streamId, false])
      joined[joined.length - 1] = new Frame.Data(
        frame.streamId,
        frame.endStream,
        concat([last.data, frame.data]),
        length,
        last.continued
      )
    } else joined.push(frame)
  }
  return joined
}

const decodeInPieces = (wire: Uint8Array, sizes: ReadonlyArray<number>): ReadonlyArray<Frame.Frame> => {
  const decoder = new FrameDecoder(maxFrameSize, false)
  const frames: Array<Frame.Frame> = []
  for (let at = 0, i = 0; at < wire.length; i++) {
    const size = sizes[i % sizes.length] ?? 1
    // A copy of its own for each read: what frames keep of it is theirs.
    frames.push(...decoder.decode(wire.slice(at, at + size)))
    at += size
  }
  expect(decoder.isMidFrame).toBe(false)
  return joinData(frames)
}

describe("frameEncoder and frameDecoder", () => {
  it("every frame comes back as it was", () => {
    fc.assert(
      fc.property(arbitraryFrame, (frame) => {
        expect(new FrameDecoder(maxFrameSize, false).decode(encode(frame))).toEqual([frame])
      }),
      { numRuns: 500 }
    )
  })

  it("frames come back the same however their octets are cut", () => {
    fc.assert(
      fc.property(
        fc.array(arbitraryFrame, { minLength: 1, maxLength: 8 }),
        fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 6 }),
        (frames, sizes) => {
          expect(decodeInPieces(concat(frames.map((frame) => encode(frame))), sizes)).toEqual(frames)
        }
      )
    )
  })

  it("input cut in two at every octet gives the same frames", () => {
    fc.assert(
      fc.property(fc.array(arbitraryFrame, { minLength: 1, maxLength: 3 }), (frames) => {
        const wire = concat(frames.map((frame) => encode(frame)))
        for (let at = 1; at < wire.length; at++) {
          const decoder = new FrameDecoder(maxFrameSize, false)
          const seen = [...decoder.decode(wire.slice(0, at)), ...decoder.decode(wire.slice(at))]
          expect(joinData(seen)).toEqual(frames)
        }
      }),
      { numRuns: 20 }
    )
  })

  it("[rfc9113-6.1-1] [rfc9113-6.2-1] [rfc9113-6.6-2] padding of any length is zeros, is taken off, and counts for flow control", () => {
    const padded = arbitraryFrame.filter((frame) => ["Data", "Headers", "PushPromise"].includes(frame._tag))
    fc.assert(
      fc.property(padded, fc.integer({ min: 0, max: 255 }), fc.integer({ min: 1, max: 40 }), (frame, padding, size) => {
        const wire = encode(frame, { padding })
        expect(wire.subarray(wire.length - padding).every((octet) => octet === 0)).toBe(true)
        const expected =
          frame._tag === "Data"
            ? new Frame.Data(frame.streamId, frame.endStream, frame.data, frame.data.length + padding + 1, false)
            : frame
        expect(decodeInPieces(wire, [size])).toEqual([expected])
      })
    )
  })

  it("DATA is handed on as it arrives, its end with the last octet only", () => {
    const decoder = new FrameDecoder(maxFrameSize, false)
    const wire = encode(new Frame.Data(1, true, new Uint8Array([1, 2, 3]), 3, false))
    const ends: Array<readonly [number, boolean, boolean]> = []
    for (const octet of wire) {
      for (const frame of decoder.decode(Uint8Array.of(octet))) {
        if (frame._tag === "Data") ends.push([frame.data.length, frame.continued, frame.endStream])
      }
    }
    expect(ends).toEqual([
      [1, false, false],
      [1, true, false],
      [1, true, true]
    ])
  })

  it("says whether a frame has begun and is not whole", () => {
    for (const padding of [undefined, 0, 3]) {
      const options = padding === undefined ? {} : { padding }
      for (const frame of [
        new Frame.Data(1, true, new Uint8Array(2), 2, false),
        new Frame.Ping(false, new Uint8Array(8))
      ]) {
        const wire = encode(frame, options)
        const decoder = new FrameDecoder(maxFrameSize, false)
        expect(decoder.isMidFrame).toBe(false)
        wire.forEach((octet, index) => {
          decoder.decode(Uint8Array.of(octet))
          // A DATA frame's header alone is only half a frame where a payload follows.
          expect(decoder.isMidFrame).toBe(index < wire.length - 1)
        })
      }
    }
  })
})
