/** How connections end: idle, dead, or with their client. */
import * as NodeHttp2Client from "@effect-http2/effect4-platform-node/NodeHttp2Client"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import type * as Http2 from "node:http2"
import { expect } from "vitest"
import { check, http, http2, makeClient, makeEvent, makeRelay } from "./support/servers.js"
import { advance } from "../support/check.js"

const text = (client: Effect.Success<ReturnType<typeof makeClient>>, url: string) =>
  Effect.flatMap(client.get(url), (response) => response.text)

const turn = Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))

const respond = (stream: Http2.ServerHttp2Stream): void => {
  stream.respond({ ":status": 200 })
  stream.end("ok")
}

check("an idle connection closes after the time that was set", () =>
  Effect.gen(function* () {
    const closed = makeEvent()
    const { dials, server, url } = yield* http2(respond)
    server.once("session", (session: Http2.ServerHttp2Session) => session.once("close", () => closed.happen()))
    const stats = NodeHttp2Client.makeStats()
    yield* Effect.gen(function* () {
      const client = yield* makeClient({ stats, pool: { idleTimeout: "60 seconds", probeAfter: "1 hour" } })
      yield* text(client, url)
      yield* advance(59)
      expect(stats.connections).toBe(1)
      yield* advance(2)
      yield* closed.happened
      expect(stats.connections).toBe(0)
      yield* text(client, url)
      expect(dials()).toBe(2)
    }).pipe(Effect.scoped, Effect.provide(TestClock.layer()))
  })
)

check("a connection that was silent is asked before it is used again", () =>
  Effect.gen(function* () {
    const { dials, server, url } = yield* http2(respond)
    let pings = 0
    server.on("session", (session: Http2.ServerHttp2Session) => session.on("ping", () => pings++))
    yield* Effect.gen(function* () {
      const client = yield* makeClient({ pool: { probeAfter: "15 seconds" } })
      yield* text(client, url)
      expect(pings).toBe(0)
      yield* advance(16)
      expect(yield* text(client, url)).toBe("ok")
      expect([pings, dials()]).toEqual([1, 1])
    }).pipe(Effect.scoped, Effect.provide(TestClock.layer()))
  })
)

check("a connection that is dead is replaced", () =>
  Effect.gen(function* () {
    const { url } = yield* http2(respond)
    const relay = yield* makeRelay(Number(new URL(url).port))
    const stats = NodeHttp2Client.makeStats()
    yield* Effect.gen(function* () {
      const client = yield* makeClient({ stats, pool: { probeAfter: "15 seconds", probeTimeout: "2 seconds" } })
      yield* text(client, relay.url)
      relay.freeze()
      yield* advance(16)
      const request = yield* Effect.forkChild(text(client, relay.url))
      yield* advance(3)
      expect(yield* Fiber.join(request)).toBe("ok")
      expect([relay.dials(), stats.probesFailed]).toEqual([2, 1])
    }).pipe(Effect.scoped, Effect.provide(TestClock.layer()))
  })
)

check("a request on a connection that dies under it fails, and the next one gets another", () =>
  Effect.gen(function* () {
    const arrived = makeEvent()
    const { url } = yield* http2((stream, headers) => {
      if (headers[":path"] === "/never") arrived.happen()
      else respond(stream)
    })
    const relay = yield* makeRelay(Number(new URL(url).port))
    yield* Effect.gen(function* () {
      const client = yield* makeClient({ http2: { keepAliveInterval: "30 seconds", pingTimeout: "15 seconds" } })
      // From its answer on, nothing of the connection's beginning is outstanding.
      yield* text(client, relay.url)
      const request = yield* Effect.forkChild(Effect.flip(client.get(`${relay.url}/never`)))
      yield* arrived.happened
      relay.freeze()
      yield* advance(31)
      yield* advance(16)
      expect(yield* Fiber.join(request)).toMatchObject({
        _tag: "HttpClientError",
        reason: { _tag: "TransportError" },
        cause: { limit: "pingTimeout", processed: "unknown" }
      })
      expect(yield* text(client, relay.url)).toBe("ok")
      expect(relay.dials()).toBe(2)
    }).pipe(Effect.scoped, Effect.provide(TestClock.layer()))
  })
)

