/** How many connections there are, when, and what becomes of them. */
import * as NodeHttp2Client from "@effect-http2/effect4-platform-node/NodeHttp2Client"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Metric from "effect/Metric"
import type * as Http2 from "node:http2"
import { expect } from "vitest"
import { check, http2, https, makeClient, makeEvent } from "./support/servers.js"

const text = (client: Effect.Success<ReturnType<typeof makeClient>>, url: string) =>
  Effect.flatMap(client.get(url), (response) => response.text)

const many = <A, E>(count: number, effect: Effect.Effect<A, E>) =>
  Effect.all(
    Array.from({ length: count }, () => effect),
    { concurrency: "unbounded" }
  )

const respond = (stream: Http2.ServerHttp2Stream): void => {
  stream.respond({ ":status": 200 })
  stream.end("ok")
}

/** A handler that answers only when `count` requests are there at once. */
const together = (count: number) => {
  const streams: Array<Http2.ServerHttp2Stream> = []
  return (stream: Http2.ServerHttp2Stream): void => {
    streams.push(stream)
    if (streams.length === count) for (const each of streams.splice(0)) respond(each)
  }
}

check("100 first requests at once make one dial [rfc9113-9.1-1]", () =>
  Effect.gen(function* () {
    const { dials, url } = yield* http2(together(100))
    const stats = NodeHttp2Client.makeStats()
    const client = yield* makeClient({ stats })
    const all = yield* many(100, text(client, url))
    expect([all.length, dials(), stats.dials, stats.connections, stats.waited, stats.waiting]).toEqual([
      100, 1, 1, 1, 100, 0
    ])
  })
)

check("requests one after the other use one connection [rfc9113-9.1-1] [rfc9113-9.1-2]", () =>
  Effect.gen(function* () {
    const { dials, url } = yield* http2(respond)
    const client = yield* makeClient()
    for (let i = 0; i < 20; i++) yield* text(client, url)
    expect(dials()).toBe(1)
  })
)

check("beyond the peer's limit a second connection is opened, and at the maximum requests wait", () =>
  Effect.gen(function* () {
    // 30 requests at 10 streams for each of 2 connections: 20 are served at once, 10 have to wait.
    let atOnce = 0
    let most = 0
    const waiting: Array<() => void> = []
    const { dials, url } = yield* http2(
      (stream) => {
        atOnce++
        most = Math.max(most, atOnce)
        waiting.push(() => {
          atOnce--
          respond(stream)
        })
        // Only when all places are taken is anybody served.
        if (most === 20) for (const go of waiting.splice(0)) go()
      },
      { settings: { maxConcurrentStreams: 10 } }
    )
    const stats = NodeHttp2Client.makeStats()
    const client = yield* makeClient({ stats, pool: { maxConnections: 2 } })
    const before = (yield* Metric.value(NodeHttp2Client.waitingTime)).count
    const all = yield* many(30, text(client, url))
    expect(all.every((answer) => answer === "ok")).toBe(true)
    expect([most, dials(), stats.connections]).toEqual([20, 2, 2])
    expect((yield* Metric.value(NodeHttp2Client.waitingTime)).count - before).toBe(stats.waited)
    expect(stats.waiting).toBe(0)
  })
)

check("the queue is bounded", () =>
  Effect.gen(function* () {
    const { url } = yield* http2(() => undefined, { settings: { maxConcurrentStreams: 1 } })
    const stats = NodeHttp2Client.makeStats()
    const client = yield* makeClient({ stats, pool: { maxConnections: 1, maxQueued: 2 } })
    // Before there is a connection, all have to wait.
    const fibers = yield* Effect.forEach([1, 2], () => Effect.forkChild(client.get(url)))
    yield* Effect.yieldNow
    const error = yield* Effect.flip(client.get(url))
    expect(error).toMatchObject({
      _tag: "HttpClientError",
      reason: { _tag: "TransportError" },
      cause: { limit: "maxQueued", processed: "no" }
    })
    expect([stats.waiting, stats.rejected]).toEqual([2, 1])
    yield* Fiber.interruptAll(fibers)
    expect(stats.waiting).toBe(0)
  })
)

