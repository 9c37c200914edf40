/** Through proxies that the tests have themselves: over HTTP/1.1, plain and over TLS, and over HTTP/2. */
import * as NodeHttp2Client from "@effect-http2/effect4-platform-node/NodeHttp2Client"
import type * as HttpClient from "effect/http/HttpClient"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Http from "node:http"
import * as Https from "node:https"
import { expect } from "vitest"
import { proxyHttp1, proxyHttp2 } from "./support/proxies.js"
import { certificate, check, http, http2, http2Plain, https, makeClient, randomBytes } from "./support/servers.js"

const keys = { key: certificate.key, cert: certificate.cert }

const ask = (client: HttpClient.HttpClient, url: string) =>
  Effect.flatMap(client.get(url), (response) =>
    Effect.map(response.text, (text) => [Option.getOrUndefined(NodeHttp2Client.protocolOf(response)), text] as const)
  )

const proxies = [
  ["HTTP/1.1", () => proxyHttp1(Http.createServer(), "http")],
  ["HTTP/1.1 over TLS", () => proxyHttp1(Https.createServer(keys), "https")],
  ["HTTP/2", () => proxyHttp2()]
] as const

const octets = randomBytes(500_000).toString("base64")

for (const [name, makeProxy] of proxies) {
  check(`CONNECT over ${name}, to HTTP/2 and to HTTP/1.1`, () =>
    Effect.gen(function* () {
      const proxy = yield* makeProxy()
      const two = yield* http2((stream) => {
        stream.respond()
        stream.end(octets)
      })
      const one = yield* https((_, response) => void response.end(octets))
      const { host } = new URL(proxy.url)
      const url = new URL(proxy.url)
      url.username = "user"
      url.password = "pass"
      const client = yield* makeClient({ proxy: { https: url.href } })
      for (let i = 0; i < 3; i++) {
        expect(yield* ask(client, two.url)).toEqual(["h2", octets])
        expect(yield* ask(client, one.url)).toEqual(["http/1.1", octets])
      }
      const authorization = `Basic ${Buffer.from("user:pass").toString("base64")}`
      expect(proxy.asked).toEqual([two, one].map((server) => `CONNECT ${new URL(server.url).host} ${authorization}`))
      // Over HTTP/2, both are streams of one connection.
      expect([host.length > 0, proxy.dials()]).toEqual([true, name === "HTTP/2" ? 1 : 2])
      expect([two.dials(), one.dials()]).toEqual([1, 1])
    })
  )

  check(`a proxy of ${name} that refuses`, () =>
    Effect.gen(function* () {
      const proxy = yield* makeProxy()
      const client = yield* makeClient({ proxy: { https: proxy.url } })
      const error = yield* Effect.flip(client.get("https://forbidden.example/"))
      expect(error).toMatchObject({
        _tag: "HttpClientError",
        reason: { _tag: "TransportError" },
        cause: { reason: "Connect", processed: "no" }
      })
      expect(error.message).toContain("403")
    })
  )
}

check("requests of HTTP/1.1 to plain origins are forwarded", () =>
  Effect.gen(function* () {
    const proxy = yield* proxyHttp1(Http.createServer(), "http")
    const client = yield* makeClient({ proxy: { http: proxy.url } })
    expect(yield* ask(client, "http://nowhere.example/path?a=b")).toEqual(["http/1.1", "forwarded"])
    expect(proxy.asked).toEqual(["GET http://nowhere.example/path?a=b"])
  })
)

check("prior knowledge goes through a tunnel", () =>
  Effect.gen(function* () {
    const proxy = yield* proxyHttp1(Http.createServer(), "http")
    const { url } = yield* http2Plain((stream) => {
      stream.respond()
      stream.end("ok")
    })
    const client = yield* makeClient({ proxy: { http: proxy.url }, priorKnowledge: true })
    expect(yield* ask(client, url)).toEqual(["h2", "ok"])
    expect(proxy.asked).toEqual([`CONNECT ${new URL(url).host}`])
  })
)

check("hosts of noProxy are asked directly", () =>
  Effect.gen(function* () {
    const { url } = yield* http((_, response) => void response.end("direct"))
    const client = yield* makeClient({ proxy: { http: "http://localhost:1", noProxy: "localhost" } })
    expect(yield* ask(client, url)).toEqual(["http/1.1", "direct"])
  })
)

check("a proxy that nobody answers at", () =>
  Effect.gen(function* () {
    const client = yield* makeClient({ proxy: { https: "http://127.0.0.1:1", http: "http://127.0.0.1:1" } })
    for (const scheme of ["http", "https"]) {
      const error = yield* Effect.flip(client.get(`${scheme}://nowhere.example/`))
      expect(error).toMatchObject({ reason: { _tag: "TransportError" }, cause: { code: "ECONNREFUSED" } })
    }
  })
)
