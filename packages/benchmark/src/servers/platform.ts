/**
 * Program: an application of `@effect/platform`, a router with one route, on one of three servers: `ours`, `NodeHttp2Server`; `http1`,
 * `NodeHttpServer` as it is; `node-http2`, `NodeHttpServer` that is given a server of `node:http2`, whose types do not allow it.
 */
import * as NodeHttp2Server from "@effect-http2/platform-node/NodeHttp2Server"
import * as HttpRouter from "@effect/platform/HttpRouter"
import * as HttpServer from "@effect/platform/HttpServer"
import type * as HttpServerError from "@effect/platform/HttpServerError"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Http from "node:http"
import * as Https from "node:https"
import { HELLO, JSON_VALUE, path, settings } from "../workloads.js"
import type { PlatformTask } from "../workloads.js"
import * as NodeHttp2Options from "./nodeHttp2Options.js"
import * as Program from "./program.js"

const config = Program.readConfig<PlatformTask>()
const tls = Program.readTls(config)
const address = { port: 0, host: "127.0.0.1" }

const apps = {
  text: HttpRouter.get(
    HttpRouter.empty,
    path.text,
    Effect.sync(() => HttpServerResponse.text(HELLO))
  ),
  json: HttpRouter.get(
    HttpRouter.empty,
    path.json,
    Effect.suspend(() => HttpServerResponse.json(JSON_VALUE))
  )
}

const makeHttp1 = (): Http.Server => (tls === undefined ? Http.createServer() : Https.createServer(tls))

const makeNodeHttp2 = (): Http.Server => NodeHttp2Options.make(config) as unknown as Http.Server

const makeServer = (): Effect.Effect<HttpServer.HttpServer, HttpServerError.ServeError, Scope.Scope> => {
  if (config.variant === "http1") return NodeHttpServer.make(makeHttp1, address)
  if (config.variant === "node-http2") return NodeHttpServer.make(makeNodeHttp2, address)
  return NodeHttp2Server.make({
    ...address,
    maxConcurrentStreams: settings.maxConcurrentStreams,
    initialWindowSize: settings.initialWindowSize,
    connectionWindowSize: settings.connectionWindowSize,
    ...(tls === undefined ? {} : { tls })
  })
}

const program = Effect.gen(function* () {
  const server = yield* makeServer()
  yield* Effect.provideService(HttpServer.serveEffect(apps[config.task]), HttpServer.HttpServer, server)
  if (server.address._tag === "TcpAddress") Program.announce(server.address.port)
  return yield* Effect.never
})

Effect.runFork(Effect.scoped(program))
