/** Our client against a `node:http2` server that resets, goes away, and says what is not so: typed errors, and never a whole response. */
import * as ErrorCode from "@effect-http2/http2/ErrorCode"
import type * as Http2Client from "@effect-http2/http2/Http2Client"
import type * as Http2ClientRequest from "@effect-http2/http2/Http2ClientRequest"
import * as Http2Error from "@effect-http2/http2/Http2Error"
import * as NodeHttp2 from "@effect-http2/platform-node/NodeHttp2"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { describe, expect } from "vitest"
import * as NodeServer from "../support/nodeServer.js"
import { stream } from "../support/pseudoRandom.js"
import { check } from "../utils.js"

interface Fixture {
  readonly client: Http2Client.Http2Client
  readonly server: NodeServer.NodeServer
}

const test = (
  name: string,
  run: (fixture: Fixture) => Effect.Effect<unknown, Http2Error.Http2Error, Scope.Scope>
): void => {
  for (const scheme of ["http", "https"] as const) {
    check(`${name}, over ${scheme}`, () =>
      Effect.gen(function* () {
        const server = yield* NodeServer.make(scheme)
        const client = yield* NodeHttp2.connect(server.url, { tls: server.tls })
        yield* Effect.scoped(run({ client, server }))
        expect(client.connection.unreadOctets).toBe(0)
      })
    )
  }
}

/** The status and the text, or the error, with as much of the text as came before it. */
const outcome = (client: Http2Client.Http2Client, request: Http2ClientRequest.Http2ClientRequest) =>
  Effect.suspend(() => {
    let status: number | undefined
    let text = ""
    return Effect.scoped(
      Effect.gen(function* () {
        const response = yield* client.request(request)
        status = response.status
        yield* Stream.runForEach(response.body, (chunk) =>
          Effect.sync(() => {
            text += Buffer.from(chunk).toString("latin1")
          })
        )
      })
    ).pipe(
      Effect.match({
        onFailure: (error) => ({ status, text, error }),
        onSuccess: () => ({ status, text, error: undefined })
      })
    )
  })

/** The connection is as good as before. */
const goesOn = ({ client, server }: Fixture) =>
  Effect.gen(function* () {
    expect(yield* outcome(client, { path: "/" })).toEqual({ status: 200, text: "Hello World!", error: undefined })
    yield* client.connection.ping
    expect({ ours: client.connection.activeStreams, theirs: server.streams.size }).toEqual({ ours: 0, theirs: 0 })
  })

/** Waits for what the peer does, which no event on our side tells: looks again after each round trip. */
const until = (client: Http2Client.Http2Client, isTrue: () => boolean): Effect.Effect<void, Http2Error.Http2Error> =>
  Effect.suspend(() => (isTrue() ? Effect.void : Effect.zipRight(client.connection.ping, until(client, isTrue))))

