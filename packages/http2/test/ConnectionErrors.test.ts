/**
 * What ends a connection, played by a peer: GOAWAY, and nothing behind it counts (RFC 9113 §5.4.1). A rule of each kind; all of them are cases of
 * `platform-node/test/conformance`, which run in memory too.
 */
import * as ErrorCode from "@effect-http2/http2/ErrorCode"
import * as Frame from "@effect-http2/http2/Frame"
import * as Http2ServerResponse from "@effect-http2/http2/Http2ServerResponse"
import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { expect } from "vitest"
import { server } from "./support/peer.js"
import { data, filled, get, headers, post, windowUpdate } from "./support/wire.js"

const never = () => Effect.never

describe("what ends a connection", () => {
  const fatal: ReadonlyArray<
    readonly [rule: string, what: string, frames: ReadonlyArray<Frame.Frame | Uint8Array>, code: number]
  > = [
    ["[rfc9113-5.1-1]", "DATA on an idle stream", [data(1, "x")], ErrorCode.PROTOCOL_ERROR],
    [
      "[rfc9113-4.3-3]",
      "a block that does not decompress",
      [new Frame.Headers(1, true, true, filled(4, 0xff), undefined)],
      ErrorCode.COMPRESSION_ERROR
    ],
    [
      "[rfc9113-6.9.1-1]",
      "DATA beyond the connection's window",
      [headers(1, post, false), ...Array.from({ length: 9 }, () => data(1, filled(10_000)))],
      ErrorCode.FLOW_CONTROL_ERROR
    ]
  ]
  for (const [rule, what, frames, code] of fatal) {
    it.scoped(`[rfc9113-5.4-3] [rfc9113-5.4.1-1] ${rule} ${what}: GOAWAY, and nothing behind it counts`, () =>
      Effect.gen(function* () {
        const { failure, peer } = yield* server(never, { connectionWindowSize: 65_535, initialWindowSize: 100_000 })
        yield* peer.send(...frames, headers(11, get))
        expect(yield* failure).toMatchObject({ _tag: "Http2ConnectionError", code, origin: "Local" })
        const rest = yield* Effect.zipRight(peer.scripted.end, peer.rest)
        expect(rest.filter((frame) => frame._tag === "GoAway")).toMatchObject([{ errorCode: code }])
        expect(rest.every((frame) => frame._tag !== "GoAway" || frame.lastStreamId < 11)).toBe(true)
        expect(rest.some((frame) => frame._tag === "RstStream" && frame.streamId === 1)).toBe(false)
      })
    )
  }

  it.scoped("[rfc9113-5.4.1-1] GOAWAY names the last stream that was received", () =>
    Effect.gen(function* () {
      const { peer } = yield* server(never)
      yield* peer.send(headers(1, get), headers(7, get), data(9, "x"))
      expect(yield* peer.await("GoAway")).toMatchObject({ lastStreamId: 7 })
    })
  )

  it.scoped("[rfc9113-5.4.1-1] GOAWAY is the last frame, also where DATA waits that could go now", () =>
    Effect.gen(function* () {
      const { peer } = yield* server(() => Effect.succeed(Http2ServerResponse.make({ body: filled(200_000) })))
      yield* peer.send(headers(1, get))
      yield* peer.barrier()
      yield* peer.send(windowUpdate(0, 50_000), windowUpdate(1, 50_000), data(0, "x"))
      expect((yield* peer.rest).at(-1)).toMatchObject({ _tag: "GoAway", errorCode: ErrorCode.PROTOCOL_ERROR })
    })
  )
})
