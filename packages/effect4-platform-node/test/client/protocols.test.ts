/** Which protocol is spoken, and how often is dialled for that. */
import * as NodeHttp2Client from "@effect-http2/effect4-platform-node/NodeHttp2Client"
import * as NodeHttp2 from "@effect-http2/effect4-platform-node/NodeHttp2"
import * as Http2ServerResponse from "@effect-http2/effect4-http2/Http2ServerResponse"
import * as HttpClient from "effect/http/HttpClient"
import * as Config from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Tls from "node:tls"
import { expect } from "vitest"
import * as Certificate from "@effect-http2/testkit/certificate"
import { certificate, check, http, http2, http2Plain, https, makeClient } from "./support/servers.js"

const ask = (client: HttpClient.HttpClient, url: string) =>
  Effect.flatMap(client.get(url), (response) =>
    Effect.map(response.text, (text) => [Option.getOrUndefined(NodeHttp2Client.protocolOf(response)), text] as const)
  )

const many = <A, E>(count: number, effect: Effect.Effect<A, E>) =>
  Effect.all(
    Array.from({ length: count }, () => effect),
    { concurrency: "unbounded" }
  )

check("https: HTTP/2 where the server has it, by one dial", () =>
  Effect.gen(function* () {
    const { dials, url } = yield* http2((stream) => {
      stream.respond()
      stream.end("ok")
    })
    const client = yield* makeClient()
    expect(yield* ask(client, url)).toEqual(["h2", "ok"])
    expect(dials()).toBe(1)
  })
)

check("https: HTTP/1.1 on the very socket where the server has not, by one dial", () =>
  Effect.gen(function* () {
    const offered: Array<unknown> = []
    const { dials, server, url } = yield* https((_, response) => void response.end("ok"))
    server.on("secureConnection", (socket: Tls.TLSSocket) => offered.push(socket.alpnProtocol))
    const client = yield* makeClient()
    for (let i = 0; i < 3; i++) expect(yield* ask(client, url)).toEqual(["http/1.1", "ok"])
    expect([dials(), offered]).toEqual([1, ["http/1.1"]])
  })
)

check("https: HTTP/1.1 where the server does not speak ALPN", () =>
  Effect.gen(function* () {
    const { dials, server, url } = yield* https((_, response) => void response.end("ok"), { ALPNProtocols: [] })
    const client = yield* makeClient()
    expect(yield* ask(client, url)).toEqual(["http/1.1", "ok"])
    expect([dials(), server.listening]).toEqual([1, true])
  })
)

check("https: the answer is remembered, and later connections need no asking one after the other", () =>
  Effect.gen(function* () {
    const { dials, url } = yield* https((_, response) => {
      response.setHeader("connection", "close")
      response.end("ok")
    })
    const stats = NodeHttp2Client.makeStats()
    const client = yield* makeClient({ stats })
    yield* ask(client, url)
    expect(stats.waited).toBe(1)
    yield* many(5, ask(client, url))
    expect([dials(), stats.waited]).toEqual([6, 1])
  })
)

check("http: HTTP/1.1", () =>
  Effect.gen(function* () {
    const { dials, url } = yield* http((_, response) => void response.end("ok"))
    const client = yield* makeClient()
    for (let i = 0; i < 3; i++) expect(yield* ask(client, url)).toEqual(["http/1.1", "ok"])
    expect(dials()).toBe(1)
  })
)

const priorKnowledge: ReadonlyArray<readonly [string, (url: string) => NodeHttp2Client.Options["priorKnowledge"]]> = [
  ["true", () => true],
  ["a list", (url) => [`${url}/path`]],
  ["a function", (url) => (origin) => origin === url]
]
for (const [name, option] of priorKnowledge) {
  check(`http: HTTP/2 with prior knowledge: ${name}`, () =>
    Effect.gen(function* () {
      const { dials, url } = yield* http2Plain((stream) => {
        stream.respond()
        stream.end("ok")
      })
      const other = yield* http((_, response) => void response.end("ok"))
      const client = yield* makeClient({ priorKnowledge: option(url) })
      expect(yield* many(3, ask(client, url))).toEqual(Array.from({ length: 3 }, () => ["h2", "ok"]))
      expect(dials()).toBe(1)
      if (name !== "true") expect(yield* ask(client, other.url)).toEqual(["http/1.1", "ok"])
    })
  )
}

check("a client certificate", () =>
  Effect.gen(function* () {
    const mine = yield* Effect.promise(() => Certificate.make("client.example"))
    const authorized: Array<boolean> = []
    const { server, url } = yield* http2(
      (stream) => {
        stream.respond()
        stream.end("ok")
      },
      { requestCert: true, rejectUnauthorized: false, ca: mine.cert }
    )
    server.on("secureConnection", (socket: Tls.TLSSocket) => authorized.push(socket.authorized))
    const tls = { ca: certificate.cert, cert: mine.cert, key: mine.key }
    yield* ask(yield* makeClient({ tls }), url)
    yield* ask(yield* makeClient(), url)
    expect(authorized).toEqual([true, false])
  })
)

check("an authority of the request's own", () =>
  Effect.gen(function* () {
    const { url } = yield* http2((stream, headers) => {
      stream.respond()
      stream.end(String(headers[":authority"]))
    })
    const client = yield* makeClient()
    const response = yield* client.get(url, { headers: { host: "other.example" } })
    expect(yield* response.text).toBe("other.example")
  })
)

check("our own server", () =>
  Effect.gen(function* () {
    const { address } = yield* NodeHttp2.serve(
      (request) => Effect.map(request.text(), (text) => Http2ServerResponse.text(`${request.method} ${text}`)),
      {
        host: "127.0.0.1",
        tls: { key: certificate.key, cert: certificate.cert }
      }
    )
    const client = yield* makeClient()
    expect(yield* ask(client, `https://localhost:${address.port}`)).toEqual(["h2", "GET "])
  })
)

check("layer and layerConfig give the service", () =>
  Effect.gen(function* () {
    const { url } = yield* http2Plain((stream) => {
      stream.respond()
      stream.end("ok")
    })
    const program = Effect.flatMap(HttpClient.HttpClient, (client) => ask(client, url))
    expect(yield* Effect.provide(program, NodeHttp2Client.layer({ priorKnowledge: true }))).toEqual(["h2", "ok"])
    const configured = NodeHttp2Client.layerConfig({
      priorKnowledge: Config.Boolean("PRIOR_KNOWLEDGE"),
      pool: { maxConnections: Config.Int("MAX_CONNECTIONS") }
    })
    const provider = ConfigProvider.fromUnknown({ PRIOR_KNOWLEDGE: "true", MAX_CONNECTIONS: "2" })
    expect(
      yield* program.pipe(Effect.provide(configured), Effect.provideService(ConfigProvider.ConfigProvider, provider))
    ).toEqual(["h2", "ok"])
  })
)

check("options that cannot be are refused", () =>
  Effect.gen(function* () {
    const error = yield* Effect.flip(makeClient({ http2: { maxFrameSize: 1 } }))
    expect(error).toMatchObject({ _tag: "Http2ConnectionError", origin: "User" })
  })
)
