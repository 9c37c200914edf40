/** What ends a connection, played by a peer: GOAWAY, and nothing behind it counts (RFC 9113 §5.4.1). */
import * as ErrorCode from "@effect-http2/http2/ErrorCode"
import * as Frame from "@effect-http2/http2/Frame"
import * as Http2ServerResponse from "@effect-http2/http2/Http2ServerResponse"
import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { expect } from "vitest"
import { server } from "./support/peer.js"
import {
  ascii,
  block,
  data,
  filled,
  get,
  headers,
  ping,
  post,
  rawFrame,
  reset,
  settings,
  windowUpdate
} from "./support/wire.js"

const never = () => Effect.never

describe("what ends a connection", () => {
  const fatal: ReadonlyArray<
    readonly [rule: string, what: string, frames: ReadonlyArray<Frame.Frame | Uint8Array>, code: number]
  > = [
    ["[rfc9113-5.1-1]", "DATA on an idle stream", [data(1, "x")], ErrorCode.PROTOCOL_ERROR],
    ["[rfc9113-6.4-6]", "RST_STREAM on an idle stream", [reset(1)], ErrorCode.PROTOCOL_ERROR],
    ["[rfc9113-5.1-1]", "WINDOW_UPDATE on an idle stream", [windowUpdate(1, 1)], ErrorCode.PROTOCOL_ERROR],
    ["[rfc9113-5.1.1-1] [rfc9113-5.1.1-3]", "HEADERS on an even stream", [headers(2, get)], ErrorCode.PROTOCOL_ERROR],
    ["[rfc9113-5.1.1-2]", "HEADERS on a lower stream", [headers(5, get), headers(3, get)], ErrorCode.PROTOCOL_ERROR],
    ["[rfc9113-6.9-2]", "WINDOW_UPDATE by 0", [windowUpdate(0, 0)], ErrorCode.PROTOCOL_ERROR],
    ["[rfc9113-6.9.1-3]", "a window beyond 2^31-1", [windowUpdate(0, 0x7fffffff)], ErrorCode.FLOW_CONTROL_ERROR],
    ["[rfc9113-6.5.2-9]", "INITIAL_WINDOW_SIZE of 2^31", [settings([4, 0x80000000])], ErrorCode.FLOW_CONTROL_ERROR],
    ["[rfc9113-8.4-6]", "PUSH_PROMISE", [new Frame.PushPromise(1, 2, true, block(get))], ErrorCode.PROTOCOL_ERROR],
    [
      "[rfc9113-4.3-3]",
      "a block that does not decompress",
      [new Frame.Headers(1, true, true, filled(4, 0xff), undefined)],
      ErrorCode.COMPRESSION_ERROR
    ],
    [
      "[rfc9113-4.3-1]",
      "a frame within a block",
      [new Frame.Headers(1, true, false, block(get), undefined), ping(1)],
      ErrorCode.PROTOCOL_ERROR
    ],
    [
      "[rfc9113-5.5-3]",
      "an unknown frame within a block",
      [new Frame.Headers(1, true, false, block(get), undefined), new Frame.Unknown(0x0c, 0, 0, ascii(""))],
      ErrorCode.PROTOCOL_ERROR
    ],
    ["[rfc9113-6.10-5]", "CONTINUATION alone", [new Frame.Continuation(1, true, block(get))], ErrorCode.PROTOCOL_ERROR],
    ["[rfc9113-4.2-2]", "a frame that is too large", [rawFrame(0, 0, 1, filled(16_385))], ErrorCode.FRAME_SIZE_ERROR],
    [
      "[rfc9113-6.4-5]",
      "PRIORITY of 4 octets on an idle stream",
      [rawFrame(2, 0, 1, filled(4))],
      ErrorCode.FRAME_SIZE_ERROR
    ],
    [
      "[rfc9113-6.4-5]",
      "PRIORITY on itself of an idle stream",
      [new Frame.Priority(1, { dependency: 1, exclusive: false, weight: 1 })],
      ErrorCode.PROTOCOL_ERROR
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
