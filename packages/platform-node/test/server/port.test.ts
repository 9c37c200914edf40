/**
 * One port for all that a client may speak: ALPN, prior knowledge, `Upgrade: h2c`, HTTP/1.1; and how it is listened at.
 */
import * as NodeHttp2 from "@effect-http2/platform-node/NodeHttp2"
import * as NodeHttp2Client from "@effect-http2/platform-node/NodeHttp2Client"
import * as NodeHttp2Server from "@effect-http2/platform-node/NodeHttp2Server"
import * as NodeTransport from "@effect-http2/platform-node/NodeTransport"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpRouter from "@effect/platform/HttpRouter"
import * as HttpServer from "@effect/platform/HttpServer"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { describe, expect, it } from "@effect/vitest"
import * as Config from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as Http from "node:http"
import * as Https from "node:https"
import * as Net from "node:net"
import * as Tls from "node:tls"
import { certificate, socketPath } from "../utils.js"
import { get, layerWith, port, raw } from "./support/harness.js"

const version = Effect.map(HttpServerRequest.HttpServerRequest, (request) =>
  HttpServerResponse.text(Option.isSome(NodeHttp2Server.toHttp2ServerRequest(request)) ? "HTTP/2" : "HTTP/1.1")
)
const app = HttpRouter.empty.pipe(
  HttpRouter.get("/version", version),
  HttpRouter.post(
    "/echo",
    Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) => Effect.map(request.text, HttpServerResponse.text))
  ),
  HttpRouter.get(
    "/url",
    Effect.map(HttpServerRequest.HttpServerRequest, ({ headers, method, url }) =>
      HttpServerResponse.unsafeJson({
        method,
        url,
        host: headers["host"],
        upgrade: headers["upgrade"],
        x: headers["x"]
      })
    )
  )
)

const dial = Effect.flatMap(port, (port) => raw(Net.connect(port, "127.0.0.1")))

const tls = { key: certificate.key, cert: certificate.cert }

