/**
 * Program: our server, over sockets, through its handler API. Two variants for the 12-byte response: `plain`, whose handler returns a
 * response made beforehand, and `gen`, which is written as most users write: an `Effect.gen` that yields once and builds its response.
 */
import * as Http2ServerResponse from "@effect-http2/http2/Http2ServerResponse"
import type * as Http2Server from "@effect-http2/http2/Http2Server"
import * as NodeHttp2 from "@effect-http2/platform-node/NodeHttp2"
import * as Effect from "effect/Effect"
import { HELLO, settings } from "../workloads.js"
import type { BasicTask } from "../workloads.js"
import * as Program from "./program.js"

const config = Program.readConfig<BasicTask>()
const tls = Program.readTls(config)

type Handler = Http2Server.Handler<unknown, never>

const ok = Http2ServerResponse.make({ headers: Program.helloFields, body: HELLO })
const failed = Http2ServerResponse.make({ status: 500, headers: Program.helloFields, body: HELLO })
const many = Http2ServerResponse.make({ headers: Program.manyFields, body: HELLO })
const download = Http2ServerResponse.make({ headers: Program.downloadFields, body: Program.downloadBody() })

const genHello: Handler = () =>
  Effect.gen(function* () {
    const name = yield* Effect.sync(() => "World")
    return Http2ServerResponse.text(`Hello ${name}!`)
  })

const handlers: { readonly [K in BasicTask]: Handler } = {
  hello: config.variant === "gen" ? genHello : () => Effect.succeed(ok),
  download: () => Effect.succeed(download),
  upload: (request) =>
    Effect.map(
      request.fold(0, (octets, chunk) => octets + chunk.length),
      (octets) => (Program.isWhole(octets) ? ok : failed)
    ),
  headers: (request) => Effect.succeed(Program.isExpected(request.headers.get(Program.expectedName)) ? many : failed)
}

const program = Effect.gen(function* () {
  const listener = yield* NodeHttp2.serve(handlers[config.task], {
    port: 0,
    host: "127.0.0.1",
    maxConcurrentStreams: settings.maxConcurrentStreams,
    initialWindowSize: settings.initialWindowSize,
    connectionWindowSize: settings.connectionWindowSize,
    ...(tls === undefined ? {} : { tls })
  })
  Program.announce(listener.address.port ?? 0)
  return yield* Effect.never
})

Effect.runFork(Effect.scoped(program))
