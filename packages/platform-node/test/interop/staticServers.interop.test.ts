/** Our client against nginx and nghttpd: files down, files up, many at once, over TLS and with prior knowledge. */
import type * as Http2Client from "@effect-http2/http2/Http2Client"
import type * as Http2ClientRequest from "@effect-http2/http2/Http2ClientRequest"
import type * as Http2ClientResponse from "@effect-http2/http2/Http2ClientResponse"
import type { Http2Error } from "@effect-http2/http2/Http2Error"
import * as NodeHttp2 from "@effect-http2/platform-node/NodeHttp2"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { createHash } from "node:crypto"
import { readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect } from "vitest"
import { describeWithPeer } from "../support/peers.js"
import * as PeerServers from "../support/peerServers.js"
import { octets, sha256, stream } from "../support/pseudoRandom.js"
import { check } from "../utils.js"

const MiB = 1024 * 1024
const large = octets(32 * MiB, 1)
const small = Array.from({ length: 20 }, (_, index) => octets(index * 1700, 100 + index))

const writeFiles = (root: string): Promise<unknown> =>
  Promise.all([
    writeFile(join(root, "hello"), "Hello World!"),
    writeFile(join(root, "empty"), ""),
    writeFile(join(root, "large"), large),
    ...small.map((content, index) => writeFile(join(root, `small-${index}`), content))
  ])

let server: PeerServers.PeerServer

/** One fresh connection for each test, closed and accounted for at its end. */
const connect = (scheme: "http" | "https", options: NodeHttp2.ConnectOptions = {}) =>
  Effect.suspend(() =>
    NodeHttp2.connect(server[scheme], { ...(scheme === "https" ? { tls: { ca: server.ca } } : {}), ...options })
  )

const hash = (
  response: Http2ClientResponse.Http2ClientResponse
): Effect.Effect<{ length: number; sha256: string }, Http2Error> =>
  Effect.suspend(() => {
    const hash = createHash("sha256")
    let length = 0
    return Stream.runForEach(response.body, (chunk) =>
      Effect.sync(() => {
        hash.update(chunk)
        length += chunk.length
      })
    ).pipe(Effect.map(() => ({ length, sha256: hash.digest("hex") })))
  })

/** The whole of a response, once the connection has nothing of it any more. */
const whole = (client: Http2Client.Http2Client, request: Http2ClientRequest.Http2ClientRequest) =>
  Effect.scoped(
    Effect.gen(function* () {
      const response = yield* client.request(request)
      const bytes = yield* response.bytes(100 * MiB)
      return { status: response.status, headers: response.headers, bytes: Buffer.from(bytes) }
    })
  )

const expectQuiet = (client: Http2Client.Http2Client): void => {
  expect({ streams: client.connection.activeStreams, unread: client.connection.unreadOctets }).toEqual({
    streams: 0,
    unread: 0
  })
}

const both = (
  name: string,
  test: (scheme: "http" | "https") => Effect.Effect<unknown, Http2Error, Scope.Scope>
): void => {
  check(`${name}, plain`, () => test("http"))
  check(`${name}, TLS`, () => test("https"))
}

const defineDownloads = (): void => {
  both("GET of a small file, of an empty one, of one that is not there", (scheme) =>
    Effect.gen(function* () {
      const client = yield* connect(scheme)
      const hello = yield* whole(client, { path: "/hello" })
      expect({ ...hello, bytes: hello.bytes.toString() }).toMatchObject({ status: 200, bytes: "Hello World!" })
      expect(hello.headers.get("content-length")).toBe("12")
      expect(yield* whole(client, { path: "/empty" })).toMatchObject({ status: 200, bytes: Buffer.alloc(0) })
      expect((yield* whole(client, { path: "/nope" })).status).toBe(404)
      expectQuiet(client)
    })
  )

  both("HEAD has the length and no content", (scheme) =>
    Effect.gen(function* () {
      const client = yield* connect(scheme)
      const { bytes, headers, status } = yield* whole(client, { method: "HEAD", path: "/large" })
      expect({ status, length: bytes.length }).toEqual({ status: 200, length: 0 })
      expect(headers.get("content-length")).toBe(String(large.length))
      expectQuiet(client)
    })
  )

  both("32 MiB down", (scheme) =>
    Effect.gen(function* () {
      const client = yield* connect(scheme)
      const response = yield* client.request({ path: "/large" })
      expect(yield* hash(response)).toEqual({ length: large.length, sha256: sha256(large) })
      expectQuiet(client)
    })
  )

  both("through the smallest windows", (scheme) =>
    Effect.gen(function* () {
      const client = yield* connect(scheme, { initialWindowSize: 1000, connectionWindowSize: 65_535 })
      for (const [index, content] of small.entries()) {
        expect((yield* whole(client, { path: `/small-${index}` })).bytes.equals(content)).toBe(true)
      }
      expectQuiet(client)
    })
  )

  both("1,000 at once, large ones among them", (scheme) =>
    Effect.gen(function* () {
      const client = yield* connect(scheme)
      const one = (index: number) =>
        index % 250 === 0
          ? Effect.scoped(Effect.flatMap(client.request({ path: "/large" }), hash)).pipe(
              Effect.map((result) => result.sha256 === sha256(large))
            )
          : whole(client, { path: `/small-${index % 20}` }).pipe(
              Effect.map(({ bytes }) => bytes.equals(small[index % 20] ?? Buffer.alloc(0)))
            )
      const right = yield* Effect.forEach(
        Array.from({ length: 1000 }, (_, index) => index),
        one,
        {
          concurrency: "unbounded"
        }
      )
      expect(right.filter((right) => !right)).toEqual([])
      expectQuiet(client)
    })
  )

  both("a download that is given up leaves the connection as it was", (scheme) =>
    Effect.gen(function* () {
      const client = yield* connect(scheme)
      const first = yield* Effect.scoped(
        Effect.flatMap(client.request({ path: "/large" }), ({ body }) => Stream.runHead(body))
      )
      expect(first._tag).toBe("Some")
      expect((yield* whole(client, { path: "/hello" })).bytes.toString()).toBe("Hello World!")
      yield* client.connection.ping
      expectQuiet(client)
    })
  )
}

