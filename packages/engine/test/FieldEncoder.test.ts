/** Field sections as frames: promises and responses through one compression state. */
import * as Decoder from "@effect-http2/hpack/Decoder"
import type * as Frame from "@effect-http2/engine/Frame"
import * as Options from "@effect-http2/engine/Options"
import type { Output } from "@effect-http2/engine/Output"
import { describe, expect, it } from "vitest"
import { FieldEncoder } from "@effect-http2/engine/fields/fieldEncoder"
import { FrameDecoder } from "@effect-http2/engine/frame/frameDecoder"
import { WriteBuffer } from "@effect-http2/engine/frame/writeBuffer"
import { concat } from "@effect-http2/engine/octets"
import { type Pairs } from "@effect-http2/testkit/fieldBlock"
import { fieldsOf } from "./support/wire.js"

/** What `write` writes, frame for frame, and its sections as the peer decodes them. */
const written = (write: (encoder: FieldEncoder) => void) => {
  const octets: Array<Uint8Array> = []
  const output: Pick<Output, "write"> = { write: (chunks) => octets.push(...chunks) < 0 }
  const buffer = new WriteBuffer(output as Output)
  write(new FieldEncoder(buffer, Options.resolve()))
  buffer.flush()
  const frames = new FrameDecoder(16_777_215, false).decode(concat(octets))
  const decoder = Decoder.make({ maxHeaderListSize: 1_000_000 })
  const sections: Array<Pairs> = []
  let fragments: Array<Uint8Array> = []
  for (const frame of frames) {
    if (frame._tag !== "Headers" && frame._tag !== "PushPromise" && frame._tag !== "Continuation") continue
    fragments.push(frame.fragment)
    if (!frame.endHeaders) continue
    sections.push(decoder.decode(concat(fragments)).fields.map(({ name, value }) => [name, value]))
    fragments = []
  }
  return { frames, sections }
}

const show = (frame: Frame.Frame): string =>
  `${frame._tag}(${frame.streamId}${frame._tag === "PushPromise" ? `, ${frame.promisedStreamId}` : ""})`

const request: Pairs = [
  [":method", "GET"],
  [":path", "/style.css"]
]
const response: Pairs = [
  [":status", "200"],
  ["x-kept", "in the table"]
]

describe("FieldEncoder", () => {
  it("sends the same block again, also where a promise came between, as long as that is true", () => {
    const [status, fields] = [fieldsOf(response.slice(0, 1)), fieldsOf(response.slice(1))]
    const { frames, sections } = written((encoder) => {
      for (const path of ["/a", "/a", "/b"]) {
        encoder.write(1, status, fields, [], false, 16_384)
        encoder.writePromise(1, 2, fieldsOf([[":path", path]]), [], 16_384)
        encoder.write(3, status, fields, [], true, 16_384)
      }
    })
    expect(frames.map(show).slice(0, 3)).toEqual(["Headers(1)", "PushPromise(1, 2)", "Headers(3)"])
    expect(sections).toEqual(["/a", "/a", "/b"].flatMap((path) => [response, [[":path", path]], response]))
  })

  it("cuts promises to the peer's MAX_FRAME_SIZE, the promised id counted [rfc9113-6.6-3] [rfc9113-4.1-1]", () => {
    const large: Pairs = [["x-large", "~".repeat(40_000)]]
    for (const [size, count] of [
      [16_384, 3],
      [30_000, 2],
      [100_000, 1]
    ] as const) {
      const { frames, sections } = written((encoder) =>
        encoder.writePromise(5, 0x7ffffffe, fieldsOf(request), fieldsOf(large), size)
      )
      expect(frames.map(show)).toEqual(["PushPromise(5, 2147483646)", ...frames.slice(1).map(() => "Continuation(5)")])
      expect(frames).toHaveLength(count)
      expect(sections).toEqual([[...request, ...large]])
    }
  })

  it("puts a promise that fits to the octet into one frame, and one octet more into two [rfc9113-6.6-3]", () => {
    const lengthOf = (fill: number): number => {
      const { frames } = written((encoder) =>
        encoder.writePromise(1, 2, fieldsOf(request), fieldsOf([["x", "~".repeat(fill)]]), 1_000_000)
      )
      const [frame] = frames
      return frame?._tag === "PushPromise" ? frame.fragment.length + 4 : 0
    }
    const fill = 16_384 - lengthOf(1000) + 1000
    expect(lengthOf(fill)).toBe(16_384)
    for (const [more, count] of [
      [0, 1],
      [1, 2]
    ] as const) {
      const fields = fieldsOf([["x", "~".repeat(fill + more)]])
      expect(written((encoder) => encoder.writePromise(1, 2, fieldsOf(request), fields, 16_384)).frames).toHaveLength(
        count
      )
    }
  })
})
