/** What a program finds in its errors: the same reason and the same code, at the same place, as with the stock clients. */
import * as HttpClient from "effect/http/HttpClient"
import * as NodeHttp2Client from "@effect-http2/effect4-platform-node/NodeHttp2Client"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Https from "node:https"
import * as Net from "node:net"
import { describe, expect } from "vitest"
import { all, ours, stock } from "./support/clients.js"
import { certificate, check, http, http2, serve } from "./support/servers.js"

const keys = { key: certificate.key, cert: certificate.cert }

const failure = (url: string) => Effect.flip(Effect.flatMap(HttpClient.get(url), (response) => response.text))

for (const client of all) {
  describe(client.name, () => {
    for (const scheme of ["http", "https"]) {
      check(`${scheme}: ECONNREFUSED`, () =>
        Effect.gen(function* () {
          const server = yield* serve(Net.createServer())
          const { port } = server
          yield* Effect.callback<void>((resume) => void server.close(() => resume(Effect.void)))
          for (const host of ["127.0.0.1", "localhost"]) {
            const error = yield* failure(`${scheme}://${host}:${port}/`)
            expect(error).toMatchObject({
              _tag: "HttpClientError",
              reason: { _tag: "TransportError" },
              cause: { code: "ECONNREFUSED" }
            })
          }
        }).pipe(Effect.provide(client.layer()))
      )

      check(`${scheme}: a host that nobody knows`, () =>
        Effect.gen(function* () {
          const error = yield* failure(`${scheme}://nobody.invalid/`)
          expect(error).toMatchObject({
            _tag: "HttpClientError",
            reason: { _tag: "TransportError" },
            cause: { syscall: "getaddrinfo" }
          })
          // EAI_AGAIN where there is no resolver at all.
          expect(error.cause).toMatchObject({ code: expect.stringMatching(/^(ENOTFOUND|EAI_AGAIN)$/) as string })
        }).pipe(Effect.provide(client.layer()))
      )
    }

    check("a certificate that is not trusted", () =>
      Effect.gen(function* () {
        const server = yield* serve(Https.createServer(keys, (_, response) => response.end("ok")))
        const error = yield* failure(`https://localhost:${server.port}/`)
        expect(error).toMatchObject({
          _tag: "HttpClientError",
          reason: { _tag: "TransportError" },
          cause: { code: "DEPTH_ZERO_SELF_SIGNED_CERT" }
        })
      }).pipe(Effect.provide(client.layer()))
    )

    check("TLS to a port that speaks none", () =>
      Effect.gen(function* () {
        const { url } = yield* http((_, response) => response.end("ok"))
        const error = yield* failure(url.replace("http:", "https:"))
        expect(error).toMatchObject({ _tag: "HttpClientError", reason: { _tag: "TransportError" } })
        expect(error.cause).toMatchObject({ code: expect.stringMatching(/^(ERR_SSL|EPROTO|ECONNRESET)/) as string })
      }).pipe(Effect.provide(client.layer()))
    )

    check("a connection that is lost before the response", () =>
      Effect.gen(function* () {
        const { url } = yield* http((request) => request.socket.destroy())
        const error = yield* failure(url)
        expect(error).toMatchObject({ _tag: "HttpClientError", reason: { _tag: "TransportError" } })
        expect(error.cause).toMatchObject({ code: expect.stringMatching(/^(ECONNRESET|UND_ERR_SOCKET)$/) as string })
      }).pipe(Effect.provide(client.layer()))
    )

    check("a body that is cut off", () =>
      Effect.gen(function* () {
        const { url } = yield* http((_, response) => {
          response.setHeader("content-length", 10)
          response.write("half", () => response.destroy())
        })
        const error = yield* failure(url)
        expect(error).toMatchObject({
          _tag: "HttpClientError",
          reason: { _tag: "DecodeError" },
          response: { status: 200 }
        })
        expect(error.cause).toMatchObject({ code: expect.stringMatching(/^(ECONNRESET|UND_ERR_SOCKET)$/) as string })
      }).pipe(Effect.provide(client.layer()))
    )
  })
}

describe("over HTTP/2", () => {
  check("a connection that is lost says what the system said, and what HTTP/2 knows is beside it", () =>
    Effect.gen(function* () {
      const { url } = yield* http2((stream) => stream.session?.destroy())
      const client = yield* NodeHttp2Client.make({ tls: { ca: certificate.cert } })
      const error = yield* Effect.flip(client.get(url))
      const known = Option.getOrThrow(NodeHttp2Client.http2ErrorOf(error))
      expect(known).toMatchObject({ processed: "unknown" })
      expect(error.reason).toMatchObject({ description: known.message })
    })
  )

  check("an error of another client is not known", () =>
    Effect.gen(function* () {
      for (const client of stock) {
        const error = yield* Effect.flip(Effect.provide(HttpClient.get("http://127.0.0.1:1/"), client.layer()))
        expect(NodeHttp2Client.http2ErrorOf(error)).toEqual(Option.none())
      }
      const error = yield* Effect.flip(Effect.provide(HttpClient.get("ftp://localhost/"), ours.layer()))
      expect(NodeHttp2Client.http2ErrorOf(error)).toEqual(Option.none())
    })
  )
})
