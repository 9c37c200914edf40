/** Server push from one of our engines to another: what a handler promises is what the client gets, and nothing is left of it. */
import * as ErrorCode from "@effect-http2/http2/ErrorCode"
import * as Frame from "@effect-http2/http2/Frame"
import * as FrameLog from "@effect-http2/http2/FrameLog"
import * as Http2Client from "@effect-http2/http2/Http2Client"
import * as Http2ServerResponse from "@effect-http2/http2/Http2ServerResponse"
import * as Http2Server from "@effect-http2/http2/Http2Server"
import type * as Http2ServerRequest from "@effect-http2/http2/Http2ServerRequest"
import * as MemoryTransport from "@effect-http2/http2/MemoryTransport"
import * as Settings from "@effect-http2/http2/Settings"
import { describe, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { expect } from "vitest"
import { engines, eventually, nextTurn } from "./support/engines.js"
import { logged } from "./support/failures.js"
import { client as clientPeer } from "./support/peer.js"
import { block, data, filled, get, headers, settingsAck } from "./support/wire.js"

const client = { enablePush: true }
const range = (length: number): ReadonlyArray<number> => Array.from({ length }, (_, index) => index)

/** `/` pushes `paths`; every other path is answered by `otherwise`. */
const pushing =
  (
    paths: ReadonlyArray<string>,
    otherwise: (
      request: Http2ServerRequest.Http2ServerRequest
    ) => Effect.Effect<Http2ServerResponse.Http2ServerResponse, unknown>
  ) =>
  (request: Http2ServerRequest.Http2ServerRequest) =>
    request.path === "/"
      ? Effect.as(
          Effect.forEach(paths, (path) => request.push({ path, headers: { "x-from": "push" } })),
          Http2ServerResponse.text("page")
        )
      : otherwise(request)

describe("a pushed response", () => {
  for (const [how, wait] of [
    ["at once", Effect.void],
    ["later", nextTurn]
  ] as const) {
    it.effect(`is what the handler answers ${how}, pushed in the turn of the request or behind it`, () =>
      engines(
        (request) =>
          Effect.zipRight(
            wait,
            pushing(["/a", "/b"], ({ headers, path }) =>
              Effect.zipRight(wait, Effect.succeed(Http2ServerResponse.text(`${path} ${headers.get("x-from")}`)))
            )(request)
          ),
        ({ client, clientStats, serverStats }) =>
          Effect.gen(function* () {
            const taking = yield* Effect.fork(Stream.runCollect(Stream.take(client.pushes, 2)))
            expect((yield* client.collect({})).text).toBe("page")
            const pushes = Chunk.toReadonlyArray(yield* Fiber.join(taking))
            const texts = yield* Effect.forEach(pushes, (push) =>
              Effect.scoped(Effect.flatMap(push.response, (response) => response.text()))
            )
            expect(texts).toEqual(["/a push", "/b push"])
            expect(
              pushes.map(({ authority, method, scheme, streamId }) => [method, scheme, authority, streamId])
            ).toEqual([
              ["GET", "http", "test", 2],
              ["GET", "http", "test", 4]
            ])
            expect([clientStats.pushes, serverStats.pushes, clientStats.requests, serverStats.requests]).toEqual([
              2, 2, 1, 1
            ])
          }),
        { client }
      )
    )
  }

  it.effect("of many requests at once, large and small, is whole", () =>
    engines(
      pushing(
        range(5).map((n) => `/${n}`),
        ({ path }) =>
          Effect.succeed(Http2ServerResponse.make({ body: Stream.make(filled(Number(path.slice(1)) * 30_000)) }))
      ),
      ({ client }) =>
        Effect.gen(function* () {
          const sizes = yield* Effect.fork(
            client.pushes.pipe(
              Stream.take(100),
              Stream.mapEffect(
                (push) =>
                  Effect.scoped(
                    Effect.flatMap(push.response, (response) => Effect.map(response.bytes(), ({ length }) => length))
                  ),
                { concurrency: "unbounded" }
              ),
              Stream.runCollect
            )
          )
          yield* Effect.forEach(range(20), () => client.collect({}), { concurrency: 5 })
          const counts = range(5).map((n) => n * 30_000)
          expect([...(yield* Fiber.join(sizes))].sort((a, b) => a - b)).toEqual(
            counts.flatMap((count) => range(20).map(() => count))
          )
        }),
      { client, server: { maxConcurrentStreams: 200 } }
    )
  )

  it.effect("that is given up interrupts its handler, by interruption, by the end of a scope, and by cancel", () =>
    engines(
      pushing(["/1", "/2", "/3"], ({ path }) =>
        path === "/1"
          ? Effect.never
          : Effect.succeed(Http2ServerResponse.make({ body: Stream.concat(Stream.make(filled(10)), Stream.never) }))
      ),
      ({ client, serverStats }) =>
        Effect.gen(function* () {
          yield* client.collect({})
          const pushes = Chunk.toReadonlyArray(yield* Stream.runCollect(Stream.take(client.pushes, 3)))
          const [first, second, third] = pushes
          const waiting = yield* Effect.fork(Effect.scoped(first?.response ?? Effect.void))
          yield* nextTurn
          yield* Fiber.interrupt(waiting)
          yield* eventually(() => serverStats.handlersInterrupted === 1)
          const scope = yield* Scope.make()
          yield* Scope.extend(second?.response ?? Effect.void, scope)
          yield* Scope.close(scope, Exit.void)
          yield* eventually(() => serverStats.handlersInterrupted === 2)
          yield* third?.cancel ?? Effect.void
          yield* eventually(() => serverStats.handlersInterrupted === 3)
          expect(yield* Effect.flip(Effect.scoped(third?.response ?? Effect.void))).toMatchObject({
            code: ErrorCode.CANCEL,
            origin: "User",
            streamId: 6
          })
        }),
      { client }
    )
  )

  it.effect("whose handler fails is a 500 like any other, and a body that breaks fails", () =>
    engines(
      pushing(["/500"], () => Effect.fail("planned")),
      ({ client }) =>
        Effect.gen(function* () {
          yield* client.collect({})
          const status = client.pushes.pipe(
            Stream.take(1),
            Stream.mapEffect((push) => Effect.scoped(Effect.map(push.response, (response) => response.status))),
            Stream.runCollect
          )
          expect([...(yield* status)]).toEqual([500])
        }),
      { client }
    ).pipe(Effect.provide(logged().layer))
  )

  it.effect("is seen by a log of frames, and does not disturb its tables", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const [near, far] = yield* MemoryTransport.make()
        const seen: Array<string> = []
        const handler = pushing(["/a"], () => Effect.succeed(Http2ServerResponse.text("a")))
        yield* Effect.forkScoped(Http2Server.serveTransport(far, handler))
        const inspected = FrameLog.inspect(
          near,
          (direction, frame, fields) => {
            if (direction !== "received" || fields === undefined) return
            seen.push(
              `${frame._tag} ${fields.map(({ name, value }) => (name === "date" ? "" : `${name}=${value}`)).join(" ")}`
            )
          },
          "client"
        )
        const http = yield* Http2Client.make(inspected, { authority: "test", ...client })
        yield* http.collect({})
        yield* Stream.runForEach(Stream.take(http.pushes, 1), (push) =>
          Effect.scoped(Effect.flatMap(push.response, (r) => r.text()))
        )
        const response = "content-type=text/plain; charset=utf-8 content-length="
        expect(seen.map((line) => line.trim())).toEqual([
          "PushPromise :method=GET :scheme=http :authority=test :path=/a x-from=push",
          `Headers :status=200 ${response}4`,
          `Headers :status=200 ${response}1`
        ])
      })
    )
  )
})

