/** `HttpClientRequest.upgrade`: the connection of a 101 as a Socket, over HTTP/1.1 and, with prior knowledge, by extended CONNECT. */
import * as Http2ServerResponse from "@effect-http2/effect4-http2/Http2ServerResponse"
import * as NodeHttp2 from "@effect-http2/effect4-platform-node/NodeHttp2"
import * as NodeHttp2Client from "@effect-http2/effect4-platform-node/NodeHttp2Client"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import type * as HttpClientError from "effect/http/HttpClientError"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as Option from "effect/Option"
import * as Socket from "effect/socket/Socket"
import type * as Http from "node:http"
import * as Http2 from "node:http2"
import type { Duplex } from "node:stream"
import { describe, expect } from "vitest"
import { serve } from "../support/check.js"
import { certificate, check, http, https, makeClient, makeEvent } from "./support/servers.js"

/** Switches to a protocol that begins with "hello" and gives back what it gets. */
const onUpgrade = (request: Http.IncomingMessage, connection: Duplex): void => {
  connection.write(
    `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${request.headers.upgrade}\r\n\r\nhello`
  )
  connection.pipe(connection)
}

/** HTTP/2 and HTTP/1.1 at one port; the first is what ALPN chooses where both are offered. */
const both = Effect.gen(function* () {
  const server = Http2.createSecureServer({ key: certificate.key, cert: certificate.cert, allowHTTP1: true })
  server.on("upgrade", onUpgrade)
  const { port } = yield* serve(server)
  return { server, url: `https://localhost:${port}` }
})

const servers = {
  "http:": http(() => undefined),
  "https: of HTTP/1.1": https(() => undefined),
  "https: of HTTP/2 too": both
}

const ask = <R>(client: HttpClient.HttpClient.With<HttpClientError.HttpClientError, R>, url: string) =>
  client.execute(HttpClientRequest.upgrade(HttpClientRequest.post(url), "echo"))

/** What is read until there is as much as `length`. */
const read = (socket: Socket.Socket, length: number, write: string) =>
  Effect.scoped(
    Effect.gen(function* () {
      const pull = yield* Socket.readerString(socket)
      const writer = yield* socket.writer
      yield* writer.write(write)
      let text = ""
      while (text.length < length) text += (yield* pull).join("")
      return text
    })
  )

for (const [name, make] of Object.entries(servers)) {
  describe(name, () => {
    check("the connection of a 101 is handed over, with what came behind the head", () =>
      Effect.gen(function* () {
        const { server, url } = yield* make
        if (server.listenerCount("upgrade") === 0) server.on("upgrade", onUpgrade)
        const closed = makeEvent()
        server.once(name === "http:" ? "connection" : "secureConnection", (socket: Duplex) =>
          socket.once("close", () => closed.happen())
        )
        const client = yield* makeClient()
        const response = yield* ask(client, url)
        expect([response.status, Option.getOrUndefined(NodeHttp2Client.protocolOf(response))]).toEqual([
          101,
          "http/1.1"
        ])
        const socket = yield* response.upgrade
        expect(yield* read(socket, 9, "echo")).toBe("helloecho")
        // The reader's scope has ended.
        yield* closed.happened
      })
    )
  })
}

check("what was written before the scope of the reader ends arrives, and a connection that has closed says so", () =>
  Effect.gen(function* () {
    const { server, url } = yield* http(() => undefined)
    const received = makeEvent<number>()
    server.on("upgrade", (request: Http.IncomingMessage, connection: Duplex) => {
      let octets = 0
      connection.on("data", (data: Buffer) => (octets += data.length))
      connection.once("end", () => received.happen(octets))
      connection.write(
        `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${request.headers.upgrade}\r\n\r\n`
      )
    })
    const socket = yield* (yield* ask(yield* makeClient(), url)).upgrade
    yield* Effect.scoped(
      Effect.gen(function* () {
        yield* socket.reader
        const writer = yield* socket.writer
        yield* writer.write(new Uint8Array(5_000_000))
      })
    )
    expect(yield* received.happened).toBe(5_000_000)
    expect((yield* Effect.flip(Effect.scoped(socket.reader))).reason._tag).toBe("SocketOpenError")
  })
)

check("a refusal is read as any response, and has no connection", () =>
  Effect.gen(function* () {
    const { url } = yield* http((_, response) => {
      response.statusCode = 403
      response.end("no")
    })
    const response = yield* ask(yield* makeClient(), url)
    expect([response.status, yield* response.text]).toEqual([403, "no"])
    expect((yield* Effect.flip(response.upgrade)).reason._tag).toBe("StatusCodeError")
  })
)

check("the end of the request's scope closes the connection", () =>
  Effect.gen(function* () {
    const { server, url } = yield* http(() => undefined)
    const closed = makeEvent()
    server.on("upgrade", (request: Http.IncomingMessage, connection: Duplex) => {
      connection.once("close", () => closed.happen())
      onUpgrade(request, connection)
    })
    const client = HttpClient.withScope(yield* makeClient())
    yield* Effect.scoped(Effect.flatMap(ask(client, url), (response) => response.upgrade))
    yield* closed.happened
  })
)

describe("with prior knowledge of HTTP/2", () => {
  const make = (enableConnectProtocol: boolean) =>
    Effect.map(
      NodeHttp2.serve(
        (request) =>
          request.protocol === "echo"
            ? Effect.succeed(Http2ServerResponse.make({ body: request.body }))
            : Effect.succeed(Http2ServerResponse.make({ status: 400 })),
        { host: "localhost", enableConnectProtocol }
      ),
      ({ address }) => `http://localhost:${address.port}`
    )

  check("by extended CONNECT", () =>
    Effect.gen(function* () {
      const url = yield* make(true)
      const response = yield* ask(yield* makeClient({ priorKnowledge: true }), url)
      expect([response.status, Option.getOrUndefined(NodeHttp2Client.protocolOf(response))]).toEqual([101, "h2"])
      expect(yield* read(yield* response.upgrade, 4, "echo")).toBe("echo")
    })
  )

  check("not by a server that does not take it: an error", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(ask(yield* makeClient({ priorKnowledge: true }), yield* make(false)))
      expect(error.reason._tag).toBe("EncodeError")
      expect(error.message).toContain("extended CONNECT")
    })
  )
})
