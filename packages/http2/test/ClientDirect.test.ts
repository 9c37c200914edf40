/** What pools and layers above use of a client: requests without an effect, free streams, and bodies that are there already. */
import type * as Http2Client from "@effect-http2/http2/Http2Client"
import type * as Http2ClientRequest from "@effect-http2/http2/Http2ClientRequest"
import type * as Http2ClientResponse from "@effect-http2/http2/Http2ClientResponse"
import type * as Http2Error from "@effect-http2/http2/Http2Error"
import * as Http2ServerResponse from "@effect-http2/http2/Http2ServerResponse"
import { describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import { expect } from "vitest"
import { engines, eventually } from "./support/engines.js"

/** Sends a request, and keeps what the listener hears. */
const start = (client: Http2Client.Http2Client, request: Http2ClientRequest.Http2ClientRequest) => {
  const heard: { response?: Http2ClientResponse.Http2ClientResponse; errors: Array<Http2Error.Http2Error> } = {
    errors: []
  }
  const started = client.unsafeRequest(request, {
    onResponse: (response) => {
      heard.response = response
    },
    onFailure: (error) => heard.errors.push(error)
  })
  return { started, heard }
}

describe("unsafeRequest", () => {
  it.live("tells of the head; the body that came with it can be taken behind the turn", () =>
    engines(
      () => Effect.succeed(Http2ServerResponse.text("Hello")),
      ({ client }) =>
        Effect.gen(function* () {
          const { heard, started } = start(client, { path: "/" })
          yield* eventually(() => heard.response !== undefined)
          const octets = heard.response?.unsafeBytes(100)
          expect([heard.response?.status, Buffer.from(octets ?? []).toString()]).toEqual([200, "Hello"])
          expect(heard.response?.unsafeBytes(100)).toBe(undefined)
          started.unsafeCancel()
          expect(heard.errors).toEqual([])
        })
    )
  )

  it.live("does not hand out a body that is longer than asked for", () =>
    engines(
      () => Effect.succeed(Http2ServerResponse.text("Hello")),
      ({ client }) =>
        Effect.gen(function* () {
          const { heard } = start(client, { path: "/" })
          yield* eventually(() => heard.response !== undefined)
          expect(heard.response?.unsafeBytes(4)).toBe(undefined)
          expect(yield* heard.response?.text() ?? Effect.succeed("")).toBe("Hello")
        })
    )
  )

  it.live("is cancelled at once, before and behind its head", () =>
    Effect.gen(function* () {
      const arrived = yield* Deferred.make<void>()
      const interrupted = yield* Deferred.make<void>()
      yield* engines(
        () =>
          Effect.zipRight(Deferred.succeed(arrived, undefined), Effect.never).pipe(
            Effect.onInterrupt(() => Deferred.succeed(interrupted, undefined))
          ),
        ({ client, clientStats }) =>
          Effect.gen(function* () {
            const { heard, started } = start(client, { path: "/" })
            yield* Deferred.await(arrived)
            started.unsafeCancel()
            yield* Deferred.await(interrupted)
            expect(clientStats.resetsSent).toBe(1)
            expect(heard.errors.map(({ origin }) => origin)).toEqual(["User"])
          })
      )
    })
  )

  it.live("tells at once of what cannot be sent", () =>
    engines(
      () => Effect.succeed(Http2ServerResponse.empty()),
      ({ client }) =>
        Effect.sync(() => {
          const { heard } = start(client, { method: "a b" })
          expect(heard.errors).toMatchObject([{ origin: "User", processed: "no" }])
        })
    )
  )
})

describe("free streams", () => {
  it.live(
    "are as many as the server allows, counted off by what is open and what waits; awaitAvailableStreams waits for one",
    () =>
      Effect.gen(function* () {
        const gate = yield* Deferred.make<void>()
        yield* engines(
          () => Effect.as(Deferred.await(gate), Http2ServerResponse.empty()),
          ({ client, server }) =>
            Effect.gen(function* () {
              yield* client.connection.awaitSettings
              expect([client.availableStreams(), client.connection.hasRemoteSettings]).toEqual([2, true])
              const all = [1, 2, 3].map(() => start(client, {}))
              expect([client.availableStreams(), client.queued()]).toEqual([0, 1])
              expect(yield* client.awaitAvailableStreams.pipe(Effect.timeoutOption(0))).toEqual(Option.none())
              const available = yield* Effect.fork(client.awaitAvailableStreams)
              yield* Deferred.succeed(gate, undefined)
              expect(yield* Fiber.join(available)).toBeGreaterThan(0)
              yield* eventually(() => all.every(({ heard }) => heard.response !== undefined))
              yield* eventually(() => client.availableStreams() === 2)
              yield* Effect.fork(server.shutdown)
              yield* eventually(() => client.availableStreams() === 0)
              expect(client.connection.isDraining).toBe(true)
              expect(yield* Effect.flip(client.awaitAvailableStreams)).toMatchObject({
                reason: "GoAway",
                processed: "no"
              })
            }),
          { server: { maxConcurrentStreams: 2 } }
        )
      })
  )
})
