/** CONNECT (RFC 9113 §8.5) and extended CONNECT (RFC 8441): a stream as two directions of octets. */
import * as Http2ServerResponse from "@effect-http2/http2/Http2ServerResponse"
import type * as Http2ServerRequest from "@effect-http2/http2/Http2ServerRequest"
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { engines } from "./support/engines.js"
import { logged } from "./support/failures.js"

const octets = (text: string): Uint8Array => new TextEncoder().encode(text)

/** Sends back what comes, until the client ends. */
const echo = (request: Http2ServerRequest.Http2ServerRequest) =>
  Effect.gen(function* () {
    const tunnel = yield* request.tunnel({ headers: { "x-path": request.path, "x-protocol": request.protocol } })
    yield* Stream.runForEach(tunnel.incoming, (chunk) => tunnel.write(chunk))
    yield* tunnel.end
    return Http2ServerResponse.text("not sent")
  })

describe("tunnels", () => {
  it.scoped("[rfc9113-8.5-1] CONNECT carries octets in both directions, each with its own end", () =>
    engines(echo, ({ client }) =>
      Effect.gen(function* () {
        const { response, tunnel } = yield* client.tunnel({ authority: "db:5432" })
        expect(response.status).toBe(200)
        const back = yield* Effect.fork(Stream.runCollect(Stream.decodeText(tunnel.incoming)))
        yield* tunnel.write(octets("one "))
        yield* tunnel.write(octets("two"))
        yield* tunnel.end
        const chunks = yield* back
        expect([...chunks].join("")).toBe("one two")
      })
    )
  )

  it.scoped("[rfc8441-4-1] extended CONNECT carries :protocol, :scheme and :path", () =>
    engines(
      echo,
      ({ client }) =>
        Effect.gen(function* () {
          const { response, tunnel } = yield* client.tunnel({ path: "/chat?a=b", protocol: "websocket" })
          expect(response.headers.get("x-path")).toBe("/chat?a=b")
          expect(response.headers.get("x-protocol")).toBe("websocket")
          yield* tunnel.end
          expect([...(yield* Stream.runCollect(tunnel.incoming))]).toEqual([])
        }),
      { server: { enableConnectProtocol: true } }
    )
  )

  it.scoped("extended CONNECT is not sent to a server that has not announced it (RFC 8441 §3)", () =>
    engines(echo, ({ client }) =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(client.tunnel({ path: "/chat", protocol: "websocket" }))
        expect(error).toMatchObject({ _tag: "Http2StreamError", origin: "User", processed: "no" })
      })
    )
  )

  it.scoped("a server may refuse with a response as to any request", () =>
    engines(
      () => Effect.succeed(Http2ServerResponse.text("not here", { status: 403 })),
      ({ client }) =>
        Effect.gen(function* () {
          const { response } = yield* client.tunnel({ authority: "db:5432" })
          expect([response.status, yield* response.text()]).toEqual([403, "not here"])
        })
    )
  )

  it.scoped("has no trailers, neither way; a refusal may have [rfc9113-8.5-2]", () => {
    const { layer, lines } = logged()
    return Effect.provide(
      engines(
        (request) =>
          Effect.succeed(
            Http2ServerResponse.make({
              status: request.authority === "closed:1" ? 403 : 200,
              body: "body",
              trailers: { "x-trailer": "trailer" }
            })
          ),
        ({ client, serverStats }) =>
          Effect.gen(function* () {
            const connect = { method: "CONNECT", authority: "open:1" }
            const withTrailers = client.collect({ ...connect, body: "body", trailers: { "x-trailer": "trailer" } })
            expect(yield* Effect.flip(withTrailers)).toMatchObject({ origin: "User", section: "8.5", processed: "no" })
            expect(serverStats.requests).toBe(0)
            expect(yield* client.collect(connect)).toMatchObject({ status: 500 })
            expect(lines.join()).toContain("a tunnel has no trailers")
            const refused = yield* client.collect({ ...connect, authority: "closed:1" })
            expect([refused.status, refused.text]).toEqual([403, "body"])
            expect(refused.trailers.get("x-trailer")).toBe("trailer")
          })
      ),
      layer
    )
  })

  it.scoped("no tunnel is made of another method, or twice", () =>
    engines(
      (request) =>
        Effect.gen(function* () {
          if (request.method === "CONNECT") yield* request.tunnel()
          const error = yield* Effect.flip(request.tunnel())
          return Http2ServerResponse.text(error.message)
        }),
      ({ client }) =>
        Effect.gen(function* () {
          expect((yield* client.collect({ path: "/" })).text).toContain("usage")
          const { tunnel } = yield* client.tunnel({ authority: "db:5432" })
          expect([...(yield* Stream.runCollect(tunnel.incoming))]).toEqual([])
        })
    )
  )

  it.scoped("the end of the client's scope interrupts the handler", () =>
    engines(echo, ({ client, serverStats }) =>
      Effect.gen(function* () {
        yield* Effect.scoped(client.tunnel({ authority: "db:5432" }))
        yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
        expect(serverStats.handlersInterrupted).toBe(1)
      })
    )
  )
})
