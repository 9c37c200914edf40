/** Responses whose bodies nobody reads hold the window of their connection: others have to come about all the same. */
import * as NodeHttp2Client from "@effect-http2/effect4-platform-node/NodeHttp2Client"
import type * as HttpClient from "effect/http/HttpClient"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import type * as Http2 from "node:http2"
import { expect } from "vitest"
import { turn } from "../support/check.js"
import { check, http2, makeClient } from "./support/servers.js"

const size = 1_000_000

/** A server whose bodies are larger than the window of a stream. */
const makeServer = Effect.gen(function* () {
  const sessions = new Set<Http2.Http2Session>()
  const { dials, url } = yield* http2((stream) => {
    if (stream.session !== undefined) sessions.add(stream.session)
    stream.respond({ ":status": 200 })
    stream.end(Buffer.alloc(size))
  })
  /** Completes when the server may send nothing more on its first connection, and all that it has sent is here. */
  const isHeld = Effect.gen(function* () {
    const [session] = sessions
    while (session !== undefined && (session.state.remoteWindowSize ?? 0) > 0) yield* turn
    for (let i = 0; i < 20; i++) yield* turn
  })
  return { dials, isHeld, url }
})

const text = (client: HttpClient.HttpClient, url: string) =>
  Effect.map(
    Effect.flatMap(client.get(url), (response) => response.text),
    (text) => text.length
  )

const unread = (client: HttpClient.HttpClient, url: string) =>
  Effect.all(Array.from({ length: 4 }, () => client.get(url)))

check("another connection is opened where bodies that nobody reads hold the window of those that are open", () =>
  Effect.gen(function* () {
    const { dials, isHeld, url } = yield* makeServer
    const client = yield* makeClient()
    const responses = yield* unread(client, url)
    yield* isHeld
    expect(dials()).toBe(1)
    expect(yield* text(client, url)).toBe(size)
    expect(dials()).toBe(2)
    // What was not read is there.
    for (const response of responses) expect((yield* response.text).length).toBe(size)
    expect(yield* text(client, url)).toBe(size)
    expect(dials()).toBe(2)
  })
)

check("at maxConnections a request waits until they are read, and is told why where they are not", () =>
  Effect.gen(function* () {
    const { dials, isHeld, url } = yield* makeServer
    const stats = NodeHttp2Client.makeStats()
    const client = yield* makeClient({ stats, pool: { maxConnections: 1, maxWait: "1 second" } })
    const responses = yield* unread(client, url)
    yield* isHeld
    const error = yield* Effect.flip(text(client, url))
    expect(error).toMatchObject({ _tag: "HttpClientError", cause: { limit: "maxWait", processed: "no" } })
    expect(error.message).toMatch(/bodies of responses that nobody reads hold the receive window/)
    const waiting = yield* Effect.forkChild(text(client, url))
    while (stats.waiting === 0) yield* turn
    for (const response of responses) expect((yield* response.text).length).toBe(size)
    expect(yield* Fiber.join(waiting)).toBe(size)
    expect(dials()).toBe(1)
  })
)

check("a part of a body that is read is enough for a request that waits", () =>
  Effect.gen(function* () {
    const { isHeld, url } = yield* makeServer
    const stats = NodeHttp2Client.makeStats()
    const client = yield* makeClient({ stats, pool: { maxConnections: 1 } })
    const [first] = yield* unread(client, url)
    yield* isHeld
    const waiting = yield* Effect.forkChild(client.get(url))
    while (stats.waiting === 0) yield* turn
    let octets = 0
    // Never to its end.
    yield* Effect.forkScoped(
      Stream.runForEach(first?.stream ?? Stream.empty, (chunk) => {
        octets += chunk.length
        return octets < 200_000 ? Effect.void : Effect.never
      })
    )
    expect((yield* Fiber.join(waiting)).status).toBe(200)
  })
)
