/** The graceful end of a connection: GOAWAY in two steps, requests in flight finish, new ones are refused in a way that can be retried. */
import * as ErrorCode from "@effect-http2/http2/ErrorCode"
import * as Frame from "@effect-http2/http2/Frame"
import * as Http2ServerResponse from "@effect-http2/http2/Http2ServerResponse"
import * as Settings from "@effect-http2/http2/Settings"
import { describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/TestClock"
import { expect } from "vitest"
import { engines, eventually } from "./support/engines.js"
import { client, server } from "./support/peer.js"
import { data, get, headers, ok, ping, post, reset, settings, windowUpdate } from "./support/wire.js"

const goAway = (lastStreamId: number, code = 0, debug = new Uint8Array(0)) =>
  new Frame.GoAway(lastStreamId, code, debug)

describe("a server that shuts down", () => {
  it.scoped("[rfc9113-6.8-6] [rfc9113-6.8-5] says so twice, and serves what comes in between", () =>
    Effect.gen(function* () {
      const { connection, peer } = yield* server((request) => Effect.succeed(Http2ServerResponse.text(request.path)))
      yield* peer.send(headers(1, get))
      yield* peer.await("Headers", (frame) => frame.streamId === 1)
      const closing = yield* Effect.fork(connection.shutdown)
      expect(yield* peer.await("GoAway")).toMatchObject({ lastStreamId: 0x7fffffff, errorCode: ErrorCode.NO_ERROR })
      const mark = yield* peer.await("Ping", (frame) => !frame.ack)
      // On its way when the server said that it goes.
      yield* peer.send(headers(3, get), new Frame.Ping(true, mark.data))
      yield* peer.await("Headers", (frame) => frame.streamId === 3)
      expect(yield* peer.await("GoAway")).toMatchObject({ lastStreamId: 3, errorCode: ErrorCode.NO_ERROR })
      yield* peer.scripted.end
      yield* Fiber.join(closing)
    })
  )

  it.scoped("goes on with it where nobody waits for that any more", () =>
    Effect.gen(function* () {
      const { connection, peer } = yield* server(() => Effect.succeed(Http2ServerResponse.empty()))
      yield* peer.barrier()
      const closing = yield* Effect.fork(connection.shutdown)
      yield* peer.await("GoAway", (frame) => frame.lastStreamId === 0x7fffffff)
      yield* Fiber.interrupt(closing)
      yield* peer.answerPing
      yield* peer.await("GoAway", (frame) => frame.lastStreamId === 0)
      yield* peer.scripted.end
      yield* connection.awaitClosed
    })
  )

  it.effect("tells handlers that go on for long, so that they come to their end", () =>
    Effect.gen(function* () {
      const began = yield* Deferred.make<void>()
      yield* engines(
        (request) =>
          Deferred.succeed(began, undefined).pipe(
            Effect.zipRight(request.stream.awaitDraining),
            Effect.as(Http2ServerResponse.text("goodbye"))
          ),
        ({ client, server, serverStats }) =>
          Effect.gen(function* () {
            const asked = yield* Effect.fork(client.collect({ path: "/events" }))
            yield* Deferred.await(began)
            yield* Effect.fork(server.shutdown)
            expect((yield* Fiber.join(asked)).text).toBe("goodbye")
            expect(serverStats.handlersInterrupted).toBe(0)
          })
      )
    })
  )

  it.scoped("[rfc9113-6.8-7] ignores streams above its last id, but not their field blocks nor their octets", () =>
    Effect.gen(function* () {
      const gate = yield* Deferred.make<void>()
      const { connection, peer, stats } = yield* server(() =>
        Effect.as(Deferred.await(gate), Http2ServerResponse.text("late"))
      )
      yield* peer.send(headers(1, get))
      yield* peer.barrier()
      const closing = yield* Effect.fork(connection.shutdown)
      yield* peer.answerPing
      yield* peer.await("GoAway", (frame) => frame.lastStreamId === 1)
      yield* peer.send(headers(3, post, false), data(3, "ignored"), windowUpdate(3, 5), reset(3), headers(5, get))
      yield* peer.barrier()
      expect([stats.requests, connection.unreadOctets, connection.activeStreams]).toEqual([1, 0, 1])
      yield* Deferred.succeed(gate, undefined)
      expect(yield* peer.await("Data", (frame) => frame.streamId === 1)).toMatchObject({ endStream: true })
      expect(peer.frames.some((frame) => frame._tag === "RstStream")).toBe(false)
      yield* peer.scripted.end
      yield* Fiber.join(closing)
    })
  )

  it.scoped.each([
    ["that the client could open, is ignored", 5, undefined],
    ["that only a server opens, ends the connection", 2, ErrorCode.PROTOCOL_ERROR]
  ] as const)("[rfc9113-6.4-6] a stream error on an idle stream, %s", ([, streamId, code]) =>
    Effect.gen(function* () {
      const { connection, peer } = yield* server(() => Effect.never)
      yield* peer.send(headers(1, get))
      yield* peer.barrier()
      yield* Effect.fork(connection.shutdown)
      yield* peer.answerPing
      yield* peer.await("GoAway", (frame) => frame.lastStreamId === 1)
      yield* peer.send(new Frame.Priority(streamId, { dependency: streamId, exclusive: false, weight: 16 }))
      if (code === undefined) yield* peer.barrier()
      else expect(yield* peer.await("GoAway", (frame) => frame.errorCode === code)).toMatchObject({ lastStreamId: 1 })
      expect(peer.frames.some((frame) => frame._tag === "RstStream")).toBe(false)
    })
  )

  it.scoped("does not wait for ever for a client that does not answer its PING", () =>
    Effect.gen(function* () {
      const { connection, peer } = yield* server(() => Effect.succeed(Http2ServerResponse.empty()))
      yield* peer.barrier()
      const closing = yield* Effect.fork(connection.shutdown)
      yield* peer.await("GoAway", (frame) => frame.lastStreamId === 0x7fffffff)
      yield* TestClock.adjust("1 seconds")
      yield* peer.await("GoAway", (frame) => frame.lastStreamId === 0)
      yield* TestClock.adjust("1 seconds")
      yield* Fiber.join(closing)
      yield* connection.awaitClosed
      yield* eventually(() => Effect.runSync(peer.scripted.closed))
    })
  )

  it.effect("lets requests in flight finish, and a client's new ones fail, safe to retry", () =>
    Effect.gen(function* () {
      const gate = yield* Deferred.make<void>()
      yield* engines(
        (request) => Effect.as(Deferred.await(gate), Http2ServerResponse.text(request.path)),
        ({ client, server, serverStats }) =>
          Effect.gen(function* () {
            const flying = yield* Effect.fork(client.collect({ path: "/flying" }))
            yield* eventually(() => serverStats.activeHandlers === 1)
            const closing = yield* Effect.fork(server.shutdown)
            yield* eventually(() => client.connection.isDraining)
            expect(yield* Effect.flip(client.collect({}))).toMatchObject({
              _tag: "Http2ConnectionError",
              processed: "no"
            })
            expect(yield* Effect.flip(Effect.scoped(client.request({})))).toMatchObject({ processed: "no" })
            yield* Deferred.succeed(gate, undefined)
            expect((yield* Fiber.join(flying)).text).toBe("/flying")
            yield* Fiber.join(closing)
            yield* client.connection.awaitClosed
          })
      )
    })
  )

  it.effect("refuses those that wait for a free stream, safe to retry", () =>
    Effect.gen(function* () {
      const gate = yield* Deferred.make<void>()
      yield* engines(
        () => Effect.as(Deferred.await(gate), Http2ServerResponse.empty()),
        ({ client, server, serverStats }) =>
          Effect.gen(function* () {
            const flying = yield* Effect.fork(client.collect({}))
            yield* eventually(() => serverStats.activeHandlers === 1)
            const queued = yield* Effect.fork(Effect.flip(client.collect({})))
            yield* eventually(() => client.queued() === 1)
            const closing = yield* Effect.fork(server.shutdown)
            expect(yield* Fiber.join(queued)).toMatchObject({ processed: "no" })
            yield* Deferred.succeed(gate, undefined)
            yield* Fiber.join(flying)
            yield* Fiber.join(closing)
          }),
        { server: { maxConcurrentStreams: 1 } }
      )
    })
  )

  it.effect("interrupts what is left after gracefulShutdownTimeout, finalizers and all", () =>
    Effect.gen(function* () {
      let finalized = 0
      yield* engines(
        () => Effect.onInterrupt(Effect.never, () => Effect.sync(() => finalized++)),
        ({ client, server, serverStats }) =>
          Effect.gen(function* () {
            const flying = yield* Effect.fork(Effect.flip(client.collect({})))
            yield* eventually(() => serverStats.activeHandlers === 1)
            const closing = yield* Effect.fork(server.shutdown)
            yield* eventually(() => client.connection.isDraining)
            yield* TestClock.adjust("4999 millis")
            expect(finalized).toBe(0)
            yield* TestClock.adjust("1 millis")
            yield* Fiber.join(closing)
            expect(yield* Fiber.join(flying)).toMatchObject({ code: ErrorCode.CANCEL })
            yield* eventually(() => serverStats.activeHandlers === 0)
            expect(finalized).toBe(1)
          }),
        { server: { gracefulShutdownTimeout: "5 seconds" } }
      )
    })
  )

  it.effect("by the end of its scope waits for handlers to finish, and for their finalizers", () =>
    Effect.gen(function* () {
      const seen: Array<string> = []
      const gate = yield* Deferred.make<void>()
      const scope = yield* Scope.make()
      const { peer, stats } = yield* Scope.extend(
        server(() =>
          Effect.as(Deferred.await(gate), Http2ServerResponse.text("done")).pipe(
            Effect.ensuring(Effect.sync(() => void seen.push("finalized")))
          )
        ),
        scope
      )
      // The peer stays: the finalizer of the test's support would break the connection.
      yield* peer.send(headers(1, get))
      yield* peer.barrier()
      expect(stats.activeHandlers).toBe(1)
      yield* Effect.fork(Effect.zipRight(peer.await("GoAway"), Deferred.succeed(gate, undefined)))
      yield* Scope.close(scope, Exit.void)
      expect([seen, stats.activeHandlers, stats.connections]).toEqual([["finalized"], 0, 0])
    })
  )
})

describe("GOAWAY at a client", () => {
  it.scoped("[rfc9113-6.8-1] ends what is above its last id, safe to retry; the rest goes on", () =>
    Effect.gen(function* () {
      const { client: http, peer } = yield* client()
      const [first, second] = yield* Effect.all([
        Effect.fork(http.collect({})),
        Effect.fork(Effect.flip(http.collect({})))
      ])
      yield* peer.await("Headers", (frame) => frame.streamId === 3)
      yield* peer.send(goAway(1, ErrorCode.ENHANCE_YOUR_CALM, Uint8Array.from([98, 117, 115, 121])))
      expect(yield* Fiber.join(second)).toMatchObject({
        _tag: "Http2ConnectionError",
        processed: "no",
        origin: "Remote",
        code: ErrorCode.ENHANCE_YOUR_CALM,
        reason: "GoAway",
        description: "GOAWAY: busy"
      })
      expect(yield* Effect.flip(http.collect({}))).toMatchObject({ processed: "no" })
      yield* peer.send(headers(1, ok, false), data(1, "still", true))
      expect((yield* Fiber.join(first)).text).toBe("still")
      // There is nothing more to do: the client goes.
      yield* peer.scripted.end
      expect(yield* Effect.flip(http.connection.awaitClosed)).toMatchObject({ code: ErrorCode.ENHANCE_YOUR_CALM })
    })
  )

  it.scoped("refuses requests that wait for a free stream, with what it says as their cause", () =>
    Effect.gen(function* () {
      const { client: http, peer } = yield* client()
      yield* peer.send(settings([Settings.Id.MAX_CONCURRENT_STREAMS, 1]))
      yield* peer.barrier()
      const [sent, waiting] = yield* Effect.all([
        Effect.fork(Effect.flip(http.collect({}))),
        Effect.fork(Effect.flip(http.collect({})))
      ])
      yield* peer.await("Headers")
      yield* peer.barrier()
      yield* peer.send(goAway(0, ErrorCode.ENHANCE_YOUR_CALM))
      const expected = { code: ErrorCode.ENHANCE_YOUR_CALM, origin: "Remote", processed: "no" }
      expect([yield* Fiber.join(sent), yield* Fiber.join(waiting)]).toMatchObject([expected, expected])
    })
  )

  it.scoped("in two steps: the first refuses nothing that was sent", () =>
    Effect.gen(function* () {
      const { client: http, peer } = yield* client()
      const request = yield* Effect.fork(http.collect({}))
      yield* peer.await("Headers")
      yield* peer.send(goAway(0x7fffffff))
      yield* peer.barrier()
      expect(http.connection.isDraining).toBe(true)
      yield* peer.send(goAway(1), headers(1, ok))
      expect((yield* Fiber.join(request)).status).toBe(200)
      yield* peer.scripted.end
      yield* http.connection.awaitClosed
    })
  )

  it.scoped("[rfc9113-6.8-5] whose last id is higher than before is an error", () =>
    Effect.gen(function* () {
      const { client: http, failure, peer } = yield* client()
      yield* Effect.fork(http.collect({}))
      yield* peer.await("Headers")
      yield* peer.send(goAway(1), goAway(3))
      expect(yield* failure).toMatchObject({ code: ErrorCode.PROTOCOL_ERROR, section: "6.8" })
    })
  )

  it.scoped("[rfc9113-6.8-3] is answered with one before the client closes", () =>
    Effect.gen(function* () {
      const { peer } = yield* client()
      yield* peer.send(goAway(0), ping(1))
      expect(yield* peer.await("GoAway")).toMatchObject({ lastStreamId: 0, errorCode: ErrorCode.NO_ERROR })
    })
  )
})

describe("a client that closes", () => {
  it.scoped("[rfc9113-5.4.1-3] [rfc9113-9.1-3] says GOAWAY; what is open fails", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const { client: http, peer } = yield* Scope.extend(client(), scope)
      const request = yield* Effect.fork(Effect.flip(http.collect({})))
      yield* peer.await("Headers")
      const closing = yield* Effect.fork(http.connection.shutdown)
      expect(yield* peer.await("GoAway")).toMatchObject({ lastStreamId: 0, errorCode: ErrorCode.NO_ERROR })
      yield* TestClock.adjust("30 seconds")
      yield* Fiber.join(closing)
      expect(yield* Fiber.join(request)).toMatchObject({ code: ErrorCode.CANCEL, limit: "gracefulShutdownTimeout" })
      yield* Scope.close(scope, Exit.void)
    })
  )
})
