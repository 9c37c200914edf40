/** Many streams at once: how many there may be, who waits, and that none holds up another. */
import * as ErrorCode from "@effect-http2/http2/ErrorCode"
import * as Http2ServerResponse from "@effect-http2/http2/Http2ServerResponse"
import * as Settings from "@effect-http2/http2/Settings"
import { describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as STM from "effect/STM"
import * as Stream from "effect/Stream"
import { expect } from "vitest"
import { engines, eventually, inPieces } from "./support/engines.js"
import { client, server } from "./support/peer.js"
import { data, encode, filled, get, headers, ok, pattern, post, reset, settings, windowUpdate } from "./support/wire.js"

describe("many requests at once", () => {
  it.effect("[rfc9113-5.1.2-1] wait for a free stream, in order, and are all answered", () =>
    Effect.gen(function* () {
      const order: Array<string> = []
      let most = 0
      yield* engines(
        (request) =>
          Effect.sync(() => Http2ServerResponse.text(request.path)).pipe(Effect.tap(() => order.push(request.path))),
        ({ client, server, serverStats }) =>
          Effect.gen(function* () {
            const paths = Array.from({ length: 300 }, (_, index) => `/${index}`)
            const answers = yield* Effect.forEach(
              paths,
              (path) =>
                Effect.map(client.collect({ path }), (whole) => {
                  most = Math.max(most, server.activeStreams)
                  return whole.text
                }),
              { concurrency: "unbounded" }
            )
            expect(answers).toEqual(paths)
            expect(order).toEqual(paths)
            expect(most).toBeLessThanOrEqual(7)
            expect([client.queued(), serverStats.resetsSent, serverStats.requests]).toEqual([0, 0, 300])
          }),
        { server: { maxConcurrentStreams: 7 } }
      )
    })
  )

  it.effect("can be given up while they wait: nothing of them was sent", () =>
    Effect.gen(function* () {
      const gate = yield* Deferred.make<void>()
      yield* engines(
        () => Effect.as(Deferred.await(gate), Http2ServerResponse.text("done")),
        ({ client, serverStats }) =>
          Effect.gen(function* () {
            const first = yield* Effect.fork(client.collect({}))
            yield* eventually(() => serverStats.activeHandlers === 1)
            const [second, third] = yield* Effect.all([
              Effect.fork(client.collect({})),
              Effect.fork(client.collect({}))
            ])
            yield* eventually(() => client.queued() === 2)
            yield* Fiber.interrupt(second)
            expect(client.queued()).toBe(1)
            yield* Deferred.succeed(gate, undefined)
            expect([(yield* Fiber.join(first)).text, (yield* Fiber.join(third)).text]).toEqual(["done", "done"])
            expect(serverStats.requests).toBe(2)
          }),
        { server: { maxConcurrentStreams: 1 } }
      )
    })
  )

  it.scoped("before the server's SETTINGS are no more than 100", () =>
    Effect.gen(function* () {
      const { client: http, peer } = yield* client({ silent: true })
      yield* Effect.forEach(Array.from({ length: 150 }), () => Effect.forkScoped(http.request({})))
      yield* eventually(() => http.queued() === 50)
      yield* peer.send(settings([Settings.Id.MAX_CONCURRENT_STREAMS, 120]))
      yield* eventually(() => http.queued() === 30)
      expect(http.connection.activeStreams).toBe(120)
    })
  )

  it.scoped("[rfc9113-6.5.2-7] wait when the server lowers its limit, even to 0, and go on when it raises it", () =>
    Effect.gen(function* () {
      const { client: http, peer } = yield* client({ settings: [[Settings.Id.MAX_CONCURRENT_STREAMS, 0]] })
      const request = yield* Effect.fork(http.collect({}))
      yield* peer.barrier()
      expect([http.queued(), http.connection.activeStreams]).toEqual([1, 0])
      yield* peer.send(settings([Settings.Id.MAX_CONCURRENT_STREAMS, 1]))
      expect((yield* peer.await("Headers")).streamId).toBe(1)
      yield* peer.send(headers(1, ok))
      expect((yield* Fiber.join(request)).status).toBe(200)
    })
  )

  it.scoped("[rfc9113-5.1.2-2] beyond the limit are refused, safe to retry; the others go on", () =>
    Effect.gen(function* () {
      const { peer, stats } = yield* server(() => Effect.never, { maxConcurrentStreams: 2 })
      yield* peer.send(
        ...[1, 3, 5, 7].map((id) => headers(id, get)),
        headers(9, [...post, ["content-length", "5"]], false)
      )
      for (const id of [5, 7, 9]) {
        expect(yield* peer.await("RstStream")).toMatchObject({ streamId: id, errorCode: ErrorCode.REFUSED_STREAM })
      }
      yield* peer.barrier()
      expect(peer.frames.filter((frame) => frame._tag === "RstStream")).toHaveLength(3)
      expect(stats.activeHandlers).toBe(2)
    })
  )

  it.scoped("a refused request that is malformed or too large too is refused once, and gets no answer", () =>
    Effect.gen(function* () {
      const { peer } = yield* server(() => Effect.never, { maxConcurrentStreams: 0, maxHeaderListSize: 200 })
      yield* peer.send(
        headers(1, [...get, ["content-length", "5"]]),
        headers(3, [...get, ["bad name", "x"]]),
        headers(5, [...get, ["x", "y".repeat(300)]], false)
      )
      yield* peer.barrier()
      expect(
        peer.frames.flatMap((frame) => (frame._tag === "RstStream" ? [[frame.streamId, frame.errorCode]] : []))
      ).toEqual([1, 3, 5].map((id) => [id, ErrorCode.REFUSED_STREAM]))
      expect(peer.frames.some((frame) => frame._tag === "Headers")).toBe(false)
    })
  )

  it.scoped("processed: no, at the client of a server that refuses", () =>
    Effect.gen(function* () {
      const { client: http, peer } = yield* client()
      const request = yield* Effect.fork(Effect.flip(http.collect({})))
      yield* peer.await("Headers")
      yield* peer.send(reset(1, ErrorCode.REFUSED_STREAM))
      expect(yield* Fiber.join(request)).toMatchObject({ _tag: "Http2StreamError", processed: "no", origin: "Remote" })
    })
  )
})

describe("flow control", () => {
  it.effect("a slow reader does not hold up the others, and costs no more than its window", () =>
    engines(
      (request) =>
        Effect.succeed(Http2ServerResponse.make({ body: request.path === "/slow" ? filled(2_000_000) : "quick" })),
      ({ client, server }) =>
        Effect.gen(function* () {
          const slow = yield* client.request({ path: "/slow" })
          yield* eventually(() => client.connection.unreadOctets === 20_000)
          for (let i = 0; i < 20; i++) expect((yield* client.collect({})).text).toBe("quick")
          expect(client.connection.unreadOctets).toBe(20_000)
          expect((yield* slow.bytes()).length).toBe(2_000_000)
          expect([client.connection.unreadOctets, server.unreadOctets]).toEqual([0, 0])
        }),
      { client: { initialWindowSize: 20_000 } }
    )
  )

  it.effect("uploads that nobody reads do not use up the connection's window", () =>
    engines(
      (request) =>
        request.path === "/ignore"
          ? Effect.succeed(Http2ServerResponse.text("not read"))
          : Effect.map(request.bytes(), (body) => Http2ServerResponse.text(String(body.length))),
      ({ client }) =>
        Effect.gen(function* () {
          for (let i = 0; i < 30; i++) {
            const body = inPieces(filled(50_000), 9_999)
            expect((yield* client.collect({ method: "POST", path: "/ignore", body })).text).toBe("not read")
          }
          expect((yield* client.collect({ method: "POST", body: filled(300_000) })).text).toBe("300000")
        }),
      { server: { connectionWindowSize: 65_535, initialWindowSize: 65_535 } }
    )
  )

  it.effect("narrow windows lose nothing", () =>
    Effect.forEach([20, 100, 70_000], (initialWindowSize) =>
      engines(
        (request) => Effect.succeed(Http2ServerResponse.make({ body: request.body })),
        ({ client }) =>
          Effect.gen(function* () {
            const octets = pattern(3_000)
            const response = yield* client.request({ method: "POST", body: octets })
            expect(yield* response.bytes()).toEqual(octets)
          }),
        { server: { initialWindowSize }, client: { initialWindowSize } }
      )
    )
  )

  it.scoped(
    "[rfc9113-6.9.2-1] [rfc9113-6.9.2-2] [rfc9113-6.9.2-3] SETTINGS change the windows of open streams, below zero too",
    () =>
      Effect.gen(function* () {
        const { peer } = yield* server(() => Effect.succeed(Http2ServerResponse.make({ body: filled(1000) })))
        const lengths = () =>
          peer.frames
            .flatMap((frame) => (frame._tag === "Data" ? [frame.flowControlledLength] : []))
            .reduce((a, b) => a + b, 0)
        const initialWindow = (size: number) => settings([Settings.Id.INITIAL_WINDOW_SIZE, size])
        yield* peer.send(initialWindow(100), headers(1, get))
        yield* peer.barrier()
        expect(lengths()).toBe(100)
        // 40 - 100: the window is at -60.
        yield* peer.send(initialWindow(40), windowUpdate(1, 60))
        yield* peer.barrier()
        expect(lengths()).toBe(100)
        yield* peer.send(windowUpdate(1, 1))
        yield* peer.barrier()
        expect(lengths()).toBe(101)
        yield* peer.send(initialWindow(60))
        yield* peer.barrier()
        expect(lengths()).toBe(121)
        yield* peer.send(windowUpdate(1, 0x7fffffff), initialWindow(61))
        expect(yield* peer.await("GoAway")).toMatchObject({ errorCode: ErrorCode.FLOW_CONTROL_ERROR })
      })
  )

  it.scoped("credit for a stream that has sent nothing yet counts", () =>
    Effect.gen(function* () {
      const gate = yield* Deferred.make<void>()
      const { peer } = yield* server(() =>
        Effect.as(Deferred.await(gate), Http2ServerResponse.make({ body: filled(500) }))
      )
      yield* peer.send(settings([Settings.Id.INITIAL_WINDOW_SIZE, 100]), headers(1, get), windowUpdate(1, 400))
      yield* peer.barrier()
      yield* Deferred.succeed(gate, undefined)
      expect(yield* peer.await("Data", (frame) => frame.endStream)).toMatchObject({ flowControlledLength: 500 })
    })
  )

  it.effect("a handler can wait for the window in a transaction", () =>
    engines(
      (request) =>
        Effect.gen(function* () {
          expect(yield* STM.commit(request.stream.sendWindow.available)).toBe(10)
          yield* request.stream.awaitWindow(5)
          return Http2ServerResponse.make({ body: filled(30) })
        }),
      ({ client }) => Effect.map(client.collect({}), (whole) => expect(whole.body.length).toBe(30)),
      { client: { initialWindowSize: 10 } }
    )
  )

  it.scoped("[rfc9113-6.9-4] DATA counts against the connection's window whatever becomes of its stream", () =>
    Effect.gen(function* () {
      const { connection, peer } = yield* server((request) => Effect.as(request.bytes(), Http2ServerResponse.empty()), {
        connectionWindowSize: 65_535
      })
      for (let id = 1; id < 41; id += 2) {
        // Data beyond content-length, and data on the stream that was reset for it: all of it comes back.
        yield* peer.send(
          headers(id, [...post, ["content-length", "10"]], false),
          data(id, filled(8000)),
          data(id, filled(8000))
        )
        yield* peer.await("RstStream", (frame) => frame.streamId === id)
      }
      yield* peer.barrier()
      expect(connection.unreadOctets).toBe(0)
      const credit = peer.frames.flatMap((frame) => (frame._tag === "WindowUpdate" ? [frame.increment] : []))
      expect(credit.reduce((a, b) => a + b, 0)).toBeGreaterThan(20 * 16_000 - 65_535)
    })
  )

  it.scoped("[rfc9113-6.9-4] padding counts, and comes back without being read", () =>
    Effect.gen(function* () {
      const { connection, peer } = yield* server(() => Effect.never)
      yield* peer.send(headers(1, post, false))
      yield* peer.send(...Array.from({ length: 10 }, () => encode(data(1, "x"), { padding: 255 })))
      yield* peer.barrier()
      expect(connection.unreadOctets).toBe(10)
    })
  )

  it.effect("the window is whole again after every kind of end", () =>
    engines(
      (request) =>
        request.path === "/read"
          ? Effect.as(request.bytes(), Http2ServerResponse.empty())
          : Effect.as(
              Stream.runDrain(Stream.take(request.body, 1)),
              Http2ServerResponse.make({ body: filled(50_000) })
            ),
      ({ client, server }) =>
        Effect.gen(function* () {
          for (let i = 0; i < 10; i++) {
            yield* client.collect({ method: "POST", path: "/read", body: filled(20_000) })
            yield* Effect.scoped(client.request({ method: "POST", body: filled(20_000) }))
            yield* client.collect({ method: "POST", body: inPieces(filled(20_000), 3000) })
          }
          yield* eventually(() => server.unreadOctets === 0 && client.connection.unreadOctets === 0)
        })
    )
  )
})
