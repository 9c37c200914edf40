/**
 * Cases for our server: octets in, and what has to come of them. Each case runs in memory against handlers that answer at once, that read the body, and that
 * never answer, with all its octets in one write and with a round trip between its steps; and against one of them over a socket, plain and with TLS.
 */
import * as Http2ServerResponse from "@effect-http2/http2/Http2ServerResponse"
import * as Http2Server from "@effect-http2/http2/Http2Server"
import type * as Http2ServerRequest from "@effect-http2/http2/Http2ServerRequest"
import * as Http2Stats from "@effect-http2/http2/Http2Stats"
import * as NodeHttp2 from "@effect-http2/platform-node/NodeHttp2"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { describe, expect } from "vitest"
import * as U from "../../utils.js"
import * as Block from "@effect-http2/testkit/fieldBlock"
import { ofPipe } from "@effect-http2/testkit/line"
import { Pipe } from "@effect-http2/testkit/pipe"
import * as Raw from "@effect-http2/testkit/rawFrame"
import * as RawPeer from "@effect-http2/testkit/rawPeer"

/** Fields of a request; `changes` replace, add and, where undefined, remove. */
export const request = (changes: Readonly<Record<string, string | undefined>> = {}): Buffer => {
  const fields = { ":method": "GET", ":scheme": "http", ":path": "/", ":authority": "localhost", ...changes }
  return Block.block(
    ...Object.entries(fields).flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const]))
  )
}

/** Eight octets for a PING. */
export const pong = "12345678"

export const get = request()
export const post = request({ ":method": "POST" })

const answer = Effect.succeed(Http2ServerResponse.text("Hello World!"))

const handlers = {
  answering: () => answer,
  reading: (request: Http2ServerRequest.Http2ServerRequest) =>
    Effect.map(request.bytes(), ({ length }) => Http2ServerResponse.text(String(length))),
  hanging: () => Effect.never
} satisfies Record<string, Http2Server.Handler<unknown, never>>

export type HandlerName = keyof typeof handlers
const allHandlers: ReadonlyArray<HandlerName> = ["answering", "reading", "hanging"]

interface Run {
  readonly peer: RawPeer.RawPeer
  /** What came while the steps were sent, the answers to their PINGs left out. */
  readonly seen: ReadonlyArray<Raw.RawFrame>
}

/** What has to come of a case. */
export type Outcome = (run: Run) => Effect.Effect<void>

export interface Case {
  readonly title: string
  /** What is sent behind the handshake; a step of several frames is one write. */
  readonly steps: ReadonlyArray<Uint8Array>
  readonly outcome: Outcome
  /** Those that it makes sense with. Default: all. */
  readonly handlers?: ReadonlyArray<HandlerName>
  /** How it may be sent: `apart` puts a PING and its answer between the steps. Default: all. */
  readonly ways?: ReadonlyArray<Way>
}

export type Way = "together" | "apart" | "apart over TLS"
/** What a case runs over. */
export type Line = "in memory" | "over TCP" | "over TLS"

/** How a case is run: in memory in each of its ways with each `subject`, and once over TCP and over TLS with the first. */
export const runsOf = <Subject>(
  subjects: ReadonlyArray<Subject>,
  ways: ReadonlyArray<Way>
): ReadonlyArray<readonly [subject: Subject, way: Way, line: Line]> => {
  const plain = ways.filter((way) => way !== "apart over TLS")
  const first = subjects.slice(0, 1)
  return [
    ...subjects.flatMap((subject) => plain.map((way) => [subject, way, "in memory"] as const)),
    ...first.flatMap((subject) => plain.slice(-1).map((way) => [subject, way, "over TCP"] as const)),
    ...first.flatMap((subject) => (ways.includes("apart over TLS") ? [[subject, "apart", "over TLS"] as const] : []))
  ]
}

export const together: ReadonlyArray<Way> = ["together"]
export const apart: ReadonlyArray<Way> = ["apart", "apart over TLS"]

/** Of interest to no case unless it asks for it. */
export const isNoise = ({ flags, streamId, type }: Raw.RawFrame): boolean =>
  (type === Raw.Type.SETTINGS && flags === Raw.ACK) ||
  (type === Raw.Type.WINDOW_UPDATE && streamId === 0) ||
  type === Raw.Type.PING

const goneAway = (frames: ReadonlyArray<Raw.RawFrame>): ReadonlyArray<number> =>
  frames.filter(({ type }) => type === Raw.Type.GOAWAY).map(({ payload }) => payload.readUInt32BE(4))

