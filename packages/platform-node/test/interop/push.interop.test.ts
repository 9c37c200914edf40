/** Server push with others: what ours promises and they take, what they promise and ours takes. */
import * as Http2ServerResponse from "@effect-http2/http2/Http2ServerResponse"
import type * as Http2Push from "@effect-http2/http2/Http2Push"
import type * as Http2ServerRequest from "@effect-http2/http2/Http2ServerRequest"
import * as Http2Stats from "@effect-http2/http2/Http2Stats"
import * as NodeHttp2 from "@effect-http2/platform-node/NodeHttp2"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { execFile } from "node:child_process"
import { writeFile } from "node:fs/promises"
import * as Http2 from "node:http2"
import type * as Net from "node:net"
import { join } from "node:path"
import { describe, expect } from "vitest"
import { nothingLeft } from "../conformance/support/serverCase.js"
import { describeWithPeer } from "../support/peers.js"
import * as PeerServers from "../support/peerServers.js"
import { octets, sha256 } from "../support/pseudoRandom.js"
import { certificate, check, serve } from "../utils.js"

type Scheme = "http" | "https"
const schemes: ReadonlyArray<Scheme> = ["http", "https"]

/** Larger than any window at the start. */
const large = octets(300_000, 1)

/** `/` pushes what its query names, and says how many the client takes: a small response, a large one, and one that never comes. */
const handler = (
  request: Http2ServerRequest.Http2ServerRequest
): Effect.Effect<Http2ServerResponse.Http2ServerResponse> => {
  const [path, names = ""] = request.path.split("?")
  switch (path) {
    case "/":
      return Effect.map(
        Effect.forEach(names.split(","), (path) =>
          Effect.isSuccess(request.push({ path: `/${path}`, headers: { "x-from": "push" } }))
        ),
        (outcomes) => Http2ServerResponse.text(String(outcomes.filter((done) => done).length))
      )
    case "/small":
      return Effect.succeed(Http2ServerResponse.text(`small ${request.headers.get("x-from")}`))
    case "/large":
      return Effect.succeed(Http2ServerResponse.make({ body: Stream.make(large) }))
    default:
      return Effect.never
  }
}

const serveOurs = (scheme: Scheme) =>
  Effect.gen(function* () {
    const stats = Http2Stats.make()
    const { address } = yield* NodeHttp2.serve(handler, {
      host: "127.0.0.1",
      stats,
      gracefulShutdownTimeout: 0,
      ...(scheme === "https" ? { tls: certificate } : {})
    })
    return { url: `${scheme}://127.0.0.1:${address.port}`, stats }
  })

/** The whole of a stream of `node:http2`. */
const bodyOf = (stream: Http2.ClientHttp2Stream): Effect.Effect<Buffer> =>
  Effect.async((resume) => {
    const chunks: Array<Buffer> = []
    stream.on("data", (chunk: Buffer) => chunks.push(chunk))
    stream.on("end", () => resume(Effect.succeed(Buffer.concat(chunks))))
  })

describe("our server and a client of node:http2", () => {
  for (const scheme of schemes) {
    for (const enablePush of [true, false]) {
      check(`${enablePush ? "takes what is pushed" : "takes no pushes"}, over ${scheme}`, () =>
        Effect.gen(function* () {
          const { stats, url } = yield* serveOurs(scheme)
          const session = yield* Effect.acquireRelease(
            Effect.sync(() => Http2.connect(url, { ca: certificate.cert, settings: { enablePush } })),
            (session) => Effect.sync(() => session.destroy())
          )
          const seen = new Map<string, Effect.Effect<unknown>>()
          session.on("stream", (stream, headers) => {
            const path = headers[":path"] ?? ""
            if (path === "/never") {
              seen.set(path, Effect.succeed("cancelled"))
              stream.on("error", () => {})
              return void stream.close(Http2.constants.NGHTTP2_CANCEL)
            }
            expect(headers).toMatchObject({ ":method": "GET", ":scheme": scheme, "x-from": "push" })
            seen.set(path, Effect.runSync(Effect.cached(bodyOf(stream))))
          })
          const request = session.request({ ":path": "/?small,large,never" })
          expect((yield* bodyOf(request)).toString()).toBe(enablePush ? "3" : "0")
          if (!enablePush) return expect(seen.size).toBe(0)
          const small = seen.get("/small") ?? expect.unreachable()
          expect(String(yield* small)).toBe("small push")
          const body = yield* seen.get("/large") ?? expect.unreachable()
          expect(Buffer.isBuffer(body) && sha256(body)).toBe(sha256(large))
          expect(stats).toMatchObject({ pushes: 3, requests: 1, handlersInterrupted: 1 })
          session.close()
          yield* nothingLeft(stats)
        })
      )
    }
  }
})