check("a request that is interrupted while it waits is not sent", () =>
  Effect.gen(function* () {
    const first = makeEvent<Http2.ServerHttp2Stream>()
    const paths: Array<string | undefined> = []
    const { url } = yield* http2(
      (stream, headers) => {
        paths.push(headers[":path"])
        if (headers[":path"] === "/1") first.happen(stream)
        else respond(stream)
      },
      { settings: { maxConcurrentStreams: 1 } }
    )
    const client = yield* makeClient({ pool: { maxConnections: 1 } })
    // From its answer on, the limit is known.
    yield* text(client, `${url}/0`)
    const holding = yield* Effect.forkChild(text(client, `${url}/1`))
    const stream = yield* first.happened
    const waiting = yield* Effect.forkChild(text(client, `${url}/2`))
    const next = yield* Effect.forkChild(text(client, `${url}/3`))
    yield* Effect.yieldNow
    yield* Fiber.interrupt(waiting)
    respond(stream)
    expect([yield* Fiber.join(holding), yield* Fiber.join(next)]).toEqual(["ok", "ok"])
    expect(paths).toEqual(["/0", "/1", "/3"])
  })
)

check("a connection that drains takes no new requests, and finishes those it has", () =>
  Effect.gen(function* () {
    const held = makeEvent<Http2.ServerHttp2Stream>()
    const { dials, url } = yield* http2((stream, headers) => {
      if (headers[":path"] === "/held") held.happen(stream)
      else respond(stream)
    })
    const stats = NodeHttp2Client.makeStats()
    const client = yield* makeClient({ stats })
    const fiber = yield* Effect.forkChild(text(client, `${url}/held`))
    const stream = yield* held.happened
    stream.session?.goaway(0, stream.id)
    // Its own answer comes behind the GOAWAY.
    stream.respond({ ":status": 200 })
    while (stats.connections > 0) yield* Effect.promise(() => new Promise(setImmediate))
    expect(yield* text(client, url)).toBe("ok")
    expect(dials()).toBe(2)
    stream.end("late")
    expect(yield* Fiber.join(fiber)).toBe("late")
  })
)

check("connections of HTTP/1.1 are reused, and no more are opened than allowed", () =>
  Effect.gen(function* () {
    let atOnce = 0
    let most = 0
    const { dials, url } = yield* https((_, response) => {
      atOnce++
      most = Math.max(most, atOnce)
      setImmediate(() => {
        atOnce--
        response.end("ok")
      })
    })
    const stats = NodeHttp2Client.makeStats()
    const client = yield* makeClient({ stats, pool: { maxHttp1Connections: 3 } })
    const all = yield* many(30, text(client, url))
    expect(all.every((answer) => answer === "ok")).toBe(true)
    expect(most).toBeLessThanOrEqual(3)
    expect(dials()).toBe(3)
    expect(stats.http1Connections).toBe(3)
  })
)

check("origins have pools of their own", () =>
  Effect.gen(function* () {
    const one = yield* http2(respond)
    const other = yield* http2(respond)
    const client = yield* makeClient()
    yield* many(5, Effect.zip(text(client, one.url), text(client, other.url)))
    expect([one.dials(), other.dials()]).toEqual([1, 1])
  })
)

check("the policy `spread` takes the connection with most places", () =>
  Effect.gen(function* () {
    const perSession = new Map<unknown, number>()
    const gate = yield* Deferred.make<void>()
    const { dials, url } = yield* http2(
      (stream) => {
        perSession.set(stream.session, (perSession.get(stream.session) ?? 0) + 1)
        if (perSession.size === 2) Deferred.doneUnsafe(gate, Effect.void)
        void Effect.runPromise(
          Effect.andThen(
            Deferred.await(gate),
            Effect.sync(() => respond(stream))
          )
        )
      },
      { settings: { maxConcurrentStreams: 10 } }
    )
    const client = yield* makeClient({ pool: { policy: "spread", maxConnections: 2 } })
    yield* many(20, text(client, url))
    perSession.clear()
    yield* many(10, text(client, url))
    expect(dials()).toBe(2)
    expect([...perSession.values()]).toEqual([5, 5])
  })
)
