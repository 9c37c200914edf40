/**
 * What the HTTP/1.1 half of a port refuses: slow and large requests, by the options of HTTP/2, and those that readers may take in different ways.
 */
import * as NodeHttp2Server from "@effect-http2/platform-node/NodeHttp2Server"
import * as HttpServer from "@effect/platform/HttpServer"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Net from "node:net"
import { layerWith, port, raw } from "./support/harness.js"

const dial = Effect.flatMap(port, (port) => raw(Net.connect(port, "127.0.0.1")))

/** Serves, and gives how often the application was asked. */
const serve = Effect.gen(function* () {
  const asked = { times: 0 }
  yield* HttpServer.serveEffect(
    Effect.sync(() => {
      asked.times++
      return HttpServerResponse.text("reached")
    })
  )
  return asked
})

const lines = (...lines: ReadonlyArray<string>) => `${lines.join("\r\n")}\r\n\r\n`

const chunked = "Transfer-Encoding: chunked"
const length = "Content-Length: 5"
const host = "Host: a"

const refused: ReadonlyArray<readonly [title: string, request: string, status: RegExp]> = [
  ["Content-Length beside Transfer-Encoding", `${lines("POST / HTTP/1.1", host, length, chunked)}0\r\n\r\n`, /400/],
  ["Transfer-Encoding beside Content-Length", `${lines("POST / HTTP/1.1", host, chunked, length)}0\r\n\r\n`, /400/],
  ["two of Content-Length", `${lines("POST / HTTP/1.1", host, length, "Content-Length: 6")}hello!`, /400/],
  ["a Content-Length with a sign", `${lines("POST / HTTP/1.1", host, "Content-Length: +5")}hello`, /400/],
  ["Transfer-Encoding in HTTP/1.0", `${lines("POST / HTTP/1.0", host, chunked)}0\r\n\r\n`, /400/],
  ["chunked that is not the last coding", lines("POST / HTTP/1.1", host, "Transfer-Encoding: chunked, x"), /400/],
  ["another coding", `${lines("POST / HTTP/1.1", host, "Transfer-Encoding: gzip, chunked")}0\r\n\r\n`, /501/],
  ["no Host", lines("GET / HTTP/1.1"), /400/],
  ["two of Host", lines("GET / HTTP/1.1", host, "Host: b"), /400/],
  ["a space in front of the colon", lines("POST / HTTP/1.1", host, "Content-Length : 5"), /400/],
  ["NUL in a value", lines("GET / HTTP/1.1", host, "X: a\0b"), /400/],
  ["CR in a value", lines("GET / HTTP/1.1", host, "X: a\rb"), /400/],
  ["LF that ends a line alone", `GET / HTTP/1.1\nHost: a\n\n`, /400/],
  ["a method with a space in front", lines(" GET / HTTP/1.1", host), /400/]
]

describe("a request of HTTP/1.1 is refused that has", () => {
  for (const [title, request, status] of refused) {
    it.scopedLive(title, () =>
      Effect.gen(function* () {
        const asked = yield* serve
        const { ended, socket } = yield* dial
        socket.write(request)
        expect((yield* ended).split("\r\n", 1)[0]).toMatch(status)
        expect(asked.times).toBe(0)
      }).pipe(Effect.provide(NodeHttp2Server.layerTest))
    )
  }

  it.scopedLive("more fields than maxHeaderFields", () =>
    Effect.gen(function* () {
      const asked = yield* serve
      const fields = (count: number) => Array.from({ length: count }, (_, index) => `X-${index}: a`)
      const within = yield* dial
      within.socket.write(lines("GET / HTTP/1.1", host, ...fields(48), "Connection: close"))
      expect(yield* within.ended).toMatch(/^HTTP\/1\.1 200 /)
      const beyond = yield* dial
      beyond.socket.write(lines("GET / HTTP/1.1", host, ...fields(50)))
      expect(yield* beyond.ended).toMatch(/^HTTP\/1\.1 431 /)
      expect(asked.times).toBe(1)
    }).pipe(Effect.provide(layerWith({ maxHeaderFields: 50 })))
  )

  it.scopedLive("a head that is larger than maxHeaderListSize", () =>
    Effect.gen(function* () {
      const asked = yield* serve
      const { ended, socket } = yield* dial
      socket.write(lines("GET / HTTP/1.1", host, `X: ${"a".repeat(2000)}`))
      expect(yield* ended).toMatch(/^HTTP\/1\.1 431 /)
      expect(asked.times).toBe(0)
    }).pipe(Effect.provide(layerWith({ maxHeaderListSize: 1000 })))
  )

  it.scopedLive("a head that is not whole within headersTimeout", () =>
    Effect.gen(function* () {
      const asked = yield* serve
      const { ended, socket } = yield* dial
      socket.write("GET / HTTP/1.1\r\nHost: a\r\n")
      expect(yield* ended).toMatch(/^HTTP\/1\.1 408 /)
      expect(asked.times).toBe(0)
    }).pipe(Effect.provide(layerWith({ headersTimeout: "100 millis" })))
  )

  it.scopedLive("a connection that is at rest for idleTimeout", () =>
    Effect.gen(function* () {
      const asked = yield* serve
      const { ended, socket } = yield* dial
      socket.write(lines("GET / HTTP/1.1", host))
      expect(yield* ended).toMatch(/^HTTP\/1\.1 200 [^]*reached$/)
      expect(asked.times).toBe(1)
    }).pipe(Effect.provide(layerWith({ idleTimeout: "100 millis" })))
  )

  it.scopedLive("a body that is not whole within requestTimeout", () =>
    Effect.gen(function* () {
      yield* serve
      const { ended, socket } = yield* dial
      socket.write(`${lines("POST / HTTP/1.1", host, length)}he`)
      expect(yield* ended).toMatch(/HTTP\/1\.1 408 /)
    }).pipe(Effect.provide(layerWith({ http1: { requestTimeout: 200 } })))
  )
})

describe("options of node:http that cannot be", () => {
  it.scopedLive("are a ServeError", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(NodeHttp2Server.make({ http1: { requestTimeout: -1 } }))
      expect(error._tag).toBe("ServeError")
    })
  )
})
