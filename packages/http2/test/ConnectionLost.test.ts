/** Connections that break: whoever waits gets a typed error, handlers are interrupted, and nothing is left. */
import * as Http2ServerResponse from "@effect-http2/http2/Http2ServerResponse"
import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { expect } from "vitest"
import { engines, eventually } from "./support/engines.js"
import { client, server } from "./support/peer.js"
import { data, filled, get, headers, ok, preface, settings } from "./support/wire.js"

describe("a connection that is lost", () => {
  it.scoped("fails requests in every phase with a typed error", () =>
    Effect.gen(function* () {
      const { client: http, failure, peer, stats } = yield* client({ settings: [[3, 3]] })
      const open = yield* Effect.forEach([1, 2, 3], () => Effect.fork(Effect.flip(Effect.scoped(http.request({})))))
      yield* peer.await("Headers", (frame) => frame.streamId === 5)
      const queued = yield* Effect.fork(Effect.flip(http.collect({})))
      yield* eventually(() => http.queued() === 1)
      yield* peer.scripted.reset
      for (const fiber of open) {
        expect(yield* Fiber.join(fiber)).toMatchObject({
          _tag: "Http2TransportError",
          reason: "Reset",
          processed: "unknown"
        })
      }
      expect(yield* Fiber.join(queued)).toMatchObject({ processed: "no" })
      expect(yield* failure).toMatchObject({ _tag: "Http2TransportError" })
      expect(yield* Effect.flip(http.collect({}))).toMatchObject({ processed: "no" })
      expect(yield* Effect.flip(http.connection.ping)).toMatchObject({ _tag: "Http2TransportError" })
      expect([stats.connections, stats.activeStreams]).toEqual([0, 0])
    })
  )

  it.scoped("fails bodies and trailers behind what had come, never with a clean end", () =>
    Effect.gen(function* () {
      const { client: http, peer } = yield* client()
      const request = yield* Effect.fork(http.request({}))
      yield* peer.await("Headers")
      yield* peer.send(headers(1, ok, false), data(1, "part"))
      const response = yield* Fiber.join(request)
      yield* peer.scripted.end
      const seen: Array<number> = []
      const error = yield* Effect.flip(
        Stream.runForEach(response.body, (part) => Effect.sync(() => seen.push(part.length)))
      )
      expect([seen, error._tag]).toEqual([[4], "Http2ConnectionError"])
      expect(yield* Effect.flip(response.trailers)).toBe(error)
    })
  )

  it.scoped("interrupts handlers and runs their finalizers", () =>
    Effect.gen(function* () {
      let finalized = 0
      const { failure, peer, stats } = yield* server(() =>
        Effect.onInterrupt(Effect.never, () => Effect.sync(() => finalized++))
      )
      yield* peer.send(headers(1, get), headers(3, get))
      yield* peer.barrier()
      expect(stats.activeHandlers).toBe(2)
      yield* peer.scripted.reset
      expect(yield* failure).toMatchObject({ _tag: "Http2TransportError" })
      yield* eventually(() => stats.activeHandlers === 0)
      expect([finalized, stats.handlersInterrupted, stats.activeStreams]).toEqual([2, 2, 0])
    })
  )

  it.scoped("a peer that ends its side with nothing open is a clean end", () =>
    Effect.gen(function* () {
      const { connection, peer } = yield* server(() => Effect.succeed(Http2ServerResponse.empty()))
      yield* peer.send(headers(1, get))
      yield* peer.await("Headers")
      yield* peer.scripted.end
      yield* connection.awaitClosed
    })
  )

  it.effect("at any octet fails typed, and leaves nothing", () =>
    Effect.gen(function* () {
      for (let cutOffAfter = 0; cutOffAfter < 400; cutOffAfter += 7) {
        const exit = yield* Effect.exit(
          engines(
            (request) => Effect.map(request.bytes(), (body) => Http2ServerResponse.make({ body })),
            ({ client }) => client.collect({ method: "POST", body: filled(600) }),
            { transport: { cutOffAfter } }
          )
        )
        expect(Exit.isFailure(exit) && exit.cause._tag).toBe("Fail")
      }
    })
  )

  it.effect("while the scopes close is no trouble", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const { peer } = yield* Scope.extend(
        server(() => Effect.never),
        scope
      )
      yield* peer.send(headers(1, get))
      yield* peer.barrier()
      yield* Effect.zipRight(Scope.close(scope, Exit.void), Effect.void)
      expect(yield* peer.scripted.closed).toBe(true)
    })
  )

  it.scoped("serve ends with it", () =>
    Effect.gen(function* () {
      const { connection, peer } = yield* server(() => Effect.succeed(Http2ServerResponse.empty()), { silent: true })
      yield* peer.send(preface.subarray(0, 10))
      yield* peer.scripted.end
      yield* Effect.exit(connection.awaitClosed)
      expect(connection.isDraining).toBe(true)
      yield* peer.send(settings())
    })
  )
})
