import * as Http2ServerResponse from "@effect-http2/effect4-http2/Http2ServerResponse"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { describe, expect } from "vitest"
import { engines, eventually } from "./support/engines.js"
import { live } from "./support/run.js"

const text = (octets: Uint8Array): string => new TextDecoder().decode(octets)
const octets = (text: string): Uint8Array => new TextEncoder().encode(text)

describe("tunnels", () => {
  live("[rfc8441-4-1] extended CONNECT: octets to and fro, each side ends by itself", () =>
    engines(
      (request) =>
        Effect.gen(function* () {
          expect([request.method, request.protocol, request.path]).toEqual(["CONNECT", "websocket", "/chat"])
          const tunnel = yield* request.tunnel({ headers: { "x-a": "b" } })
          yield* Stream.runForEach(tunnel.incoming, (part) => tunnel.write(octets(text(part).toUpperCase())))
          yield* tunnel.write(octets("bye"))
          return Http2ServerResponse.empty()
        }),
      ({ client }) =>
        Effect.gen(function* () {
          const { response, tunnel } = yield* client.tunnel({ protocol: "websocket", path: "/chat" })
          expect([response.status, response.headers.get("x-a")]).toEqual([200, "b"])
          yield* tunnel.write(octets("hello"))
          const [first] = yield* Stream.runCollect(Stream.take(tunnel.incoming, 1))
          expect(first && text(first)).toBe("HELLO")
          yield* tunnel.end
          const rest = yield* Stream.runCollect(tunnel.incoming)
          expect(rest.map(text)).toEqual(["bye"])
          expect(yield* Effect.flip(tunnel.write(octets("more")))).toMatchObject({ origin: "User" })
        }),
      { server: { enableConnectProtocol: true } }
    )
  )

  live("extended CONNECT is refused by a client whose server does not take it", () =>
    engines(
      () => Effect.succeed(Http2ServerResponse.empty()),
      ({ client }) =>
        Effect.gen(function* () {
          const error = yield* Effect.flip(client.tunnel({ protocol: "websocket" }))
          expect(error).toMatchObject({ _tag: "Http2StreamError", origin: "User" })
        })
    )
  )
})

describe("pushes", () => {
  live("are answered by the handler, each taken once, and end with the connection", () =>
    engines(
      (request) =>
        Effect.gen(function* () {
          if (request.path !== "/") return Http2ServerResponse.text(`pushed ${request.path}`)
          for (const path of ["/a", "/b"]) {
            yield* request.push({ method: "GET", scheme: "http", authority: "test", path })
          }
          return Http2ServerResponse.text("page")
        }),
      ({ client }) =>
        Effect.gen(function* () {
          expect((yield* client.collect({})).text).toBe("page")
          const pushed = yield* client.pushes.pipe(
            Stream.take(2),
            Stream.mapEffect((push) =>
              Effect.scoped(
                Effect.gen(function* () {
                  const response = yield* push.response
                  return [push.path, yield* response.text()] as const
                })
              )
            ),
            Stream.runCollect
          )
          expect(pushed).toEqual([
            ["/a", "pushed /a"],
            ["/b", "pushed /b"]
          ])
          yield* client.connection.shutdown
          expect(yield* Stream.runCollect(client.pushes)).toEqual([])
        }),
      { client: { enablePush: true } }
    )
  )

  live("that are cancelled interrupt their handler", () =>
    engines(
      (request) =>
        Effect.gen(function* () {
          if (request.path !== "/") return yield* Effect.never
          yield* request.push({ method: "GET", scheme: "http", authority: "test", path: "/a" })
          return Http2ServerResponse.text("page")
        }),
      ({ client, serverStats }) =>
        Effect.gen(function* () {
          yield* client.collect({})
          yield* eventually(() => serverStats.activeHandlers === 1)
          yield* Stream.runForEach(Stream.take(client.pushes, 1), (push) => push.cancel)
          yield* eventually(() => serverStats.handlersInterrupted === 1)
        }),
      { client: { enablePush: true } }
    )
  )
})
