/**
 * Who comes to a port that speaks HTTP/2 alone with something else: what they are told, and what the log says of them.
 */
import * as Http2ServerResponse from "@effect-http2/http2/Http2ServerResponse"
import * as NodeHttp2 from "@effect-http2/platform-node/NodeHttp2"
import * as NodeHttp2Server from "@effect-http2/platform-node/NodeHttp2Server"
import * as HttpServer from "@effect/platform/HttpServer"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import type * as Scope from "effect/Scope"
import * as Net from "node:net"
import * as Tls from "node:tls"
import { certificate } from "../utils.js"
import { port, raw } from "./support/harness.js"

const host = "127.0.0.1"

/** The port of a server that speaks HTTP/2 alone, and what it logs. */
const servers: ReadonlyArray<{ readonly server: string; readonly start: Effect.Effect<number, unknown, Scope.Scope> }> =
  [
    {
      server: "NodeHttp2.serve",
      start: Effect.map(
        NodeHttp2.serve(() => Effect.succeed(Http2ServerResponse.text("text")), { host }),
        ({ address }) => address.port ?? 0
      )
    },
    {
      server: "NodeHttp2Server with http1: false",
      start: Effect.gen(function* () {
        const context = yield* Layer.build(NodeHttp2Server.layerServer({ host, http1: false }))
        return yield* Effect.provide(
          Effect.zipRight(HttpServer.serveEffect(HttpServerResponse.text("text")), port),
          context
        )
      })
    }
  ]

const collecting = (messages: Array<string>) =>
  Layer.merge(
    Logger.replace(
      Logger.defaultLogger,
      Logger.make(({ message }) => void messages.push(String(message)))
    ),
    Logger.minimumLogLevel(LogLevel.Debug)
  )

const answer =
  /^HTTP\/1\.1 505 HTTP Version Not Supported\r\n(?:[^\r\n]+\r\n)+\r\nThis port speaks HTTP\/2 only[^\n]*\n$/

for (const { server, start } of servers) {
  describe(`${server}, a plain port`, () => {
    it.scopedLive("answers HTTP/1.x with 505 and one line of text, however much is sent, and logs who it was", () =>
      Effect.gen(function* () {
        const messages: Array<string> = []
        const port = yield* Effect.provide(start, collecting(messages))
        for (const request of [
          "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
          "GET / HTTP/1.0\r\n\r\n",
          `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 300000\r\n\r\n${"a".repeat(300_000)}`
        ]) {
          const { ended, socket } = yield* raw(Net.connect(port, host))
          socket.write(request)
          expect(yield* ended).toMatch(answer)
        }
        expect(messages.filter((message) => /^127\.0\.0\.1:\d+ sent HTTP\/1\.x to a port/.test(message))).toHaveLength(
          3
        )
      })
    )

    it.scopedLive("answers HEAD without content", () =>
      Effect.gen(function* () {
        const { ended, socket } = yield* raw(Net.connect(yield* start, host))
        socket.write("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n")
        expect(yield* ended).toMatch(/^HTTP\/1\.1 505 [^]*\r\n\r\n$/)
      })
    )

    it.scopedLive("answers a TLS handshake with an alert, and logs who it was", () =>
      Effect.gen(function* () {
        const messages: Array<string> = []
        const port = yield* Effect.provide(start, collecting(messages))
        const error = yield* Effect.async<NodeJS.ErrnoException>((resume) => {
          Tls.connect({ port, host, ALPNProtocols: ["h2"] }).on("error", (error: NodeJS.ErrnoException) =>
            resume(Effect.succeed(error))
          )
        })
        expect(error.code).toMatch(/ALERT_HANDSHAKE_FAILURE/)
        expect(messages.filter((message) => /^127\.0\.0\.1:\d+ sent a TLS handshake/.test(message))).toHaveLength(1)
      })
    )

    it.scopedLive("leaves what is neither to HTTP/2, which refuses it, and logs who it was", () =>
      Effect.gen(function* () {
        const messages: Array<string> = []
        const port = yield* Effect.provide(start, collecting(messages))
        for (const octets of ["INVALID CONNECTION PREFACE\r\n\r\n", "\0\0\0\0", "PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n"]) {
          const { ended, socket } = yield* raw(Net.connect(port, host))
          socket.write(octets)
          // SETTINGS, which is the server's own preface, then GOAWAY.
          expect((yield* ended).charCodeAt(3)).toBe(4)
        }
        expect(messages.filter((message) => /^127\.0\.0\.1:\d+ sent something else/.test(message))).toHaveLength(3)
      })
    )

    it.scopedLive("serves HTTP/2", () =>
      Effect.gen(function* () {
        const client = yield* NodeHttp2.connect(`http://${host}:${yield* start}`)
        expect(yield* (yield* client.request({})).text()).toBe("text")
      })
    )
  })
}

describe("a TLS port", () => {
  it.scopedLive("answers a client without ALPN with 505 and one line of text", () =>
    Effect.gen(function* () {
      const { address } = yield* NodeHttp2.serve(() => Effect.succeed(Http2ServerResponse.text("text")), {
        host,
        tls: certificate
      })
      const { ended, socket } = yield* raw(
        Tls.connect({ port: address.port ?? 0, host, servername: "localhost", ca: certificate.cert })
      )
      socket.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
      expect(yield* ended).toMatch(answer)
    })
  )
})
