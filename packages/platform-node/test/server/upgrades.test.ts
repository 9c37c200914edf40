/**
 * Requests of HTTP/1.1 that ask for another protocol: which of them get it, and that the responses go out in the order of the requests.
 */
import * as NodeHttp2Server from "@effect-http2/platform-node/NodeHttp2Server"
import * as HttpRouter from "@effect/platform/HttpRouter"
import * as HttpServer from "@effect/platform/HttpServer"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { describe, expect, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Net from "node:net"
import { layerWith, port, raw } from "./support/harness.js"

const dial = Effect.flatMap(port, (port) => raw(Net.connect(port, "127.0.0.1")))

const app = (isFree: Deferred.Deferred<void>) =>
  HttpRouter.empty.pipe(
    HttpRouter.get("/slow", Effect.as(Deferred.await(isFree), HttpServerResponse.text("slow"))),
    HttpRouter.post(
      "/echo",
      Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) =>
        Effect.map(request.text, HttpServerResponse.text)
      )
    ),
    HttpRouter.get(
      "/version",
      Effect.map(HttpServerRequest.HttpServerRequest, (request) =>
        HttpServerResponse.text(Option.isSome(NodeHttp2Server.toHttp2ServerRequest(request)) ? "HTTP/2" : "HTTP/1.1")
      )
    ),
    HttpRouter.get(
      "/socket",
      Effect.gen(function* () {
        const socket = yield* Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) => request.upgrade)
        const write = yield* socket.writer
        yield* socket.runRaw((data) => write(data))
        return HttpServerResponse.empty()
      }).pipe(Effect.scoped)
    )
  )

/** An application whose `/slow` waits for what it gives. */
const serve = Effect.gen(function* () {
  const isFree = yield* Deferred.make<void>()
  yield* HttpServer.serveEffect(app(isFree))
  return isFree
})

const request = (line: string, ...fields: ReadonlyArray<string>) =>
  `${[`${line} HTTP/1.1`, "Host: a", ...fields].join("\r\n")}\r\n\r\n`

const h2c = ["Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAQAAQAA"]
const webSocket = [
  "Connection: Upgrade",
  "Upgrade: websocket",
  "Sec-WebSocket-Version: 13",
  "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=="
]
const preface = Buffer.concat([
  Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
  Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0])
])

/** The texts of `parts` are all there, in this order. */
const inOrder = (text: string, ...parts: ReadonlyArray<string>): void => {
  const positions = parts.map((part) => text.indexOf(part))
  expect(positions, text).not.toContain(-1)
  expect(positions).toEqual([...positions].sort((a, b) => a - b))
}

