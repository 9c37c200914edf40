/** What is known of Effect beyond what it publishes, which internal/effectInternals relies on. */
import * as NodeHttp2Client from "@effect-http2/effect4-platform-node/NodeHttp2Client"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as Option from "effect/Option"
import { expect } from "vitest"
import { check, http, makeClient } from "./support/servers.js"

check("HttpClient.make keeps the response that it wraps as `original`; one in a scope is not wrapped", () =>
  Effect.gen(function* () {
    const { url } = yield* http((_, response) => response.end("ok"))
    const client = yield* makeClient()
    const wrapped = yield* client.get(url)
    expect(NodeHttp2Client.protocolOf(wrapped)).toEqual(Option.some("http/1.1"))
    expect(Object.hasOwn(wrapped, "original")).toBe(true)
    const bare = yield* HttpClient.withScope(client).get(url)
    expect(NodeHttp2Client.protocolOf(bare)).toEqual(Option.some("http/1.1"))
    expect(Object.hasOwn(bare, "original")).toBe(false)
    yield* wrapped.text
    yield* bare.text
  })
)

check("a response of another client is none of ours", () =>
  Effect.gen(function* () {
    const { url } = yield* http((_, response) => response.end("ok"))
    const response = yield* HttpClient.get(url)
    expect(NodeHttp2Client.protocolOf(response)).toEqual(Option.none())
    expect(Option.isNone(NodeHttp2Client.trailersOf(response))).toBe(true)
    yield* response.text
  }).pipe(Effect.provide(NodeHttpClient.layerNodeHttp))
)