describe("Http2Client.pushes", () => {
  it.effect("fails at once where push is not enabled", () =>
    engines(
      (request) => Effect.sync(() => Http2ServerResponse.text(String(request.canPush))),
      ({ client }) =>
        Effect.gen(function* () {
          expect(yield* Effect.flip(Stream.runDrain(client.pushes))).toMatchObject({ origin: "User", section: "6.5.2" })
          expect((yield* client.collect({})).text).toBe("false")
        })
    )
  )

  it.scoped("ends with the connection, and drops what nobody has taken", () =>
    Effect.gen(function* () {
      const [near, far] = yield* MemoryTransport.make()
      const handler = pushing(["/a", "/b"], () => Effect.succeed(Http2ServerResponse.text("body")))
      yield* Effect.forkScoped(Http2Server.serveTransport(far, handler))
      const scope = yield* Scope.make()
      const http = yield* Scope.extend(Http2Client.make(near, { authority: "test", ...client }), scope)
      yield* http.collect({})
      const [first] = yield* Stream.runCollect(Stream.take(http.pushes, 1))
      yield* eventually(() => http.connection.unreadOctets === 8)
      yield* Scope.close(scope, Exit.void)
      expect(yield* Stream.runCount(http.pushes)).toBe(0)
      expect(http.connection.unreadOctets).toBe(0)
      expect(yield* Effect.flip(Effect.scoped(first?.response ?? Effect.void))).toMatchObject({ scope: "connection" })
    })
  )

  it.scoped("fails where the connection failed, for who waits too", () =>
    Effect.gen(function* () {
      const { client: http, failure, peer } = yield* clientPeer(client)
      const waiting = yield* Effect.fork(Effect.flip(Stream.runDrain(http.pushes)))
      yield* nextTurn
      yield* peer.send(data(1, "x"))
      expect(yield* failure).toMatchObject({ code: ErrorCode.PROTOCOL_ERROR })
      expect(yield* Fiber.join(waiting)).toMatchObject({ code: ErrorCode.PROTOCOL_ERROR })
      expect(yield* Effect.flip(Stream.runDrain(http.pushes))).toMatchObject({ code: ErrorCode.PROTOCOL_ERROR })
    })
  )

  it.scoped("loses nothing to a taker that is interrupted", () =>
    Effect.gen(function* () {
      const { client: http, peer } = yield* clientPeer(client)
      yield* Effect.fork(Effect.scoped(http.request({})))
      yield* peer.await("Headers")
      const given = yield* Effect.fork(Stream.runDrain(http.pushes))
      yield* nextTurn
      yield* Fiber.interrupt(given)
      yield* peer.send(new Frame.PushPromise(1, 2, true, block(get)))
      const [push] = yield* Stream.runCollect(Stream.take(http.pushes, 1))
      expect(push?.streamId).toBe(2)
    })
  )
})

