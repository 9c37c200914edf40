/**
 * curl at our port, in every way in which it comes to HTTP/2, and in the one in which it does not.
 */
import * as NodeHttp2Server from "@effect-http2/platform-node/NodeHttp2Server"
import * as HttpRouter from "@effect/platform/HttpRouter"
import * as HttpServer from "@effect/platform/HttpServer"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Multipart from "@effect/platform/Multipart"
import { execFile } from "node:child_process"
import { fileURLToPath } from "node:url"
import { describeWithPeer } from "../support/peers.js"
import { certificate } from "../utils.js"
import { port } from "./support/harness.js"

const file = fileURLToPath(new URL("./fixtures/text.txt", import.meta.url))

const app = HttpRouter.empty.pipe(
  HttpRouter.get(
    "/",
    Effect.map(HttpServerRequest.HttpServerRequest, (request) =>
      HttpServerResponse.text(Option.isSome(NodeHttp2Server.toHttp2ServerRequest(request)) ? "HTTP/2" : "HTTP/1.1")
    )
  ),
  HttpRouter.post(
    "/echo",
    Effect.map(HttpServerRequest.HttpServerRequest, (request) => HttpServerResponse.stream(request.stream))
  ),
  HttpRouter.post(
    "/form",
    Effect.map(HttpServerRequest.schemaBodyForm(Schema.Struct({ file: Multipart.SingleFileSchema })), (form) =>
      HttpServerResponse.text(`${form.file.name} ${form.file.contentType}`)
    )
  ),
  HttpRouter.get("/file", HttpServerResponse.file(file))
)

describeWithPeer("curl", "curl at NodeHttp2Server", (curl) => {
  const run = (...args: ReadonlyArray<string>) =>
    Effect.async<string>((resume) => {
      execFile(curl, ["-s", "-k", "-w", " %{http_version} %{http_code}", ...args], (error, stdout) =>
        resume(error === null ? Effect.succeed(stdout) : Effect.die(error))
      )
    })

  const check = (scheme: string, ...flags: ReadonlyArray<string>) =>
    Effect.gen(function* () {
      yield* HttpServer.serveEffect(app)
      const url = `${scheme}://localhost:${yield* port}`
      const version = flags.includes("--http1.1") ? "1.1" : "2"
      expect(yield* run(...flags, `${url}/`)).toBe(`HTTP/${version} ${version} 200`)
      expect(yield* run(...flags, `${url}/file`)).toBe(`lorem ipsum dolar sit amet\n ${version} 200`)
      // A request with a body cannot be upgraded on its way.
      const posted = flags.includes("--http2") && scheme === "http" ? "1.1" : version
      expect(yield* run(...flags, "-d", "a=1", `${url}/echo`)).toBe(`a=1 ${posted} 200`)
      expect(yield* run(...flags, "-F", `file=@${file};type=text/x-test`, `${url}/form`)).toBe(
        `text.txt text/x-test ${posted} 200`
      )
      expect(yield* run(...flags, "-I", "-o", "/dev/null", `${url}/nowhere`)).toBe(` ${version} 404`)
    })

  const tls = NodeHttp2Server.layer({ tls: { key: certificate.key, cert: certificate.cert } })
  it.scopedLive("by ALPN", () => Effect.provide(check("https", "--http2"), tls))
  it.scopedLive("by ALPN, to HTTP/1.1", () => Effect.provide(check("https", "--http1.1"), tls))
  it.scopedLive("by prior knowledge", () =>
    Effect.provide(check("http", "--http2-prior-knowledge"), NodeHttp2Server.layer())
  )
  it.scopedLive("by Upgrade: h2c", () =>
    Effect.provide(check("http", "--http2"), NodeHttp2Server.layer({ upgradeH2c: true }))
  )
  it.scopedLive("in HTTP/1.1", () => Effect.provide(check("http", "--http1.1"), NodeHttp2Server.layer()))
})
