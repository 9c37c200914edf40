/** However a connection ends, its last word is GOAWAY (RFC 9113 §5.4.1, §6.8, §9.1): with the last stream that was processed, and why. */
import * as ErrorCode from "@effect-http2/http2/ErrorCode"
import * as Frame from "@effect-http2/http2/Frame"
import * as Http2Client from "@effect-http2/http2/Http2Client"
import * as Http2ServerResponse from "@effect-http2/http2/Http2ServerResponse"
import * as Http2Server from "@effect-http2/http2/Http2Server"
import * as MemoryTransport from "@effect-http2/http2/MemoryTransport"
import type { Transport } from "@effect-http2/http2/Transport"
import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/TestClock"
import { expect } from "vitest"
import { Peer } from "./support/peer.js"
import { data, encode, filled, get, headers, ping, post, preface, settings, settingsAck } from "./support/wire.js"

/** What the end is made of: the peer, and the two ways in which we end a connection ourselves. */
interface Ending {
  readonly peer: Peer
  readonly shutdown: Effect.Effect<void>
  readonly closeScope: Effect.Effect<void>
}

interface Case {
  readonly what: string
  readonly end: (ending: Ending) => Effect.Effect<unknown>
  readonly code: number
  /** Default: both. */
  readonly role?: "server" | "client"
}

const cases: ReadonlyArray<Case> = [
  { what: "its user shuts it down", end: ({ shutdown }) => Effect.fork(shutdown), code: ErrorCode.NO_ERROR },
  { what: "its scope ends", end: ({ closeScope }) => Effect.fork(closeScope), code: ErrorCode.NO_ERROR },
  { what: "it is idle", end: () => TestClock.adjust("130 seconds"), code: ErrorCode.NO_ERROR },
  { what: "the peer ends its side", end: ({ peer }) => peer.scripted.end, code: ErrorCode.NO_ERROR },
  {
    what: "the peer ends its side in the middle of a frame",
    end: ({ peer }) => Effect.zipRight(peer.send(Uint8Array.of(0, 0, 8, 6)), peer.scripted.end),
    code: ErrorCode.NO_ERROR
  },
  {
    what: "the peer says GOAWAY",
    end: ({ peer }) => peer.send(new Frame.GoAway(0, ErrorCode.NO_ERROR, filled(0))),
    code: ErrorCode.NO_ERROR,
    role: "client"
  },
  {
    what: "the peer breaks a rule",
    end: ({ peer }) => peer.send(data(0x7fff, "x")),
    code: ErrorCode.PROTOCOL_ERROR
  },
  {
    what: "a frame stays half sent",
    end: ({ peer }) => Effect.zipRight(peer.send(encode(ping(1)).subarray(0, 12)), TestClock.adjust("21 seconds")),
    code: ErrorCode.ENHANCE_YOUR_CALM
  },
  {
    what: "a field block stays half sent",
    end: ({ peer }) =>
      Effect.zipRight(
        peer.send(new Frame.Headers(1, true, false, filled(1), undefined)),
        TestClock.adjust("21 seconds")
      ),
    code: ErrorCode.ENHANCE_YOUR_CALM
  }
]

/** The last frame up to the end of the connection. */
const lastOf = (peer: Peer): Effect.Effect<Frame.Frame | undefined> =>
  Effect.gen(function* () {
    const loop: Effect.Effect<void> = Effect.suspend(() =>
      Effect.flatMap(peer.take, (frame) =>
        frame._tag === "Ping" && !frame.ack ? Effect.zipRight(peer.send(new Frame.Ping(true, frame.data)), loop) : loop
      )
    )
    // Taking fails where nothing more comes.
    yield* Effect.exit(loop)
    return peer.frames.at(-1)
  })

/** What `open` makes of a transport, in a scope of its own, and the far end of the transport. */
const inScope = <A>(
  isServer: boolean,
  open: (transport: Transport) => Effect.Effect<A, unknown, Scope.Scope>
): Effect.Effect<readonly [opened: A, peer: Peer, closeScope: Effect.Effect<void>], unknown> =>
  Effect.gen(function* () {
    const scripted = yield* MemoryTransport.scripted()
    const scope = yield* Scope.make()
    const opened = yield* Scope.extend(open(scripted.transport), scope)
    return [opened, new Peer(scripted, !isServer), Scope.close(scope, Exit.void)]
  })

const expectGoodbye = (test: Case, ending: Ending, lastStreamId: number): Effect.Effect<void> =>
  Effect.gen(function* () {
    yield* test.end(ending)
    const reading = yield* Effect.fork(lastOf(ending.peer))
    yield* TestClock.adjust("3 seconds")
    yield* ending.peer.scripted.end
    yield* TestClock.adjust("3 seconds")
    expect(yield* reading).toMatchObject({ _tag: "GoAway", errorCode: test.code, lastStreamId })
  })

describe("a server says GOAWAY last, with the last stream that it served, where", () => {
  for (const test of cases.filter(({ role }) => role !== "client")) {
    it.effect(`[rfc9113-6.8-2] [rfc9113-5.4.1-3] [rfc9113-9.1-3] ${test.what}`, () =>
      Effect.gen(function* () {
        const answer = () => Effect.succeed(Http2ServerResponse.text("answer"))
        const [connection, peer, closeScope] = yield* inScope(true, Http2Server.make(answer))
        yield* peer.send(preface, settings(), settingsAck)
        yield* peer.send(headers(3, get), headers(5, post, false), data(5, "x", true))
        yield* peer.await("Data", (frame) => frame.streamId === 5)
        yield* expectGoodbye(test, { peer, shutdown: connection.shutdown, closeScope }, 5)
      })
    )
  }
})

describe("a client says GOAWAY last, where", () => {
  for (const test of cases.filter(({ role }) => role !== "server")) {
    it.effect(`[rfc9113-6.8-2] [rfc9113-5.4.1-3] [rfc9113-9.1-3] ${test.what}`, () =>
      Effect.gen(function* () {
        const [client, peer, closeScope] = yield* inScope(false, (transport) => Http2Client.make(transport))
        yield* peer.send(settings(), settingsAck)
        yield* expectGoodbye(test, { peer, shutdown: client.connection.shutdown, closeScope }, 0)
      })
    )
  }
})
