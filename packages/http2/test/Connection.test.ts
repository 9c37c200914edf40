/** The rules of a connection, played by a peer: preface, SETTINGS, PING, which errors end what (RFC 9113 §3.4, §5.1, §5.4, §6). */
import * as ErrorCode from "@effect-http2/http2/ErrorCode"
import * as Frame from "@effect-http2/http2/Frame"
import * as Http2Response from "@effect-http2/http2/Http2Response"
import * as Settings from "@effect-http2/http2/Settings"
import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { expect } from "vitest"
import { client, server } from "./support/peer.js"
import {
  ascii,
  block,
  data,
  encode,
  filled,
  get,
  headers,
  ping,
  post,
  preface,
  rawFrame,
  reset,
  settings,
  settingsAck,
  windowUpdate
} from "./support/wire.js"

const answer = () => Effect.succeed(Http2Response.text("answer"))
const never = () => Effect.never

describe("the preface", () => {
  it.scoped("[rfc9113-3.4-2] [rfc9113-6.5-1] of a server is SETTINGS first, without ENABLE_PUSH", () =>
    Effect.gen(function* () {
      const { peer } = yield* server(answer, { silent: true, maxConcurrentStreams: 7, initialWindowSize: 1000 })
      const first = yield* peer.take
      // [rfc9113-6.5.2-4] [rfc9113-6.5.2-5]
      expect(first).toEqual(
        settings(
          [Settings.Id.MAX_CONCURRENT_STREAMS, 7],
          [Settings.Id.INITIAL_WINDOW_SIZE, 1000],
          [Settings.Id.MAX_HEADER_LIST_SIZE, 32_768]
        )
      )
      expect(yield* peer.take).toEqual(windowUpdate(0, 1_048_576 - 65_535))
    })
  )

  it.scoped("[rfc9113-3.4-1] of a client is the magic, then SETTINGS with ENABLE_PUSH 0", () =>
    Effect.gen(function* () {
      // The peer's decoder has taken the magic off.
      const { peer } = yield* client({ silent: true })
      expect(yield* peer.take).toMatchObject({ _tag: "Settings", ack: false })
      const [first] = peer.frames
      expect(first?._tag === "Settings" && first.entries).toContainEqual([Settings.Id.ENABLE_PUSH, 0])
    })
  )

  it.scoped("[rfc9113-3.4-4] that is not HTTP/2's ends the connection", () =>
    Effect.gen(function* () {
      const { failure, peer } = yield* server(answer, { silent: true })
      yield* peer.send(ascii("GET / HTTP/1.1\r\nHost: a\r\n\r\n"))
      expect(yield* failure).toMatchObject({ code: ErrorCode.PROTOCOL_ERROR, section: "3.4" })
    })
  )

  for (const [what, first] of [
    ["HEADERS", headers(1, get)],
    ["PING", ping(1)],
    ["an acknowledgement", settingsAck],
    ["WINDOW_UPDATE", windowUpdate(0, 1)],
    ["an unknown frame", new Frame.Unknown(0x0b, 0, 0, ascii(""))]
  ] as const) {
    it.scoped(`[rfc9113-3.4-4] with ${what} before SETTINGS ends the connection`, () =>
      Effect.gen(function* () {
        const { failure, peer } = yield* server(answer, { silent: true })
        yield* peer.send(preface, first)
        expect(yield* failure).toMatchObject({ code: ErrorCode.PROTOCOL_ERROR, section: "3.4" })
      })
    )
  }
})

describe("SETTINGS and PING", () => {
  it.scoped("[rfc9113-3.4-3] [rfc9113-6.5.3-1] [rfc9113-6.5.3-4] are applied and acknowledged, each", () =>
    Effect.gen(function* () {
      const { connection, peer } = yield* server(answer)
      yield* peer.send(settings([Settings.Id.MAX_FRAME_SIZE, 20_000], [0xff00, 1]), settings())
      yield* peer.barrier()
      expect(connection.remoteSettings.maxFrameSize).toBe(20_000)
      expect(peer.frames.filter((frame) => frame._tag === "Settings" && frame.ack)).toHaveLength(3)
    })
  )

  it.scoped(
    "[rfc9113-6.7-2] [rfc9113-6.7-4] [rfc9113-6.7-5] a PING is answered with its octets, an answer is not",
    () =>
      Effect.gen(function* () {
        const { peer } = yield* server(answer)
        yield* peer.send(ping(7, true), ping(9))
        expect(yield* peer.await("Ping")).toEqual(ping(9, true))
      })
  )

  it.scoped("[rfc9113-4.3.1-1] a smaller header table is used from the acknowledgement on", () =>
    Effect.gen(function* () {
      const { peer } = yield* server(() =>
        Effect.succeed(Http2Response.make({ headers: { "x-again": "v".repeat(60) } }))
      )
      yield* peer.send(headers(1, get))
      expect(peer.fieldsOf(yield* peer.await("Headers"))).toHaveLength(2)
      yield* peer.send(
        settings([Settings.Id.HEADER_TABLE_SIZE, 0], [Settings.Id.HEADER_TABLE_SIZE, 100]),
        headers(3, get)
      )
      const block = yield* peer.await("Headers")
      // RFC 7541 §4.2: the lowest value, then the last: 0x20 and 0x3f 0x45.
      expect([...block.fragment.subarray(0, 3)]).toEqual([0x20, 0x3f, 0x45])
      expect(peer.fieldsOf(block)).toHaveLength(2)
    })
  )

  it.scoped("[rfc9113-6.5.2-6] a server that announces ENABLE_PUSH 1 is refused", () =>
    Effect.gen(function* () {
      const { failure, peer } = yield* client({ silent: true })
      yield* peer.send(settings([Settings.Id.ENABLE_PUSH, 1]))
      expect(yield* failure).toMatchObject({ code: ErrorCode.PROTOCOL_ERROR, section: "6.5.2" })
    })
  )
})

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
    [
      "[rfc9113-8.4-6] [rfc9113-8.4.1-5]",
      "PUSH_PROMISE",
      [new Frame.PushPromise(1, 2, true, block(get))],
      ErrorCode.PROTOCOL_ERROR
    ],
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
})

