/** The sample application on Effect 4: `npm run app -- --effect4`. The variable that it takes is in scratchpad/app.ts. */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as HttpServer from "effect/http/HttpServer"
import * as Layer from "effect/Layer"
import * as NetAddress from "effect/net/NetAddress"
import * as Application from "./internal/app/application.js"
import * as Client from "./internal/app/client.js"
import * as Layers from "./internal/app/layers.js"
import * as Certificate from "./internal/certificate.js"
import { port, run } from "./internal/run.js"

/** The line that chooses: `Layers.nodeHttp2` is ours, `Layers.nodeHttp` that of `@effect/platform-node`. */
const layers = Layers.nodeHttp2

const host = "localhost"

const program = Effect.gen(function* () {
  const appPort = yield* port("APP_PORT", 8444)
  const certificate = yield* Certificate.make(host)
  const use = Effect.gen(function* () {
    const { address } = yield* HttpServer.HttpServer
    const url = `https://${host}:${NetAddress.isUnixPathAddress(address) ? appPort : address.port}`
    const result = yield* Effect.provide(Client.program(url), layers.client(certificate))
    yield* Console.log(`The sample application listens on ${url}\nIts typed client says: ${JSON.stringify(result)}`)
    return yield* Effect.never
  })
  yield* Effect.provide(use, Layer.provideMerge(Application.layer, layers.server({ host, port: appPort, certificate })))
})

run(program)