const resets = (frames: ReadonlyArray<Raw.RawFrame>): ReadonlyArray<readonly [number, number]> =>
  frames
    .filter(({ type }) => type === Raw.Type.RST_STREAM)
    .map((frame) => [frame.streamId, frame.payload.readUInt32BE()])

/** One GOAWAY with `code`, nothing behind it but the end. */
export const connectionError =
  (code: number): Outcome =>
  ({ peer, seen }) =>
    Effect.gen(function* () {
      const [rest, end] = yield* peer.toEnd
      const frames = [...seen, ...rest]
      if (end !== "FIN" || goneAway(frames).join() !== String(code) || frames.at(-1)?.type !== Raw.Type.GOAWAY) {
        return yield* peer.fail(`GOAWAY with ${code} and FIN were expected`)
      }
      expect(frames.at(-1)?.streamId).toBe(0)
    })

/** One RST_STREAM with `code`, and the connection goes on. */
export const streamError =
  (id: number, code: number): Outcome =>
  (run) =>
    Effect.gen(function* () {
      const frames = [...run.seen]
      const isReset = (frame: Raw.RawFrame): boolean => frame.type === Raw.Type.RST_STREAM && frame.streamId === id
      if (!frames.some(isReset)) frames.push(...(yield* run.peer.until(`RST_STREAM on ${id}`, isReset)))
      frames.push(...(yield* goOn(run.peer)))
      if (resets(frames).join() !== [id, code].join())
        yield* run.peer.fail(`RST_STREAM with ${code} on ${id} was expected`)
    })

/** Nothing comes of it: no reset, no end. */
export const ignored: Outcome = ({ peer, seen }) =>
  Effect.gen(function* () {
    const frames = [...seen, ...(yield* goOn(peer))]
    if (resets(frames).length > 0) yield* peer.fail("no RST_STREAM was expected")
  })

/** A whole response on each of `ids`. */
export const served =
  (...ids: ReadonlyArray<number>): Outcome =>
  (run) =>
    Effect.gen(function* () {
      const frames = [...run.seen]
      for (const id of ids) {
        const isEnd = (frame: Raw.RawFrame): boolean => frame.streamId === id && endsStream(frame)
        if (!frames.some(isEnd)) frames.push(...(yield* run.peer.until(`a response on ${id}`, isEnd)))
      }
      yield* ignored({ peer: run.peer, seen: frames })
    })

const endsStream = ({ flags, type }: Raw.RawFrame): boolean =>
  (type === Raw.Type.DATA || type === Raw.Type.HEADERS) && (flags & Raw.END_STREAM) !== 0

/** The answer to a PING with the payload `pong`, its flags ACK alone. */
export const answersPing: Outcome = (run) =>
  Effect.gen(function* () {
    const frames = [...run.seen]
    const isAnswer = (frame: Raw.RawFrame): boolean => frame.type === Raw.Type.PING && frame.payload.toString() === pong
    if (!frames.some(isAnswer)) frames.push(...(yield* run.peer.until("the answer to a PING", isAnswer)))
    const answer = frames.find(isAnswer)
    expect(answer).toMatchObject({ flags: Raw.ACK, streamId: 0 })
    yield* ignored({ peer: run.peer, seen: frames })
  })

/** PING is answered and another request is served. */
export const goOn = (peer: RawPeer.RawPeer): Effect.Effect<ReadonlyArray<Raw.RawFrame>> =>
  Effect.gen(function* () {
    const id = 0x10001
    const before = yield* peer.roundTrip
    yield* peer.send(
      Raw.settings([Raw.Setting.INITIAL_WINDOW_SIZE, 65_535]),
      Raw.headers(id, request({ ":path": "/ok" }))
    )
    const after = yield* peer.until("another response", (frame) => frame.streamId === id && endsStream(frame))
    const frames = [...before, ...after]
    if (goneAway(frames).length > 0) yield* peer.fail("no GOAWAY was expected")
    return frames
  })

/** Waits until nothing of a connection is left in the counters; turns of the event loop, and no clock but the one that fails. */
export const nothingLeft = (stats: Http2Stats.Http2Stats): Effect.Effect<void> =>
  Effect.async((resume) => {
    const giveUpAt = performance.now() + 5000
    const look = (): void => {
      const { activeHandlers, activeStreams, connections } = stats
      const left = { activeHandlers, activeStreams, connections }
      if (connections + activeStreams + activeHandlers > 0 && performance.now() < giveUpAt)
        return void setImmediate(look)
      resume(Effect.sync(() => expect(left).toEqual({ activeHandlers: 0, activeStreams: 0, connections: 0 })))
    }
    look()
  })

