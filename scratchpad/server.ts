/**
 * The playground: `npm start`; that for Effect 4 is in packages/effect4-platform-node/playground. HTTPS_PORT, HTTP_PORT and HOST choose where it
 * listens (8443, 8080, localhost); port 0 picks a free one. Its limits are the defaults; MAX_CONCURRENT_STREAMS is for who wants more streams on
 * a connection, or fewer.
 */
import * as Certificate from "@effect-http2/cli/Certificate"
import * as Http2Stats from "@effect-http2/http2/Http2Stats"
import * as NodeHttp2 from "@effect-http2/platform-node/NodeHttp2"
import * as Page from "@effect-http2/scratchpad/page"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Config from "effect/Config"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Routes from "./internal/routes.js"

const port = (name: string, otherwise: number): Config.Config<number> =>
  Config.integer(name).pipe(
    Config.validate({ message: "a port from 0 to 65535", validation: (port) => port >= 0 && port <= 65_535 }),
    Config.withDefault(otherwise)
  )

const config = Config.all({
  host: Config.string("HOST").pipe(Config.withDefault("localhost")),
  httpsPort: port("HTTPS_PORT", 8443),
  httpPort: port("HTTP_PORT", 8080),
  maxConcurrentStreams: Config.option(Config.integer("MAX_CONCURRENT_STREAMS"))
})

const listen = Effect.gen(function* () {
  const { host, httpPort, httpsPort, maxConcurrentStreams } = yield* config
  const certificate = yield* Certificate.make(host)
  const stats = Http2Stats.make()
  const handler = Routes.make(stats)
  const options = {
    host,
    stats,
    // To be stopped without a long wait.
    gracefulShutdownTimeout: "10 seconds",
    ...Option.match(maxConcurrentStreams, { onNone: () => ({}), onSome: (count) => ({ maxConcurrentStreams: count }) })
  } as const
  const [https, http] = yield* Effect.all(
    [
      NodeHttp2.serve(handler, { ...options, port: httpsPort, tls: certificate }),
      NodeHttp2.serve(handler, { ...options, port: httpPort })
    ],
    { concurrency: "unbounded" }
  ).pipe(Effect.parallelFinalizers)
  yield* Console.log(Page.banner(host, https.address.port, http.address.port))
})

/** Every failure of `listen` says what it is in one line: its `toString`. */
const fail = (error: unknown): Effect.Effect<void> =>
  Console.error(String(error)).pipe(
    Effect.andThen(() => {
      process.exitCode = 1
    })
  )

const program = listen.pipe(Effect.zipRight(Effect.never), Effect.scoped, Effect.catchAll(fail))

// SIGINT and SIGTERM interrupt the program; its scope drains both listeners, then the process exits with 0.
NodeRuntime.runMain(program)
