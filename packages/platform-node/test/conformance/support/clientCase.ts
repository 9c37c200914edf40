/**
 * Cases for our client: it has asked for something, the server of the test sends octets, and this is what has to come of them. Each case runs with a
 * request that is whole and with one whose body goes on, with all octets in one write and with a round trip between the steps, in memory; and with one of
 * them over a socket, plain and with TLS.
 */
import * as Http2Client from "@effect-http2/http2/Http2Client"
import type * as Http2ClientRequest from "@effect-http2/http2/Http2ClientRequest"
import type * as Http2Error from "@effect-http2/http2/Http2Error"
import * as Http2Stats from "@effect-http2/http2/Http2Stats"
import * as NodeHttp2 from "@effect-http2/platform-node/NodeHttp2"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Net from "node:net"
import * as Tls from "node:tls"
import { describe, expect } from "vitest"
import * as U from "../../utils.js"
import type * as Block from "@effect-http2/testkit/fieldBlock"
import * as Octets from "@effect-http2/testkit/octets"
import { ofPipe } from "@effect-http2/testkit/line"
import * as Raw from "@effect-http2/testkit/rawFrame"
import * as RawPeer from "@effect-http2/testkit/rawPeer"
import { apart, type Line, nothingLeft, pipe, runsOf, together, type Way } from "./serverCase.js"

/** What a program gets that reads a whole response. */
export interface Response {
  readonly status: number
  readonly body: string
  readonly trailers: ReadonlyArray<Block.Pair>
}

type Result = Fiber.Fiber<Response, Http2Error.Http2Error>

export interface Run {
  readonly peer: RawPeer.RawPeer
  readonly client: Http2Client.Http2Client
  /** That of the request on stream 1. */
  readonly result: Result
  readonly seen: ReadonlyArray<Raw.RawFrame>
}

export type Outcome = (run: Run) => Effect.Effect<void>

const requests = {
  whole: { path: "/" },
  open: { path: "/", method: "POST", body: Stream.concat(Stream.make(Octets.octets("part")), Stream.never) }
} satisfies Record<string, Http2ClientRequest.Http2ClientRequest>

export type RequestName = keyof typeof requests

export interface Case {
  readonly title: string
  readonly steps: ReadonlyArray<Uint8Array>
  readonly outcome: Outcome
  /** Default: both. */
  readonly requests?: ReadonlyArray<RequestName>
  readonly ways?: ReadonlyArray<Way>
  /** Of the client. */
  readonly options?: NodeHttp2.ConnectOptions
}

const exchange = (
  client: Http2Client.Http2Client,
  request: Http2ClientRequest.Http2ClientRequest
): Effect.Effect<Response, Http2Error.Http2Error> =>
  client.request(request).pipe(
    Effect.flatMap((response) =>
      Effect.map(Effect.all([response.text(), response.trailers]), ([body, trailers]) => ({
        status: response.status,
        body,
        trailers: trailers.fields.map(({ name, value }) => [name, value] as const)
      }))
    ),
    Effect.scoped
  )

const errorOf = (run: Run): Effect.Effect<Http2Error.Http2Error> =>
  Effect.flatMap(Fiber.await(run.result), (exit) =>
    Exit.isSuccess(exit)
      ? run.peer.fail(`the request succeeded: ${JSON.stringify(exit.value)}`)
      : Effect.orDie(Effect.flip(exit))
  )

const isReset = (frame: Raw.RawFrame): boolean => frame.type === Raw.Type.RST_STREAM
const isGoAway = (frame: Raw.RawFrame): boolean => frame.type === Raw.Type.GOAWAY

