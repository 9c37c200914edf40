/** Our client against `node:http2`, when it behaves. */
import * as ErrorCode from "@effect-http2/http2/ErrorCode"
import type * as Http2Client from "@effect-http2/http2/Http2Client"
import type * as Http2ClientRequest from "@effect-http2/http2/Http2ClientRequest"
import type * as Http2ClientResponse from "@effect-http2/http2/Http2ClientResponse"
import type { Http2Error } from "@effect-http2/http2/Http2Error"
import * as NodeHttp2 from "@effect-http2/platform-node/NodeHttp2"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type * as Http2 from "node:http2"
import { describe, expect } from "vitest"
import * as NodeServer from "../support/nodeServer.js"
import { octets, PseudoRandom, sha256, stream } from "../support/pseudoRandom.js"
import { check } from "../utils.js"

const MiB = 1024 * 1024

interface Fixture {
  readonly client: Http2Client.Http2Client
  readonly server: NodeServer.NodeServer
  /** The whole of a response. */
  readonly whole: (
    request: Http2ClientRequest.Http2ClientRequest
  ) => Effect.Effect<
    { status: number; headers: Http2ClientResponse.Http2ClientResponse["headers"]; text: string },
    Http2Error
  >
}

interface Options {
  readonly server?: Http2.ServerOptions
  readonly client?: NodeHttp2.ConnectOptions
}

/** A test over both schemes, at whose end the connection has nothing open and nothing unread. */
const both = (
  name: string,
  test: (fixture: Fixture, scheme: NodeServer.Scheme) => Effect.Effect<unknown, Http2Error, Scope.Scope>,
  options: Options = {}
): void => {
  for (const scheme of ["http", "https"] as const) {
    check(`${name}, over ${scheme}`, () =>
      Effect.gen(function* () {
        const server = yield* NodeServer.make(scheme, options.server)
        const client = yield* NodeHttp2.connect(server.url, { tls: server.tls, ...options.client })
        const whole: Fixture["whole"] = (request) =>
          Effect.scoped(
            Effect.gen(function* () {
              const response = yield* client.request(request)
              return { status: response.status, headers: response.headers, text: yield* response.text() }
            })
          )
        yield* Effect.scoped(test({ client, server, whole }, scheme))
        yield* client.connection.ping
        expect({
          streams: client.connection.activeStreams,
          unread: client.connection.unreadOctets,
          queued: client.queued(),
          theirs: server.streams.size
        }).toEqual({ streams: 0, unread: 0, queued: 0, theirs: 0 })
      })
    )
  }
}

const matches = (response: Http2ClientResponse.Http2ClientResponse, seed: number): Effect.Effect<number, Http2Error> =>
  Effect.suspend(() => {
    const expected = new PseudoRandom(seed)
    return Stream.runFold(response.body, 0, (length, chunk) => {
      expect(expected.matches(chunk)).toBe(true)
      return length + chunk.length
    })
  })

const range = (length: number): ReadonlyArray<number> => Array.from({ length }, (_, index) => index)

/** Whether the server has seen the body that belongs to `index`. */
const uploads = (whole: Fixture["whole"], index: number): Effect.Effect<boolean, Http2Error> => {
  const body = octets(index * 101, index)
  const request = { method: "POST", path: "/upload", body }
  return Effect.map(whole(request), ({ text }) => text.includes(`"sha256":"${sha256(body)}"`))
}

