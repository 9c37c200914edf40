/** The ways to take a body, beside the Stream that it is: `fold`, `forEach`, `bytes`, `text`, `json`, in both roles. */
import * as Http2ServerResponse from "@effect-http2/http2/Http2ServerResponse"
import type { Http2IncomingMessage } from "@effect-http2/http2/Http2IncomingMessage"
import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { expect } from "vitest"
import { engines } from "./support/engines.js"

/** A body in pieces, each behind a turn. */
const pieces = (...texts: ReadonlyArray<string>) =>
  Stream.encodeText(Stream.mapEffect(Stream.fromIterable(texts), (text) => Effect.as(Effect.yieldNow(), text)))

const ways: ReadonlyArray<
  readonly [string, (message: Http2IncomingMessage) => Effect.Effect<unknown, unknown>, unknown]
> = [
  ["fold", (message) => message.fold(0, (length, octets) => length + octets.length), 9],
  ["text", (message) => message.text(), '{"a":[1]}'],
  ["json", (message) => message.json(), { a: [1] }],
  ["bytes", (message) => message.bytes(), new TextEncoder().encode('{"a":[1]}')],
  [
    "forEach",
    (message) => {
      const all: Array<string> = []
      return Effect.map(
        message.forEach((octets) => Effect.sync(() => all.push(new TextDecoder().decode(octets)))),
        () => all.join("")
      )
    },
    '{"a":[1]}'
  ]
]

describe.each(ways)("%s", (_name, take, expected) => {
  it.effect("takes a request at a server and a response at a client", () => {
    let seen: unknown = undefined
    return engines(
      (request) =>
        Effect.map(take(request), (value) => {
          seen = value
          return Http2ServerResponse.make({ body: pieces('{"a"', ":[1", "]}") })
        }),
      ({ client }) =>
        Effect.gen(function* () {
          const response = yield* client.request({ method: "POST", body: pieces('{"a":', "[1]}") })
          expect(yield* take(response)).toEqual(expected)
          expect(seen).toEqual(expected)
        })
    )
  })
})

it.effect("json fails with a StreamError where the body is not JSON, or longer than its limit", () =>
  engines(
    () => Effect.succeed(Http2ServerResponse.text("{no")),
    ({ client }) =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(Effect.flatMap(client.request({}), (response) => response.json()))
        expect(error).toMatchObject({ _tag: "Http2StreamError", reason: "Decode", description: "the body is not JSON" })
        expect(error.cause).toBeInstanceOf(SyntaxError)
        const tooLong = yield* Effect.flip(Effect.flatMap(client.request({}), (response) => response.json(2)))
        expect(tooLong).toMatchObject({ _tag: "Http2StreamError", limit: "bytes" })
      })
  )
)

it.effect("forEach fails with what the function fails with, and asks for no more", () =>
  engines(
    () => Effect.succeed(Http2ServerResponse.make({ body: pieces("a", "b", "c") })),
    ({ client }) =>
      Effect.gen(function* () {
        let calls = 0
        const failing = Effect.scoped(
          Effect.flatMap(client.request({}), (response) =>
            response.forEach(() => Effect.suspend(() => Effect.fail(`call ${++calls}`)))
          )
        )
        expect(yield* Effect.flip(failing)).toBe("call 1")
        expect(calls).toBe(1)
      })
  )
)
