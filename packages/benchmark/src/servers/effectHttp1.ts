/** Program: the HTTP/1.1 server of `@effect/platform-node`, which stands on `node:http` and `node:https`. */
import type * as HttpApp from "@effect/platform/HttpApp"
import * as HttpServer from "@effect/platform/HttpServer"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as Http from "node:http"
import * as Https from "node:https"
import { HELLO } from "../workloads.js"
import type { BasicTask } from "../workloads.js"
import * as Program from "./program.js"

const config = Program.readConfig<BasicTask>()
const tls = Program.readTls(config)

const hello = (status: number, headers: { readonly [name: string]: string }): HttpServerResponse.HttpServerResponse =>
  HttpServerResponse.text(HELLO, { status, headers, contentType: "text/plain" })

const ok = hello(200, {})
const failed = hello(500, {})
const many = hello(200, Program.manyFields)
const download = HttpServerResponse.uint8Array(Program.downloadBody(), { contentType: "application/octet-stream" })

const apps: { readonly [K in BasicTask]: HttpApp.Default<unknown> } = {
  hello: Effect.succeed(ok),
  download: Effect.succeed(download),
  upload: HttpServerRequest.HttpServerRequest.pipe(
    Effect.flatMap((request) => Stream.runFold(request.stream, 0, (octets, chunk) => octets + chunk.length)),
    Effect.map((octets) => (Program.isWhole(octets) ? ok : failed))
  ),
  headers: Effect.map(HttpServerRequest.HttpServerRequest, (request) =>
    Program.isExpected(request.headers[Program.expectedName]) ? many : failed
  )
}

const program = Effect.gen(function* () {
  const server = yield* NodeHttpServer.make(() => (tls === undefined ? Http.createServer() : Https.createServer(tls)), {
    port: 0,
    host: "127.0.0.1"
  })
  yield* Effect.provideService(HttpServer.serveEffect(apps[config.task]), HttpServer.HttpServer, server)
  if (server.address._tag === "TcpAddress") Program.announce(server.address.port)
  return yield* Effect.never
})

Effect.runFork(Effect.scoped(program))
