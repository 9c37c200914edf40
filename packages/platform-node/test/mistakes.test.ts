/**
 * The commonest mistakes of who connects, each told in one line with what was tried and what to do: by `NodeHttp2.connect` and by the `HttpClient`.
 */
import * as Http2ServerResponse from "@effect-http2/http2/Http2ServerResponse"
import * as NodeHttp2 from "@effect-http2/platform-node/NodeHttp2"
import * as Http2Client from "@effect-http2/http2/Http2Client"
import * as NodeTransport from "@effect-http2/platform-node/NodeTransport"
import * as NodeHttp2Client from "@effect-http2/platform-node/NodeHttp2Client"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import { describe, expect } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Http from "node:http"
import * as Net from "node:net"
import * as Tls from "node:tls"
import { generate } from "selfsigned"
import { certificate, check, serve } from "./utils.js"

const expired = await generate([{ name: "commonName", value: "localhost" }], {
  algorithm: "sha256",
  keySize: 2048,
  notBeforeDate: new Date("2020-01-01"),
  notAfterDate: new Date("2021-01-01"),
  extensions: [{ name: "subjectAltName", altNames: [{ type: 2, value: "localhost" }] }]
})

const foreign = await generate([{ name: "commonName", value: "other.example" }], {
  algorithm: "sha256",
  keySize: 2048,
  extensions: [{ name: "subjectAltName", altNames: [{ type: 2, value: "other.example" }] }]
})

const host = "127.0.0.1"
const ours = (tls?: { readonly key: string; readonly cert: string }) =>
  Effect.map(
    NodeHttp2.serve(() => Effect.succeed(Http2ServerResponse.text("text")), { host, tls }),
    ({ address }) => address.port ?? 0
  )
const portOf = <S extends Net.Server>(server: S) => Effect.map(serve(server), ({ port }) => port)

interface Mistake {
  readonly title: string
  readonly port: Effect.Effect<number, unknown, Scope.Scope>
  readonly url: (port: number) => string
  readonly ca?: string
  readonly says: RegExp
}

const freePort = Effect.scoped(portOf(Net.createServer()))

const mistakes: ReadonlyArray<Mistake> = [
  {
    title: "https: at our plain port",
    port: ours(),
    url: (port) => `https://localhost:${port}`,
    says: /localhost:\d+: TLS was refused or is not spoken there: is http: meant, or another port\?/
  },
  {
    title: "https: at a port of HTTP/1.1",
    port: portOf(Http.createServer()),
    url: (port) => `https://localhost:${port}`,
    says: /localhost:\d+: TLS was refused or is not spoken there: is http: meant, or another port\?/
  },
  {
    title: "http: at our TLS port",
    port: ours(certificate),
    url: (port) => `http://127.0.0.1:${port}`,
    says: /127\.0\.0\.1:\d+: (TLS is spoken there: is https: meant\?|closed before the server said anything: .*https: meant\?)/
  },
  {
    title: "http: at a port of HTTP/1.1",
    port: portOf(Http.createServer()),
    url: (port) => `http://127.0.0.1:${port}`,
    says: /127\.0\.0\.1:\d+: HTTP\/1\.x is spoken there/
  },
  {
    title: "a port where nobody listens",
    port: freePort,
    url: (port) => `http://127.0.0.1:${port}`,
    says: /127\.0\.0\.1:\d+: nobody listens there: .*ECONNREFUSED/
  },
  {
    title: "a host that is not there",
    port: Effect.succeed(0),
    url: () => "https://nowhere.invalid",
    says: /nowhere\.invalid:443: no such host: .*(ENOTFOUND|EAI_AGAIN)/
  },
  {
    title: "a certificate that is not trusted",
    port: ours(certificate),
    url: (port) => `https://localhost:${port}`,
    says: /localhost:\d+: the server's certificate is not trusted: .*tls: \{ ca \}.*DEPTH_ZERO_SELF_SIGNED_CERT/
  },
  {
    title: "a certificate that has expired",
    port: ours({ key: expired.private, cert: expired.cert }),
    url: (port) => `https://localhost:${port}`,
    ca: expired.cert,
    says: /localhost:\d+: the server's certificate has expired: .*CERT_HAS_EXPIRED/
  },
  {
    title: "a certificate for other names",
    port: ours({ key: foreign.private, cert: foreign.cert }),
    url: (port) => `https://localhost:${port}`,
    ca: foreign.cert,
    says: /localhost:\d+: the server's certificate is for other names: .*tls: \{ servername \}.*ALTNAME_INVALID/
  }
]

