/** 421 (RFC 9110 §15.5.20): a server does not answer for an origin on a connection; and how connections that are shared come to their end. */
import * as NodeHttp2Client from "@effect-http2/effect4-platform-node/NodeHttp2Client"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { expect } from "vitest"
import { ask, type Asked, makeClient, makeLookup, makeServer, shared } from "./support/hosts.js"
import { check, http2, makeEvent } from "./support/servers.js"
import { advance } from "../support/check.js"

/** What a server of several machines does that only have their own host's data. */
const otherwise421 = ({ authority, connection }: Asked): number =>
  (connection === 1) === (authority === "a.example") ? 200 : 421

const turn = Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))

const post = (url: string, body = "content") => HttpClientRequest.post(url).pipe(HttpClientRequest.bodyText(body))

check("a request that was misdirected goes over a connection of the origin's own, whatever its method", () =>
  Effect.gen(function* () {
    const stats = NodeHttp2Client.makeStats()
    const server = yield* makeServer({ status: otherwise421 })
    const client = yield* makeClient({ stats })
    yield* ask(client, server.urlOf("a.example"))
    expect(yield* ask(client, post(server.urlOf("b.example")))).toEqual([200, "b.example"])
    expect(yield* ask(client, server.urlOf("b.example"))).toEqual([200, "b.example"])
    expect(server.requests.map(({ body, connection, method }) => [connection, method, body])).toEqual([
      [1, "GET", ""],
      [1, "POST", "content"],
      [2, "POST", "content"],
      [2, "GET", ""]
    ])
    expect([stats.misdirected, stats.dials, stats.retries]).toEqual([1, 2, 0])
  })
)

check("the connection that misdirected is not used for that origin again, and is for others", () =>
  Effect.gen(function* () {
    const server = yield* makeServer({
      status: ({ authority, connection }) => (authority === "b.example" && connection === 1 ? 421 : 200)
    })
    yield* Effect.gen(function* () {
      const client = yield* makeClient({ pool: { idleTimeout: "60 seconds", probeAfter: "1 hour" } })
      yield* ask(client, server.urlOf("a.example"))
      yield* ask(client, server.urlOf("b.example"))
      // The origin's own connection goes, and with it all that is known of the origin.
      yield* advance(50)
      yield* ask(client, server.urlOf("a.example"))
      yield* advance(20)
      yield* server.closed(2)
      yield* ask(client, server.urlOf("b.example"))
      yield* ask(client, server.urlOf("www.wild.example"))
      expect(server.walks).toEqual([
        "a.example 1",
        "b.example 1",
        "b.example 2",
        "a.example 1",
        "b.example 3",
        "www.wild.example 1"
      ])
    }).pipe(Effect.scoped, Effect.provide(TestClock.layer()))
  })
)

check("a request is tried once more, not twice", () =>
  Effect.gen(function* () {
    const server = yield* makeServer({ status: ({ authority }) => (authority === "b.example" ? 421 : 200) })
    const client = yield* makeClient()
    yield* ask(client, server.urlOf("a.example"))
    expect(yield* ask(client, server.urlOf("b.example"))).toEqual([421, "b.example"])
    expect(server.walks).toEqual(["a.example 1", "b.example 1", "b.example 2"])
  })
)

check("where the connection is the origin's own, 421 is the response", () =>
  Effect.gen(function* () {
    const server = yield* makeServer({ status: () => 421 })
    const client = yield* makeClient()
    for (let i = 0; i < 2; i++) expect(yield* ask(client, server.urlOf("a.example"))).toEqual([421, "a.example"])
    expect(server.walks).toEqual(["a.example 1", "a.example 1"])
  })
)

check("a body that is a Stream is not sent again: 421 is the response, and the next request goes elsewhere", () =>
  Effect.gen(function* () {
    let runs = 0
    const server = yield* makeServer({ status: otherwise421 })
    const client = yield* makeClient()
    yield* ask(client, server.urlOf("a.example"))
    const body = Stream.suspend(() => {
      runs++
      return Stream.encodeText(Stream.make("streamed"))
    })
    const request = HttpClientRequest.post(server.urlOf("b.example")).pipe(HttpClientRequest.bodyStream(body))
    expect(yield* ask(client, request)).toEqual([421, "b.example"])
    expect(runs).toBe(1)
    expect(yield* ask(client, request)).toEqual([200, "b.example"])
    expect(server.walks).toEqual(["a.example 1", "b.example 1", "b.example 2"])
  })
)

