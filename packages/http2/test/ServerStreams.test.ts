/** A server's streams, played by a client octet by octet: 100-continue, tunnels, early answers, who may send what. */
import * as ErrorCode from "@effect-http2/http2/ErrorCode"
import * as Frame from "@effect-http2/http2/Frame"
import * as Http2ServerResponse from "@effect-http2/http2/Http2ServerResponse"
import * as Settings from "@effect-http2/http2/Settings"
import { describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { expect } from "vitest"
import { eventually } from "./support/engines.js"
import { server } from "./support/peer.js"
import { block, data, filled, get, headers, type Pairs, post, settings } from "./support/wire.js"

const expecting: Pairs = [...post, ["expect", "100-continue"]]

describe("100 (Continue)", () => {
  it.scoped("is sent once, when the handler first wants the body", () =>
    Effect.gen(function* () {
      const { peer } = yield* server((request) => Effect.map(request.text(), (text) => Http2ServerResponse.text(text)))
      yield* peer.send(headers(1, expecting, false))
      expect(peer.fieldsOf(yield* peer.await("Headers"))).toEqual([[":status", "100"]])
      yield* peer.send(data(1, "bo"))
      yield* peer.barrier()
      yield* peer.send(data(1, "dy", true))
      expect(peer.fieldsOf(yield* peer.await("Headers"))[0]).toEqual([":status", "200"])
    })
  )

  it.scoped("is not sent where the handler does not want the body, nor where nobody asked", () =>
    Effect.gen(function* () {
      const { peer } = yield* server((request) =>
        request.path === "/"
          ? Effect.succeed(Http2ServerResponse.empty())
          : Effect.as(request.bytes(), Http2ServerResponse.empty())
      )
      yield* peer.send(headers(1, expecting, false))
      expect(peer.fieldsOf(yield* peer.await("Headers"))).toEqual([[":status", "204"]])
      yield* peer.send(headers(3, [...post.slice(0, 3), [":path", "/read"]], false))
      yield* peer.barrier()
      yield* peer.send(data(3, "x", true))
      expect(peer.fieldsOf(yield* peer.await("Headers"))).toEqual([[":status", "204"]])
    })
  )
})

describe("a tunnel", () => {
  const connect: Pairs = [
    [":method", "CONNECT"],
    [":authority", "db:5432"]
  ]

  it.scoped("[rfc9113-8.5-2] takes no HEADERS", () =>
    Effect.gen(function* () {
      const { peer } = yield* server((request) => Effect.succeed(Http2ServerResponse.make({ body: request.body })))
      yield* peer.send(headers(1, connect, false), data(1, "ping"))
      expect(yield* peer.await("Data")).toMatchObject({ streamId: 1, endStream: false })
      yield* peer.send(headers(1, [["x", "y"]]))
      expect(yield* peer.await("RstStream")).toMatchObject({ streamId: 1, errorCode: ErrorCode.PROTOCOL_ERROR })
    })
  )
})

describe("a request that is answered before it is whole", () => {
  it.scoped("does not keep what still comes, nor the stream for long", () =>
    Effect.gen(function* () {
      const { connection, peer } = yield* server(() => Effect.succeed(Http2ServerResponse.text("no")), {
        initialWindowSize: 10_000
      })
      yield* peer.send(headers(1, post, false))
      yield* peer.await("Data", (frame) => frame.endStream)
      yield* peer.send(data(1, filled(9000)))
      expect(yield* peer.await("RstStream")).toMatchObject({ streamId: 1, errorCode: ErrorCode.NO_ERROR })
      expect(connection.unreadOctets).toBe(0)
      yield* peer.answerPing
      yield* eventually(() => connection.activeStreams === 0)
    })
  )

  it.scoped("ends by itself where the rest is there already", () =>
    Effect.gen(function* () {
      const { connection, peer, stats } = yield* server(() => Effect.succeed(Http2ServerResponse.text("no")))
      yield* peer.send(headers(1, post, false), data(1, "rest", true))
      yield* peer.await("Data", (frame) => frame.endStream)
      expect([connection.activeStreams, stats.resetsSent, connection.unreadOctets]).toEqual([0, 0, 0])
    })
  )

  it.scoped("ends by itself with a last frame that would earn it credit", () =>
    Effect.gen(function* () {
      const { connection, peer, stats } = yield* server(() => Effect.succeed(Http2ServerResponse.text("no")), {
        initialWindowSize: 10_000
      })
      yield* peer.send(headers(1, post, false))
      yield* peer.await("Data", (frame) => frame.endStream)
      yield* peer.send(data(1, filled(4000)), data(1, filled(4000), true))
      yield* peer.barrier()
      expect([connection.activeStreams, stats.resetsSent, connection.unreadOctets]).toEqual([0, 0, 0])
    })
  )

  it.scoped("is still there for a handler that answers in its first step and reads then", () =>
    Effect.gen(function* () {
      const read = yield* Deferred.make<string, unknown>()
      const { peer } = yield* server((request) =>
        Effect.zipRight(
          request.respond(Http2ServerResponse.text("ok")),
          Effect.as(Effect.intoDeferred(request.text(), read), Http2ServerResponse.empty())
        )
      )
      yield* peer.send(headers(1, post, false), data(1, "to be ", false))
      yield* peer.await("Headers")
      yield* peer.send(data(1, "read", true))
      expect(yield* Deferred.await(read)).toBe("to be read")
    })
  )

  it.scoped("fails for who reads it once the handler is done: what was dropped is no shorter body", () =>
    Effect.gen(function* () {
      let late: Effect.Effect<string, unknown> = Effect.succeed("")
      const { peer } = yield* server((request) => {
        late = request.text()
        return Effect.succeed(Http2ServerResponse.empty())
      })
      yield* peer.send(headers(1, post, false), data(1, "dropped", true))
      yield* peer.await("Headers")
      expect(yield* Effect.flip(late)).toMatchObject({ _tag: "Http2StreamError", origin: "User", streamId: 1 })
    })
  )
})

describe("a response", () => {
  it.scoped("[rfc9113-5.2.1-1] [rfc9113-6.9.1-1] waits for the connection's window, and for the stream's", () =>
    Effect.gen(function* () {
      const { peer } = yield* server(() => Effect.succeed(Http2ServerResponse.make({ body: filled(100) })))
      yield* peer.send(settings([Settings.Id.INITIAL_WINDOW_SIZE, 0]), headers(1, get))
      yield* peer.barrier()
      expect(peer.frames.some((frame) => frame._tag === "Data")).toBe(false)
      yield* peer.send(new Frame.WindowUpdate(1, 60))
      expect(yield* peer.await("Data")).toMatchObject({ flowControlledLength: 60, endStream: false })
      yield* peer.send(new Frame.WindowUpdate(1, 60))
      expect(yield* peer.await("Data")).toMatchObject({ flowControlledLength: 40, endStream: true })
    })
  )

  it.scoped("with trailers behind a body that waits ends with them", () =>
    Effect.gen(function* () {
      const { peer } = yield* server(() =>
        Effect.succeed(Http2ServerResponse.make({ body: Stream.make(filled(100)), trailers: { "x-end": "1" } }))
      )
      yield* peer.send(settings([Settings.Id.INITIAL_WINDOW_SIZE, 50]), headers(1, get))
      expect(yield* peer.await("Data")).toMatchObject({ endStream: false })
      yield* peer.send(new Frame.WindowUpdate(1, 50))
      expect(yield* peer.await("Data")).toMatchObject({ flowControlledLength: 50, endStream: false })
      expect(yield* peer.await("Headers")).toMatchObject({ endStream: true })
    })
  )

  it.scoped("that the peer's MAX_HEADER_LIST_SIZE does not take is a 500", () =>
    Effect.gen(function* () {
      const { peer } = yield* server(() =>
        Effect.succeed(Http2ServerResponse.make({ headers: { x: "y".repeat(200) } }))
      )
      yield* peer.send(settings([Settings.Id.MAX_HEADER_LIST_SIZE, 200]), headers(1, get))
      expect(peer.fieldsOf(yield* peer.await("Headers"))[0]).toEqual([":status", "500"])
    })
  )

  it.scoped("[rfc9113-8.1-1] to a request whose block came in pieces", () =>
    Effect.gen(function* () {
      const { peer } = yield* server((request) => Effect.succeed(Http2ServerResponse.text(request.path)))
      const fragment = block(get)
      yield* peer.send(
        new Frame.Headers(1, true, false, fragment.subarray(0, 3), undefined),
        new Frame.Continuation(1, false, fragment.subarray(3, 4)),
        new Frame.Continuation(1, true, fragment.subarray(4))
      )
      expect(yield* peer.await("Data")).toMatchObject({ streamId: 1, endStream: true })
    })
  )
})
