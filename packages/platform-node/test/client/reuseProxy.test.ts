/** Requests to several origins over one connection, where a proxy stands on the way; and proxies that speak of origins themselves. */
import type { Alternative } from "@effect-http2/http2/Http2Origin"
import type * as NodeHttp2Client from "@effect-http2/platform-node/NodeHttp2Client"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as Http from "node:http"
import { expect } from "vitest"
import { ask, makeClient, makeServer, shared } from "./support/hosts.js"
import { proxyHttp1, proxyHttp2 } from "./support/proxies.js"
import { certificate, check } from "./support/servers.js"

const throughProxy = (url: string): NodeHttp2Client.Options => ({
  proxy: { https: url },
  tls: { ca: [certificate.cert, shared.cert] }
})

check("through a tunnel the server's word counts, its address does not (RFC 9113 9.1.1)", () =>
  Effect.gen(function* () {
    const proxy = yield* proxyHttp1(Http.createServer(), "http")
    const { port } = new URL(proxy.url)
    const silent = yield* makeServer()
    const server = yield* makeServer({ origins: ["https://b.example:1"] })
    const client = yield* makeClient(throughProxy(`http://localhost:${port}`))
    yield* ask(client, server.urlOf("a.example"))
    yield* ask(client, "https://b.example:1")
    expect(server.walks).toEqual(["a.example 1", "b.example 1"])
    yield* ask(client, silent.urlOf("a.example"))
    yield* ask(client, silent.urlOf("b.example"))
    expect(silent.walks).toEqual(["a.example 1", "b.example 2"])
    expect(proxy.asked).toHaveLength(3)
  })
)

check("not for an origin that is reached another way", () =>
  Effect.gen(function* () {
    const proxy = yield* proxyHttp1(Http.createServer(), "http")
    const server = yield* makeServer()
    server.server.on("session", (session) => session.origin(server.urlOf("b.example")))
    const client = yield* makeClient({ ...throughProxy(proxy.url), proxy: { https: proxy.url, noProxy: "b.example" } })
    yield* ask(client, server.urlOf("a.example"))
    yield* ask(client, server.urlOf("b.example"))
    expect([server.walks, proxy.asked.length]).toEqual([["a.example 1", "b.example 2"], 1])
  })
)

check("what a proxy says of origins is not listened to [rfc8336-2.2-5]", () =>
  Effect.gen(function* () {
    const alternatives = yield* Queue.unbounded<Alternative>()
    const server = yield* makeServer()
    server.server.on("session", (session) => session.altsvc("clear", server.urlOf("a.example")))
    const proxy = yield* proxyHttp2((session, url) => {
      session.origin(server.urlOf("b.example"))
      session.altsvc("clear", url)
    })
    const client = yield* makeClient({ ...throughProxy(proxy.url), alternatives })
    yield* ask(client, server.urlOf("a.example"))
    yield* ask(client, server.urlOf("b.example"))
    const heard = [yield* Queue.take(alternatives), ...(yield* Queue.takeAll(alternatives))]
    expect([...new Set(heard.map(({ origin }) => origin))]).toEqual([server.urlOf("a.example")])
    expect([server.walks, proxy.dials()]).toEqual([["a.example 1", "b.example 2"], 1])
  })
)
