/** Nobody wants the response any more: the server hears of it at once. */
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Http2 from "node:http2"
import * as V8 from "node:v8"
import * as Vm from "node:vm"
import { describe, expect } from "vitest"
import { check, http2, https, makeClient, makeEvent, randomBytes } from "./support/servers.js"

V8.setFlagsFromString("--expose-gc")
const collectGarbage = Vm.runInNewContext("gc") as () => void

const { NGHTTP2_CANCEL } = Http2.constants

/** A server that tells of a request's arrival and of the code with which its stream was reset. */
const makeServer = (answer: (stream: Http2.ServerHttp2Stream) => void = () => undefined) =>
  Effect.gen(function* () {
    const arrived = makeEvent()
    const closed = makeEvent<number>()
    const { url } = yield* http2((stream) => {
      stream.once("close", () => closed.happen(stream.rstCode))
      answer(stream)
      arrived.happen()
    })
    return { url, arrived: arrived.happened, closed: closed.happened }
  })

const endless = (stream: Http2.ServerHttp2Stream): void => {
  stream.respond()
  const more = (): void => {
    if (!stream.destroyed && stream.write(randomBytes(10_000))) setImmediate(more)
    else stream.once("drain", more)
  }
  more()
}

describe("RST_STREAM(CANCEL)", () => {
  check("interruption before the head", () =>
    Effect.gen(function* () {
      const { arrived, closed, url } = yield* makeServer()
      const fiber = yield* Effect.fork(
        Effect.flatMap(makeClient(), (client) => Effect.zipRight(client.get(url), Effect.never))
      )
      yield* arrived
      yield* Effect.fork(Fiber.interrupt(fiber))
      expect(yield* closed).toBe(NGHTTP2_CANCEL)
    })
  )

  check("an AbortSignal", () =>
    Effect.gen(function* () {
      const { arrived, closed, url } = yield* makeServer()
      const client = yield* makeClient()
      const controller = new AbortController()
      const result = Effect.runPromiseExit(client.get(url), { signal: controller.signal })
      yield* arrived
      controller.abort()
      expect(yield* closed).toBe(NGHTTP2_CANCEL)
      expect(Exit.isInterrupted(yield* Effect.promise(() => result))).toBe(true)
    })
  )

  check("interruption while a Stream is sent, whose finalizers run", () =>
    Effect.gen(function* () {
      const { arrived, closed, url } = yield* makeServer((stream) => stream.resume())
      const finalized = makeEvent()
      const client = yield* makeClient()
      const body = Stream.ensuring(
        Stream.repeatEffect(Effect.as(Effect.yieldNow(), randomBytes(1000))),
        Effect.sync(() => finalized.happen())
      )
      const fiber = yield* Effect.fork(client.execute(HttpClientRequest.bodyStream(HttpClientRequest.post(url), body)))
      yield* arrived
      yield* Fiber.interrupt(fiber)
      expect(yield* closed).toBe(NGHTTP2_CANCEL)
      yield* finalized.happened
    })
  )

  check("a Stream that is left early", () =>
    Effect.gen(function* () {
      const { closed, url } = yield* makeServer(endless)
      const client = yield* makeClient()
      const first = yield* Effect.flatMap(client.get(url), ({ stream }) => Stream.runHead(stream))
      expect(first._tag).toBe("Some")
      expect(yield* closed).toBe(NGHTTP2_CANCEL)
    })
  )

  check("interruption while a body is read whole", () =>
    Effect.gen(function* () {
      const { arrived, closed, url } = yield* makeServer(endless)
      const client = yield* makeClient()
      const response = yield* client.get(url)
      yield* arrived
      const fiber = yield* Effect.fork(response.text)
      yield* Effect.yieldNow()
      yield* Fiber.interrupt(fiber)
      expect(yield* closed).toBe(NGHTTP2_CANCEL)
    })
  )

  check("the end of the scope, with withScope, behind the head", () =>
    Effect.gen(function* () {
      const { closed, url } = yield* makeServer(endless)
      const client = HttpClient.withScope(yield* makeClient())
      const response = yield* Effect.scoped(client.get(url))
      expect(response.status).toBe(200)
      expect(yield* closed).toBe(NGHTTP2_CANCEL)
    })
  )

  check("the end of the scope, with withScope, before the head", () =>
    Effect.gen(function* () {
      const { arrived, closed, url } = yield* makeServer()
      const scope = yield* Scope.make()
      const client = HttpClient.withScope(yield* makeClient())
      const fiber = yield* Effect.fork(Effect.flip(Scope.extend(client.get(url), scope)))
      yield* arrived
      yield* Scope.close(scope, Exit.void)
      expect(yield* closed).toBe(NGHTTP2_CANCEL)
      expect(yield* Fiber.join(fiber)).toMatchObject({ _tag: "RequestError", reason: "Transport" })
    })
  )

  check("a race that another has won", () =>
    Effect.gen(function* () {
      const { arrived, closed, url } = yield* makeServer()
      const client = yield* makeClient()
      yield* Effect.raceFirst(client.get(url), arrived)
      expect(yield* closed).toBe(NGHTTP2_CANCEL)
    })
  )

  for (const [how, run] of [
    ["", <A, E>(effect: Effect.Effect<A, E>) => effect],
    [
      ", of a fiber that has ended",
      <A, E>(effect: Effect.Effect<A, E>) => Effect.promise(() => Effect.runPromise(effect))
    ]
  ] as const) {
    check(`a response that nobody holds any more${how}`, () =>
      Effect.gen(function* () {
        const { closed, url } = yield* makeServer(endless)
        const client = yield* makeClient()
        expect(yield* Effect.map(run(client.get(url)), (response) => response.status)).toBe(200)
        const collect = Effect.async<void>((resume) => {
          setImmediate(() => {
            collectGarbage()
            resume(Effect.void)
          })
        })
        expect(yield* Effect.raceFirst(closed, Effect.forever(collect))).toBe(NGHTTP2_CANCEL)
      })
    )
  }
})

describe("over HTTP/1.1, the connection is closed", () => {
  check("interruption before the head", () =>
    Effect.gen(function* () {
      const arrived = makeEvent()
      const closed = makeEvent()
      const { url } = yield* https((request) => {
        request.socket.once("close", () => closed.happen())
        arrived.happen()
      })
      const client = yield* makeClient()
      const fiber = yield* Effect.fork(client.get(url))
      yield* arrived.happened
      yield* Fiber.interrupt(fiber)
      yield* closed.happened
    })
  )

  check("a Stream that is left early", () =>
    Effect.gen(function* () {
      const closed = makeEvent()
      const { url } = yield* https((request, response) => {
        request.socket.once("close", () => closed.happen())
        response.write("first")
      })
      const client = yield* makeClient()
      yield* Effect.flatMap(client.get(url), ({ stream }) => Stream.runHead(stream))
      yield* closed.happened
    })
  )
})
