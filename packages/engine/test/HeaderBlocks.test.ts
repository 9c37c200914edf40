/** HEADERS and CONTINUATION to field sections: sequence, limits, and the memory of blocks that come again. */
import * as Decoder from "@effect-http2/hpack/Decoder"
import * as Encoder from "@effect-http2/hpack/Encoder"
import { HeaderField } from "@effect-http2/hpack/HeaderField"
import * as ErrorCode from "@effect-http2/engine/ErrorCode"
import * as Frame from "@effect-http2/engine/Frame"
import * as Options from "@effect-http2/engine/Options"
import * as fc from "effect/FastCheck"
import { describe, expect, it } from "vitest"
import { HeaderBlocks } from "@effect-http2/engine/fields/headerBlock"
import { get } from "@effect-http2/testkit/fieldBlock"
import { octets as ascii, filled } from "@effect-http2/testkit/octets"
import { block, data, ping } from "./support/wire.js"

const make = (options?: Partial<Options.Options>) => new HeaderBlocks(Options.resolve(options))

const headers = (fragment: Uint8Array, endHeaders = true) => new Frame.Headers(1, true, endHeaders, fragment, undefined)
const continuation = (fragment: Uint8Array, endHeaders: boolean, streamId = 1) =>
  new Frame.Continuation(streamId, endHeaders, fragment)

const failureOf = (run: () => unknown): unknown => {
  try {
    return run()
  } catch (error) {
    return error
  }
}

const namesOf = (fields: ReadonlyArray<HeaderField>) => fields.map((field) => [field.name, field.value])

