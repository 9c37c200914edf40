/**
 * Clients of HTTP/1.1 that ask for much and read nothing: what they have the server hold is in the same budget as that of HTTP/2 (CVE-2019-9511,
 * CVE-2019-9517), and a client that merely pauses goes on.
 */
import * as Http2Stats from "@effect-http2/http2/Http2Stats"
import type * as HttpPlatform from "@effect/platform/HttpPlatform"
import * as HttpServer from "@effect/platform/HttpServer"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as NodeHttpServerRequest from "@effect/platform-node/NodeHttpServerRequest"
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import * as Net from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Readable } from "node:stream"
import * as Tls from "node:tls"
import { certificate } from "../utils.js"
import { layerWith, port } from "./support/harness.js"

/** More than the buffers of the system take on both ends. */
const size = 24 << 20
const piece = new Uint8Array(65_536)
const pieces = size / piece.length

/** A file of `size`, for as long as the scope lasts. */
const largeFile = Effect.acquireRelease(
  Effect.sync(() => {
    const folder = mkdtempSync(join(tmpdir(), "effect-http2-"))
    const path = join(folder, "large")
    writeFileSync(path, new Uint8Array(size))
    return { folder, path }
  }),
  ({ folder }) => Effect.sync(() => rmSync(folder, { recursive: true }))
).pipe(Effect.map(({ path }) => path))

const readable = () =>
  Readable.from(
    (function* () {
      for (let i = 0; i < pieces; i++) yield piece
    })()
  )

interface Kind {
  readonly title: string
  readonly response: (
    path: string
  ) => Effect.Effect<
    HttpServerResponse.HttpServerResponse,
    unknown,
    HttpPlatform.HttpPlatform | HttpServerRequest.HttpServerRequest
  >
  /** Octets that one of them fits into, and two do not. */
  readonly budget: number
}

const inPieces = 100_000
const whole = size * 1.5

const kinds: ReadonlyArray<Kind> = [
  {
    title: "octets",
    budget: whole,
    response: () => Effect.sync(() => HttpServerResponse.uint8Array(new Uint8Array(size)))
  },
  {
    title: "a Blob",
    budget: whole,
    response: () => Effect.sync(() => HttpServerResponse.raw(new Blob([new Uint8Array(size)])))
  },
  {
    title: "a Stream",
    budget: inPieces,
    response: () =>
      Effect.succeed(HttpServerResponse.stream(Stream.take(Stream.repeatValue(piece), pieces).pipe(Stream.rechunk(1))))
  },
  { title: "a file", budget: inPieces, response: (path) => HttpServerResponse.file(path) },
  {
    title: "a Readable",
    budget: inPieces,
    response: () => Effect.sync(() => HttpServerResponse.raw(readable()))
  },
  {
    title: "a ReadableStream",
    budget: inPieces,
    response: () => Effect.sync(() => HttpServerResponse.raw(Readable.toWeb(readable())))
  },
  {
    title: "what a middleware of node:http writes, heedless of drain",
    budget: whole,
    response: () =>
      Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) =>
        Effect.async<HttpServerResponse.HttpServerResponse>((resume) => {
          const node = NodeHttpServerRequest.toServerResponse(request)
          for (let i = 0; i < pieces; i++) node.write(piece)
          node.end()
          node.on("close", () => resume(Effect.succeed(HttpServerResponse.empty())))
        })
      )
  }
]

/** The connection of a request has closed, at our end. */
const onGone = (request: HttpServerRequest.HttpServerRequest, listener: () => void): void =>
  void NodeHttpServerRequest.toIncomingMessage(request).socket.once("close", listener)

const turn = Effect.async<void>((resume) => void setImmediate(() => resume(Effect.void)))
const until = (holds: () => boolean): Effect.Effect<void> =>
  Effect.repeat(turn, { until: holds }).pipe(
    Effect.timeoutFail({ duration: "10 seconds", onTimeout: () => new Error("it did not come to that") }),
    Effect.orDie
  )

