/** The field sections that a log of frames is shown, decompressed. */
import * as Encoder from "@effect-http2/hpack/Encoder"
import * as Frame from "@effect-http2/http2/Frame"
import * as FrameLog from "@effect-http2/http2/FrameLog"
import * as MemoryTransport from "@effect-http2/http2/MemoryTransport"
import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { expect } from "vitest"
import { collector, shows } from "./support/frameLog.js"
import { block, concat, encode, fieldsOf, get, headers, ok, ping, preface } from "./support/wire.js"
import type { Pairs } from "./support/wire.js"

describe("a field section", () => {
  const whole = block(get)
  const [first, second, third] = [whole.subarray(0, 3), whole.subarray(3, 4), whole.subarray(4)]

  shows(
    "is shown with the CONTINUATION that completes it",
    [
      new Frame.Headers(1, true, false, first, { dependency: 0, exclusive: false, weight: 16 }),
      new Frame.Continuation(1, false, second),
      new Frame.Continuation(1, true, third),
      headers(3, ok)
    ],
    [undefined, undefined, get, ok]
  )

  shows(
    "of PUSH_PROMISE is the promised request, with the frame that completes it",
    [
      new Frame.PushPromise(1, 2, true, whole),
      new Frame.PushPromise(1, 4, false, first),
      new Frame.Continuation(1, true, concat([second, third]))
    ],
    [get, undefined, get]
  )

  const encoder = Encoder.make()
  const fields: ReadonlyArray<Pairs> = [
    [
      [":status", "200"],
      ["x-one", "1"]
    ],
    [
      [":method", "GET"],
      ["x-one", "1"]
    ],
    [["x-one", "1"]]
  ]
  const [response, promise, trailers] = fields.map((pairs) => encoder.encode(fieldsOf(pairs)))

  shows(
    "may refer to those before it, of whatever frame",
    [
      new Frame.Headers(1, false, true, response ?? whole, undefined),
      new Frame.PushPromise(1, 2, true, promise ?? whole),
      ping(1),
      new Frame.Headers(1, true, true, trailers ?? whole, undefined)
    ],
    [fields[0], fields[1], undefined, fields[2]]
  )

  /** A dynamic table size update to 2^31-1, the largest that is read. */
  const largestTable = Uint8Array.of(0x3f, 0xe0, 0xff, 0xff, 0xff, 0x07)
  shows(
    "may use a table of any size",
    [new Frame.Headers(1, true, true, concat([largestTable, whole]), undefined), headers(3, ok)],
    [get, ok]
  )

  shows(
    "that does not decode is not shown, nor any behind it, whose table nobody knows",
    [headers(1, get), new Frame.Headers(3, true, true, Uint8Array.of(0x82, 0xff, 0x80), undefined), headers(5, get)],
    [get, undefined, undefined]
  )

  it.effect("has a table in each direction", () =>
    Effect.gen(function* () {
      const { all, log } = collector()
      const scripted = yield* MemoryTransport.scripted()
      const transport = FrameLog.inspect(scripted.transport, log, "server")
      const both = [Encoder.make(), Encoder.make()].map((encoder, index) => {
        const pairs: Pairs = [["x-one", String(index)]]
        return [1, 3].map((id) => encode(new Frame.Headers(id, true, true, encoder.encode(fieldsOf(pairs)), undefined)))
      })
      const [incoming = [], outgoing = []] = both
      yield* scripted.send(concat([preface, ...incoming]))
      yield* scripted.end
      transport.write(outgoing.slice(0, 1))
      yield* Stream.runDrain(transport.incoming)
      transport.write(outgoing.slice(1))
      const of = (direction: FrameLog.Direction) =>
        all.filter((shown) => shown.direction === direction).map((shown) => shown.fields)
      expect(of("received")).toEqual([[["x-one", "0"]], [["x-one", "0"]]])
      expect(of("sent")).toEqual([[["x-one", "1"]], [["x-one", "1"]]])
    })
  )
})