describe("Upgrade: h2c", () => {
  it.scopedLive("is of no effect unless the user allows it", () =>
    Effect.gen(function* () {
      yield* serve
      const { socket, until } = yield* dial
      socket.write(request("GET /version", ...h2c))
      expect(yield* until("\r\n\r\nHTTP/1.1")).toMatch(/^HTTP\/1\.1 200 OK/)
    }).pipe(Effect.provide(NodeHttp2Server.layerTest))
  )

  const refused: ReadonlyArray<readonly [title: string, ...fields: ReadonlyArray<string>]> = [
    ["Connection does not name HTTP2-Settings", "Connection: Upgrade", "Upgrade: h2c", "HTTP2-Settings: AAQAAQAA"],
    ["there is no HTTP2-Settings", "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c"],
    ["there are two HTTP2-Settings", ...h2c, "HTTP2-Settings: AAQAAQAA"],
    ["there is another Upgrade beside it", ...h2c, "Upgrade: h2c"],
    ...["AAQAAQAA=", "AAQAAQA", "AAQA AQAA", "AAQAAQAB/+", "A", "AAQAAQ"].map(
      (value) => [`HTTP2-Settings is "${value}"`, ...h2c.slice(0, 2), `HTTP2-Settings: ${value}`] as const
    )
  ]
  for (const [title, ...fields] of refused) {
    it.scopedLive(`is of no effect where ${title}`, () =>
      Effect.gen(function* () {
        yield* serve
        const { socket, until } = yield* dial
        socket.write(request("GET /version", ...fields))
        expect(yield* until("\r\n\r\nHTTP/1.1")).toMatch(/^HTTP\/1\.1 200 OK/)
      }).pipe(Effect.provide(layerWith({ upgradeH2c: true })))
    )
  }

  it.scopedLive("comes behind the responses to the requests before it", () =>
    Effect.gen(function* () {
      const isFree = yield* serve
      const { socket, until } = yield* dial
      socket.write(request("GET /slow") + request("GET /version") + request("GET /version", ...h2c))
      const other = yield* dial
      other.socket.write(request("GET /version"))
      yield* other.until("HTTP/1.1 200")
      yield* Deferred.succeed(isFree, undefined)
      const head = yield* until("101 Switching Protocols\r\n")
      inOrder(head, "\r\n\r\nslow", "\r\n\r\nHTTP/1.1", "HTTP/1.1 101")
      socket.write(preface)
      inOrder(yield* until("HTTP/2"), "HTTP/1.1 101", "HTTP/2")
    }).pipe(Effect.provide(layerWith({ upgradeH2c: true })))
  )
})

describe("an upgrade to what the server does not have", () => {
  it.scopedLive("is answered as if it had not asked, before and behind other requests", () =>
    Effect.gen(function* () {
      const isFree = yield* serve
      const { socket, until } = yield* dial
      const foo = ["Connection: Upgrade", "Upgrade: foo"]
      socket.write(
        `${request("GET /slow")}${request("POST /echo", ...foo, "Content-Length: 5")}first${request(
          "GET /version",
          ...foo
        )}${request("POST /echo", "Content-Length: 6")}second`
      )
      const other = yield* dial
      other.socket.write(request("GET /version"))
      yield* other.until("HTTP/1.1 200")
      yield* Deferred.succeed(isFree, undefined)
      inOrder(yield* until("second"), "\r\n\r\nslow", "\r\n\r\nfirst", "\r\n\r\nHTTP/1.1", "\r\n\r\nsecond")
    }).pipe(Effect.provide(NodeHttp2Server.layerTest))
  )

  it.scopedLive("leaves nothing behind, however often it is asked for on a connection", () =>
    Effect.gen(function* () {
      yield* serve
      const warnings: Array<Error> = []
      const onWarning = (warning: Error) => void warnings.push(warning)
      process.on("warning", onWarning)
      const { socket, until } = yield* dial
      for (let i = 0; i < 30; i++) {
        socket.write(`${request("POST /echo", "Connection: Upgrade", "Upgrade: foo", "Content-Length: 3")}n${10 + i}`)
        yield* until(`\r\n\r\nn${10 + i}`)
      }
      process.off("warning", onWarning)
      expect(warnings).toEqual([])
    }).pipe(Effect.provide(NodeHttp2Server.layerTest))
  )
})

describe("an upgrade to a WebSocket", () => {
  it.scopedLive("comes behind the responses to the requests before it", () =>
    Effect.gen(function* () {
      const isFree = yield* serve
      const { socket, until } = yield* dial
      socket.write(request("GET /slow") + request("GET /socket", ...webSocket))
      const other = yield* dial
      other.socket.write(request("GET /version"))
      yield* other.until("HTTP/1.1 200")
      yield* Deferred.succeed(isFree, undefined)
      inOrder(yield* until("101 Switching Protocols\r\n"), "\r\n\r\nslow", "HTTP/1.1 101")
      // A masked text frame.
      socket.write(Buffer.from([0x81, 0x84, 0, 0, 0, 0, ...Buffer.from("text")]))
      yield* until("\x04text")
    }).pipe(Effect.provide(NodeHttp2Server.layerTest))
  )
})
