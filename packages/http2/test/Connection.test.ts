/** What every connection begins with, played by a peer: preface, SETTINGS, PING (RFC 9113 §3.4, §6.5, §6.7). */
import * as ErrorCode from "@effect-http2/http2/ErrorCode"
import * as Frame from "@effect-http2/http2/Frame"
import * as Http2ServerResponse from "@effect-http2/http2/Http2ServerResponse"
import * as Settings from "@effect-http2/http2/Settings"
import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { expect } from "vitest"
import { client, server } from "./support/peer.js"
import { ascii, get, headers, ping, preface, settings, settingsAck, windowUpdate } from "./support/wire.js"

const answer = () => Effect.succeed(Http2ServerResponse.text("answer"))

describe("the preface", () => {
  it.scoped(
    "[rfc9113-3.4-2] [rfc9113-6.5-1] [rfc9113-6.5.2-4] [rfc9113-6.5.2-5] of a server is SETTINGS first, without ENABLE_PUSH",
    () =>
      Effect.gen(function* () {
        const { peer } = yield* server(answer, { silent: true, maxConcurrentStreams: 7, initialWindowSize: 1000 })
        const first = yield* peer.take
        expect(first).toEqual(
          settings(
            [Settings.Id.MAX_CONCURRENT_STREAMS, 7],
            [Settings.Id.INITIAL_WINDOW_SIZE, 1000],
            [Settings.Id.MAX_HEADER_LIST_SIZE, 32_768],
            [Settings.Id.NO_RFC7540_PRIORITIES, 1]
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
        Effect.succeed(Http2ServerResponse.make({ headers: { "x-again": "v".repeat(60) } }))
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