describe("our client and node:http2 where it misbehaves", () => {
  test("a reset before the response", (fixture) =>
    Effect.gen(function* () {
      for (const code of [ErrorCode.INTERNAL_ERROR, ErrorCode.CANCEL, ErrorCode.REFUSED_STREAM, 0xee] as const) {
        const { error, status } = yield* outcome(fixture.client, { path: `/reset/${code}` })
        const processed = code === ErrorCode.REFUSED_STREAM ? "no" : "unknown"
        expect(status).toBeUndefined()
        expect(error).toMatchObject({ _tag: "Http2StreamError", code, origin: "Remote", processed })
      }
      yield* goesOn(fixture)
    }))

  test("a reset in the middle of the body: what came before it is still read", (fixture) =>
    Effect.gen(function* () {
      const { error, ...seen } = yield* outcome(fixture.client, { path: "/reset-late" })
      expect(seen).toEqual({ status: 200, text: "the beginning" })
      const code = ErrorCode.INTERNAL_ERROR
      expect(error).toMatchObject({ _tag: "Http2StreamError", code, origin: "Remote", receivedOctets: 13 })
      yield* goesOn(fixture)
    }))

  test("a body that is shorter than content-length", (fixture) =>
    Effect.gen(function* () {
      const { error, status } = yield* outcome(fixture.client, { path: "/length/100/60" })
      expect(status).toBe(200)
      expect(error).toMatchObject({ _tag: "Http2StreamError", code: ErrorCode.PROTOCOL_ERROR, origin: "Local" })
      expect(error?.message).toContain("content-length is 100, the body is shorter")
      yield* goesOn(fixture)
    }))

  test("a body that is longer than content-length", (fixture) =>
    Effect.gen(function* () {
      const { error } = yield* outcome(fixture.client, { path: "/length/10/60000" })
      expect(error).toMatchObject({ _tag: "Http2StreamError", code: ErrorCode.PROTOCOL_ERROR, origin: "Local" })
      yield* goesOn(fixture)
    }))

  test("a field section beyond our limits", (fixture) =>
    Effect.gen(function* () {
      for (const path of ["/fields/40/1000", "/fields/1000/10"]) {
        const { error } = yield* outcome(fixture.client, { path })
        expect(Http2Error.isStreamError(error)).toBe(true)
      }
      yield* goesOn(fixture)
    }))

  test("a response before the request has ended", (fixture) =>
    Effect.gen(function* () {
      const body = Stream.concat(stream(1_000_000, 1), Stream.never)
      const seen = yield* outcome(fixture.client, { method: "POST", path: "/early", body })
      expect(seen).toEqual({ status: 413, text: "too large", error: undefined })
      yield* goesOn(fixture)
    }))

  test("the socket goes away in the middle of a body: every request on it fails", ({ client, server }) =>
    Effect.gen(function* () {
      const hanging = yield* Effect.fork(outcome(client, { path: "/hang" }))
      yield* until(client, () => server.streams.size === 1)
      const seen = yield* outcome(client, { path: "/destroy" })
      expect(Http2Error.isHttp2Error(seen.error)).toBe(true)
      expect((yield* Fiber.join(hanging)).error).toMatchObject({ processed: "unknown" })
      expect(yield* outcome(client, { path: "/" })).toMatchObject({ error: { processed: "no" } })
    }))

  test("GOAWAY: those that the server takes finish, the others can be sent elsewhere", ({ client, server }) =>
    Effect.gen(function* () {
      yield* client.connection.ping
      // Streams 1, 3 and 5; the last of them makes the server say that it takes no more than 3.
      const first = yield* Effect.fork(outcome(client, { method: "POST", path: "/upload", body: Stream.never }))
      yield* until(client, () => server.streams.size === 1)
      const gate = yield* Deferred.make<void>()
      const content = Stream.fromEffect(Effect.as(Deferred.await(gate), Buffer.from("content")))
      const second = yield* Effect.fork(outcome(client, { method: "POST", path: "/upload", body: content }))
      yield* until(client, () => server.streams.size === 2)
      const third = yield* outcome(client, { path: "/goaway/0/3" })
      expect(third.error).toMatchObject({ origin: "Remote", processed: "no" })
      expect(client.connection.isDraining).toBe(true)
      const fourth = yield* outcome(client, { path: "/" })
      expect(fourth.error).toMatchObject({ processed: "no" })
      yield* Deferred.succeed(gate, undefined)
      expect((yield* Fiber.join(second)).text).toContain('"length":7')
      yield* Fiber.interrupt(first)
    }))

  test("GOAWAY with an error code names it", ({ client }) =>
    Effect.gen(function* () {
      yield* outcome(client, { path: `/goaway/${ErrorCode.ENHANCE_YOUR_CALM}/0` })
      const { error } = yield* outcome(client, { path: "/" })
      expect(error).toMatchObject({ code: ErrorCode.ENHANCE_YOUR_CALM, origin: "Remote" })
      expect(error?.message).toContain("so long")
    }))

  test("a session that closes behind a response lets it finish", ({ client }) =>
    Effect.gen(function* () {
      expect(yield* outcome(client, { path: "/close" })).toEqual({ status: 200, text: "the last", error: undefined })
      yield* client.connection.awaitClosed
      expect(yield* outcome(client, { path: "/" })).toMatchObject({ error: { processed: "no" } })
    }))

  test("an interrupted request is cancelled at the server", (fixture) =>
    Effect.gen(function* () {
      const { client, server } = fixture
      for (const request of [{ path: "/hang" }, { method: "POST", path: "/echo", body: Stream.never }]) {
        const fiber = yield* Effect.fork(outcome(client, request))
        yield* until(client, () => server.streams.size === 1)
        const codes = [...server.streams].map(
          (stream) => new Promise((resolve) => stream.on("close", () => resolve(stream.rstCode)))
        )
        yield* Fiber.interrupt(fiber)
        expect(yield* Effect.promise(() => Promise.all(codes))).toEqual([ErrorCode.CANCEL])
      }
      yield* goesOn(fixture)
    }))

  test("a body that is not read to its end is cancelled, and gives its window back", (fixture) =>
    Effect.gen(function* () {
      for (let index = 0; index < 20; index++) {
        yield* Effect.scoped(
          Effect.flatMap(fixture.client.request({ path: "/bytes/100000000/1" }), ({ body }) => Stream.runHead(body))
        )
      }
      yield* goesOn(fixture)
    }))

  test("a request body that fails is never whole", (fixture) =>
    Effect.gen(function* () {
      const body = Stream.concat(Stream.succeed(Buffer.from("content")), Stream.fail("not today"))
      const { error } = yield* outcome(fixture.client, { method: "POST", path: "/upload", body })
      expect(error).toMatchObject({ origin: "User", code: ErrorCode.INTERNAL_ERROR, cause: "not today" })
      yield* goesOn(fixture)
    }))
})