describe("a plain port", () => {
  it.scopedLive("speaks HTTP/2 by prior knowledge and HTTP/1.1", () =>
    Effect.gen(function* () {
      yield* HttpServer.serveEffect(app)
      const response = yield* HttpClient.get("/version")
      expect(yield* response.text).toBe("HTTP/2")
      expect(yield* get({ port: yield* port, path: "/version", agent: false }, Http)).toBe("HTTP/1.1")
    }).pipe(Effect.provide(NodeHttp2Server.layerTest))
  )

  it.scopedLive("tells them apart however slowly the first octets come", () =>
    Effect.gen(function* () {
      yield* HttpServer.serveEffect(app)
      const request = "PRI-CIPE / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n"
      const http1 = yield* dial
      for (const octet of request)
        yield* Effect.async<void>((resume) => {
          http1.socket.write(octet, () => resume(Effect.void))
        })
      expect(yield* http1.ended).toMatch(/^HTTP\/1\.1 400/)
      const transport = yield* NodeTransport.connect({ host: "127.0.0.1", port: yield* port })
      for (const octet of Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")) transport.write([Buffer.of(octet)])
      const first = yield* Effect.flatten(Stream.runHead(transport.incoming))
      // SETTINGS.
      expect(first[3]).toBe(4)
    }).pipe(Effect.provide(NodeHttp2Server.layerTest))
  )

  it.scopedLive("keeps connections of HTTP/1.1, with requests in a row and in one write", () =>
    Effect.gen(function* () {
      yield* HttpServer.serveEffect(app)
      const { socket, until } = yield* dial
      const line = (path: string) => `GET ${path} HTTP/1.1\r\nhost: a\r\n\r\n`
      socket.write(line("/url?1") + line("/url?2"))
      yield* until("/url?2")
      socket.write(line("/url?3"))
      expect((yield* until("/url?3")).match(/HTTP\/1\.1 200/g)).toHaveLength(3)
    }).pipe(Effect.provide(NodeHttp2Server.layerTest))
  )

  it.scopedLive(
    "goes on as HTTP/2 where the user allows it and a request says Upgrade: h2c: stream 1 [rfc9113-8.2.2-4]",
    () =>
      Effect.gen(function* () {
        yield* HttpServer.serveEffect(app)
        const { socket, until } = yield* dial
        // MAX_HEADER_LIST_SIZE of 1: the setting shows in that the response is larger than the client takes.
        const fields =
          "Host: example.org\r\nX: y\r\nConnection: Upgrade, HTTP2-Settings\r\nKeep-Alive: timeout=5\r\nUpgrade: h2c\r\n"
        socket.write(`GET /url HTTP/1.1\r\n${fields}HTTP2-Settings: AAQAAQAA\r\n\r\n`)
        const head = yield* until("\r\n\r\n")
        expect(head).toMatch(/^HTTP\/1\.1 101 Switching Protocols\r\n/)
        socket.write(
          Buffer.concat([Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0])])
        )
        const json = JSON.stringify({ method: "GET", url: "/url", host: "example.org", x: "y" })
        expect(yield* until(json)).toContain(json)
      }).pipe(Effect.provide(layerWith({ upgradeH2c: true })))
  )

  it.scopedLive("stays with HTTP/1.1 where an upgrade asks for what it has not", () =>
    Effect.gen(function* () {
      yield* HttpServer.serveEffect(app)
      for (const upgrade of ["h2c", "foo/2", "h2c, foo"]) {
        const { ended, socket } = yield* dial
        const fields = `Host: a\r\nConnection: close, Upgrade, HTTP2-Settings\r\nUpgrade: ${upgrade}\r\nHTTP2-Settings: \r\n`
        socket.write(`POST /echo HTTP/1.1\r\n${fields}Content-Length: 5\r\n\r\nhello`)
        expect(yield* ended).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\nhello$/)
      }
    }).pipe(Effect.provide(layerWith({ upgradeH2c: true })))
  )

  it.scopedLive("stays with HTTP/1.1 where the request that would be stream 1 has no path or no host", () =>
    Effect.gen(function* () {
      yield* HttpServer.serveEffect(app)
      const upgrade = "Connection: close, Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: \r\n"
      for (const [target, host] of [
        ["http://example.org/version", "Host: example.org\r\n"],
        ["/version", ""]
      ]) {
        const { ended, socket } = yield* dial
        socket.write(`GET ${target} HTTP/1.1\r\n${host}${upgrade}\r\n`)
        expect(yield* ended).toMatch(/^HTTP\/1\.1 [2-4]/)
      }
    }).pipe(Effect.provide(layerWith({ upgradeH2c: true })))
  )

  it.scopedLive("has HTTP/2 alone where the user says so", () =>
    Effect.gen(function* () {
      yield* HttpServer.serveEffect(app)
      const response = yield* HttpClient.get("/version")
      expect(yield* response.text).toBe("HTTP/2")
      const { ended, socket } = yield* dial
      socket.write("GET / HTTP/1.1\r\nhost: a\r\n\r\n")
      expect(yield* ended).toMatch(/^HTTP\/1\.1 505 /)
    }).pipe(Effect.provide(layerWith({ http1: false })))
  )
})