check("the end of the scope fails what is open and what waits", () =>
  Effect.gen(function* () {
    const arrived = makeEvent()
    const { url } = yield* http2(
      (stream, headers) => {
        if (headers[":path"] === "/known") respond(stream)
        else arrived.happen()
      },
      { settings: { maxConcurrentStreams: 1 } }
    )
    const scope = yield* Scope.make()
    const client = yield* Scope.provide(makeClient({ pool: { maxConnections: 1 } }), scope)
    yield* text(client, `${url}/known`)
    const open = yield* Effect.forkChild(Effect.flip(client.get(url)))
    yield* arrived.happened
    const waiting = yield* Effect.forkChild(Effect.flip(client.get(url)))
    yield* Effect.yieldNow
    yield* Scope.close(scope, Exit.void)
    expect(yield* Fiber.join(open)).toMatchObject({ _tag: "HttpClientError", reason: { _tag: "TransportError" } })
    expect(yield* Fiber.join(waiting)).toMatchObject({
      _tag: "HttpClientError",
      reason: { _tag: "TransportError" },
      cause: { processed: "no" }
    })
    expect(yield* Effect.flip(client.get(url))).toMatchObject({
      _tag: "HttpClientError",
      reason: { _tag: "TransportError" }
    })
  })
)

check("the end of the scope gives up a dial", () =>
  Effect.gen(function* () {
    // Accepts, and never answers the handshake.
    const accepted = makeEvent()
    const { server, url } = yield* http(() => undefined)
    server.once("connection", () => accepted.happen())
    const scope = yield* Scope.make()
    const client = yield* Scope.provide(makeClient(), scope)
    const fiber = yield* Effect.forkChild(Effect.flip(client.get(url.replace("http:", "https:"))))
    yield* accepted.happened
    yield* Scope.close(scope, Exit.void)
    expect(yield* Fiber.join(fiber)).toMatchObject({ _tag: "HttpClientError", reason: { _tag: "TransportError" } })
  })
)

check("a dial that fails while the connection is full is not repeated without end, nor waited for", () =>
  Effect.gen(function* () {
    const streams: Array<Http2.ServerHttp2Stream> = []
    const { server, url } = yield* http2((stream) => streams.push(stream), { settings: { maxConcurrentStreams: 1 } })
    const stats = NodeHttp2Client.makeStats()
    let lookups = 0
    const client = yield* makeClient({
      stats,
      lookup: (_, { all }, callback) => {
        if (++lookups > 1) callback(new Error("nobody else"), "")
        else callback(null, all === true ? [{ address: "127.0.0.1", family: 4 }] : "127.0.0.1", 4)
      }
    })
    // Before its limit is known, the server gets both, and refuses one of them.
    const fibers = [yield* Effect.forkChild(text(client, url)), yield* Effect.forkChild(text(client, url))]
    while (stats.dialsFailed === 0) yield* turn
    for (let i = 0; i < 200; i++) yield* turn
    expect([stats.dialsFailed, streams.length]).toEqual([1, 1])
    for (const stream of streams) respond(stream)
    while (streams.length < 2) yield* turn
    for (const stream of streams.slice(1)) respond(stream)
    for (const fiber of fibers) expect(yield* Fiber.join(fiber)).toBe("ok")
    expect(server.listening).toBe(true)
  })
)

check("a server that sees each connection off after a few requests costs none of those that are left", () =>
  Effect.gen(function* () {
    const { dials, url } = yield* http2((stream) => {
      // As nginx does it behind `keepalive_requests`; what is above the third of a connection is not processed.
      if (stream.id === 5) stream.session?.goaway(0, stream.id)
      respond(stream)
    })
    const stats = NodeHttp2Client.makeStats()
    const client = yield* makeClient({ stats, pool: { maxConnections: 1 } })
    const all = yield* Effect.all(
      Array.from({ length: 12 }, () => text(client, url)),
      { concurrency: "unbounded" }
    )
    expect(all).toEqual(all.map(() => "ok"))
    expect(dials()).toBe(4)
    expect(stats.retries).toBe(9 + 6 + 3)
  })
)