/** GOAWAY with `code`, then FIN; the request fails with it too, unless it had what it wanted. */
export const connectionError =
  (code: number, response?: Partial<Response>): Outcome =>
  (run) =>
    Effect.gen(function* () {
      const [rest, end] = yield* run.peer.toEnd
      const frames = [...run.seen, ...rest]
      const codes = frames.filter(isGoAway).map(({ payload }) => payload.readUInt32BE(4))
      if (end !== "FIN" || codes.join() !== String(code) || !isGoAway(frames.at(-1) ?? expect.unreachable())) {
        return yield* run.peer.fail(`GOAWAY with ${code} and FIN were expected`)
      }
      if (response !== undefined) expect(yield* Effect.orDie(Fiber.join(run.result))).toMatchObject(response)
      else
        expect(yield* errorOf(run)).toMatchObject({
          _tag: "Http2ConnectionError",
          code,
          origin: "Local",
          processed: "unknown"
        })
      const closed = yield* Effect.flip(
        Effect.catchAllDefect(run.client.connection.awaitClosed, () => Effect.void)
      ).pipe(Effect.orDie)
      expect(closed).toMatchObject({ _tag: "Http2ConnectionError", code })
    })

/** One RST_STREAM with `code`, the request fails with it, and the connection goes on. */
export const streamError =
  (code: number): Outcome =>
  (run) =>
    Effect.gen(function* () {
      const frames = [...run.seen]
      if (!frames.some(isReset)) frames.push(...(yield* run.peer.until("RST_STREAM", isReset)))
      expect(yield* errorOf(run)).toMatchObject({ _tag: "Http2StreamError", code, origin: "Local", streamId: 1 })
      frames.push(...(yield* goOn(run)))
      const resets = frames.filter(isReset).map(({ payload, streamId }) => [streamId, payload.readUInt32BE()])
      if (resets.join() !== [1, code].join()) yield* run.peer.fail(`RST_STREAM with ${code} was expected`)
    })

/** The request fails with what the server did, and the connection goes on. */
export const failed =
  (error: object): Outcome =>
  (run) =>
    Effect.gen(function* () {
      expect(yield* errorOf(run)).toMatchObject(error)
      const frames = [...run.seen, ...(yield* goOn(run))]
      if (frames.some(isReset)) yield* run.peer.fail("no RST_STREAM was expected")
    })

/** The request succeeds, and the connection goes on. */
export const answered =
  (response: Partial<Response>): Outcome =>
  (run) =>
    Effect.gen(function* () {
      expect(yield* Effect.orDie(Fiber.join(run.result))).toMatchObject(response)
      const frames = [...run.seen, ...(yield* goOn(run))]
      // What is left of a request that nobody waits for any more is cancelled.
      const codes = frames.filter(isReset).map(({ payload }) => payload.readUInt32BE())
      if (codes.some((code) => code !== Raw.Code.CANCEL)) yield* run.peer.fail("no RST_STREAM was expected")
    })

/** PING is answered and another request is served. */
export const goOn = ({ client, peer }: Run): Effect.Effect<ReadonlyArray<Raw.RawFrame>> =>
  Effect.gen(function* () {
    const before = yield* peer.roundTrip
    const another = yield* Effect.fork(exchange(client, requests.whole))
    const isHead = (frame: Raw.RawFrame): boolean => frame.type === Raw.Type.HEADERS && frame.streamId > 1
    const after = yield* peer.until("another request", isHead)
    yield* peer.send(Raw.headers(after.at(-1)?.streamId ?? 0, [0x88]))
    expect(yield* Effect.orDie(Fiber.join(another))).toMatchObject({ status: 200 })
    const frames = [...before, ...after]
    if (frames.some(isGoAway)) yield* peer.fail("no GOAWAY was expected")
    return frames
  })

/** A client and the server that it has connected to, before either has spoken to the end of its preface. */
export const open = (
  isTls: boolean,
  options: NodeHttp2.ConnectOptions = {}
): Effect.Effect<
  readonly [client: Http2Client.Http2Client, peer: RawPeer.RawPeer, stats: Http2Stats.Http2Stats],
  unknown,
  Scope.Scope
