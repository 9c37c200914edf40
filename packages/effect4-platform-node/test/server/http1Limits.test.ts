/** What the HTTP/1.1 half of a port refuses: slow and large requests, by the options of HTTP/2. */
import * as NodeHttp2Server from "@effect-http2/effect4-platform-node/NodeHttp2Server"
import * as Effect from "effect/Effect"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as NetAddress from "effect/net/NetAddress"
import * as Net from "node:net"
import { describe, expect } from "vitest"
import { live } from "../support/run.js"

const host = "127.0.0.1"

/** Serves with `options`: what a client that sends one text receives to the end, and how often the application was asked. */
const serve = Effect.fnUntraced(function* (options: NodeHttp2Server.Options) {
  const asked = { times: 0 }
  const server = yield* NodeHttp2Server.make({ host, ...options })
  yield* server.serve(
    Effect.sync(() => {
      asked.times++
      return HttpServerResponse.text("reached")
    })
  )
  const { address } = server
  const port = NetAddress.isUnixPathAddress(address) ? 0 : address.port
  const answer = (request: string) =>
    Effect.callback<string>((resume) => {
      const socket = Net.connect(port, host, () => socket.write(request, "latin1"))
      let received = ""
      socket.on("error", () => undefined)
      socket.on("data", (chunk: Buffer) => (received += chunk.toString("latin1")))
      socket.once("close", () => resume(Effect.succeed(received)))
      return Effect.sync(() => socket.destroy())
    })
  return { answer, asked }
})

const lines = (...lines: ReadonlyArray<string>) => `${lines.join("\r\n")}\r\n\r\n`

const fields = (count: number) => Array.from({ length: count }, (_, index) => `X-${index}: a`)

describe("a request of HTTP/1.1 is refused that has", () => {
  live("more fields than maxHeaderFields", () =>
    Effect.gen(function* () {
      const { answer, asked } = yield* serve({ maxHeaderFields: 50 })
      const within = lines("GET / HTTP/1.1", "Host: a", ...fields(48), "Connection: close")
      expect(yield* answer(within)).toMatch(/^HTTP\/1\.1 200 /)
      expect(yield* answer(lines("GET / HTTP/1.1", "Host: a", ...fields(50)))).toMatch(/^HTTP\/1\.1 431 /)
      expect(asked.times).toBe(1)
    })
  )

  live("a head that is larger than maxHeaderListSize", () =>
    Effect.gen(function* () {
      const { answer, asked } = yield* serve({ maxHeaderListSize: 1000 })
      const large = lines("GET / HTTP/1.1", "Host: a", `X: ${"a".repeat(2000)}`)
      expect(yield* answer(large)).toMatch(/^HTTP\/1\.1 431 /)
      expect(asked.times).toBe(0)
    })
  )

  live("a head that is not whole within headersTimeout", () =>
    Effect.gen(function* () {
      const { answer, asked } = yield* serve({ headersTimeout: "100 millis" })
      expect(yield* answer("GET / HTTP/1.1\r\nHost: a\r\n")).toMatch(/^HTTP\/1\.1 408 /)
      expect(asked.times).toBe(0)
    })
  )

  live("a connection that is at rest for idleTimeout", () =>
    Effect.gen(function* () {
      const { answer, asked } = yield* serve({ idleTimeout: "100 millis" })
      expect(yield* answer(lines("GET / HTTP/1.1", "Host: a"))).toMatch(/^HTTP\/1\.1 200 [^]*reached$/)
      expect(asked.times).toBe(1)
    })
  )

  live("a body that is not whole within requestTimeout", () =>
    Effect.gen(function* () {
      const { answer } = yield* serve({ http1: { requestTimeout: 200 } })
      expect(yield* answer(`${lines("POST / HTTP/1.1", "Host: a", "Content-Length: 5")}he`)).toMatch(/HTTP\/1\.1 408 /)
    })
  )
})
