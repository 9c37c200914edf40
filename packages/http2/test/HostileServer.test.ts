/** What a server may do to our client, and what the client makes of it. */
import * as ErrorCode from "@effect-http2/http2/ErrorCode"
import * as Frame from "@effect-http2/http2/Frame"
import * as Settings from "@effect-http2/http2/Settings"
import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import { expect } from "vitest"
import { client } from "./support/peer.js"
import { ascii, block, data, filled, headers, ok, type Pairs, reset, settings, windowUpdate } from "./support/wire.js"

/** A client with a request on stream 1 that has been sent. */
const asked = (request: Parameters<Effect.Effect.Success<ReturnType<typeof client>>["client"]["collect"]>[0] = {}) =>
  Effect.gen(function* () {
    const made = yield* client()
    const answer = yield* Effect.fork(Effect.either(made.client.collect(request)))
    yield* made.peer.await("Headers")
    return { ...made, answer }
  })

type Frames = ReadonlyArray<Frame.Frame | Uint8Array>

describe("a server that breaks a rule of one message", () => {
  const early: Pairs = [[":status", "103"]]
  const malformed: ReadonlyArray<readonly [rule: string, what: string, frames: Frames, code?: number]> = [
    ["§8.1:", "DATA before the head", [data(1, "x")]],
    ["§8.1:", "DATA behind an informational response", [headers(1, early, false), data(1, "x")]],
    [
      "[rfc9113-8.1.1-3]",
      "a body that is too long",
      [headers(1, [...ok, ["content-length", "3"]], false), data(1, "four", true)]
    ],
    ["[rfc9113-8.1.1-3]", "a body behind 204", [headers(1, [[":status", "204"]], false), data(1, "four", true)]],
    [
      "§10.5:",
      "informational responses without end",
      Array.from({ length: 33 }, () => headers(1, early, false)),
      ErrorCode.ENHANCE_YOUR_CALM
    ],
    [
      "§10.5.1:",
      "fields that are too large",
      [headers(1, [...ok, ...Array.from({ length: 1500 }, () => ["a", "b"] as const)])]
    ]
  ]
  for (const [rule, what, frames, code = ErrorCode.PROTOCOL_ERROR] of malformed) {
    it.scoped(`${rule} ${what}: the request fails, the connection goes on`, () =>
      Effect.gen(function* () {
        const { answer, client: http, peer } = yield* asked()
        yield* peer.send(...frames)
        expect(yield* Fiber.join(answer)).toMatchObject({
          _tag: "Left",
          left: { _tag: "Http2StreamError", code, origin: "Local" }
        })
        expect(yield* peer.await("RstStream")).toMatchObject({ streamId: 1, errorCode: code })
        const next = yield* Effect.fork(http.collect({}))
        yield* peer.await("Headers", (frame) => frame.streamId === 3)
        yield* peer.send(headers(3, ok))
        expect((yield* Fiber.join(next)).status).toBe(200)
        expect(http.connection.unreadOctets).toBe(0)
      })
    )
  }
})

describe("a server that breaks a rule of the connection", () => {
  const fatal: ReadonlyArray<readonly [rule: string, what: string, frames: Frames, code: number]> = [
    ["[rfc9113-5.1-2]", "HEADERS on a stream of its own", [headers(2, ok)], ErrorCode.PROTOCOL_ERROR],
    ["CVE-2026-33814", "SETTINGS out of range", [settings([Settings.Id.MAX_FRAME_SIZE, 1])], ErrorCode.PROTOCOL_ERROR],
    [
      "CVE-2020-11080",
      "SETTINGS of thousands",
      [settings(...Array.from({ length: 100 }, () => [0x77, 1] as const))],
      ErrorCode.ENHANCE_YOUR_CALM
    ],
    [
      "CVE-2024-27316",
      "CONTINUATION without end",
      [
        new Frame.Headers(1, true, false, block(ok), undefined),
        ...Array.from({ length: 9 }, () => new Frame.Continuation(1, false, ascii("")))
      ],
      ErrorCode.ENHANCE_YOUR_CALM
    ],
    [
      "CVE-2019-9518",
      "empty DATA without end",
      [headers(1, ok, false), ...Array.from({ length: 1001 }, () => data(1, ""))],
      ErrorCode.ENHANCE_YOUR_CALM
    ],
    [
      "CVE-2019-9513",
      "PRIORITY without end",
      Array.from({ length: 1001 }, () => new Frame.Priority(1, { dependency: 3, exclusive: false, weight: 1 })),
      ErrorCode.ENHANCE_YOUR_CALM
    ]
  ]
  for (const [rule, what, frames, code] of fatal) {
    it.scoped(`${rule} ${what}: every request fails, typed`, () =>
      Effect.gen(function* () {
        const { answer, failure, peer, stats } = yield* asked()
        yield* peer.send(...frames)
        expect(yield* failure).toMatchObject({ _tag: "Http2ConnectionError", code, origin: "Local" })
        expect(yield* Fiber.join(answer)).toMatchObject({ _tag: "Left", left: { code } })
        expect(yield* peer.await("GoAway")).toMatchObject({ errorCode: code })
        expect([stats.activeStreams, stats.connections]).toEqual([0, 0])
      })
    )
  }
})