/** Listens. Returns the port. */
export const listen = (
  handler: Handler,
  stats: Http2Stats.Http2Stats,
  options: NodeHttp2.ServeOptions = {}
): Effect.Effect<number, unknown, Scope.Scope> =>
  Effect.map(
    NodeHttp2.serve(withOk(handler), { host: "127.0.0.1", stats, gracefulShutdownTimeout: 0, ...options }),
    ({ address }) => address.port ?? 0
  )

type Handler = HandlerName | Http2Server.Handler<unknown, never>

const withOk = (handler: Handler): Http2Server.Handler<unknown, never> => {
  const handle: Http2Server.Handler<unknown, never> = typeof handler === "string" ? handlers[handler] : handler
  return (request) => (request.path === "/ok" ? answer : handle(request))
}

/** A transport in memory for an engine under test, broken at the end: closing does not wait for a peer that is gone. */
export const pipe: Effect.Effect<Pipe, never, Scope.Scope> = Effect.acquireRelease(
  Effect.sync(() => new Pipe((task) => void setImmediate(task))),
  (pipe) => Effect.sync(() => pipe.reset())
)

/** A server's engine without a socket, and a peer that has its first frame still to send. */
const openInMemory = (
  handler: Handler
): Effect.Effect<readonly [peer: RawPeer.RawPeer, stats: Http2Stats.Http2Stats], unknown, Scope.Scope> =>
  Effect.gen(function* () {
    const stats = Http2Stats.make()
    const transport = yield* pipe
    yield* Http2Server.make(transport, withOk(handler), { stats, gracefulShutdownTimeout: 0 })
    return [new RawPeer.RawPeer(ofPipe(transport), "client"), stats] as const
  })

/** Listens, and connects a peer that has its first frame still to send. */
export const open = (
  handler: Handler,
  options: NodeHttp2.ServeOptions = {}
): Effect.Effect<readonly [peer: RawPeer.RawPeer, stats: Http2Stats.Http2Stats], unknown, Scope.Scope> =>
  Effect.gen(function* () {
    const stats = Http2Stats.make()
    const port = yield* listen(handler, stats, options)
    return [yield* RawPeer.connect(port, options.tls === undefined ? undefined : U.certificate.cert), stats]
  })

/** Prefaces and their acknowledgements. Returns the server's SETTINGS. */
export const shake = (
  peer: RawPeer.RawPeer,
  ...settings: ReadonlyArray<readonly [id: number, value: number]>
): Effect.Effect<Raw.RawFrame> =>
  Effect.gen(function* () {
    yield* peer.send(Raw.preface, Raw.settings(...settings))
    const first = yield* peer.next
    if (typeof first === "string" || first.type !== Raw.Type.SETTINGS || first.flags !== 0) {
      return yield* peer.fail("a connection begins with SETTINGS")
    }
    const answer = yield* peer.frame(Raw.Type.SETTINGS)
    if (answer.flags !== Raw.ACK || answer.payload.length > 0) yield* peer.fail("SETTINGS were not acknowledged")
    yield* peer.send(Raw.settingsAck)
    return first
  })

/** One test for each case, in all its ways. */
export const serverCases = (title: string, cases: ReadonlyArray<Case>): void => {
  describe(title, () => {
    for (const test of cases) {
      const runs = runsOf(test.handlers ?? allHandlers, test.ways ?? [...together, ...apart])
      U.check(test.title, () => Effect.forEach(runs, (each) => Effect.scoped(run(test, ...each))))
    }
  })
}

const run = (test: Case, handler: HandlerName, way: Way, line: Line): Effect.Effect<void, unknown, Scope.Scope> =>
  Effect.gen(function* () {
    const [peer, stats] =
      line === "in memory"
        ? yield* openInMemory(handler)
        : yield* open(handler, line === "over TLS" ? { tls: U.certificate } : {})
    peer.log.push(`(from a handler that is ${handler}, ${way}, ${line})`)
    yield* shake(peer)
    const seen: Array<Raw.RawFrame> = []
    if (way === "together") yield* peer.send(...test.steps)
    else {
      for (const [i, step] of test.steps.entries()) {
        if (i > 0) seen.push(...(yield* peer.roundTrip))
        yield* peer.send(step)
      }
    }
    yield* test.outcome({ peer, seen })
    peer.end()
    yield* nothingLeft(stats)
  })
