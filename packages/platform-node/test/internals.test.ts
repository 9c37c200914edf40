/**
 * What this package relies on of Effect and of Node beyond what they publish: one test for each fact, which fails where an upgrade breaks it, and one for the
 * plain way behind it.
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
import * as Http from "node:http"
import * as Net from "node:net"
import * as NodeHttp2 from "@effect-http2/platform-node/NodeHttp2"
import * as HttpServerError from "@effect/platform/HttpServerError"
import * as EffectInternals from "../src/internal/effectInternals.js"
import { makeClient } from "../src/internal/client/execute.js"
import * as Pools from "../src/internal/client/pool/pools.js"
import * as NodeInternals from "../src/internal/nodeInternals.js"
import * as Application from "../src/internal/server/application.js"

const newResponse = () => new Http.ServerResponse(new Http.IncomingMessage(new Net.Socket()))

const thrownBy = (run: () => unknown): unknown => {
  try {
    return run()
  } catch (error) {
    return error
  }
}

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
      const client = makeClient(yield* Pools.make({}), Context.empty(), false)
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

describe("node:http", () => {
  it("goes by the members of a response that are marked", () => {
    expect(NodeInternals.goesByMarks).toBe(true)
  })

  it.each([
    { way: "marked", isMarked: true },
    { way: "defined", isMarked: false }
  ])("says how far a response is that it does not send, where that is $way", ({ isMarked }) => {
    const response = newResponse()
    const error = new Error("broken off")
    NodeInternals.markHeadSent(response, isMarked)
    expect([response.headersSent, response.writableEnded, response.closed]).toEqual([true, false, false])
    expect(thrownBy(() => response.setHeader("a", "b"))).toMatchObject({ code: "ERR_HTTP_HEADERS_SENT" })
    NodeInternals.markEnded(response, isMarked)
    expect([response.writableEnded, response.finished]).toEqual([true, true])
    NodeInternals.markErrored(response, error)
    NodeInternals.markClosed(response, isMarked)
    expect([response.closed, response.destroyed, response.errored]).toEqual([true, true, error])
  })

  it("watches over slow requests of a server that does not listen, from the event `listening` on", () => {
    const server = new Http.Server()
    expect(NodeInternals.watchSlowRequests(server)).toBe(true)
    server.close()
  })

  it("bounds the silence of sockets where it does not watch over slow requests", () => {
    const server = new Http.Server({ requestTimeout: 1234 })
    server.emit = () => true
    expect([NodeInternals.watchSlowRequests(server), server.timeout]).toEqual([false, 1234])
  })

  it.effect("leaves no other listeners at an upgraded socket than those that are taken away", () =>
    Effect.gen(function* () {
      const left = yield* Effect.async<ReadonlyArray<string | symbol>>((resume) => {
        const server = Http.createServer()
        server.on("upgrade", (_, socket) => {
          const ofNet = new Net.Socket().eventNames()
          NodeInternals.forgetServer(socket)
          resume(Effect.succeed(socket.eventNames().filter((name) => !ofNet.includes(name))))
          socket.destroy()
          server.close()
        })
        server.listen(0, "127.0.0.1", () => {
          const address = server.address()
          const port = typeof address === "object" && address !== null ? address.port : 0
          const client = Net.connect(port, "127.0.0.1")
          client.on("error", () => undefined)
          client.write("GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: other\r\n\r\n")
        })
      })
      expect(left).toEqual([])
    })
  )

  it.effect("says of a head that is too large what we look for", () =>
    Effect.gen(function* () {
      const error = yield* Effect.async<Error>((resume) => {
        const server = Net.createServer((socket) => {
          socket.on("error", () => undefined)
          socket.end(`HTTP/1.1 200 OK\r\na: ${"b".repeat(1000)}\r\n\r\n`)
        })
        server.listen(0, "127.0.0.1", () => {
          const address = server.address()
          const port = typeof address === "object" && address !== null ? address.port : 0
          const request = Http.get({ port, maxHeaderSize: 100, agent: false })
          request.on("error", (error) => {
            server.close()
            resume(Effect.succeed(error))
          })
        })
      })
      expect(NodeInternals.isHeaderOverflow(error)).toBe(true)
    })
  )
})