describe("a server that answers early", () => {
  it.scoped("[rfc9113-8.1-5] the response stays when RST_STREAM(NO_ERROR) follows it", () =>
    Effect.gen(function* () {
      for (const body of [[headers(1, ok)], [headers(1, ok, false), data(1, "early", true)]]) {
        const { answer, peer } = yield* asked({ method: "POST", body: filled(300_000) })
        yield* peer.send(...body, reset(1, ErrorCode.NO_ERROR))
        expect(yield* Fiber.join(answer)).toMatchObject({ _tag: "Right", right: { status: 200 } })
      }
    })
  )

  it.scoped("[rfc9113-6.4-1] nothing more is sent on a stream that the server has reset", () =>
    Effect.gen(function* () {
      const { answer, peer } = yield* asked({ method: "POST", body: filled(300_000) })
      yield* peer.await("Data")
      // What is left waits for the connection's window alone.
      yield* peer.send(settings([Settings.Id.INITIAL_WINDOW_SIZE, 1_000_000]))
      yield* peer.barrier()
      yield* peer.send(reset(1, ErrorCode.CANCEL), windowUpdate(0, 1_000_000))
      expect(yield* Fiber.join(answer)).toMatchObject({ left: { code: ErrorCode.CANCEL, origin: "Remote" } })
      yield* peer.barrier()
      const sent = peer.frames
        .filter((frame) => frame._tag === "Data")
        .reduce((sum, frame) => sum + frame.flowControlledLength, 0)
      expect(sent).toBeLessThanOrEqual(65_535)
    })
  )
})

describe("informational responses", () => {
  it.scoped("come before the final one, in order", () =>
    Effect.gen(function* () {
      const seen: Array<unknown> = []
      const { answer, peer } = yield* asked({
        onInformational: (status, fields) => seen.push([status, fields.get("link")])
      })
      yield* peer.send(
        headers(1, [[":status", "100"]], false),
        headers(
          1,
          [
            [":status", "103"],
            ["link", "</a>"]
          ],
          false
        ),
        headers(1, ok)
      )
      expect(yield* Fiber.join(answer)).toMatchObject({ right: { status: 200 } })
      expect(seen).toEqual([
        [100, undefined],
        [103, "</a>"]
      ])
    })
  )

  it.scoped("a callback that throws fails its request alone", () =>
    Effect.gen(function* () {
      const thrown = new Error("thrown")
      const {
        answer,
        client: http,
        peer
      } = yield* asked({
        onInformational: () => {
          throw thrown
        }
      })
      yield* peer.send(headers(1, [[":status", "103"]], false))
      expect(yield* Fiber.join(answer)).toMatchObject({
        left: { _tag: "Http2StreamError", origin: "User", cause: thrown }
      })
      expect(http.connection.isDraining).toBe(false)
    })
  )
})

describe("a tunnel", () => {
  it.scoped("[rfc9113-8.5-2] takes no HEADERS", () =>
    Effect.gen(function* () {
      const { client: http, peer } = yield* client()
      const opening = yield* Effect.fork(http.tunnel({ authority: "db:5432" }))
      yield* peer.await("Headers")
      yield* peer.send(headers(1, ok, false), data(1, "hello"), headers(1, [["x", "y"]]))
      const { tunnel } = yield* Fiber.join(opening)
      expect(yield* Effect.flip(Stream.runDrain(tunnel.incoming))).toMatchObject({
        code: ErrorCode.PROTOCOL_ERROR,
        section: "8.5"
      })
      expect(yield* peer.await("RstStream")).toMatchObject({ streamId: 1, errorCode: ErrorCode.PROTOCOL_ERROR })
    })
  )
})
