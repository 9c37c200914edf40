/** The objects of `node:http` behind a request: they are there over HTTP/1.1, as at the stock server, and said not to be over HTTP/2. */
import * as NodeHttpServerRequest from "@effect/platform-node/NodeHttpServerRequest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpServer from "effect/http/HttpServer"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Result from "effect/Result"
import { inspect } from "node:util"
import { expect } from "vitest"
import { live } from "../support/run.js"
import { servers } from "./support/sideBySide.js"

/** What a use of them comes to: what it gives, or the message of its Error. */
const use = (take: () => unknown): Effect.Effect<string> =>
  Effect.map(Effect.exit(Effect.sync(take)), (exit) =>
    Exit.isSuccess(exit) ? String(exit.value) : String(Cause.squash(exit.cause))
  )

const app = Effect.gen(function* () {
  const request = yield* HttpServerRequest.HttpServerRequest
  const uses: ReadonlyArray<() => unknown> = [
    () => NodeHttpServerRequest.toIncomingMessage(request).method,
    () => NodeHttpServerRequest.toIncomingMessage(request).headers["x-field"],
    () => typeof NodeHttpServerRequest.toIncomingMessage(request).on,
    () => NodeHttpServerRequest.toIncomingMessage(request).socket.remotePort !== undefined,
    () => typeof NodeHttpServerRequest.toIncomingMessage(request)[Symbol.asyncIterator],
    () => NodeHttpServerRequest.toServerResponse(request).headersSent
  ]
  const found = yield* Effect.forEach(uses, use)
  // What is not theirs works either way.
  const web = HttpServerRequest.toWebResult(request)
  inspect(request.source)
  JSON.stringify(request)
  return HttpServerResponse.jsonUnsafe([...found, Result.isSuccess(web) ? web.success.headers.get("x-field") : "none"])
})

for (const { layer, server } of servers) {
  live(`toIncomingMessage and toServerResponse: ${server}`, () =>
    Effect.gen(function* () {
      yield* HttpServer.serveEffect(app)
      const response = yield* HttpClient.get("/", { headers: { "x-field": "1" } })
      const found = yield* response.json
      if (server === "NodeHttp2Server over HTTP/2") {
        const of = (what: string): unknown => expect.stringMatching(new RegExp(`a request over HTTP/2 has no ${what}`))
        expect(found).toEqual([
          of("IncomingMessage, and so no `method`"),
          of("IncomingMessage, and so no `headers`"),
          of("IncomingMessage, and so no `on`"),
          of("IncomingMessage, and so no `socket`"),
          of("IncomingMessage, and so no `Symbol\\(Symbol.asyncIterator\\)`"),
          of("ServerResponse of node:http"),
          "1"
        ])
      } else {
        expect(found).toEqual(["GET", "1", "function", "true", "function", "false", "1"])
      }
    }).pipe(Effect.provide(layer))
  )
}
