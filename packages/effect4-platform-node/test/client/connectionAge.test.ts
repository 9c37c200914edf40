/** Connections that are replaced because they are old. */
import * as NodeHttp2Client from "@effect-http2/effect4-platform-node/NodeHttp2Client"
import type * as HttpClient from "effect/http/HttpClient"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Random from "effect/Random"
import * as TestClock from "effect/testing/TestClock"
import type * as Http from "node:http"
import type * as Http2 from "node:http2"
import type * as Net from "node:net"
import { expect } from "vitest"
import { check, http2, https, makeClient, makeEvent } from "./support/servers.js"
import { advance } from "../support/check.js"

const text = (client: HttpClient.HttpClient, url: string) =>
  Effect.flatMap(client.get(url), (response) => response.text)

const turn = Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))

/** A server that answers with the number of the connection, and holds what is asked for at `/held`. */
const makeServer = Effect.gen(function* () {
  const sessions: Array<Http2.Http2Session | undefined> = []
  const closed = makeEvent()
  const held = makeEvent<Http2.ServerHttp2Stream>()
  const running = yield* http2((stream, headers) => {
    if (!sessions.includes(stream.session)) {
      sessions.push(stream.session)
      stream.session?.once("close", () => closed.happen())
    }
    stream.respond({ ":status": 200 })
    if (headers[":path"] === "/held") held.happen(stream)
    else stream.end(String(sessions.indexOf(stream.session) + 1))
  })
  /** The end of the first one that ends. */
  return { ...running, held: held.happened, closed: closed.happened }
})

/** Never idle for too long, nor silent. */
const pool = { idleTimeout: "1 hour", probeAfter: "1 hour", maxConnectionAge: "10 minutes" } as const

/** Chance that gives `number`. */
const withChance = (number: number) =>
  Effect.provideService(Random.Random, { nextIntUnsafe: () => 0, nextDoubleUnsafe: () => number })

check("an old connection serves until another one is there, and finishes what is under way", () =>
  Effect.gen(function* () {
    const { closed, dials, held, url } = yield* makeServer
    const stats = NodeHttp2Client.makeStats()
    yield* Effect.gen(function* () {
      const client = yield* withChance(0.5)(makeClient({ stats, pool }))
      const under = yield* Effect.forkChild(text(client, `${url}/held`))
      const stream = yield* held
      yield* advance(599)
      expect(yield* text(client, url)).toBe("1")
      expect(stats.dials).toBe(1)
      yield* TestClock.adjust("1 second")
      // Nobody waits for the new one.
      expect(yield* text(client, url)).toBe("1")
      while (stats.aged === 0) yield* turn
      expect(yield* text(client, url)).toBe("2")
      expect([dials(), stats.connections, stats.aged, stats.waited]).toEqual([2, 1, 1, 1])
      stream.end("held")
      expect(yield* Fiber.join(under)).toBe("held")
      yield* closed
      expect(yield* text(client, url)).toBe("2")
    }).pipe(Effect.scoped, Effect.provide(TestClock.layer()))
  })
)

for (const [chance, seconds] of [
  [0, 540],
  [0.999_999, 660]
] as const) {
  check(`chance moves the age by a tenth at most: ${seconds} seconds of 600`, () =>
    Effect.gen(function* () {
      const { url } = yield* makeServer
      const stats = NodeHttp2Client.makeStats()
      yield* Effect.gen(function* () {
        const client = yield* withChance(chance)(makeClient({ stats, pool }))
        yield* text(client, url)
        yield* TestClock.adjust(`${seconds - 1} seconds`)
        yield* text(client, url)
        expect(stats.dials).toBe(1)
        yield* TestClock.adjust("1 second")
        yield* text(client, url)
        expect(stats.dials).toBe(2)
      }).pipe(Effect.scoped, Effect.provide(TestClock.layer()))
    })
  )
}

check("an old connection goes on where no other one can be opened, which is tried again", () =>
  Effect.gen(function* () {
    const { dials, url } = yield* makeServer
    const stats = NodeHttp2Client.makeStats()
    let isReachable = true
    const lookup: Net.LookupFunction = (_, { all }, callback) => {
      if (!isReachable) callback(new Error("nobody"), "")
      else callback(null, all === true ? [{ address: "127.0.0.1", family: 4 }] : "127.0.0.1", 4)
    }
    yield* Effect.gen(function* () {
      const client = yield* withChance(0.5)(makeClient({ stats, lookup, pool }))
      yield* text(client, url)
      isReachable = false
      yield* advance(600)
      expect(yield* text(client, url)).toBe("1")
      while (stats.dialsFailed === 0) yield* turn
      yield* turn
      for (let i = 0; i < 10; i++) expect(yield* text(client, url)).toBe("1")
      expect([stats.dials, stats.aged]).toEqual([2, 0])
      isReachable = true
      yield* advance(600)
      yield* text(client, url)
      while (stats.aged === 0) yield* turn
      expect(yield* text(client, url)).toBe("2")
      expect(dials()).toBe(2)
    }).pipe(Effect.scoped, Effect.provide(TestClock.layer()))
  })
)

check("without the option a connection is kept for as long as it is used", () =>
  Effect.gen(function* () {
    const { dials, url } = yield* makeServer
    yield* Effect.gen(function* () {
      const client = yield* makeClient({ pool: { ...pool, maxConnectionAge: undefined } })
      for (let i = 0; i < 3; i++) {
        expect(yield* text(client, url)).toBe("1")
        yield* advance(660)
      }
      expect(dials()).toBe(1)
    }).pipe(Effect.scoped, Effect.provide(TestClock.layer()))
  })
)

/** A server of HTTP/1.1 that answers with the number of the connection, and holds what is asked for at `/held`. */
const makeHttp1Server = Effect.gen(function* () {
  const sockets: Array<Net.Socket> = []
  const held = makeEvent<Http.ServerResponse>()
  const running = yield* https((request, response) => {
    if (!sockets.includes(request.socket)) sockets.push(request.socket)
    if (request.url === "/held") held.happen(response)
    else response.end(String(sockets.indexOf(request.socket) + 1))
  })
  const isClosed = (connection: number) => sockets[connection - 1]?.destroyed === true
  return { ...running, held: held.happened, isClosed }
})

check("a connection of HTTP/1.1 that is old is not used again, and not cut off in the middle of a response", () =>
  Effect.gen(function* () {
    const { dials, held, isClosed, url } = yield* makeHttp1Server
    const stats = NodeHttp2Client.makeStats()
    yield* Effect.gen(function* () {
      const client = yield* withChance(0.5)(makeClient({ stats, pool }))
      expect(yield* text(client, url)).toBe("1")
      yield* advance(599)
      const under = yield* Effect.forkChild(text(client, `${url}/held`))
      const response = yield* held
      yield* advance(1)
      response.end("held")
      // It is closed behind its response,
      expect(yield* Fiber.join(under)).toBe("held")
      while (!isClosed(1)) yield* turn
      expect(yield* text(client, url)).toBe("2")
      // and one that is idle by then at the next request.
      yield* advance(600)
      expect(yield* text(client, url)).toBe("3")
      while (!isClosed(2)) yield* turn
      expect([dials(), stats.aged, stats.http1Connections]).toEqual([3, 2, 1])
    }).pipe(Effect.scoped, Effect.provide(TestClock.layer()))
  })
)