check("421 takes the origin out of the Origin Set, its own connection's too [rfc8336-2.3-1] [rfc8336-2.4-1]", () =>
  Effect.gen(function* () {
    const server = yield* makeServer({
      origins: ["https://b.example"],
      status: ({ authority, connection }) => (authority === "a.example" && connection === 1 ? 421 : 200)
    })
    const client = yield* makeClient({ reuseConnections: false })
    expect(yield* ask(client, server.urlOf("a.example"))).toEqual([421, "a.example"])
    // It has nothing to do any more.
    yield* server.closed(1)
    expect(yield* ask(client, server.urlOf("a.example"))).toEqual([200, "a.example"])
    expect(server.walks).toEqual(["a.example 1", "a.example 2"])
  })
)

check("what follows a 421 is cancelled, and the request does not wait for it", () =>
  Effect.gen(function* () {
    const cancelled = makeEvent<number>()
    const { url } = yield* http2(
      (stream, headers) => {
        const isMisdirected = headers[":authority"]?.startsWith("b.") === true && stream.session === sessions[0]
        stream.respond({ ":status": isMisdirected ? 421 : 200 })
        stream.write("begin")
        if (!isMisdirected) stream.end("ning")
        else stream.on("close", () => cancelled.happen(stream.rstCode))
        sessions.push(stream.session)
      },
      { key: shared.key, cert: shared.cert }
    )
    const sessions: Array<unknown> = []
    const client = yield* makeClient()
    yield* ask(client, url.replace("localhost", "a.example"))
    expect(yield* ask(client, url.replace("localhost", "b.example"))).toEqual([200, "beginning"])
    expect(yield* cancelled.happened).toBe(8)
  })
)

check("a request that is interrupted while it looks for a connection of its own is not sent", () =>
  Effect.gen(function* () {
    const hanging = makeEvent()
    const server = yield* makeServer({ status: otherwise421 })
    const { asked, lookup } = makeLookup()
    const client = yield* makeClient({
      lookup: (host, options, callback) => {
        if (asked.filter((name) => name === "b.example").length < 1 || host === "a.example") {
          return lookup(host, options, callback)
        }
        // The second look is for the connection of its own.
        hanging.happen()
      }
    })
    yield* ask(client, server.urlOf("a.example"))
    const fiber = yield* Effect.forkChild(ask(client, server.urlOf("b.example")))
    yield* hanging.happened
    yield* Fiber.interrupt(fiber)
    expect(server.walks).toEqual(["a.example 1", "b.example 1"])
  })
)

check("the end of the client ends a look at a host's addresses, and the request that waits for it", () =>
  Effect.gen(function* () {
    const hanging = makeEvent()
    const server = yield* makeServer()
    const { lookup } = makeLookup()
    const scope = yield* Scope.make()
    const client = yield* Scope.provide(
      makeClient({
        lookup: (host, options, callback) => {
          if (host === "a.example") lookup(host, options, callback)
          else hanging.happen()
        }
      }),
      scope
    )
    yield* ask(client, server.urlOf("a.example"))
    const fiber = yield* Effect.forkChild(Effect.flip(ask(client, server.urlOf("b.example"))))
    yield* hanging.happened
    yield* Scope.close(scope, Exit.void)
    expect(yield* Fiber.join(fiber)).toMatchObject({ reason: { _tag: "TransportError" } })
  })
)

