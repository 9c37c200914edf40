/** Padding of what we send (RFC 9113 §6.1, §10.7): how much of it, and that nobody who reads the message notices. */
import { adjust, PlainWindow } from "@effect-http2/engine/flow/window"
import * as Frame from "@effect-http2/http2/Frame"
import * as Http2Options from "@effect-http2/http2/Http2Options"
import * as Http2ServerResponse from "@effect-http2/http2/Http2ServerResponse"
import type { Transport } from "@effect-http2/http2/Transport"
import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as fc from "effect/FastCheck"
import { expect } from "vitest"
import { DataFrames } from "@effect-http2/engine/send/dataFrames"
import { dataLength, padLength } from "@effect-http2/engine/frame/padding"
import { Sender } from "@effect-http2/engine/send/sender"
import { WriteBuffer } from "@effect-http2/engine/frame/writeBuffer"
import { engines, inPieces } from "./support/engines.js"
import { concat, pattern } from "./support/wire.js"

/** `toEqual` looks at each octet by itself. */
const isEqual = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0

const unit = fc.integer({ min: 2, max: 256 })

describe("padding", () => {
  it("makes a payload a multiple of the unit, within the room that there is, and leaves room for data", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 70_000 }),
        fc.integer({ min: 1, max: 70_000 }),
        unit,
        (length, most, unit) => {
          const data = dataLength(length, most, unit)
          const padding = padLength(data, most, unit)
          expect(data).toBeGreaterThan(0)
          expect(data).toBeLessThanOrEqual(length)
          expect(padding).toBeLessThanOrEqual(255)
          expect(1 + data + padding).toBeLessThanOrEqual(most)
          if (most >= unit) expect((1 + data + padding) % unit).toBe(0)
          // As much as fits, where it does not.
          else if (data === length) expect(1 + data + padding).toBe(most === 1 ? 1 : Math.min(most, unit))
          else expect([data, padding]).toEqual(most === 1 ? [1, -1] : [most - 1, 0])
        }
      )
    )
  })

  it("never takes more than a window has, and the frames have all of the body [rfc9113-6.9.1-1] [rfc9113-6.1-1]", () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 20_000 }), { minLength: 1, maxLength: 5 })
    const grants = fc.array(fc.integer({ min: 1, max: 3000 }), { minLength: 1, maxLength: 30 })
    fc.assert(
      fc.property(sizes, grants, unit, (sizes, grants, unit) => {
        const written: Array<Uint8Array> = []
        const buffer = new WriteBuffer({
          ...transport,
          // Written over before the next frame.
          write: (parts) => {
            for (const part of parts) written.push(part.slice())
            for (const part of parts) part.fill(0xff)
            return true
          }
        })
        const connection = new PlainWindow(0)
        const data = new DataFrames(buffer, connection, unit)
        const sender = new Sender(owner, new PlainWindow(0), 1000, 0)
        const chunks = sizes.map((size) => pattern(size))
        const body = concat(chunks)
        for (const chunk of chunks) sender.push(chunk.slice(), 0)
        sender.finish(undefined)
        let granted = 0
        for (const grant of [...grants, ...Array.from({ length: 2000 }, () => 3000)]) {
          adjust(connection, grant)
          adjust(sender.window, grant)
          granted += grant
          data.next(sender, 16_384, 0)
          buffer.flush()
          expect(connection.octets).toBeGreaterThanOrEqual(0)
          if (sender.queued === 0) break
        }
        const [read, octets] = readBody(concat(written))
        expect(isEqual(read, body)).toBe(true)
        expect(granted - connection.octets).toBe(octets)
      }),
      { numRuns: 50 }
    )
  })

  it("is an option: 0, or a whole number up to 256", () => {
    for (const padding of [0, 2, 256]) expect(Http2Options.unsafeResolve({ padding }).padding).toBe(padding)
    for (const padding of [-1, 1.5, 257, Number.NaN]) {
      expect(() => Http2Options.unsafeResolve({ padding })).toThrow(`option padding cannot be ${padding}`)
    }
  })

  for (const padding of [2, 16, 100, 256]) {
    it.scoped(`to a multiple of ${padding}, both ways: bodies arrive whole, and no credit is lost`, () =>
      engines(
        (request) =>
          Effect.map(request.bytes(), (body) =>
            Http2ServerResponse.make({ body: inPieces(body, 3000), trailers: { "x-length": String(body.length) } })
          ),
        ({ client }) =>
          Effect.gen(function* () {
            for (const length of [1, 2, 99, 255, 256, 16_383, 16_384, 100_000, 700_000]) {
              const body = pattern(length)
              for (const sent of [body, Stream.make(body)]) {
                const response = yield* client.collect({ method: "POST", body: sent })
                expect(isEqual(response.body, body)).toBe(true)
                expect(response.trailers.get("x-length")).toBe(String(length))
              }
            }
          }),
        { server: { padding }, client: { padding } }
      )
    )
  }
})

const owner = { id: 1, sentEnd: () => undefined, sendLast: () => undefined }

const transport: Transport = {
  peer: { remote: undefined, local: undefined, tls: undefined },
  incoming: Stream.never,
  write: () => true,
  pendingOctets: () => 0,
  onDrain: () => undefined,
  defer: (task) => task(),
  end: Effect.void,
  close: Effect.void
}

/** The data in DATA frames, and the octets that they take from a window. Padding that is not zeros is an error. */
const readBody = (wire: Uint8Array): readonly [data: Uint8Array, octets: number] => {
  const view = Buffer.from(wire)
  const parts: Array<Uint8Array> = []
  let octets = 0
  for (let at = 0; at < view.length;) {
    const length = view.readUIntBE(at, 3)
    const payload = wire.subarray(at + 9, at + 9 + length)
    const isPadded = (view.readUInt8(at + 4) & Frame.Flag.PADDED) !== 0
    const padding = isPadded ? (payload[0] ?? 0) : 0
    parts.push(payload.subarray(isPadded ? 1 : 0, length - padding))
    expect(payload.subarray(length - padding).every((octet) => octet === 0)).toBe(true)
    octets += length
    at += 9 + length
  }
  return [concat(parts), octets]
}
