/** How many requests at once one origin takes, and what becomes of those that have to wait. */
import * as HttpClient from "@effect/platform/HttpClient"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as NodeHttp2Client from "@effect-http2/platform-node/NodeHttp2Client"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Metric from "effect/Metric"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import * as TestContext from "effect/TestContext"
import type * as Http2 from "node:http2"
import { describe, expect } from "vitest"
import { certificate, check, type Handler, http, http2, https, makeClient } from "./support/servers.js"

const tls = { ca: certificate.cert }

const turn = Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))

const text = (client: HttpClient.HttpClient, url: string) =>
  Effect.flatMap(client.get(url), (response) => response.text)

/** `/events` sends one and stays open; all else is answered. */
const onHttp1: Handler = (request, response) => {
  if (request.url === "/events") response.write("event")
  else response.end("ok")
}

const onHttp2 = (stream: Http2.ServerHttp2Stream, headers: Http2.IncomingHttpHeaders): void => {
  stream.respond({ ":status": 200 })
  if (headers[":path"] === "/events") stream.write("event")
  else stream.end("ok")
}

const atMost = (maxConcurrentStreams: number) => ({ settings: { maxConcurrentStreams } })

const layers = [
  { name: "ours, h2", make: http2(onHttp2, atMost(100)), layer: NodeHttp2Client.layer({ tls }) },
  { name: "ours, http/1.1", make: http(onHttp1), layer: NodeHttp2Client.layer() },
  { name: "NodeHttpClient.layer", make: http(onHttp1), layer: NodeHttpClient.layer },
  { name: "NodeHttpClient.layerUndici", make: http(onHttp1), layer: NodeHttpClient.layerUndici }
] as const

for (const { layer, make, name } of layers) {
  check(`${name}: behind 500 streams of events that are open, a request is answered`, () =>
    Effect.gen(function* () {
      const { url } = yield* make
      const client = yield* HttpClient.HttpClient
      const events = Array.from({ length: 500 }, () => client.get(`${url}/events`))
      const open = yield* Effect.all(events, { concurrency: "unbounded" })
      expect(yield* text(client, url)).toBe("ok")
      expect(open.map(({ status }) => status)).toEqual(events.map(() => 200))
    }).pipe(Effect.provide(layer))
  )
}

/** Warnings, as they are logged. */
const withWarnings = <A, E, R>(run: (warnings: ReadonlyArray<string>) => Effect.Effect<A, E, R>) => {
  const warnings: Array<string> = []
  const logger = Logger.make(({ logLevel, message }) => {
    if (LogLevel.greaterThanEqual(logLevel, LogLevel.Warning)) warnings.push(String(message))
  })
  return run(warnings).pipe(
    Effect.provide(Logger.replace(Logger.defaultLogger, logger)),
    Effect.scoped,
    Effect.provide(TestContext.TestContext)
  )
}

const count = Effect.map(
  Metric.value(Metric.tagged(NodeHttp2Client.limitsReached, "limit", "maxConnections")),
  (state) => state.count
)
const waitingNow = Effect.map(Metric.value(NodeHttp2Client.waiting), (state) => state.count)

/** The two protocols at a limit of one request at once. */
const limits = [
  {
    limit: "maxConnections",
    make: http2(onHttp2, atMost(1)),
    pool: { maxConnections: 1 },
    reason: "as many requests as the server allows are open on each of 1 connections (maxConnections)"
  },
  {
    limit: "maxHttp1Connections",
    make: https(onHttp1),
    pool: { maxHttp1Connections: 1 },
    reason: "all 1 connections are in use (maxHttp1Connections), each by one request"
  }
] as const