describe("a TLS port", () => {
  const layer = NodeHttp2Server.layerServer({ tls, host: "127.0.0.1" })

  it.scopedLive("speaks what ALPN says, and HTTP/1.1 without it", () =>
    Effect.gen(function* () {
      yield* HttpServer.serveEffect(app)
      const url = `https://localhost:${yield* port}`
      const http2 = yield* NodeHttp2.connect(url, { tls: { ca: certificate.cert } })
      expect(yield* (yield* http2.request({ path: "/version" })).text()).toBe("HTTP/2")
      const options = {
        port: yield* port,
        host: "localhost",
        path: "/version",
        ca: certificate.cert,
        agent: false
      } as const
      expect(yield* get({ ...options, ALPNProtocols: ["http/1.1"] }, Https)).toBe("HTTP/1.1")
      const { ended, socket } = yield* raw(
        Tls.connect({ port: yield* port, host: "127.0.0.1", servername: "localhost", ca: certificate.cert })
      )
      socket.write("GET /version HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
      expect(yield* ended).toMatch(/\r\n\r\nHTTP\/1\.1$/)
    }).pipe(Effect.provide(layer))
  )

  it.scopedLive("serves a client that takes what there is", () =>
    Effect.gen(function* () {
      yield* HttpServer.serveEffect(app)
      const client = yield* NodeHttp2Client.make({ tls: { ca: certificate.cert } })
      const response = yield* client.get(`https://localhost:${yield* port}/version`)
      expect(yield* response.text).toBe("HTTP/2")
    }).pipe(Effect.provide(layer))
  )
})

describe("listening", () => {
  it.scopedLive("at a unix socket", () =>
    Effect.gen(function* () {
      const path = socketPath()
      const context = yield* Layer.build(NodeHttp2Server.layerServer({ path }))
      const seen: Array<unknown> = []
      const look = Effect.map(HttpServerRequest.HttpServerRequest, (request) => {
        seen.push(request.remoteAddress)
        return HttpServerResponse.text("ok")
      })
      yield* Effect.provide(HttpServer.serveEffect(look), context)
      const address = yield* Effect.provide(HttpServer.addressWith(Effect.succeed), context)
      expect(address).toEqual({ _tag: "UnixAddress", path })
      const client = yield* NodeHttp2.connect("http://localhost", { socketPath: path })
      expect(yield* (yield* client.request({})).text()).toBe("ok")
      expect(yield* get({ socketPath: path, path: "/", agent: false }, Http)).toBe("ok")
      expect(seen).toEqual([Option.none(), Option.none()])
    })
  )

  it.scopedLive("with options from the configuration", () =>
    Effect.gen(function* () {
      const options = { port: Config.integer("PORT"), host: Config.string("HOST") }
      const provider = ConfigProvider.fromMap(
        new Map([
          ["PORT", "0"],
          ["HOST", "127.0.0.1"]
        ])
      )
      const context = yield* Layer.build(NodeHttp2Server.layerConfig(options)).pipe(Effect.withConfigProvider(provider))
      const address = yield* Effect.provide(HttpServer.addressWith(Effect.succeed), context)
      expect(address).toMatchObject({ _tag: "TcpAddress", hostname: "127.0.0.1" })
    })
  )

  it.scopedLive("fails with a ServeError where it cannot", () =>
    Effect.gen(function* () {
      const taken = yield* NodeHttp2Server.make({ host: "127.0.0.1" })
      if (taken.address._tag === "UnixAddress") throw new Error("not a TCP address")
      const { port } = taken.address
      const error = yield* Effect.flip(NodeHttp2Server.make({ host: "127.0.0.1", port }))
      expect(error).toMatchObject({ _tag: "ServeError", cause: { code: "EADDRINUSE" } })
      const misuse = yield* Effect.flip(NodeHttp2Server.make({ maxFrameSize: 1 }))
      expect(misuse).toMatchObject({ _tag: "ServeError", cause: { origin: "User" } })
    })
  )

  it.scopedLive("before an application is served: who connects waits for it", () =>
    Effect.gen(function* () {
      const asked = yield* Effect.fork(Effect.flatMap(HttpClient.get("/version"), (response) => response.text))
      const { ended, socket } = yield* dial
      socket.write("GET /version HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
      yield* HttpServer.serveEffect(app)
      expect(yield* Fiber.join(asked)).toBe("HTTP/2")
      expect(yield* ended).toMatch(/HTTP\/1\.1$/)
    }).pipe(Effect.provide(NodeHttp2Server.layerTest))
  )

  it.scopedLive("for one application after another", () =>
    Effect.gen(function* () {
      for (const text of ["one", "two"]) {
        yield* Effect.gen(function* () {
          yield* HttpServer.serveEffect(HttpServerResponse.text(text))
          const client = yield* NodeHttp2.connect(`http://127.0.0.1:${yield* port}`)
          expect(yield* (yield* client.request({})).text()).toBe(text)
          expect(yield* get({ port: yield* port, path: "/", agent: false }, Http)).toBe(text)
        }).pipe(Effect.scoped)
      }
    }).pipe(Effect.provide(NodeHttp2Server.layerTest))
  )
})
