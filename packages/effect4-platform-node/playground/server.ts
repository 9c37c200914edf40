/** The playground on Effect 4: `npm start -- --effect4`. What it does, and the variables that it takes, is in scratchpad/server.ts. */
import * as Http2Stats from "@effect-http2/effect4-http2/Http2Stats"
import * as NodeHttp2 from "@effect-http2/effect4-platform-node/NodeHttp2"
import * as Page from "@effect-http2/scratchpad/page"
import * as Config from "effect/Config"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as Certificate from "./internal/certificate.js"
import * as Routes from "./internal/routes.js"
import { port, run } from "./internal/run.js"

const config = Config.all({
  host: Config.String("HOST").pipe(Config.withDefault("localhost")),
  httpsPort: port("HTTPS_PORT", 8443),
  httpPort: port("HTTP_PORT", 8080),
  maxConcurrentStreams: Config.option(Config.Int("MAX_CONCURRENT_STREAMS"))
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
  // Both drain at once.
  const scope = yield* Scope.fork(yield* Effect.scope, "parallel")
  const [https, http] = yield* Effect.all(
    [
      NodeHttp2.serve(handler, { ...options, port: httpsPort, tls: certificate }),
      NodeHttp2.serve(handler, { ...options, port: httpPort })
    ],
    { concurrency: "unbounded" }
  ).pipe(Scope.provide(scope))
  yield* Console.log(Page.banner(host, https.address.port, http.address.port))
})

run(listen.pipe(Effect.andThen(Effect.never), Effect.scoped))
