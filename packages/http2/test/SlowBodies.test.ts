/** Bodies that their peer moves more slowly than anybody honest does, by the TestClock; and those that are slow for an honest reason. */
import * as ErrorCode from "@effect-http2/http2/ErrorCode"
import * as Http2ServerResponse from "@effect-http2/http2/Http2ServerResponse"
import type * as Http2ServerRequest from "@effect-http2/http2/Http2ServerRequest"
import * as Settings from "@effect-http2/http2/Settings"
import { describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import { expect } from "vitest"
import { eventually } from "./support/engines.js"
import { client, type Peer, server } from "./support/peer.js"
import { data, filled, get, headers, ok, post, settings, windowUpdate } from "./support/wire.js"

const read = (request: Http2ServerRequest.Http2ServerRequest) =>
  Effect.map(request.bytes(), ({ length }) => Http2ServerResponse.text(String(length)))

const body = (octets: number) => () => Effect.succeed(Http2ServerResponse.make({ body: filled(octets) }))

const noWindow = settings([Settings.Id.INITIAL_WINDOW_SIZE, 0])

/** Streams and codes of the resets that the peer got. */
const resets = (peer: Peer) =>
  peer.frames.flatMap((frame) => (frame._tag === "RstStream" ? [[frame.streamId, frame.errorCode]] : []))

const quiet = { keepAliveInterval: Duration.infinity } as const

/** Lets `seconds` pass, five at a time; `step` plays the peer before each. */
const pass = (peer: Peer, seconds: number, step: (i: number) => Effect.Effect<void> = () => Effect.void) =>
  Effect.gen(function* () {
    for (let i = 0; i * 5 < seconds; i++) {
      yield* step(i)
      yield* peer.barrier(i % 200)
      yield* TestClock.adjust("5 seconds")
    }
    yield* peer.barrier(201)
  })

describe("a body that is owed", () => {
  it.scoped(
    "slow POST: a request whose body stands still is reset after bodyTimeout, its handler fails by that name",
    () =>
      Effect.gen(function* () {
        const failures: Array<unknown> = []
        const { peer, stats } = yield* server(
          (request) => Effect.tapError(read(request), (error) => Effect.sync(() => failures.push(error))),
          quiet
        )
        yield* peer.send(headers(1, post, false), data(1, "x"))
        yield* pass(peer, 60)
        expect(resets(peer)).toEqual([])
        yield* pass(peer, 15)
        expect(resets(peer)).toEqual([[1, ErrorCode.CANCEL]])
        yield* eventually(() => stats.activeHandlers === 0)
        expect(stats.slowBodies).toBe(1)
      })
  )

  it.scoped("slow POST: an octet each five seconds is too little, on fifty streams at once; a fast one goes on", () =>
    Effect.gen(function* () {
      const { peer, stats } = yield* server(read, quiet)
      const ids = Array.from({ length: 50 }, (_, i) => 2 * i + 1)
      yield* peer.send(...ids.map((id) => headers(id, post, false)))
      yield* peer.send(headers(101, post, false))
      yield* pass(peer, 80, () => peer.send(...ids.map((id) => data(id, "x")), data(101, filled(1000))))
      expect(resets(peer)).toEqual(ids.map((id) => [id, ErrorCode.CANCEL]))
      expect(stats.slowBodies).toBe(50)
      yield* peer.send(data(101, "", true))
      yield* peer.await("Data", (frame) => frame.streamId === 101 && frame.endStream)
    })
  )

  it.scoped("is named to the reader of a response whose length was said", () =>
    Effect.gen(function* () {
      const { client: http, peer, stats } = yield* client(quiet)
      const reading = yield* Effect.fork(Effect.flip(http.collect({})))
      yield* peer.await("Headers")
      yield* peer.send(headers(1, [...ok, ["content-length", "100000"]], false))
      yield* pass(peer, 75, () => peer.send(data(1, "x")))
      expect(yield* Fiber.join(reading)).toMatchObject({ limit: "minBodyRate", code: ErrorCode.CANCEL })
      expect(stats.slowBodies).toBe(1)
    })
  )

  it.scoped("comes after others on a slow line: none is too slow", () =>
    Effect.gen(function* () {
      const { peer } = yield* server(read, quiet)
      const ids = Array.from({ length: 20 }, (_, i) => 2 * i + 1)
      yield* peer.send(...ids.map((id) => headers(id, post, false)))
      // 2,000 octets a second, of the first alone.
      yield* pass(peer, 300, () => peer.send(data(1, filled(10_000))))
      expect(resets(peer)).toEqual([])
    })
  )

  it.scoped("may be as silent as it likes where our reader pauses", () =>
    Effect.gen(function* () {
      const { peer } = yield* server(() => Effect.never, quiet)
      yield* peer.send(headers(1, post, false))
      yield* peer.send(...Array.from({ length: 16 }, () => data(1, filled(16_384))))
      yield* pass(peer, 300)
      expect(resets(peer)).toEqual([])
    })
  )

  it.scoped("is not one beside its response, nor before 100 (Continue), nor a response without a length", () =>
    Effect.gen(function* () {
      const { peer } = yield* server(
        (request) =>
          request.path === "/" ? Effect.succeed(Http2ServerResponse.make({ body: Stream.never })) : Effect.never,
        quiet
      )
      yield* peer.send(headers(1, post, false))
      const waiting = [
        ...post.filter(([name]) => name !== ":path"),
        [":path", "/later"],
        ["expect", "100-continue"]
      ] as const
      yield* peer.send(headers(3, waiting, false))
      yield* pass(peer, 300)
      expect(resets(peer)).toEqual([])
    })
  )

  it.scoped("is not the response of a server that has said no length: events may be rare", () =>
    Effect.gen(function* () {
      const { client: http, peer } = yield* client(quiet)
      yield* Effect.fork(http.collect({}))
      yield* peer.await("Headers")
      yield* peer.send(headers(1, ok, false))
      yield* pass(peer, 300)
      expect(resets(peer)).toEqual([])
    })
  )
})

describe("a body that is taken", () => {
  it.scoped(
    "CVE-2019-9511: an octet each five seconds ends fifty downloads, by minBodyRate, however little they hold",
    () =>
      Effect.gen(function* () {
        const { peer, stats } = yield* server(body(5000), quiet)
        const ids = Array.from({ length: 50 }, (_, i) => 2 * i + 1)
        yield* peer.send(noWindow, ...ids.map((id) => headers(id, get)))
        yield* pass(peer, 140, () => peer.send(...ids.map((id) => windowUpdate(id, 1))))
        expect(resets(peer)).toEqual(ids.map((id) => [id, ErrorCode.CANCEL]))
        expect(stats.slowBodies).toBe(50)
        expect(stats.stalledOctets).toBe(0)
      })
  )

  it.scoped("CVE-2019-9511: the window of the connection, octet by octet, is no better", () =>
    Effect.gen(function* () {
      const { peer } = yield* server(body(100_000), quiet)
      yield* peer.send(headers(1, get), headers(3, get))
      yield* peer.await("Data")
      yield* pass(peer, 210, () => peer.send(windowUpdate(0, 1)))
      expect(resets(peer).length).toBeGreaterThan(0)
    })
  )

  it.scoped("an upload to a server that takes it so fails by that name", () =>
    Effect.gen(function* () {
      const { client: http, peer } = yield* client({ ...quiet, settings: [[Settings.Id.INITIAL_WINDOW_SIZE, 0]] })
      const upload = yield* Effect.fork(Effect.flip(http.collect({ method: "POST", body: filled(5000) })))
      yield* peer.await("Headers")
      yield* pass(peer, 140, () => peer.send(windowUpdate(1, 1)))
      expect(yield* Fiber.join(upload)).toMatchObject({ limit: "minBodyRate" })
    })
  )

  it.scoped("a reader that pauses between large pieces loses nothing", () =>
    Effect.gen(function* () {
      const { peer } = yield* server(body(100_000), quiet)
      yield* peer.send(noWindow, headers(1, get))
      yield* pass(peer, 600, (i) => (i % 40 === 0 ? peer.send(windowUpdate(1, 1000)) : Effect.void))
      expect(resets(peer)).toEqual([])
    })
  )
})