check("a connection that drains is shared no more, and its requests finish", () =>
  Effect.gen(function* () {
    const server = yield* makeServer({
      holds: ({ authority, connection }) => connection === 1 && authority === "b.example"
    })
    const client = yield* makeClient()
    yield* ask(client, server.urlOf("a.example"))
    const held = yield* Effect.forkChild(ask(client, server.urlOf("b.example")))
    yield* server.arrived
    server.sessions[0]?.goaway()
    while ((yield* ask(client, server.urlOf("www.wild.example")), server.requests.at(-1)?.connection) === 1) yield* turn
    server.release()
    expect(yield* Fiber.join(held)).toEqual([200, "b.example"])
    expect(yield* ask(client, server.urlOf("b.example"))).toEqual([200, "b.example"])
    expect(server.requests.at(-1)?.connection).toBe(2)
  })
)

check("a request that a shared connection refuses, because it goes away, is sent over another", () =>
  Effect.gen(function* () {
    const server = yield* makeServer({ holds: ({ connection }) => connection === 1 })
    const stats = NodeHttp2Client.makeStats()
    const scope = yield* Scope.make()
    const client = yield* Scope.provide(makeClient({ stats }), scope)
    const first = yield* Effect.forkChild(ask(client, server.urlOf("a.example")))
    yield* server.arrived
    const second = yield* Effect.forkChild(ask(client, server.urlOf("b.example")))
    while (server.requests.length < 2) yield* turn
    // Above the last stream that is processed.
    server.sessions[0]?.goaway(0, 1)
    expect(yield* Fiber.join(second)).toEqual([200, "b.example"])
    server.release()
    expect(yield* Fiber.join(first)).toEqual([200, "a.example"])
    yield* Scope.close(scope, Exit.void)
    // That connection was the client's as any other.
    yield* server.closed(2)
    expect(stats.connections).toBe(0)
  })
)

check("beyond the streams that a shared connection takes, an origin gets its own", () =>
  Effect.gen(function* () {
    const server = yield* makeServer({ holds: () => true, settings: { maxConcurrentStreams: 2 } })
    const client = yield* makeClient()
    const fibers = [yield* Effect.forkChild(ask(client, server.urlOf("a.example")))]
    yield* server.arrived
    for (const host of ["b.example", "b.example"]) fibers.push(yield* Effect.forkChild(ask(client, server.urlOf(host))))
    while (server.requests.length < 3) yield* turn
    server.release()
    for (const fiber of fibers) yield* Fiber.join(fiber)
    expect([...server.walks].sort()).toEqual(["a.example 1", "b.example 1", "b.example 2"])
  })
)

check("a connection whose server answers for more takes the place of one that answers for less [rfc8336-2.4-2]", () =>
  Effect.gen(function* () {
    const server = yield* makeServer()
    server.server.on("session", (session) => {
      // The second says that it answers for the first one's origin too.
      const names = server.sessions.length === 1 ? ["b.example"] : ["b.example", "a.example"]
      session.origin(...names.map((name) => server.urlOf(name)))
    })
    const client = yield* makeClient()
    yield* ask(client, server.urlOf("b.example"))
    yield* ask(client, server.urlOf("a.example"))
    yield* server.closed(1)
    yield* ask(client, server.urlOf("b.example"))
    expect(server.walks).toEqual(["b.example 1", "a.example 2", "b.example 2"])
  })
)

check("not before its requests are done [rfc8336-2.4-2]", () =>
  Effect.gen(function* () {
    const server = yield* makeServer({ holds: ({ body, connection }) => connection === 1 && body === "content" })
    server.server.on("session", (session) => {
      const names = server.sessions.length === 1 ? ["b.example"] : ["b.example", "a.example"]
      session.origin(...names.map((name) => server.urlOf(name)))
    })
    const client = yield* makeClient()
    // From its answer on, it is known what the server has said.
    yield* ask(client, server.urlOf("b.example"))
    const held = yield* Effect.forkChild(ask(client, post(server.urlOf("b.example"))))
    yield* server.arrived
    yield* ask(client, server.urlOf("a.example"))
    yield* ask(client, server.urlOf("b.example"))
    server.release()
    expect(yield* Fiber.join(held)).toEqual([200, "b.example"])
    yield* server.closed(1)
    expect(server.walks).toEqual(["b.example 1", "b.example 1", "a.example 2", "b.example 2"])
  })
)
