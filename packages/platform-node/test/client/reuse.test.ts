/** Requests to several origins over one connection (RFC 9113 §9.1.1, RFC 8336 §2.4): when they may, and when they may not. */
import type { Alternative } from "@effect-http2/http2/Http2Origin"
import type { TlsOptions } from "@effect-http2/platform-node/NodeTransport"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as Tls from "node:tls"
import { expect } from "vitest"
import { ask, makeClient, makeLookup, makeServer, shared, single } from "./support/hosts.js"
import { check, http2Plain } from "./support/servers.js"

check("a host at the same address, that the certificate is good for, is asked over the same connection", () =>
  Effect.gen(function* () {
    const server = yield* makeServer()
    const { asked, lookup } = makeLookup()
    const client = yield* makeClient({ lookup })
    for (const host of ["a.example", "b.example", "b.example", "www.wild.example", "a.example"]) {
      expect(yield* ask(client, server.urlOf(host))).toEqual([200, host])
    }
    expect(server.dials()).toBe(1)
    expect(server.walks).toEqual(["a.example 1", "b.example 1", "b.example 1", "www.wild.example 1", "a.example 1"])
    // Each once.
    expect(asked).toEqual(["a.example", "b.example", "www.wild.example"])
  })
)

check("an address in place of a name is compared as it is", () =>
  Effect.gen(function* () {
    const server = yield* makeServer()
    const { asked, lookup } = makeLookup()
    const client = yield* makeClient({ lookup })
    yield* ask(client, server.urlOf("a.example"))
    yield* ask(client, server.urlOf("127.0.0.1"))
    expect([server.dials(), asked]).toEqual([1, ["a.example"]])
  })
)

check("what a request says of its host goes before the origin", () =>
  Effect.gen(function* () {
    const server = yield* makeServer()
    const client = yield* makeClient()
    yield* ask(client, server.urlOf("a.example"))
    yield* Effect.flatMap(
      client.get(server.urlOf("b.example"), { headers: { host: "www.wild.example" } }),
      (response) => response.text
    )
    expect(server.walks).toEqual(["a.example 1", "www.wild.example 1"])
  })
)

check("not unless it was asked for", () =>
  Effect.gen(function* () {
    const server = yield* makeServer({ origins: ["https://b.example"] })
    const client = yield* makeClient({ reuseConnections: false })
    yield* ask(client, server.urlOf("a.example"))
    yield* ask(client, server.urlOf("b.example"))
    expect(server.walks).toEqual(["a.example 1", "b.example 2"])
  })
)

check("a host that the certificate is not good for gets a connection of its own [rfc9113-9.1.1-1]", () =>
  Effect.gen(function* () {
    // One address, and a server name that decides: with the other one, the certificate is another one too.
    const server = yield* makeServer({
      SNICallback: (name, callback) => callback(null, Tls.createSecureContext(name === "c.example" ? single : shared))
    })
    const client = yield* makeClient()
    for (const host of ["a.example", "c.example", "b.example"]) yield* ask(client, server.urlOf(host))
    expect(server.walks).toEqual(["a.example 1", "c.example 2", "b.example 1"])
  })
)

check("a host that the user's own check refuses gets a connection of its own [rfc9113-9.1.1-1]", () =>
  Effect.gen(function* () {
    const server = yield* makeServer()
    const checked: Array<string> = []
    const client = yield* makeClient({
      tls: {
        checkServerIdentity: (host, certificate) => {
          checked.push(`${host} ${certificate.subject.CN}`)
          return host === "b.example" ? new Error("not this one") : undefined
        }
      }
    })
    yield* ask(client, server.urlOf("a.example"))
    // Nor does a new one pass it.
    const error = yield* Effect.flip(ask(client, server.urlOf("b.example")))
    expect(error).toMatchObject({ cause: { reason: "Tls" } })
    expect(checked).toEqual(["a.example", "b.example", "b.example"].map((host) => `${host} a.example`))
    expect([server.dials(), server.walks]).toEqual([2, ["a.example 1"]])
  })
)

check("a check that throws has not passed [rfc9113-9.1.1-1]", () =>
  Effect.gen(function* () {
    const server = yield* makeServer()
    let times = 0
    const client = yield* makeClient({
      tls: {
        checkServerIdentity: (host) => {
          if (host === "b.example" && ++times === 1) throw new Error("thrown")
          return undefined
        }
      }
    })
    yield* ask(client, server.urlOf("a.example"))
    yield* ask(client, server.urlOf("b.example"))
    expect(server.walks).toEqual(["a.example 1", "b.example 2"])
  })
)

const unsure: ReadonlyArray<readonly [what: string, tls: TlsOptions]> = [
  ["was not verified", { rejectUnauthorized: false, ca: [] }],
  ["was checked for a name of the user's choice", { servername: "a.example" }]
]
for (const [what, tls] of unsure) {
  check(`no connection whose certificate ${what} [rfc9113-9.1.1-1]`, () =>
    Effect.gen(function* () {
      const server = yield* makeServer()
      const client = yield* makeClient({ tls })
      yield* ask(client, server.urlOf("a.example"))
      yield* ask(client, server.urlOf("b.example"))
      expect(server.walks).toEqual(["a.example 1", "b.example 2"])
    })
  )
}