describe("headerBlock", () => {
  it("one frame is a block; fragments are one, cut anywhere", () => {
    const whole = block(get)
    expect(namesOf(make().begin(headers(whole))?.section.fields ?? [])).toEqual(get)
    for (let at = 0; at <= whole.length; at++) {
      const blocks = make()
      expect(blocks.begin(headers(whole.subarray(0, at), false))).toBeUndefined()
      expect(blocks.isOpen).toBe(true)
      const done = blocks.resume(continuation(whole.subarray(at), true))
      expect(blocks.isOpen).toBe(false)
      expect(namesOf(done?.section.fields ?? [])).toEqual(get)
    }
  })

  it("[rfc9113-4.3-1] [rfc9113-6.2-3] [rfc9113-6.10-2] nothing else in between", () => {
    const others = [
      headers(block(get)),
      continuation(block(get), true, 3),
      data(1, "x"),
      ping(1),
      new Frame.Settings(false, []),
      // [rfc9113-5.5-3]
      new Frame.Unknown(0x0a, 0, 0, ascii("")),
      new Frame.Invalid(2, 5, ErrorCode.FRAME_SIZE_ERROR, "6.3", "too short")
    ]
    for (const other of others) {
      const blocks = make()
      blocks.begin(headers(new Uint8Array(0), false))
      expect(failureOf(() => blocks.checkSequence(other))).toMatchObject({
        _tag: "Http2ConnectionError",
        code: ErrorCode.PROTOCOL_ERROR
      })
    }
    const blocks = make()
    blocks.begin(headers(new Uint8Array(0), false))
    expect(failureOf(() => blocks.checkSequence(continuation(block(get), true)))).toBeUndefined()
  })

  it("[rfc9113-6.10-5] [rfc9113-6.10-6] CONTINUATION needs a block to continue", () => {
    expect(failureOf(() => make().checkSequence(continuation(block(get), true)))).toMatchObject({
      code: ErrorCode.PROTOCOL_ERROR,
      section: "6.10"
    })
  })

  it("[rfc9113-4.3-2] [rfc9113-4.3-3] what cannot be decompressed is COMPRESSION_ERROR", () => {
    expect(failureOf(() => make().begin(headers(Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff))))).toMatchObject({
      _tag: "Http2ConnectionError",
      code: ErrorCode.COMPRESSION_ERROR
    })
  })

  it("CVE-2024-27316 CVE-2026-33871: no more CONTINUATION frames than maxContinuationFrames, empty ones too", () => {
    for (const size of [0, 1]) {
      const blocks = make({ maxContinuationFrames: 3 })
      blocks.begin(headers(block(get), false))
      for (let i = 0; i < 3; i++) expect(blocks.resume(continuation(filled(size, 0x82), false))).toBeUndefined()
      expect(failureOf(() => blocks.resume(continuation(filled(size), true)))).toMatchObject({
        code: ErrorCode.ENHANCE_YOUR_CALM,
        limit: "maxContinuationFrames"
      })
    }
    const most = make({ maxContinuationFrames: 3 })
    most.begin(headers(block(get), false))
    for (let i = 0; i < 2; i++) most.resume(continuation(new Uint8Array(0), false))
    expect(most.resume(continuation(new Uint8Array(0), true))).toBeDefined()
  })

  it("CVE-2024-28182 CVE-2023-45288: no more octets than maxHeaderBlockSize, before anything is decoded", () => {
    const blocks = make({ maxHeaderBlockSize: 100 })
    blocks.begin(headers(filled(60, 0x82), false))
    expect(failureOf(() => blocks.resume(continuation(filled(41, 0x82), false)))).toMatchObject({
      code: ErrorCode.ENHANCE_YOUR_CALM,
      limit: "maxHeaderBlockSize"
    })
  })

  it("maxHeaderBlockSize holds for a block in one frame too", () => {
    const blocks = make({ maxHeaderBlockSize: 100, maxFrameSize: 1_000_000 })
    expect(blocks.begin(headers(filled(100, 0x82)))).toBeDefined()
    expect(failureOf(() => blocks.begin(headers(filled(101, 0x82))))).toMatchObject({ limit: "maxHeaderBlockSize" })
  })

  it("CVE-2016-6581 CVE-2026-49975: what references to large entries add up to is bounded, the table is kept right", () => {
    const encoder = Encoder.make()
    const large = new HeaderField("x-large", "v".repeat(3000))
    const blocks = make()
    const limits = { maxHeaderFields: 1000, maxHeaderListSize: 10_000_000 }
    const reference = Decoder.make(limits)
    const first = encoder.encode([large])
    reference.decode(first)
    blocks.begin(headers(first))
    const bomb = encoder.encode(Array.from({ length: 50 }, () => large))
    expect(reference.decode(bomb).size).toBeGreaterThan(100_000)
    expect(bomb.length).toBeLessThan(200)
    const section = blocks.begin(headers(bomb))?.section
    expect(section).toMatchObject({ overflow: "size", fields: [] })
    expect(namesOf(blocks.begin(headers(encoder.encode([large])))?.section.fields ?? [])).toEqual(namesOf([large]))
    // Thousands of references of one octet: each field counts 32 octets more than it has, and so their number is bounded with their size.
    expect(blocks.begin(headers(filled(2000, 0x82)))?.section).toMatchObject({ overflow: "size", fields: [] })
  })

  it("recognizes a block that comes again, and judges it no further", () => {
    const blocks = make()
    const once = blocks.begin(headers(block(get)))?.section
    expect(blocks.begin(headers(block(get)))?.section).toBe(once)
  })

  it("gives what a fresh decoder gives for every block, while the table changes", () => {
    // Few names and values, so that blocks come again and indices point at other fields than before.
    const field = fc
      .tuple(fc.constantFrom("a", "b", ":path", "cookie", "x-long"), fc.constantFrom("1", "2", "/", "v".repeat(40)))
      .map(([name, value]) => new HeaderField(name, value))
    const step = fc.oneof(
      { weight: 8, arbitrary: fc.array(field, { maxLength: 2 }) },
      { weight: 1, arbitrary: fc.integer({ min: 0, max: 200 }) }
    )
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 60 }), (steps) => {
        const encoder = Encoder.make()
        encoder.setHeaderTableSize(150)
        const blocks = make()
        const reference = Decoder.make()
        for (const item of steps) {
          if (typeof item === "number") encoder.setHeaderTableSize(item)
          else {
            const octets = encoder.encode(item)
            const expected = namesOf(reference.decode(octets).fields)
            expect(expected).toEqual(namesOf(item))
            expect(namesOf(blocks.begin(headers(octets))?.section.fields ?? [])).toEqual(expected)
          }
        }
      }),
      { numRuns: 200 }
    )
  })

  it("gives what a fresh decoder gives for blocks of any octets, as long as they are blocks", () => {
    // References to both tables, literals that go into the table and such that do not; now and then another size of the table.
    const reference = [[0x82], [0xbe], [0xbf], [0xc0]]
    const literal = [
      [0x40, 1, 97, 1, 98],
      [0x40, 1, 97, 1, 99],
      [0x0f, 1, 1, 97],
      [0x00, 1, 99, 1, 100]
    ]
    const piece = fc.constantFrom(...reference, ...reference, ...literal)
    const resize = fc.oneof(
      { weight: 20, arbitrary: fc.constant([]) },
      { weight: 1, arbitrary: fc.constantFrom([0x20], [0x3f, 0x20], [0x20, 0x3f, 0x60]) }
    )
    const octets = fc
      .tuple(resize, fc.array(piece, { maxLength: 2 }))
      .map(([size, pieces]) => Uint8Array.from([...size, ...pieces.flat()]))
    const first = Uint8Array.from([0x40, 1, 97, 1, 100, 0x40, 1, 97, 1, 101, 0x40, 1, 97, 1, 102])
    fc.assert(
      fc.property(fc.array(octets, { minLength: 1, maxLength: 40 }), (sequence) => {
        const blocks = make()
        const reference = Decoder.make()
        for (const octets of [first, ...sequence]) {
          const expected = failureOf(() => namesOf(reference.decode(octets).fields))
          const actual = failureOf(() => namesOf(blocks.begin(headers(octets))?.section.fields ?? []))
          if (expected instanceof Error) {
            expect(actual).toMatchObject({ code: ErrorCode.COMPRESSION_ERROR })
            return
          }
          expect(actual).toEqual(expected)
        }
      }),
      { numRuns: 500 }
    )
  })
})
