/** What the client's layer keeps alive: a process ends when its program does, whether or not anybody closes the layer. */
import * as NodeHttp2Server from "@effect-http2/platform-node/NodeHttp2Server"
import * as HttpServer from "@effect/platform/HttpServer"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import { it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { createServer } from "node:https"
import { fileURLToPath } from "node:url"
import { describe, expect } from "vitest"
import * as Certificate from "@effect-http2/testkit/certificate"
import { port } from "../server/support/harness.js"
import { start } from "@effect-http2/testkit/program"

const certificate = await Certificate.make("localhost")

/** `second` is answered late: nothing but its request keeps the process until then. */
const application = Effect.gen(function* () {
  const { url } = yield* HttpServerRequest.HttpServerRequest
  if (url === "/second") yield* Effect.sleep("500 millis")
  return HttpServerResponse.text(url)
})

const cwd = fileURLToPath(new URL("../..", import.meta.url))

/** Runs `program`, which is given `url` and `ca`, and waits for its end. */
const run = (program: string, url: string) =>
  Effect.promise(
    () => start(process.execPath, ["--input-type=module", "--eval", program, url, certificate.cert], { cwd }).finished
  )

const layered = (options: string) => `
  import * as NodeHttp2Client from "@effect-http2/platform-node/NodeHttp2Client"
  import * as HttpClient from "@effect/platform/HttpClient"
  import * as Effect from "effect/Effect"
  import * as ManagedRuntime from "effect/ManagedRuntime"
  const [url, ca] = process.argv.slice(1)
  const runtime = ManagedRuntime.make(NodeHttp2Client.layer(${options}))
  const get = (path) => runtime.runPromise(Effect.flatMap(HttpClient.get(url + path), (response) => response.text))
  console.log(await get("/first"))
  console.log(await get("/second"))
`

const connected = `
  import * as NodeHttp2 from "@effect-http2/platform-node/NodeHttp2"
  import * as Effect from "effect/Effect"
  import * as Layer from "effect/Layer"
  import * as ManagedRuntime from "effect/ManagedRuntime"
  import * as Context from "effect/Context"
  const [url, ca] = process.argv.slice(1)
  const Client = Context.GenericTag("Client")
  const runtime = ManagedRuntime.make(Layer.scoped(Client, NodeHttp2.connect(url, { tls: { ca } })))
  const get = (path) => runtime.runPromise(Effect.flatMap(Client, (client) => client.collect({ path })))
  console.log(new TextDecoder().decode((await get("/first")).body))
  await runtime.runPromise(Effect.flatMap(Client, (client) => client.connection.ping))
  console.log(new TextDecoder().decode((await get("/second")).body))
`

const closing = `
  ${layered("{ tls: { ca } }")}
  await runtime.dispose()
  console.log("closed")
`

const plain = NodeHttp2Server.layer()
const tls = NodeHttp2Server.layer({ tls: certificate })
const tlsHttp1 = NodeHttpServer.layer(() => createServer({ cert: certificate.cert, key: certificate.key }), { port: 0 })

const cases = [
  ["HTTP/2, plain", layered("{ priorKnowledge: true }"), "http", plain],
  ["HTTP/2 over TLS", layered("{ tls: { ca } }"), "https", tls],
  ["HTTP/1.1, plain", layered("{}"), "http", plain],
  ["HTTP/1.1 over TLS", layered("{ tls: { ca } }"), "https", tlsHttp1],
  ["a connection of NodeHttp2.connect, plain", connected, "http", plain],
  ["a connection of NodeHttp2.connect over TLS", connected, "https", tls]
] as const

describe("a process whose program is done ends at once, with connections open:", () => {
  for (const [name, program, scheme, layer] of cases) {
    it.scopedLive(name, () =>
      Effect.gen(function* () {
        yield* HttpServer.serveEffect(application)
        const { code, stderr, stdout } = yield* run(program, `${scheme}://localhost:${yield* port}`)
        expect({ code, stderr, stdout }).toEqual({ code: 0, stderr: "", stdout: "/first\n/second\n" })
      }).pipe(Effect.provide(layer))
    )
  }

  it.scopedLive("and one that closes the layer sees that it is closed", () =>
    Effect.gen(function* () {
      yield* HttpServer.serveEffect(application)
      const { code, stdout } = yield* run(closing, `https://localhost:${yield* port}`)
      expect({ code, stdout }).toEqual({ code: 0, stdout: "/first\n/second\nclosed\n" })
    }).pipe(Effect.provide(tls))
  )
})

// Three processes, one after another.
describe("a server", { timeout: 90_000 }, () => {
  it.scopedLive("holds its process, also while no connection is open", () =>
    Effect.gen(function* () {
      const program = start(
        process.execPath,
        [
          "--input-type=module",
          "--eval",
          `
            import * as NodeHttp2 from "@effect-http2/platform-node/NodeHttp2"
            import * as Http2ServerResponse from "@effect-http2/http2/Http2ServerResponse"
            import * as Effect from "effect/Effect"
            import * as Scope from "effect/Scope"
            const scope = Effect.runSync(Scope.make())
            const serve = NodeHttp2.serve(() => Effect.succeed(Http2ServerResponse.text("served")))
            const { address } = await Effect.runPromise(Scope.extend(serve, scope))
            console.log("port " + address.port)
          `
        ],
        { cwd }
      )
      yield* Effect.addFinalizer(() => Effect.promise(program.stop))
      const served = yield* Effect.promise(() => program.says(/port (\d+)/))
      for (let i = 0; i < 2; i++) {
        const { code, stdout } = yield* run(
          `
            import * as NodeHttp2 from "@effect-http2/platform-node/NodeHttp2"
            import * as Effect from "effect/Effect"
            const once = Effect.flatMap(NodeHttp2.connect(process.argv[1]), (client) => client.collect({}))
            console.log((await Effect.runPromise(Effect.scoped(once))).status)
          `,
          `http://localhost:${served}`
        )
        expect({ code, stdout }).toEqual({ code: 0, stdout: "200\n" })
      }
    })
  )
})