interface Pushed {
  readonly path: string
  readonly status: number
  readonly bytes: Uint8Array
}

const read = (push: Http2Push.Push) =>
  Effect.scoped(
    Effect.gen(function* () {
      const response = yield* push.response
      return { path: push.path, status: response.status, bytes: yield* response.bytes() }
    })
  )

/** Asks for `path`, and gives what came of it and the first `count` responses that were pushed, by path. */
const ask = (
  url: string,
  ca: string,
  path: string,
  count: number
): Effect.Effect<{ text: string; pushed: ReadonlyArray<Pushed> }, unknown, Scope.Scope> =>
  Effect.gen(function* () {
    const client = yield* NodeHttp2.connect(url, { enablePush: true, tls: { ca } })
    const pushed = yield* Effect.fork(
      client.pushes.pipe(Stream.take(count), Stream.mapEffect(read, { concurrency: "unbounded" }), Stream.runCollect)
    )
    const { text } = yield* client.collect({ path })
    const all = [...(yield* Fiber.join(pushed))].sort((a, b) => (a.path < b.path ? -1 : 1))
    yield* client.connection.ping
    expect([client.connection.activeStreams, client.connection.unreadOctets]).toEqual([0, 0])
    return { text, pushed: all }
  })

describe("our client and a server of node:http2", () => {
  for (const scheme of schemes) {
    check(`takes what pushStream gives, over ${scheme}`, () =>
      Effect.gen(function* () {
        const server = scheme === "http" ? Http2.createServer() : Http2.createSecureServer(certificate)
        server.on("session", (session) => session.on("error", () => {}))
        server.on("stream", (stream) => {
          stream.pushStream({ ":path": "/large" }, (error, push) => {
            if (error !== null) return
            push.respond({ ":status": 200 })
            push.end(large)
          })
          stream.pushStream({ ":path": "/nothing" }, (error, push) => {
            if (error === null) push.respond({ ":status": 404 }, { endStream: true })
          })
          stream.respond({ ":status": 200 })
          stream.end("page")
        })
        const { port } = yield* serve<Net.Server>(server)
        const { pushed, text } = yield* ask(`${scheme}://127.0.0.1:${port}`, certificate.cert, "/", 2)
        expect(text).toBe("page")
        expect(pushed.map(({ path, status }) => [path, status])).toEqual([
          ["/large", 200],
          ["/nothing", 404]
        ])
        expect(sha256(pushed[0]?.bytes ?? large.subarray(1))).toBe(sha256(large))
      })
    )
  }
})

describeWithPeer("nghttp", "our server and nghttp", (nghttp) => {
  for (const scheme of schemes) {
    check(`shows what is pushed, over ${scheme}`, () =>
      Effect.gen(function* () {
        const { url } = yield* serveOurs(scheme)
        const run = (...args: ReadonlyArray<string>) =>
          Effect.async<string>((resume) => {
            execFile(nghttp, ["-nv", ...args, `${url}/?small,large`], (_, stdout) => resume(Effect.succeed(stdout)))
          })
        const output = yield* run("-w", "20", "-W", "20")
        expect(output.match(/recv PUSH_PROMISE frame/g)).toHaveLength(2)
        expect(output).toMatch(/promised_stream_id=2\)/)
        expect(output).toMatch(/recv \(stream_id=2\) :status: 200/)
        expect(output).toMatch(/recv \(stream_id=4\) :status: 200/)
        expect(output).toMatch(/recv DATA frame <length=\d+, flags=0x01, stream_id=4>/)
        expect(output).not.toContain("recv GOAWAY")
        expect(yield* run("--no-push")).not.toContain("PUSH_PROMISE")
      })
    )
  }
})

describeWithPeer("nghttpd", "our client and nghttpd", (nghttpd) => {
  for (const scheme of schemes) {
    check(`takes what it pushes, over ${scheme}`, () =>
      Effect.gen(function* () {
        const server = yield* Effect.acquireRelease(
          Effect.promise(() => PeerServers.nghttpd(nghttpd, "--push", "/page=/large,/small")),
          (server) => Effect.promise(server.stop)
        )
        yield* Effect.promise(() =>
          Promise.all(
            Object.entries({ page: "page", small: "small", large }).map(([name, content]) =>
              writeFile(join(server.root, name), content)
            )
          )
        )
        const { pushed, text } = yield* ask(server[scheme], server.ca, "/page", 2)
        expect(text).toBe("page")
        expect(pushed.map(({ path, status }) => [path, status])).toEqual([
          ["/large", 200],
          ["/small", 200]
        ])
        expect(sha256(pushed[0]?.bytes ?? large.subarray(1))).toBe(sha256(large))
      })
    )
  }
})
