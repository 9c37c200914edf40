/** The sample application, served: that of Effect 3 in this process, with either layer, that of Effect 4 as the program that it is. */
import * as Certificate from "@effect-http2/cli/Certificate"
import * as NodeHttp2Client from "@effect-http2/platform-node/NodeHttp2Client"
import type * as HttpClient from "@effect/platform/HttpClient"
import * as HttpServer from "@effect/platform/HttpServer"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as Application from "../../internal/app/application.js"
import * as Layers from "../../internal/app/layers.js"
import { startProgram } from "./programs.js"

const host = "localhost"

/** An application that is served until the end of the scope. */
export interface Served {
  readonly url: string
  /** How to trust it. */
  readonly tls: { readonly ca: string } | { readonly rejectUnauthorized: false }
  /** A client for it. */
  readonly client: Layer.Layer<HttpClient.HttpClient>
}

const serve = (layers: Layers.Layers): Effect.Effect<Served, unknown, Scope.Scope> =>
  Effect.gen(function* () {
    const certificate = yield* Certificate.make(host)
    const context = yield* Layer.build(
      Layer.provideMerge(Application.layer, layers.server({ host, port: 0, certificate }))
    )
    const { address } = yield* Effect.provide(HttpServer.HttpServer, context)
    if (address._tag === "UnixAddress") throw new Error("not a TCP address")
    return {
      url: `https://${host}:${address.port}`,
      tls: { ca: certificate.cert },
      client: layers.client(certificate)
    }
  })

export const nodeHttp2: Effect.Effect<Served, unknown, Scope.Scope> = serve(Layers.nodeHttp2)

export const nodeHttp: Effect.Effect<Served, unknown, Scope.Scope> = serve(Layers.nodeHttp)

/** Its certificate stays in its process. */
export const nodeHttp2OfEffect4: Effect.Effect<Served, unknown, Scope.Scope> = Effect.acquireRelease(
  Effect.sync(() => startProgram("app", [], { APP_PORT: "0" }, 4)),
  (program) => Effect.promise(() => program.stop())
).pipe(
  Effect.flatMap((program) => Effect.promise(() => program.says(/listens on (\S+)\n/))),
  Effect.map((url): Served => {
    const tls = { rejectUnauthorized: false } as const
    return { url, tls, client: NodeHttp2Client.layer({ tls }) }
  })
)
