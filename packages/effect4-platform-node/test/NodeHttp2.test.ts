/** HTTP/2 over sockets: a server that listens and a client that connects. */
import * as Http2ServerResponse from "@effect-http2/effect4-http2/Http2ServerResponse"
import type * as Http2Server from "@effect-http2/effect4-http2/Http2Server"
import * as NodeHttp2 from "@effect-http2/effect4-platform-node/NodeHttp2"
import * as NodeListener from "@effect-http2/effect4-platform-node/NodeListener"
import * as NodeTransport from "@effect-http2/effect4-platform-node/NodeTransport"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Net from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect } from "vitest"
import { certificate, live } from "./support/run.js"

const host = "127.0.0.1"
const hello: Http2Server.Handler<never, never> = (request) =>
  Effect.succeed(Http2ServerResponse.text(`You asked for ${request.path}`))
const echo: Http2Server.Handler<never, never> = (request) =>
  Effect.succeed(Http2ServerResponse.make({ body: request.body }))

const big = Buffer.alloc(3_000_000, "0123456789abcdef")

/** What a plain client of TCP gets that says `text`. */
const say = (port: number | undefined, text: string | Uint8Array) =>
  Effect.callback<string>((resume) => {
    const socket = Net.connect(port ?? 0, host)
    let received = ""
    socket.on("data", (chunk: Buffer) => (received += chunk.toString("latin1")))
    socket.on("error", () => undefined)
    socket.on("close", () => resume(Effect.succeed(received)))
    socket.write(text)
  })