const transports = [
  { over: "TCP", tls: undefined, dial: (port: number) => Net.connect(port, "127.0.0.1") },
  {
    over: "TLS",
    tls: certificate,
    dial: (port: number) =>
      Tls.connect({
        port,
        host: "127.0.0.1",
        ca: certificate.cert,
        servername: "localhost",
        ALPNProtocols: ["http/1.1"]
      })
  }
] as const

/** A client that asks for `path`, and does not read before it is told to. */
const ask = (dial: (port: number) => Net.Socket, path: string) =>
  Effect.flatMap(port, (port) =>
    Effect.acquireRelease(
      Effect.sync(() => {
        const socket = dial(port)
        socket.on("error", () => undefined)
        socket.write(`GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`)
        return socket
      }),
      (socket) => Effect.sync(() => socket.destroy())
    )
  )

/** Octets of all that comes, from now on to the end. */
const readAll = (socket: Net.Socket) =>
  Effect.async<number>((resume) => {
    let octets = 0
    socket.on("data", (chunk) => (octets += chunk.length))
    socket.on("close", () => resume(Effect.sync(() => octets)))
  })

for (const { dial, over, tls } of transports) {
  describe(`over HTTP/1.1 and ${over}, CVE-2019-9517: clients that do not read lose their connections beyond maxTotalStalledOctets, one that pauses goes on:`, () => {
    it.scopedLive.each(kinds)("$title", ({ budget, response }) =>
      Effect.gen(function* () {
        const stats = Http2Stats.make()
        const path = yield* largeFile
        const ended: Array<string> = []
        const application = Effect.gen(function* () {
          const request = yield* HttpServerRequest.HttpServerRequest
          onGone(request, () => ended.push(request.url))
          return yield* response(path)
        })
        yield* Effect.gen(function* () {
          yield* HttpServer.serveEffect(application)
          for (let i = 0; i < 5; i++) yield* ask(dial, `/attacker/${i}`)
          yield* until(() => ended.length === 4)
          const honest = yield* ask(dial, "/honest")
          // What it holds while it pauses is counted too: the last of the others has to go for it.
          yield* until(() => ended.length === 5)
          expect(ended).not.toContain("/honest")
          // The system may have taken some more of it in the meantime.
          yield* until(() => stats.stalledOctets > 0)
          expect(stats.stalledOctets).toBeLessThanOrEqual(budget)
          expect(yield* readAll(honest)).toBeGreaterThan(size)
        }).pipe(
          Effect.provide(
            layerWith({
              host: "127.0.0.1",
              stats,
              tls,
              stallTimeout: "100 millis",
              maxStalledOctets: Number.POSITIVE_INFINITY,
              maxTotalStalledOctets: budget
            })
          )
        )
        // Nothing is counted any more of what is over.
        expect(stats.stalledOctets).toBe(0)
      })
    )
  })
}

describe("over HTTP/1.1", () => {
  it.scopedLive("a connection that holds more than maxStalledOctets is closed, and one that holds less is not", () =>
    Effect.gen(function* () {
      const ended: Array<string> = []
      yield* HttpServer.serveEffect(
        Effect.gen(function* () {
          const request = yield* HttpServerRequest.HttpServerRequest
          onGone(request, () => ended.push(request.url))
          return request.url === "/large"
            ? HttpServerResponse.uint8Array(new Uint8Array(size))
            : HttpServerResponse.stream(Stream.repeatValue(piece).pipe(Stream.rechunk(1)))
        })
      )
      const { dial } = transports[0]
      yield* ask(dial, "/small")
      yield* ask(dial, "/large")
      yield* until(() => ended.length > 0)
      expect(ended).toEqual(["/large"])
    }).pipe(Effect.provide(layerWith({ stallTimeout: "100 millis", maxStalledOctets: 1 << 20 })))
  )
})