const isOneLine = (message: string, says: RegExp): void => {
  expect(message).toMatch(says)
  expect(message).not.toMatch(/\n|NO_ERROR|\.c:\d|routines/)
}

describe("NodeHttp2.connect says in one line what to do about", () => {
  for (const { ca, port, says, title, url } of mistakes) {
    check(title, () =>
      Effect.gen(function* () {
        const target = url(yield* port)
        const error = yield* Effect.flip(
          Effect.flatMap(NodeHttp2.connect(target, { tls: ca === undefined ? undefined : { ca } }), (client) =>
            Effect.scoped(client.request({}))
          )
        )
        isOneLine(error.message, says)
      })
    )
  }

  check("a server that has HTTP/1.1 alone, by ALPN", () =>
    Effect.gen(function* () {
      for (const ALPNProtocols of [["http/1.1"], undefined]) {
        const port = yield* portOf(
          Tls.createServer({ ...certificate, ...(ALPNProtocols === undefined ? {} : { ALPNProtocols }) })
        )
        const url = `https://localhost:${port}`
        const error = yield* Effect.flip(NodeHttp2.connect(url, { tls: { ca: certificate.cert } }))
        isOneLine(error.message, /localhost:\d+: .*(ALPN h2|not h2 \(ALPN\))/)
      }
    })
  )

  check("an option that is out of its range", () =>
    Effect.gen(function* () {
      const port = yield* ours()
      const error = yield* Effect.flip(NodeHttp2.connect(`http://127.0.0.1:${port}`, { maxFrameSize: 1 }))
      expect(error.message).toBe(
        "connection: usage: option maxFrameSize cannot be 1: it is a number from 16384 to 16777215"
      )
    })
  )
})

describe("a client over NodeTransport.connect says in one line what to do about", () => {
  const first = (octets: ReadonlyArray<number>) =>
    portOf(Net.createServer((socket) => void socket.on("error", () => {}).write(Uint8Array.from(octets))))
  const servers = [
    ["TLS, whose alert comes first", first([0x15, 3, 1, 0, 2, 2, 70]), /127\.0\.0\.1:\d+: TLS is spoken there/],
    [
      "TLS, which closes without an alert",
      portOf(Net.createServer((socket) => void socket.on("error", () => {}).on("data", () => socket.end()))),
      /127\.0\.0\.1:\d+: closed before the server said anything: .*is https: meant\?/
    ],
    ["HTTP/1.1", portOf(Http.createServer()), /127\.0\.0\.1:\d+: HTTP\/1\.x is spoken there/]
  ] as const
  for (const [title, server, says] of servers) {
    check(title, () =>
      Effect.gen(function* () {
        const transport = yield* NodeTransport.connect({ host, port: yield* server })
        const error = yield* Effect.flip(
          Effect.flatMap(Http2Client.make(transport, { authority: "test" }), (client) => client.collect({}))
        )
        isOneLine(error.message, says)
      })
    )
  }
})

describe("the HttpClient says in one line what to do about", () => {
  for (const { ca, port, says, title, url } of mistakes) {
    check(title, () =>
      Effect.gen(function* () {
        const target = url(yield* port)
        const client = yield* NodeHttp2Client.make({
          priorKnowledge: true,
          ...(ca === undefined ? {} : { tls: { ca } })
        })
        const error = yield* Effect.flip(Effect.scoped(client.execute(HttpClientRequest.get(target))))
        isOneLine(error.message, says)
      })
    )
  }
})