for (const { limit, make, pool, reason } of limits) {
  describe(`at the limit ${limit}`, () => {
    check("a request that waits is seen in the log once, and fails after maxWait", () =>
      Effect.gen(function* () {
        const { url } = yield* make
        const stats = NodeHttp2Client.makeStats()
        yield* withWarnings((warnings) =>
          Effect.gen(function* () {
            const client = yield* makeClient({ stats, pool: { ...pool, idleTimeout: "1 day" } })
            yield* text(client, url)
            const before = yield* waitingNow
            const open = yield* client.get(`${url}/events`)
            const first = yield* Effect.fork(Effect.flip(client.get(url)))
            yield* Effect.yieldNow()
            yield* TestClock.adjust("30 seconds")
            const second = yield* Effect.fork(Effect.flip(client.get(url)))
            yield* Effect.yieldNow()
            expect([stats.waiting, (yield* waitingNow) - before]).toEqual([2, 2])
            expect(stats.limitsReached).toBe(1)
            yield* TestClock.adjust("31 seconds")
            expect(yield* Fiber.join(first)).toMatchObject({
              _tag: "RequestError",
              reason: "Transport",
              cause: {
                limit: "maxWait",
                processed: "no",
                reason: "Timeout",
                description: `no free stream or connection to ${url} within 1m: ${reason}`
              }
            })
            expect([stats.waiting, stats.expired]).toEqual([1, 1])
            expect(warnings).toEqual([`requests to ${url} wait for a free stream or connection: ${reason}`])
            yield* TestClock.adjust("30 seconds")
            expect(yield* Fiber.join(second)).toMatchObject({ cause: { limit: "maxWait" } })
            expect(warnings.length).toBe(1)
            // Nobody waits any more: who waits then is news again.
            const third = yield* Effect.fork(Effect.flip(client.get(url)))
            yield* Effect.yieldNow()
            yield* TestClock.adjust("61 seconds")
            yield* Fiber.join(third)
            expect([warnings.length, stats.limitsReached, stats.expired, (yield* waitingNow) - before]).toEqual([
              2, 2, 3, 0
            ])
            yield* Stream.runHead(open.stream)
            yield* text(client, url)
          })
        )
      })
    )

    check("a request that gets its place within a second is not worth a word", () =>
      Effect.gen(function* () {
        const { url } = yield* make
        yield* withWarnings((warnings) =>
          Effect.gen(function* () {
            const client = yield* makeClient({ pool: { ...pool, idleTimeout: "1 day" } })
            yield* text(client, url)
            const open = yield* client.get(`${url}/events`)
            const waiting = yield* Effect.fork(text(client, url))
            yield* TestClock.adjust("900 millis")
            yield* Stream.runHead(open.stream)
            expect(yield* Fiber.join(waiting)).toBe("ok")
            yield* TestClock.adjust("2 minutes")
            expect(warnings).toEqual([])
          })
        )
      })
    )

    check("with an infinite maxWait it waits for as long as it takes", () =>
      Effect.gen(function* () {
        const { url } = yield* make
        yield* withWarnings((warnings) =>
          Effect.gen(function* () {
            const maxWait = Duration.infinity
            const client = yield* makeClient({
              pool: { ...pool, maxWait, idleTimeout: "1 day" },
              http2: { stallTimeout: "1 day" }
            })
            yield* text(client, url)
            const open = yield* client.get(`${url}/events`)
            const waiting = yield* Effect.fork(text(client, url))
            yield* Effect.yieldNow()
            yield* TestClock.adjust("5 minutes")
            expect(warnings.length).toBe(1)
            yield* Stream.runHead(open.stream)
            expect(yield* Fiber.join(waiting)).toBe("ok")
          })
        )
      })
    )
  })
}

check("the metric names the limit that was reached", () =>
  Effect.gen(function* () {
    const { url } = yield* http2(onHttp2, atMost(1))
    const before = yield* count
    const client = yield* makeClient({ pool: { maxConnections: 1 } })
    yield* text(client, url)
    yield* client.get(`${url}/events`)
    const waiting = yield* Effect.fork(client.get(url))
    yield* Effect.yieldNow()
    expect((yield* count) - before).toBe(1)
    yield* Fiber.interrupt(waiting)
  })
)

check("a server that takes no requests is not asked over more and more connections", () =>
  Effect.gen(function* () {
    const { dials, url } = yield* http2(onHttp2, atMost(0))
    yield* withWarnings((warnings) =>
      Effect.gen(function* () {
        const client = yield* makeClient({ pool: { idleTimeout: "1 day" }, http2: { stallTimeout: "1 day" } })
        // What is sent before its SETTINGS are there is refused, and waits then.
        const waiting = yield* Effect.fork(Effect.flip(text(client, url)))
        while (dials() === 0) yield* turn
        for (let turns = 0; turns < 100; turns++) yield* turn
        yield* TestClock.adjust("61 seconds")
        expect(yield* Fiber.join(waiting)).toMatchObject({ _tag: "RequestError", cause: { processed: "no" } })
        expect(dials()).toBe(1)
        expect(warnings.length).toBeLessThanOrEqual(1)
      })
    )
  })
)

check("where another connection cannot be opened, the error says why", () =>
  Effect.gen(function* () {
    const { url } = yield* http2(onHttp2, atMost(1))
    let lookups = 0
    yield* withWarnings((warnings) =>
      Effect.gen(function* () {
        const client = yield* makeClient({
          pool: { idleTimeout: "1 day" },
          lookup: (_, { all }, callback) => {
            if (++lookups > 1) callback(new Error("nobody else"), "")
            else callback(null, all === true ? [{ address: "127.0.0.1", family: 4 }] : "127.0.0.1", 4)
          }
        })
        yield* text(client, url)
        const open = yield* client.get(`${url}/events`)
        const waiting = yield* Effect.fork(Effect.flip(client.get(url)))
        while (lookups < 2) yield* turn
        for (let turns = 0; turns < 20; turns++) yield* turn
        yield* TestClock.adjust("61 seconds")
        const error = yield* Fiber.join(waiting)
        expect(error).toMatchObject({ cause: { limit: "maxWait", cause: { _tag: "Http2TransportError" } } })
        expect(error.message).toContain("another connection could not be opened")
        expect(error.message).toContain("nobody else")
        expect(warnings.length).toBe(1)
        yield* Stream.runHead(open.stream)
      })
    )
  })
)
