/**
 * Program: a server that answers GET / with 12 octets and never answers GET /hold, and that tells its memory when it is asked. Of our `NodeHttp2.serve`, our
 * `NodeHttp2Server` or `node:http2`, as its argument says. Started by `connections.ts`, with --expose-gc.
 */
import * as Http2ServerResponse from "@effect-http2/http2/Http2ServerResponse"
import * as NodeHttp2 from "@effect-http2/platform-node/NodeHttp2"
import * as NodeHttp2Server from "@effect-http2/platform-node/NodeHttp2Server"
import * as HttpServer from "@effect/platform/HttpServer"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Effect from "effect/Effect"
import * as Http2 from "node:http2"
import type { AddressInfo } from "node:net"
import { createInterface } from "node:readline"
import { HELLO } from "../workloads.js"

const host = "127.0.0.1"

const announce = (port: number): void => {
  process.stdout.write(`${JSON.stringify({ port })}\n`)
}

const portOf = (address: HttpServer.Address): number => (address._tag === "TcpAddress" ? address.port : 0)

const ok = Http2ServerResponse.make({ headers: { "content-type": "text/plain" }, body: HELLO })

const kinds: { readonly [kind: string]: () => void } = {
  serve: () => {
    const program = Effect.gen(function* () {
      const { address } = yield* NodeHttp2.serve(
        (request) => (request.path === "/hold" ? Effect.never : Effect.succeed(ok)),
        { host }
      )
      announce(address.port ?? 0)
      return yield* Effect.never
    })
    Effect.runFork(Effect.scoped(program))
  },
  platform: () => {
    const application = Effect.flatMap(HttpServerRequest.HttpServerRequest, ({ url }) =>
      url === "/hold" ? Effect.never : Effect.succeed(HttpServerResponse.text(HELLO))
    )
    const program = Effect.gen(function* () {
      const server = yield* HttpServer.HttpServer
      yield* server.serve(application)
      announce(portOf(server.address))
      return yield* Effect.never
    })
    Effect.runFork(Effect.scoped(Effect.provide(program, NodeHttp2Server.layer({ host, port: 0 }))))
  },
  node: () => {
    const server = Http2.createServer()
    server.on("stream", (stream, headers) => {
      stream.on("error", () => undefined)
      if (headers[":path"] === "/hold") return
      stream.respond({ ":status": 200, "content-type": "text/plain" })
      stream.end(HELLO)
    })
    server.on("sessionError", () => undefined)
    server.listen(0, host, () => announce((server.address() as AddressInfo).port))
  }
}

process.once("SIGTERM", () => process.exit(0))
createInterface({ input: process.stdin })
  .on("line", () => {
    globalThis.gc?.()
    const { arrayBuffers, external, heapUsed, rss } = process.memoryUsage()
    process.stdout.write(`${JSON.stringify({ rss, heapUsed, external: external + arrayBuffers })}\n`)
  })
  .on("close", () => process.exit(0))
kinds[process.argv[2] ?? ""]?.()