describe("our client and node:http2", () => {
  both("a small response", ({ whole }) =>
    Effect.gen(function* () {
      const { headers, status, text } = yield* whole({ path: "/" })
      expect({ status, text, length: headers.get("content-length") }).toEqual({
        status: 200,
        text: "Hello World!",
        length: "12"
      })
    })
  )

  both("what the server sees of a request", ({ server, whole }, scheme) =>
    Effect.gen(function* () {
      const headers = { "X-One": "1", "x-many": ["a", "b"], cookie: ["a=1", "b=2"], authorization: "Basic eA==" }
      const { text } = yield* whole({ method: "OPTIONS", path: "/request?q=%20", headers })
      expect(JSON.parse(text)).toEqual({
        ":method": "OPTIONS",
        ":scheme": scheme,
        ":authority": new URL(server.url).host,
        ":path": "/request?q=%20",
        "x-one": "1",
        "x-many": "a, b",
        cookie: "a=1; b=2",
        authorization: "Basic eA=="
      })
    })
  )

  both("128 MiB down", ({ client }) =>
    Effect.gen(function* () {
      const response = yield* client.request({ path: `/bytes/${128 * MiB}/7` })
      expect(yield* matches(response, 7)).toBe(128 * MiB)
    })
  )

  // node:http2 has RST_STREAM(NO_ERROR) in the place of END_STREAM there.
  both("a body whose last octet uses up the window", ({ client, whole }) =>
    Effect.gen(function* () {
      const response = yield* client.request({ path: `/bytes/${MiB}/7` })
      expect(yield* matches(response, 7)).toBe(MiB)
      expect([...(yield* response.trailers)]).toEqual([])
      expect((yield* whole({ path: "/" })).text).toBe("Hello World!")
    })
  )

  both("64 MiB up, from a Stream, with trailers", ({ whole }) =>
    Effect.gen(function* () {
      const body = stream(64 * MiB, 8, 50_000)
      const { text } = yield* whole({ method: "POST", path: "/upload", body, trailers: { "x-sum": "1" } })
      const expected = { length: 64 * MiB, sha256: sha256(octets(64 * MiB, 8)), trailers: { "x-sum": "1" } }
      expect(JSON.parse(text)).toEqual(expected)
    })
  )

  both("16 MiB up, from octets, and none", ({ whole }) =>
    Effect.gen(function* () {
      const body = octets(16 * MiB, 9)
      const large = yield* whole({ method: "POST", path: "/upload", body })
      expect(JSON.parse(large.text)).toEqual({ length: body.length, sha256: sha256(body), trailers: {} })
      const none = yield* whole({ method: "POST", path: "/upload", body: Stream.empty })
      expect(JSON.parse(none.text)).toEqual({ length: 0, sha256: sha256(Buffer.alloc(0)), trailers: {} })
    })
  )

  both("32 MiB both ways at once", ({ client }) =>
    Effect.gen(function* () {
      const response = yield* client.request({ method: "POST", path: "/echo", body: stream(32 * MiB, 10) })
      expect(yield* matches(response, 10)).toBe(32 * MiB)
    })
  )

  both("trailers", ({ client }) =>
    Effect.gen(function* () {
      const response = yield* client.request({ path: "/trailers" })
      expect(yield* response.text()).toBe("content")
      const trailers = yield* response.trailers
      expect([...trailers]).toEqual([
        ["x-behind", "one"],
        ["x-behind", "two"],
        ["x-sum", "3"]
      ])
    })
  )

  both("informational responses before the final one", ({ whole }) =>
    Effect.gen(function* () {
      const seen: Array<readonly [number, string | undefined]> = []
      const { status, text } = yield* whole({
        path: "/informational",
        onInformational: (status, headers) => seen.push([status, headers.get("link")])
      })
      expect({ status, text }).toEqual({ status: 200, text: "final" })
      expect(seen).toEqual([
        [102, undefined],
        [103, "</style.css>; rel=preload"]
      ])
    })
  )

  both("100 (Continue) before the body is wanted", ({ whole }) =>
    Effect.gen(function* () {
      const seen: Array<number> = []
      const { text } = yield* whole({
        method: "POST",
        path: "/upload",
        headers: { expect: "100-continue" },
        body: "content",
        onInformational: (status) => seen.push(status)
      })
      expect(JSON.parse(text)).toMatchObject({ length: 7 })
      expect(seen).toEqual([])
    })
  )

  both("responses without content", ({ whole }) =>
    Effect.gen(function* () {
      for (const status of [200, 204, 205, 304, 404, 500]) {
        expect(yield* whole({ path: `/status/${status}` })).toMatchObject({ status, text: "" })
      }
      const head = yield* whole({ method: "HEAD", path: "/" })
      expect({ text: head.text, length: head.headers.get("content-length") }).toEqual({ text: "", length: "12" })
    })
  )

  both(
    "fields in CONTINUATION frames",
    ({ whole }) =>
      Effect.gen(function* () {
        const { headers } = yield* whole({ path: "/fields/90/280" })
        expect(headers.get("x-field-89")).toBe("9".repeat(280))
        const large = Object.fromEntries(
          Array.from({ length: 90 }, (_, index) => [`x-${index}`, `${index}`.repeat(200)])
        )
        const { text } = yield* whole({ path: "/request", headers: large })
        expect(JSON.parse(text)).toMatchObject(large)
      }),
    { server: { maxHeaderListPairs: 200 } }
  )

  both(
    "500 requests where the server allows 7 at a time",
    ({ client, whole }) =>
      Effect.gen(function* () {
        // An answer to a PING comes behind the server's SETTINGS: before, a client cannot know.
        yield* client.connection.ping
        const right = yield* Effect.forEach(range(500), (index) => uploads(whole, index), { concurrency: "unbounded" })
        expect(right.filter((right) => !right)).toEqual([])
      }),
    { server: { settings: { maxConcurrentStreams: 7 } } }
  )

  both(
    "requests that are refused because the limit was not known can be sent again",
    ({ client, whole }) =>
      Effect.gen(function* () {
        const refused: Array<Http2Error> = []
        const right = yield* Effect.forEach(
          range(50),
          (index) =>
            uploads(whole, index).pipe(
              Effect.catchIf(
                (error) => error.processed === "no",
                (error) => {
                  refused.push(error)
                  return Effect.zipRight(client.connection.ping, uploads(whole, index))
                }
              )
            ),
          { concurrency: "unbounded" }
        )
        expect(right.filter((right) => !right)).toEqual([])
        expect(refused.map(({ code }) => code)).toEqual(refused.map(() => ErrorCode.REFUSED_STREAM))
      }),
    { server: { settings: { maxConcurrentStreams: 7 } } }
  )

  both(
    "large and small at once through small windows",
    ({ client }) =>
      Effect.gen(function* () {
        const sizes = Array.from({ length: 40 }, (_, index) => (index % 8 === 0 ? 500_000 : index * 13))
        const lengths = yield* Effect.forEach(
          sizes,
          (size, index) =>
            Effect.scoped(
              Effect.flatMap(
                client.request({ method: "POST", path: "/echo", body: stream(size, index, 3000) }),
                (response) => matches(response, index)
              )
            ),
          { concurrency: "unbounded" }
        )
        expect(lengths).toEqual(sizes)
      }),
    {
      server: { settings: { initialWindowSize: 5000, maxFrameSize: 20_000 } },
      client: { initialWindowSize: 3000, connectionWindowSize: 65_535, maxFrameSize: 20_000 }
    }
  )
})
