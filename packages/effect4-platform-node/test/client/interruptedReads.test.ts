/** A response of HTTP/1.1 whose reader gives up: the reader goes on at once, and the server hears of it. The same programs with the stock clients. */
import * as NodeHttp2Client from "@effect-http2/effect4-platform-node/NodeHttp2Client"
import * as HttpClient from "effect/http/HttpClient"
import type * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as HttpIncomingMessage from "effect/http/HttpIncomingMessage"
import * as ByteSize from "effect/ByteSize"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { describe, expect } from "vitest"
import { all, ours } from "./support/clients.js"
import { check, http, makeEvent } from "./support/servers.js"

type Response = HttpClientResponse.HttpClientResponse
/** Reads until it is done, or until `given` has happened; `began` is to be called with the first octets. */
type Program = (response: Response, given: Effect.Effect<void>, began: () => void) => Effect.Effect<unknown, unknown>

const drain = (response: Response, began: () => void) => Stream.runForEach(response.stream, () => Effect.sync(began))

const streamed: ReadonlyArray<readonly [string, Program]> = [
  [
    "Fiber.interrupt",
    (response, given, began) =>
      Effect.gen(function* () {
        const fiber = yield* Effect.forkChild(drain(response, began))
        yield* given
        return yield* Fiber.interrupt(fiber)
      })
  ],
  ["Effect.race", (response, given, began) => Effect.raceFirst(drain(response, began), given)],
  ["Effect.timeout", (response, _, began) => Effect.timeoutOption(drain(response, began), 50)],
  [
    "Stream.interruptWhen",
    (response, given, began) =>
      Stream.runForEach(Stream.interruptWhen(response.stream, given), () => Effect.sync(began))
  ],
  [
    "Stream.timeout",
    (response, _, began) => Stream.runForEach(Stream.timeout(response.stream, 50), () => Effect.sync(began))
  ],
  [
    "Stream.interruptWhen",
    (response, _, began) =>
      Stream.runForEach(Stream.interruptWhen(response.stream, Effect.sleep(50)), () => Effect.sync(began))
  ]
]

/** Without sight of the octets: the server tells when it has sent them. */
const whole: ReadonlyArray<readonly [string, (response: Response) => Effect.Effect<unknown, unknown>]> = [
  ["text", (response) => response.text],
  ["json", (response) => response.json],
  ["arrayBuffer", (response) => response.arrayBuffer],
  ["urlParamsBody", (response) => response.urlParamsBody]
]

/** A server of events: one, and then silence. Tells of the end of the connection. */
const events = (type = "text/event-stream") =>
  Effect.gen(function* () {
    const sent = makeEvent()
    const closed = makeEvent()
    const { url } = yield* http((request, response) => {
      request.socket.once("close", () => closed.happen())
      response.setHeader("content-type", type)
      response.write("data: 1\n\n", () => sent.happen())
    })
    return { url, sent: sent.happened, closed: closed.happened }
  })

for (const client of all) {
  describe(`a silent body is left: ${client.name}`, () => {
    for (const [name, program] of streamed) {
      check(name, () =>
        Effect.gen(function* () {
          const { closed, url } = yield* events()
          const began = makeEvent()
          const response = yield* HttpClient.get(url)
          yield* program(response, began.happened, () => began.happen())
          yield* closed
        }).pipe(Effect.provide(client.layer()))
      )
    }
  })
}

describe("a silent body that is read whole is left", () => {
  for (const [name, read] of [
    ...whole,
    ["formData", (response: Response) => response.formData] as const,
    [
      "trailersOf",
      (response: Response) => Option.getOrElse(NodeHttp2Client.trailersOf(response), () => Effect.void)
    ] as const
  ]) {
    check(name, () =>
      Effect.gen(function* () {
        const { closed, sent, url } = yield* events("application/x-www-form-urlencoded")
        const response = yield* HttpClient.get(url)
        const fiber = yield* Effect.forkChild(read(response))
        yield* sent
        yield* Effect.yieldNow
        yield* Fiber.interrupt(fiber)
        if (name !== "trailersOf") yield* closed
      }).pipe(Effect.provide(ours.layer()))
    )
  }

  check("a limit that is exceeded ends the connection too", () =>
    Effect.gen(function* () {
      const { closed, url } = yield* events()
      const error = yield* Effect.flip(
        HttpClient.get(url).pipe(
          Effect.flatMap((response) => response.text),
          Effect.provideService(HttpIncomingMessage.MaxBodySize, ByteSize.fromInputUnsafe(3))
        )
      )
      expect(error).toMatchObject({ _tag: "HttpClientError", reason: { _tag: "DecodeError" } })
      yield* closed
    }).pipe(Effect.provide(ours.layer()))
  )
})

describe("what has arrived", () => {
  check("is read before the failure of a body that is cut off", () =>
    Effect.gen(function* () {
      const { url } = yield* http((_, response) => {
        response.setHeader("content-length", 10)
        response.write("half", () => response.destroy())
      })
      const read: Array<string> = []
      const response = yield* HttpClient.get(url)
      const error = yield* Effect.flip(
        Stream.runForEach(response.stream, (octets) => Effect.sync(() => read.push(Buffer.from(octets).toString())))
      )
      expect(read.join("")).toBe("half")
      expect(error).toMatchObject({ _tag: "HttpClientError", reason: { _tag: "DecodeError" } })
    }).pipe(Effect.provide(ours.layer()))
  )

  check("leaves the connection to the next request once it was read to its end", () =>
    Effect.gen(function* () {
      const { dials, url } = yield* http((_, response) => response.end("x".repeat(200_000)))
      for (let i = 0; i < 3; i++) {
        const response = yield* HttpClient.get(url)
        const length = yield* Stream.runFold(
          response.stream,
          () => 0,
          (sum, octets) => sum + octets.length
        )
        expect(length).toBe(200_000)
      }
      expect((yield* Effect.flatMap(HttpClient.get(url), (response) => response.text)).length).toBe(200_000)
      expect(dials()).toBe(1)
    }).pipe(Effect.provide(ours.layer()))
  )
})