const usePeer = (start: () => Promise<PeerServers.PeerServer>): void => {
  beforeAll(async () => {
    server = await start()
    await writeFiles(server.root)
  })
  afterAll(() => server.stop())
}

describeWithPeer("nginx", "our client and nginx", (program) => {
  usePeer(() => PeerServers.nginx(program))
  defineDownloads()

  both("16 MiB up, from octets and from a Stream", (scheme) =>
    Effect.gen(function* () {
      const client = yield* connect(scheme)
      const content = large.subarray(0, 16 * MiB)
      const put = (name: string, body: Http2ClientRequest.Http2ClientRequest["body"]) =>
        whole(client, { method: "PUT", path: `/upload/${name}`, headers: { "content-length": `${16 * MiB}` }, body })
      expect((yield* put(`${scheme}-1`, content)).status).toBe(201)
      expect((yield* put(`${scheme}-2`, stream(16 * MiB, 1))).status).toBe(201)
      for (const name of [`${scheme}-1`, `${scheme}-2`]) {
        const written = yield* Effect.promise(() => readFile(join(server.root, "upload", name)))
        expect(sha256(written)).toBe(sha256(content))
      }
      expectQuiet(client)
    })
  )

  both("fields in both directions", (scheme) =>
    Effect.gen(function* () {
      const client = yield* connect(scheme)
      const headers = { "x-one": "1".repeat(3000), cookie: "a=1; b=2" }
      const { bytes, status } = yield* whole(client, { path: "/echo-headers", headers })
      const host = scheme === "https" ? "localhost" : "127.0.0.1"
      expect({ status, text: bytes.toString() }).toEqual({
        status: 200,
        text: `GET ${scheme} ${host} ${"1".repeat(3000)} a=1; b=2`
      })
      expect((yield* whole(client, { path: "/nothing" })).status).toBe(204)
      const elsewhere = yield* whole(client, { path: "/elsewhere" })
      expect(elsewhere.status).toBe(302)
      expect(elsewhere.headers.get("location")).toMatch(/\/hello$/)
      expectQuiet(client)
    })
  )
})

describeWithPeer("nghttpd", "our client and nghttpd", (program) => {
  usePeer(() => PeerServers.nghttpd(program))
  defineDownloads()

  both("what goes up comes down, in padded frames, with a trailer", (scheme) =>
    Effect.gen(function* () {
      const client = yield* connect(scheme)
      const response = yield* client.request({ method: "POST", path: "/echo", body: stream(8 * MiB, 1) })
      expect(yield* hash(response)).toEqual({ length: 8 * MiB, sha256: sha256(large.subarray(0, 8 * MiB)) })
      expect((yield* response.trailers).get("x-trailer")).toBe("behind")
      expectQuiet(client)
    })
  )

  both("trailers of a request", (scheme) =>
    Effect.gen(function* () {
      const client = yield* connect(scheme)
      const request = { method: "PUT", path: "/echo", body: "content", trailers: { "x-sum": "1" } }
      expect((yield* whole(client, request)).bytes.toString()).toBe("content")
      expectQuiet(client)
    })
  )
})

describe("a server that is not there", () => {
  check("fails the connection, and says that nothing was processed", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(NodeHttp2.connect("http://127.0.0.1:1"))
      expect(error).toMatchObject({ _tag: "Http2TransportError", reason: "Connect", processed: "no" })
    })
  )
})