check("not at another port, unless the server says so", () =>
  Effect.gen(function* () {
    const one = yield* makeServer()
    const two = yield* makeServer()
    const client = yield* makeClient()
    yield* ask(client, one.urlOf("a.example"))
    yield* ask(client, two.urlOf("b.example"))
    expect([one.walks, two.walks]).toEqual([["a.example 1"], ["b.example 1"]])
  })
)

check("not at another address", () =>
  Effect.gen(function* () {
    const server = yield* makeServer()
    // Nobody is there: that it was tried shows in the error.
    const client = yield* makeClient({ lookup: makeLookup({ "b.example": "127.0.0.2" }).lookup })
    yield* ask(client, server.urlOf("a.example"))
    expect(yield* Effect.flip(ask(client, server.urlOf("b.example")))).toMatchObject({
      cause: { code: "ECONNREFUSED" }
    })
    expect(server.walks).toEqual(["a.example 1"])
  })
)

check("a host that cannot be looked up fails as it does with a connection of its own", () =>
  Effect.gen(function* () {
    const server = yield* makeServer()
    const { lookup } = makeLookup()
    const client = yield* makeClient({
      lookup: (host, options, callback) => {
        if (host !== "b.example") return lookup(host, options, callback)
        callback(Object.assign(new Error("no such host"), { code: "ENOTFOUND" }), "", 0)
      }
    })
    yield* ask(client, server.urlOf("a.example"))
    expect(yield* Effect.flip(ask(client, server.urlOf("b.example")))).toMatchObject({
      cause: { code: "ENOTFOUND" }
    })
  })
)

check(
  "an origin that the server says it answers for is asked over it, at whatever address and port [rfc8336-2.4-1]",
  () =>
    Effect.gen(function* () {
      const server = yield* makeServer({ origins: ["https://b.example", "https://www.wild.example:1"] })
      const { asked, lookup } = makeLookup()
      const client = yield* makeClient({ lookup })
      yield* ask(client, server.urlOf("a.example"))
      yield* ask(client, "https://b.example")
      yield* ask(client, "https://www.wild.example:1")
      expect(server.walks).toEqual(["a.example 1", "b.example 1", "www.wild.example 1"])
      // DNS is not asked.
      expect(asked).toEqual(["a.example"])
    })
)

check("one that it does not name gets its own, at the same address too [rfc8336-2.4-1]", () =>
  Effect.gen(function* () {
    const server = yield* makeServer({ origins: ["https://b.example:1"] })
    const client = yield* makeClient()
    yield* ask(client, server.urlOf("a.example"))
    yield* ask(client, server.urlOf("b.example"))
    expect(server.walks).toEqual(["a.example 1", "b.example 2"])
  })
)

check("one that it names, and that the certificate is not good for, gets its own [rfc9113-9.1.1-1]", () =>
  Effect.gen(function* () {
    const other = yield* makeServer({ certificate: single })
    const server = yield* makeServer({ origins: [other.urlOf("c.example")] })
    const client = yield* makeClient()
    yield* ask(client, server.urlOf("a.example"))
    yield* ask(client, other.urlOf("c.example"))
    expect([server.walks, other.walks]).toEqual([["a.example 1"], ["c.example 1"]])
  })
)

check("an Origin Set that comes later, without the origin, ends the reuse [rfc8336-2.4-1]", () =>
  Effect.gen(function* () {
    const server = yield* makeServer()
    const client = yield* makeClient()
    yield* ask(client, server.urlOf("a.example"))
    yield* ask(client, server.urlOf("b.example"))
    const [session] = server.sessions
    session?.origin("https://www.wild.example")
    yield* ask(client, server.urlOf("a.example"))
    yield* ask(client, server.urlOf("b.example"))
    expect(server.walks).toEqual(["a.example 1", "b.example 1", "a.example 1", "b.example 2"])
  })
)

check("ALTSVC is told where the certificate is good for the origin", () =>
  Effect.gen(function* () {
    const alternatives = yield* Queue.bounded<Alternative>(16)
    const server = yield* makeServer()
    server.server.on("session", (session) => {
      for (const origin of ["https://c.example", "https://b.example"]) session.altsvc('h3=":443"', origin)
    })
    const client = yield* makeClient({ alternatives })
    yield* ask(client, server.urlOf("a.example"))
    expect(yield* Queue.take(alternatives)).toEqual({ origin: "https://b.example", value: 'h3=":443"' })
  })
)

check("plain origins have connections of their own", () =>
  Effect.gen(function* () {
    const server = yield* makeServer()
    const plain = yield* http2Plain((stream) => {
      stream.respond()
      stream.end("plain")
    })
    const client = yield* makeClient({ priorKnowledge: true })
    yield* ask(client, server.urlOf("a.example"))
    for (const host of ["a.example", "b.example"]) {
      expect(yield* ask(client, plain.url.replace("localhost", host))).toEqual([200, "plain"])
    }
    expect(plain.dials()).toBe(2)
  })
)
