/**
 * What ends a stream and only that, played by a peer (RFC 9113 §5.4.2); what does not end anything. A rule of each kind; all of them are cases of
 * `platform-node/test/conformance`, which run in memory too.
 */
import * as ErrorCode from "@effect-http2/http2/ErrorCode"
import * as Frame from "@effect-http2/http2/Frame"
import * as Http2ServerResponse from "@effect-http2/http2/Http2ServerResponse"
import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { expect } from "vitest"
import { server } from "./support/peer.js"
import { data, encode, filled, get, headers, post, reset, windowUpdate } from "./support/wire.js"

const answer = () => Effect.succeed(Http2ServerResponse.text("answer"))
const never = () => Effect.never

describe("what ends a stream, and only that", () => {
  const spec = (dependency: number): Frame.PrioritySpec => ({ dependency, exclusive: false, weight: 1 })
  const fatal: ReadonlyArray<
    readonly [rule: string, what: string, frames: ReadonlyArray<Frame.Frame | Uint8Array>, code: number]
  > = [
    [
      "[rfc9113-6.9.1-1]",
      "DATA beyond the stream's window",
      [headers(1, post, false), data(1, filled(1001))],
      ErrorCode.FLOW_CONTROL_ERROR
    ],
    [
      "[rfc9113-8.1.1-2]",
      "a body longer than content-length",
      [headers(1, [...post, ["content-length", "3"]], false), data(1, "four")],
      ErrorCode.PROTOCOL_ERROR
    ]
  ]
  for (const [rule, what, frames, code] of fatal) {
    it.scoped(`${rule} ${what}`, () =>
      Effect.gen(function* () {
        const { connection, peer } = yield* server((request) => (request.path === "/ok" ? answer() : Effect.never), {
          initialWindowSize: 1000
        })
        yield* peer.send(...frames)
        expect(yield* peer.await("RstStream")).toMatchObject({ streamId: 1, errorCode: code })
        yield* peer.send(headers(3, [...get.slice(0, 3), [":path", "/ok"]]))
        yield* peer.await("Data", (frame) => frame.streamId === 3)
        // [rfc9113-5.4.2-2]
        expect(peer.frames.filter((frame) => frame._tag === "RstStream")).toHaveLength(1)
        expect(connection.unreadOctets).toBe(0)
      })
    )
  }

  it.scoped("[rfc9113-5.4.2-3] RST_STREAM is not answered with one, on closed streams too", () =>
    Effect.gen(function* () {
      const { peer } = yield* server(never)
      yield* peer.send(headers(1, get), reset(1), reset(1), windowUpdate(1, 5), encode(new Frame.Priority(1, spec(3))))
      yield* peer.barrier()
      expect(peer.frames.some((frame) => frame._tag === "RstStream")).toBe(false)
    })
  )

  it.scoped("[rfc9113-5.4.2-1] what arrives on a stream that was reset is ignored, until the peer knows", () =>
    Effect.gen(function* () {
      const { connection, peer } = yield* server(() => Effect.never)
      yield* peer.send(headers(1, post, false), windowUpdate(1, 0))
      yield* peer.await("RstStream")
      yield* peer.send(data(1, filled(5000)), headers(1, [["x", "y"]]), windowUpdate(1, 0), reset(1))
      yield* peer.barrier()
      expect(peer.frames.filter((frame) => frame._tag === "RstStream")).toHaveLength(1)
      expect([connection.unreadOctets, connection.isDraining]).toEqual([0, false])
    })
  )

  it.scoped(
    "[rfc9113-4.1-2] [rfc9113-5.5-2] CVE-2026-27141: unknown frames are ignored, anywhere but within a block",
    () =>
      Effect.gen(function* () {
        const { peer } = yield* server(answer)
        for (let type = 0x0a; type <= 0xff; type += 7) {
          yield* peer.send(new Frame.Unknown(type, 0xff, 0, filled(3)), new Frame.Unknown(type, 0, 1, filled(20)))
        }
        yield* peer.send(headers(1, get))
        expect(yield* peer.await("Data")).toMatchObject({ streamId: 1, endStream: true })
      })
  )

  it.scoped("[rfc9113-7-1] error codes that nobody knows mean nothing special", () =>
    Effect.gen(function* () {
      const { peer } = yield* server(never)
      yield* peer.send(headers(1, get), reset(1, 0xdeadbeef), headers(3, get))
      yield* peer.barrier()
      expect(peer.frames.some((frame) => frame._tag === "GoAway")).toBe(false)
    })
  )
})
