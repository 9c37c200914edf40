/** Readers that pause for long: nothing is lost, whichever side pauses, where the peer is alive. */
import * as HttpBody from "@effect/platform/HttpBody"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpServer from "@effect/platform/HttpServer"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import { describe, expect } from "vitest"
import { layerWith, text } from "../server/support/harness.js"

const size = 2_000_000

/** Lets ten minutes pass on a connection on which both engines are heard of. */
const tenMinutes = Effect.gen(function* () {
  for (let i = 0; i < 60; i++) {
    yield* TestClock.adjust("10 seconds")
    expect(yield* text("/alive")).toBe("alive")
  }
})

describe("over HTTP/2", () => {
  it.scoped(
    "a download whose reader pauses for ten minutes, and an upload whose handler does, come to their ends",
    () =>
      Effect.gen(function* () {
        const gate = yield* Deferred.make<void>()
        const application = Effect.gen(function* () {
          const request = yield* HttpServerRequest.HttpServerRequest
          if (request.method === "GET" && request.url === "/alive") return HttpServerResponse.text("alive")
          if (request.method === "GET") return HttpServerResponse.uint8Array(new Uint8Array(size))
          yield* Deferred.await(gate)
          return HttpServerResponse.text(String((yield* request.arrayBuffer).byteLength))
        })
        yield* HttpServer.serveEffect(application)
        const download = yield* HttpClient.get("/large")
        const upload = yield* Effect.fork(
          Effect.flatMap(
            HttpClient.post("/", { body: HttpBody.uint8Array(new Uint8Array(size)) }),
            (response) => response.text
          )
        )
        // Both windows are used up: time that passes while a frame is on its way would be the peer's fault.
        yield* Effect.repeatN(text("/alive"), 20)
        yield* tenMinutes
        yield* Deferred.succeed(gate, undefined)
        expect(yield* Fiber.join(upload)).toBe(String(size))
        expect(yield* Stream.runFold(download.stream, 0, (octets, chunk) => octets + chunk.length)).toBe(size)
      }).pipe(Effect.provide(layerWith({ maxTotalStalledOctets: 2 * size })))
  )
})