> =>
  Effect.gen(function* () {
    const stats = Http2Stats.make()
    const server = yield* U.serve(
      isTls
        ? Tls.createServer({ ...U.certificate, ALPNProtocols: ["h2"], allowHalfOpen: true })
        : Net.createServer({ allowHalfOpen: true })
    )
    const accepted = yield* Deferred.make<Net.Socket>()
    server.once(isTls ? "secureConnection" : "connection", (socket: Net.Socket) =>
      Deferred.unsafeDone(accepted, Effect.succeed(socket))
    )
    const client = yield* NodeHttp2.connect(`${isTls ? "https" : "http"}://127.0.0.1:${server.port}`, {
      stats,
      ...(isTls ? { tls: { ca: U.certificate.cert } } : {}),
      ...options
    })
    return [client, yield* RawPeer.accept(yield* Deferred.await(accepted)), stats] as const
  })

/** Prefaces and their acknowledgements. Returns the client's SETTINGS. */
export const shake = (
  peer: RawPeer.RawPeer,
  ...settings: ReadonlyArray<readonly [id: number, value: number]>
): Effect.Effect<Raw.RawFrame> =>
  Effect.gen(function* () {
    const first = yield* peer.next
    if (typeof first === "string" || first.type !== Raw.Type.SETTINGS || first.flags !== 0) {
      return yield* peer.fail("a client begins with its preface and SETTINGS")
    }
    yield* peer.send(Raw.settings(...settings), Raw.settingsAck)
    const answer = yield* peer.frame(Raw.Type.SETTINGS)
    if (answer.flags !== Raw.ACK || answer.payload.length > 0) yield* peer.fail("SETTINGS were not acknowledged")
    return first
  })

/** Sends a request, and hands over once the peer has its head. */
export const ask = (
  client: Http2Client.Http2Client,
  peer: RawPeer.RawPeer,
  request: RequestName | Http2ClientRequest.Http2ClientRequest = "whole"
): Effect.Effect<Run, never, Scope.Scope> =>
  Effect.gen(function* () {
    const result = yield* Effect.forkScoped(exchange(client, typeof request === "string" ? requests[request] : request))
    yield* peer.until("a request", ({ type }) => type === Raw.Type.HEADERS)
    return { client, peer, result, seen: [] }
  })

/** One test for each case, in all its ways. */
export const clientCases = (title: string, cases: ReadonlyArray<Case>): void => {
  describe(title, () => {
    for (const test of cases) {
      const requests: ReadonlyArray<RequestName> = test.requests ?? ["whole", "open"]
      const runs = runsOf(requests, test.ways ?? [...together, ...apart])
      U.check(test.title, () => Effect.forEach(runs, (each) => run(test, ...each)))
    }
  })
}

/** A client's engine without a socket, and the server that it talks to, before either has spoken to the end of its preface. */
const openInMemory = (options: Http2Client.ClientOptions = {}): ReturnType<typeof open> =>
  Effect.gen(function* () {
    const stats = Http2Stats.make()
    const transport = yield* pipe
    const client = yield* Http2Client.make(transport, { stats, authority: "localhost", ...options })
    return [client, new RawPeer.RawPeer(ofPipe(transport), "server"), stats] as const
  })

const run = (test: Case, request: RequestName, way: Way, line: Line): Effect.Effect<void, unknown> =>
  Effect.gen(function* () {
    const [client, peer, stats] =
      line === "in memory" ? yield* openInMemory(test.options) : yield* open(line === "over TLS", test.options)
    peer.log.push(`(from a request that is ${request}, ${way}, ${line})`)
    yield* shake(peer)
    const asked = yield* ask(client, peer, request)
    const seen: Array<Raw.RawFrame> = []
    if (way === "together") yield* peer.send(...test.steps)
    else {
      for (const [i, step] of test.steps.entries()) {
        if (i > 0) seen.push(...(yield* peer.roundTrip))
        yield* peer.send(step)
      }
    }
    yield* test.outcome({ ...asked, seen })
    peer.end()
    return stats
  }).pipe(Effect.scoped, Effect.flatMap(nothingLeft))