describe("a client that changes its mind", () => {
  it.scoped("[rfc9113-6.6-8] cancels what comes before the server knows, and takes nothing more once it does", () =>
    Effect.gen(function* () {
      const { client: http, failure, peer } = yield* clientPeer(client)
      yield* Effect.fork(Effect.scoped(http.request({})))
      yield* peer.await("Headers")
      const changed = yield* Effect.fork(http.connection.updateSettings({ enablePush: false }))
      expect(yield* peer.await("Settings")).toMatchObject({ entries: [[Settings.Id.ENABLE_PUSH, 0]] })
      yield* peer.send(new Frame.PushPromise(1, 2, true, block(get)))
      expect(yield* peer.await("RstStream")).toMatchObject({ streamId: 2, errorCode: ErrorCode.CANCEL })
      yield* peer.send(settingsAck)
      yield* Fiber.join(changed)
      yield* peer.send(new Frame.PushPromise(1, 4, true, block(get)))
      expect(yield* failure).toMatchObject({ code: ErrorCode.PROTOCOL_ERROR, section: "6.6" })
    })
  )

  it.scoped("takes pushes from the moment on at which it says so", () =>
    Effect.gen(function* () {
      const { client: http, peer } = yield* clientPeer()
      yield* Effect.fork(Effect.scoped(http.request({})))
      yield* peer.await("Headers")
      yield* Effect.fork(http.connection.updateSettings({ enablePush: true }))
      expect(yield* peer.await("Settings")).toMatchObject({ entries: [[Settings.Id.ENABLE_PUSH, 1]] })
      yield* peer.send(new Frame.PushPromise(1, 2, true, block(get)))
      const [push] = yield* Stream.runCollect(Stream.take(http.pushes, 1))
      expect(push?.streamId).toBe(2)
    })
  )
})

describe("a tunnel", () => {
  it.scoped("[rfc9113-8.5-2] takes no promises: it is reset, and so is what was promised", () =>
    Effect.gen(function* () {
      const { client: http, peer } = yield* clientPeer(client)
      const opening = yield* Effect.fork(http.tunnel({ authority: "db:5432" }))
      yield* peer.await("Headers")
      yield* peer.send(headers(1, [[":status", "200"]], false), new Frame.PushPromise(1, 2, true, block(get)))
      expect(yield* peer.await("RstStream")).toMatchObject({ streamId: 2, errorCode: ErrorCode.CANCEL })
      expect(yield* peer.await("RstStream")).toMatchObject({ streamId: 1, errorCode: ErrorCode.PROTOCOL_ERROR })
      const { tunnel } = yield* Fiber.join(opening)
      expect(yield* Effect.flip(Stream.runDrain(tunnel.incoming))).toMatchObject({ section: "8.5" })
      expect(http.connection.isDraining).toBe(false)
    })
  )
})
