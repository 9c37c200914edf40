/**
 * Program: our server on Effect 4, for the benchmark, which starts it as it starts its own (packages/benchmark/src/servers/ours.ts is the one on Effect 3, with
 * the same variants). It stands here, where that Effect is installed.
 */
import * as Program from "@effect-http2/benchmark/servers/program"
import { type BasicTask, HELLO, settings } from "@effect-http2/benchmark/workloads"
import type * as Http2Server from "@effect-http2/effect4-http2/Http2Server"
import * as Http2ServerResponse from "@effect-http2/effect4-http2/Http2ServerResponse"
import * as NodeHttp2 from "@effect-http2/effect4-platform-node/NodeHttp2"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"

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
      Stream.runFold(
        request.body,
        () => 0,
        (octets, chunk) => octets + chunk.length
      ),
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
