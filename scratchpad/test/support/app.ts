/** The sample application, served in this process. */
import * as HttpServer from "@effect/platform/HttpServer"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Application from "../../internal/app/application.js"
import type { Layers } from "../../internal/app/layers.js"
import * as Certificate from "@effect-http2/cli/Certificate"

const host = "localhost"

/** Serves at a free port of localhost until the end of the scope. */
export const serve = (layers: Layers) =>
  Effect.gen(function* () {
    const certificate = yield* Certificate.make(host)
    const context = yield* Layer.build(
      Layer.provideMerge(Application.layer, layers.server({ host, port: 0, certificate }))
    )
    const { address } = yield* Effect.provide(HttpServer.HttpServer, context)
    if (address._tag === "UnixAddress") throw new Error("not a TCP address")
    return { url: `https://${host}:${address.port}`, certificate }
  })
