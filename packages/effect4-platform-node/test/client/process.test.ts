/** What the client's layer keeps alive: a process ends when its program does, whether or not anybody closes the layer. */
import * as Http2ServerResponse from "@effect-http2/effect4-http2/Http2ServerResponse"
import * as NodeHttp2 from "@effect-http2/effect4-platform-node/NodeHttp2"
import { start } from "@effect-http2/testkit/program"
import * as Effect from "effect/Effect"
import { fileURLToPath } from "node:url"
import { describe, expect } from "vitest"
import { live } from "../support/run.js"
import { certificate, type Handler, http, https } from "./support/servers.js"

/** `second` is answered late: nothing but its request keeps the process until then. */
const delay = 500

const onHttp1: Handler = ({ url }, response) => void setTimeout(() => response.end(url), url === "/second" ? delay : 0)

const overHttp2 = (options: NodeHttp2.ServeOptions) => {
  const scheme = options.tls === undefined ? "http" : "https"
  return Effect.map(
    NodeHttp2.serve(
      ({ path }) => Effect.delay(Effect.succeed(Http2ServerResponse.text(path)), path === "/second" ? delay : 0),
      { host: "localhost", ...options }
    ),
    ({ address }) => ({ url: `${scheme}://localhost:${address.port}` })
  )
}

const cwd = fileURLToPath(new URL("../..", import.meta.url))

/** Runs `program`, which is given `url` and `ca`, and waits for its end. */
const run = (program: string, url: string) =>
  Effect.promise(
    () => start(process.execPath, ["--input-type=module", "--eval", program, url, certificate.cert], { cwd }).finished
  )

const layered = (options: string) => `
  import * as NodeHttp2Client from "@effect-http2/effect4-platform-node/NodeHttp2Client"
  import * as HttpClient from "effect/http/HttpClient"
  import * as Effect from "effect/Effect"
  import * as ManagedRuntime from "effect/ManagedRuntime"
  const [url, ca] = process.argv.slice(1)
  const runtime = ManagedRuntime.make(NodeHttp2Client.layer(${options}))
  const get = (path) => runtime.runPromise(Effect.flatMap(HttpClient.get(url + path), (response) => response.text))
  console.log(await get("/first"))
  console.log(await get("/second"))
`

const closing = `
  ${layered("{ tls: { ca } }")}
  await runtime.dispose()
  console.log("closed")
`

const cases = [
  ["HTTP/2, plain", layered("{ priorKnowledge: true }"), overHttp2({})],
  ["HTTP/2 over TLS", layered("{ tls: { ca } }"), overHttp2({ tls: certificate })],
  ["HTTP/1.1, plain", layered("{}"), http(onHttp1)],
  ["HTTP/1.1 over TLS", layered("{ tls: { ca } }"), https(onHttp1)]
] as const

describe("a process whose program is done ends at once, with connections open:", () => {
  for (const [name, program, make] of cases) {
    live(name, () =>
      Effect.gen(function* () {
        const { url } = yield* make
        const { code, stderr, stdout } = yield* run(program, url)
        expect({ code, stderr, stdout }).toEqual({ code: 0, stderr: "", stdout: "/first\n/second\n" })
      })
    )
  }

  live("and one that closes the layer sees that it is closed", () =>
    Effect.gen(function* () {
      const { url } = yield* overHttp2({ tls: certificate })
      const { code, stdout } = yield* run(closing, url)
      expect({ code, stdout }).toEqual({ code: 0, stdout: "/first\n/second\nclosed\n" })
    })
  )
})
