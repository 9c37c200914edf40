/** Requests that are expected to have content, and have none, say so (RFC 9110 §8.6). */
import * as Http2ServerResponse from "@effect-http2/http2/Http2ServerResponse"
import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { expect } from "vitest"
import { engines } from "./support/engines.js"

describe("content-length of a request", () => {
  const cases: ReadonlyArray<
    readonly [request: Parameters<Parameters<Parameters<typeof engines>[1]>[0]["client"]["collect"]>[0], said: string]
  > = [
    ...["POST", "PUT", "PATCH"].flatMap(
      (method) =>
        [
          [{ method }, "0"],
          [{ method, headers: { "x-a": "1" }, priority: { urgency: 1 as const } }, "0"],
          [{ method, headers: { "content-length": "0" } }, "0"],
          [{ method, trailers: { "x-end": "1" } }, "0"],
          [{ method, body: "" }, "0"],
          [{ method, body: "four" }, "4"],
          [{ method, body: Stream.empty }, "none"]
        ] as const
    ),
    ...["GET", "HEAD", "DELETE", "OPTIONS"].map((method) => [{ method }, "none"] as const)
  ]
  for (const [request, said] of cases) {
    it.effect(`${JSON.stringify(request)}: ${said}`, () =>
      engines(
        (incoming) => {
          const lengths = incoming.headers.fields.filter(({ name }) => name === "content-length")
          const value = lengths.map((field) => field.value).join() || "none"
          return Effect.as(Effect.orDie(incoming.bytes()), Http2ServerResponse.make({ headers: { "x-said": value } }))
        },
        ({ client }) => Effect.map(client.collect(request), ({ headers }) => expect(headers.get("x-said")).toBe(said))
      )
    )
  }
})
