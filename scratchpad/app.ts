/**
 * The sample application: `npm run app`. APP_PORT chooses where it listens on localhost (8444); port 0 picks a free one. Open what it prints in
 * a browser: the page uses every part of it.
 */
import * as HttpServer from "@effect/platform/HttpServer"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Config from "effect/Config"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Application from "./internal/app/application.js"
import * as Client from "./internal/app/client.js"
import * as Layers from "./internal/app/layers.js"
import * as Certificate from "@effect-http2/cli/Certificate"

/** The line that chooses: `Layers.nodeHttp2` is ours, `Layers.nodeHttp` that of `@effect/platform-node`. */
const layers = Layers.nodeHttp2

const host = "localhost"

const appPort = Config.integer("APP_PORT").pipe(
  Config.validate({ message: "a port from 0 to 65535", validation: (port) => port >= 0 && port <= 65_535 }),
  Config.withDefault(8444)
)

const program = Effect.gen(function* () {
  const port = yield* appPort
  const certificate = yield* Certificate.make(host)
  const use = Effect.gen(function* () {
    const { address } = yield* HttpServer.HttpServer
    const url = `https://${host}:${address._tag === "TcpAddress" ? address.port : port}`
    const result = yield* Effect.provide(Client.program(url), layers.client(certificate))
    yield* Console.log(`The sample application listens on ${url}\nIts typed client says: ${JSON.stringify(result)}`)
    return yield* Effect.never
  })
  yield* Effect.provide(use, Layer.provideMerge(Application.layer, layers.server({ host, port, certificate })))
})

/** Every failure says what it is in one line: its `toString`. */
const fail = (error: unknown): Effect.Effect<void> =>
  Console.error(String(error)).pipe(
    Effect.andThen(() => {
      process.exitCode = 1
    })
  )

// SIGINT and SIGTERM interrupt the program; its server drains, then the process exits with 0.
NodeRuntime.runMain(Effect.catchAll(program, fail))