describe("what ends a stream, and only that", () => {
  const spec = (dependency: number): Frame.PrioritySpec => ({ dependency, exclusive: false, weight: 1 })
  const fatal: ReadonlyArray<
    readonly [rule: string, what: string, frames: ReadonlyArray<Frame.Frame | Uint8Array>, code: number]
  > = [
    [
      "[rfc9113-5.1-7] [rfc9113-6.1-4]",
      "DATA on a half-closed stream",
      [headers(1, get), data(1, "x")],
      ErrorCode.STREAM_CLOSED
    ],
    ["[rfc9113-5.1-7]", "HEADERS on a half-closed stream", [headers(1, get), headers(1, get)], ErrorCode.STREAM_CLOSED],
    ["[rfc9113-6.9-2]", "WINDOW_UPDATE by 0", [headers(1, get), windowUpdate(1, 0)], ErrorCode.PROTOCOL_ERROR],
    [
      "[rfc9113-6.9.1-3]",
      "a window beyond 2^31-1",
      [headers(1, get), windowUpdate(1, 0x7fffffff)],
      ErrorCode.FLOW_CONTROL_ERROR
    ],
    [
      "[rfc9113-6.9.1-1]",
      "DATA beyond the stream's window",
      [headers(1, post, false), data(1, filled(1001))],
      ErrorCode.FLOW_CONTROL_ERROR
    ],
    [
      "[rfc9113-6.3-2]",
      "PRIORITY of 4 octets",
      [headers(1, get), rawFrame(2, 0, 1, filled(4))],
      ErrorCode.FRAME_SIZE_ERROR
    ],
    [
      "RFC 7540 §5.3.1:",
      "HEADERS that depend on themselves",
      [new Frame.Headers(1, true, true, block(get), spec(1))],
      ErrorCode.PROTOCOL_ERROR
    ],
    [
      "RFC 7540 §5.3.1:",
      "PRIORITY on itself",
      [headers(1, get), new Frame.Priority(1, spec(1))],
      ErrorCode.PROTOCOL_ERROR
    ],
    [
      "[rfc9113-8.1.1-2]",
      "a malformed request",
      [headers(1, [...get, ["connection", "close"]])],
      ErrorCode.PROTOCOL_ERROR
    ],
    [
      "[rfc9113-8.1-4]",
      "trailers without END_STREAM",
      [headers(1, post, false), headers(1, [["a", "b"]], false)],
      ErrorCode.PROTOCOL_ERROR
    ],
    [
      "[rfc9113-8.1-3]",
      "a pseudo-header field in trailers",
      [headers(1, post, false), headers(1, [[":path", "/"]])],
      ErrorCode.PROTOCOL_ERROR
    ],
    [
      "[rfc9113-8.1.1-2]",
      "content-length without a body",
      [headers(1, [...post, ["content-length", "5"]])],
      ErrorCode.PROTOCOL_ERROR
    ],
    [
      "[rfc9113-8.1.1-2]",
      "a body shorter than content-length",
      [headers(1, [...post, ["content-length", "5"]], false), data(1, "four", true)],
      ErrorCode.PROTOCOL_ERROR
    ],
    [
      "[rfc9113-8.1.1-2]",
      "a body longer than content-length",
      [headers(1, [...post, ["content-length", "3"]], false), data(1, "four")],
      ErrorCode.PROTOCOL_ERROR
    ],
    [
      "[rfc9113-8.1.1-2]",
      "trailers before all of content-length",
      [headers(1, [...post, ["content-length", "5"]], false), data(1, "four"), headers(1, [["a", "b"]])],
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
        expect(connection.unreadBytes).toBe(0)
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
      expect([connection.unreadBytes, connection.isDraining]).toEqual([0, false])
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
