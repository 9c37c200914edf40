/**
 * What this package relies on of Effect beyond what it publishes: one test for each fact, which fails where an upgrade breaks it, and one for the plain way
 * behind it. What is relied on of Node is tested in packages/node.
 */
import * as NodeHttp2Server from "@effect-http2/platform-node/NodeHttp2Server"
import * as HttpApp from "@effect/platform/HttpApp"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpServer from "@effect/platform/HttpServer"
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as NodeHttpServerRequest from "@effect/platform-node/NodeHttpServerRequest"
import { describe, expect, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import * as NodeHttp2 from "@effect-http2/platform-node/NodeHttp2"
import * as HttpServerError from "@effect/platform/HttpServerError"
import * as EffectInternals from "../src/internal/effectInternals.js"
import { makeClient } from "../src/internal/client/execute.js"
import * as Skin from "../src/internal/client/pool/skin.js"
import * as Application from "../src/internal/server/application.js"

describe("the platform of Effect", () => {
  it("registers the requests of HttpClient.withScope where we look for them", () => {
    expect(EffectInternals.scopedRequests).toBeDefined()
  })

  it("registers the scopes of HttpApp.ejectDefaultScopeClose where we look for them", () => {
    expect(EffectInternals.ejectedScopesOf(HttpApp.ejectDefaultScopeClose)).toBeDefined()
  })

  it("looks for the objects of node:http at the members that our requests have", () => {
    const request = { source: {}, response: {} }
    const given = request as unknown as HttpServerRequest.HttpServerRequest
    expect(NodeHttpServerRequest.toIncomingMessage(given)).toBe(request.source)
    expect(NodeHttpServerRequest.toServerResponse(given)).toBe(request.response)
  })

  it.scopedLive("is used by itself where its register of requests is not found: a request ends with its scope", () =>
    Effect.gen(function* () {
      yield* HttpServer.serveEffect(HttpServerResponse.text("Hello"))
      const address = yield* HttpServer.addressWith(Effect.succeed)
      const port = address._tag === "TcpAddress" ? address.port : 0
      const client = makeClient(yield* Skin.make({}), Context.empty(), false)
      const scope = yield* Scope.make()
      const response = yield* HttpClient.withScope(client).get(`http://127.0.0.1:${port}/`).pipe(Scope.extend(scope))
      expect(yield* response.text).toBe("Hello")
      yield* Scope.close(scope, Exit.void)
      const ended = yield* Scope.make()
      yield* Scope.close(ended, Exit.void)
      const refused = yield* Effect.exit(
        HttpClient.withScope(client).get(`http://127.0.0.1:${port}/`).pipe(Scope.extend(ended))
      )
      expect(Exit.isFailure(refused)).toBe(true)
    }).pipe(Effect.provide(NodeHttp2Server.layerServer()))
  )

  it.scopedLive("runs applications by itself where its register of scopes is not found", () =>
    Effect.gen(function* () {
      const closed: Array<string> = []
      const app = Effect.zipRight(
        Effect.addFinalizer(() => Effect.sync(() => closed.push("closed"))),
        HttpServerResponse.text("Hello")
      )
      const { handler, policy } = yield* Application.make(app, undefined, undefined, false)
      const { address } = yield* NodeHttp2.serve(handler, {
        abortFiberId: HttpServerError.clientAbortFiberId,
        handlerPolicy: policy
      })
      const client = yield* NodeHttp2.connect(`http://127.0.0.1:${address.port}`)
      const response = yield* client.collect({ path: "/" })
      expect([response.status, response.text, closed]).toEqual([200, "Hello", ["closed"]])
    })
  )
})