describe("NodeHttp2", () => {
  for (const isTls of [false, true]) {
    const tls = isTls ? { tls: certificate } : {}
    const options = isTls ? { tls: { ca: certificate.cert } } : {}
    const scheme = isTls ? "https" : "http"

    live(`serves and connects${isTls ? " over TLS" : ""}`, () =>
      Effect.gen(function* () {
        const { address } = yield* NodeHttp2.serve(hello, { host, ...tls })
        const client = yield* NodeHttp2.connect(`${scheme}://${host}:${address.port}`, options)
        const texts = yield* Effect.forEach(
          Array.from({ length: 50 }, (_, index) => `/${index}`),
          (path) => Effect.map(client.collect({ path }), ({ text }) => text),
          { concurrency: "unbounded" }
        )
        expect(texts).toEqual(texts.map((_, index) => `You asked for /${index}`))
        expect(client.connection.peer.tls?.alpnProtocol).toBe(isTls ? "h2" : undefined)
      })
    )

    live(`carries bodies both ways at once${isTls ? " over TLS" : ""}`, () =>
      Effect.gen(function* () {
        const { address } = yield* NodeHttp2.serve(echo, { host, ...tls })
        const client = yield* NodeHttp2.connect(`${scheme}://${host}:${address.port}`, options)
        const response = yield* client.collect({
          method: "POST",
          path: "/",
          body: Stream.fromIterable(Array.from({ length: 30 }, (_, i) => big.subarray(i * 100_000, (i + 1) * 100_000)))
        })
        expect(Buffer.compare(Buffer.from(response.body), big)).toBe(0)
      })
    )
  }

  live("at a unix socket", () =>
    Effect.gen(function* () {
      const path = join(tmpdir(), `effect4-http2-${process.pid}.sock`)
      yield* NodeHttp2.serve(hello, { path })
      const client = yield* NodeHttp2.connect("http://localhost", { socketPath: path })
      expect((yield* client.collect({ path: "/unix" })).text).toBe("You asked for /unix")
    })
  )

  live("the end of the scope lets requests finish", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const started = yield* Deferred.make<void>()
      const gate = yield* Deferred.make<void>()
      const slow: Http2Server.Handler<never, never> = () =>
        Deferred.succeed(started, undefined).pipe(
          Effect.andThen(Deferred.await(gate)),
          Effect.as(Http2ServerResponse.text("done"))
        )
      const { address } = yield* Scope.provide(NodeHttp2.serve(slow, { host }), scope)
      const client = yield* NodeHttp2.connect(`http://${host}:${address.port}`)
      const answer = yield* Effect.forkChild(client.collect({ path: "/" }))
      yield* Deferred.await(started)
      const closing = yield* Effect.forkChild(Scope.close(scope, Exit.void))
      yield* Deferred.succeed(gate, undefined)
      expect((yield* Fiber.join(answer)).text).toBe("done")
      yield* Fiber.join(closing)
      const again = yield* Effect.exit(Effect.scoped(NodeHttp2.connect(`http://${host}:${address.port}`)))
      expect(Exit.isFailure(again)).toBe(true)
    })
  )

  live("the fiber of a handler is interrupted when its client goes away", () =>
    Effect.gen(function* () {
      const started = yield* Deferred.make<void>()
      const interrupted = yield* Deferred.make<void>()
      const forever: Http2Server.Handler<never, never> = () =>
        Deferred.succeed(started, undefined).pipe(
          Effect.andThen(Effect.never),
          Effect.onInterrupt(() => Deferred.succeed(interrupted, undefined))
        )
      const { address } = yield* NodeHttp2.serve(forever, { host })
      const client = yield* Effect.forkChild(
        Effect.scoped(
          Effect.flatMap(NodeHttp2.connect(`http://${host}:${address.port}`), (client) => client.collect({ path: "/" }))
        )
      )
      yield* Deferred.await(started)
      yield* Fiber.interrupt(client)
      yield* Deferred.await(interrupted)
    })
  )

  live("who speaks HTTP/1.x to a port of HTTP/2 alone is told so", () =>
    Effect.gen(function* () {
      const { address } = yield* NodeHttp2.serve(hello, { host })
      const answer = yield* say(address.port, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
      expect(answer).toMatch(/^HTTP\/1\.1 505 HTTP Version Not Supported\r\n[^]*prior knowledge/)
      const alert = yield* say(address.port, Buffer.from([0x16, 3, 1, 0, 200, 1, 0, 0, 196]))
      expect([...Buffer.from(alert, "latin1")]).toEqual([0x15, 3, 1, 0, 2, 2, 40])
    })
  )

  live("options that cannot be are errors of the user's, and addresses in use the listener's", () =>
    Effect.gen(function* () {
      const invalid = yield* Effect.flip(NodeHttp2.serve(hello, { host, maxFrameSize: 1 }))
      expect(invalid).toMatchObject({ _tag: "Http2ConnectionError", origin: "User" })
      const { address } = yield* NodeHttp2.serve(hello, { host })
      const inUse = yield* Effect.flip(NodeHttp2.serve(hello, { host, port: address.port }))
      expect(inUse).toMatchObject({ _tag: "Http2TransportError", reason: "Listen" })
      const cap = yield* Effect.flip(NodeListener.make({ host, maxConnections: 0 }, () => Effect.void))
      expect(cap).toMatchObject({ reason: "InvalidOptions" })
    })
  )
})

describe("NodeTransport", () => {
  live("fails where nobody listens, with what to do about it", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(NodeTransport.connect({ host, port: 1 }))
      expect(error).toMatchObject({ reason: "Connect" })
      expect(error.message).toContain("nobody listens there")
    })
  )

  live("fails with ConnectTimeout where TLS does not come about in time", () =>
    Effect.gen(function* () {
      const { address } = yield* NodeListener.make({ host }, () => Effect.never)
      const error = yield* Effect.flip(
        NodeTransport.connect({ host, port: address.port, tls: true, connectTimeout: "50 millis" })
      )
      expect(error).toMatchObject({ reason: "ConnectTimeout" })
    })
  )

  live("carries octets, and the end of each side by itself", () =>
    Effect.gen(function* () {
      const { address } = yield* NodeListener.make({ host }, (transport) =>
        Effect.andThen(
          Stream.runForEach(transport.incoming, (octets) => Effect.sync(() => transport.write([octets]))),
          transport.end
        )
      )
      const transport = yield* NodeTransport.connect({ host, port: address.port })
      transport.write([big])
      yield* Effect.forkChild(transport.end)
      const received = yield* Stream.runCollect(transport.incoming)
      expect(Buffer.compare(Buffer.concat(received), big)).toBe(0)
    })
  )
})
