/**
 * Attackers, as scripts: each is stopped by the budget that its attack has (limits.md), with an error that names it, and an honest client on
 * another connection is served meanwhile.
 */
import * as Encoder from "@effect-http2/hpack/Encoder"
import { HeaderField } from "@effect-http2/hpack/HeaderField"
import * as ErrorCode from "@effect-http2/http2/ErrorCode"
import * as Frame from "@effect-http2/http2/Frame"
import * as Http2Response from "@effect-http2/http2/Http2Response"
import type * as Http2Server from "@effect-http2/http2/Http2Server"
import * as Settings from "@effect-http2/http2/Settings"
import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as TestClock from "effect/TestClock"
import { expect } from "vitest"
import { engines, eventually, nextTurn } from "./support/engines.js"
import { type Peer, server, type ServerPeer } from "./support/peer.js"
import {
  ascii,
  block,
  data,
  filled,
  get,
  headers,
  post,
  rawFrame,
  reset,
  settings,
  windowUpdate
} from "./support/wire.js"

type Handler = Http2Server.Handler<never, Scope.Scope>

const never: Handler = () => Effect.never
const answer: Handler = () => Effect.succeed(Http2Response.text("answer"))

/** Sends `frames(1)`, `frames(3)` and so on until the connection ends; how many times it could. */
const flood = (
  { connection, peer }: ServerPeer,
  frames: (streamId: number) => ReadonlyArray<Frame.Frame | Uint8Array>,
  most = 5000
) =>
  Effect.gen(function* () {
    let times = 0
    while (!connection.isDraining && times < most) {
      yield* peer.send(...frames(1 + 2 * times))
      times++
      yield* nextTurn
    }
    return times
  })

/** The connection ended with ENHANCE_YOUR_CALM, naming `limit`, and nothing of it is left. */
const expectCalm = (attack: ServerPeer, limit: string) =>
  Effect.gen(function* () {
    expect(yield* attack.failure).toMatchObject({
      _tag: "Http2ConnectionError",
      code: ErrorCode.ENHANCE_YOUR_CALM,
      origin: "Local",
      limit
    })
    yield* attack.peer.await("GoAway", (frame) => frame.errorCode === ErrorCode.ENHANCE_YOUR_CALM)
    yield* eventually(() => attack.stats.activeHandlers === 0 && attack.stats.activeStreams === 0)
    expect(attack.stats.connections).toBe(0)
  })

interface Attack {
  readonly title: string
  readonly limit: string
  readonly handler?: Handler
  readonly options?: Http2Server.ServerOptions
  readonly before?: (peer: Peer) => Effect.Effect<void>
  readonly frames: (streamId: number) => ReadonlyArray<Frame.Frame | Uint8Array>
  /** How many times the attacker gets through, at least and at most. */
  readonly times: readonly [least: number, most: number]
}

const spec = (dependency: number): Frame.PrioritySpec => ({ dependency, exclusive: true, weight: 256 })
const open = (id: number, more: typeof get = []) => headers(id, [...post, ...more], false)

const attacks: ReadonlyArray<Attack> = [
  {
    title: "CVE-2023-44487 (Rapid Reset)",
    limit: "resetBurst",
    frames: (id) => [headers(id, get), reset(id)],
    times: [201, 201]
  },
  {
    title: "CVE-2025-8671 (MadeYouReset): WINDOW_UPDATE by 0",
    limit: "resetBurst",
    frames: (id) => [headers(id, get), windowUpdate(id, 0)],
    times: [201, 201]
  },
  {
    title: "CVE-2025-8671 (MadeYouReset): WINDOW_UPDATE that overflows",
    limit: "resetBurst",
    frames: (id) => [headers(id, get), windowUpdate(id, 0x7fffffff)],
    times: [201, 201]
  },
  {
    title: "CVE-2025-8671 (MadeYouReset): DATA on a half-closed stream",
    limit: "resetBurst",
    frames: (id) => [headers(id, get), data(id, "x")],
    times: [201, 201]
  },
  {
    title: "CVE-2025-8671 (MadeYouReset): HEADERS on a half-closed stream",
    limit: "resetBurst",
    frames: (id) => [headers(id, get), headers(id, get)],
    times: [201, 201]
  },
  {
    title: "CVE-2025-8671 (MadeYouReset): content-length that lies",
    limit: "resetBurst",
    frames: (id) => [open(id, [["content-length", "1"]]), data(id, "four")],
    times: [201, 201]
  },
  {
    title: "CVE-2025-8671 (MadeYouReset): PRIORITY of a wrong length",
    limit: "resetBurst",
    frames: (id) => [headers(id, get), rawFrame(Frame.Type.PRIORITY, 0, id, filled(3))],
    times: [201, 201]
  },
  {
    title: "CVE-2025-8671 (MadeYouReset): PRIORITY on itself",
    limit: "resetBurst",
    frames: (id) => [headers(id, get), new Frame.Priority(id, spec(id))],
    times: [201, 201]
  },
  {
    title: "CVE-2025-8671 (MadeYouReset): malformed requests",
    limit: "resetBurst",
    frames: (id) => [headers(id, [...get, ["connection", "close"]])],
    times: [201, 201]
  },
  {
    title: "CVE-2025-8671 (MadeYouReset): DATA on closed streams",
    limit: "resetBurst",
    handler: answer,
    frames: (id) => [headers(id, get), data(id, "")],
    times: [201, 201]
  },
  {
    title: "CVE-2026-50560: a tiny MAX_HEADER_LIST_SIZE turns each response into a reset",
    limit: "resetBurst",
    handler: answer,
    before: (peer) => peer.send(settings([Settings.Id.MAX_HEADER_LIST_SIZE, 1])),
    frames: (id) => [headers(id, get)],
    times: [201, 203]
  },
  {
    title: "CVE-2019-9518: empty DATA",
    limit: "glitchBurst",
    options: { glitchBurst: 300 },
    before: (peer) => peer.send(open(1)),
    frames: () => [data(1, "")],
    times: [301, 301]
  },
  {
    title: "CVE-2019-9518: DATA of padding only",
    limit: "glitchBurst",
    options: { glitchBurst: 300 },
    before: (peer) => peer.send(open(1)),
    frames: () => [rawFrame(Frame.Type.DATA, Frame.Flag.PADDED, 1, Uint8Array.of(2, 0, 0))],
    times: [301, 301]
  },
  {
    title: "CVE-2019-9513: PRIORITY in circles",
    limit: "glitchBurst",
    options: { glitchBurst: 300 },
    frames: (id) => [new Frame.Priority(id, spec(id + 2))],
    times: [301, 301]
  },
  {
    title: "PRIORITY_UPDATE (RFC 9218) without end",
    limit: "glitchBurst",
    options: { glitchBurst: 300 },
    frames: (id) => [new Frame.Unknown(0x10, 0, 0, Uint8Array.of(0, 0, 0, id & 0x7f))],
    times: [301, 301]
  },
  {
    title: "SETTINGS without end, the header table up and down",
    limit: "glitchBurst",
    options: { glitchBurst: 300 },
    frames: (id) => [settings([Settings.Id.HEADER_TABLE_SIZE, id & 2 ? 0 : 4096])],
    times: [301, 301]
  },
  {
    title: "WINDOW_UPDATE by 1 on a stream",
    limit: "glitchBurst",
    options: { glitchBurst: 300 },
    before: (peer) => peer.send(headers(1, get)),
    frames: () => [windowUpdate(1, 1)],
    times: [301, 301]
  },
  {
    title: "WINDOW_UPDATE by 1 on the connection",
    limit: "glitchBurst",
    options: { glitchBurst: 300 },
    frames: () => [windowUpdate(0, 1)],
    times: [301, 301]
  },
  {
    title: "streams beyond the limit",
    limit: "glitchBurst",
    options: { glitchBurst: 300, maxConcurrentStreams: 1 },
    frames: (id) => [headers(id, get)],
    times: [302, 302]
  },
  {
    title: "acknowledgements of PINGs that were not sent",
    limit: "glitchBurst",
    options: { glitchBurst: 300 },
    frames: () => [new Frame.Ping(true, filled(8))],
    times: [301, 301]
  },
  {
    title: "CVE-2020-11080: SETTINGS with thousands of entries",
    limit: "maxSettingsEntries",
    frames: () => [settings(...Array.from({ length: 2000 }, () => [0x99, 0] as const))],
    times: [1, 1]
  },
  {
    title: "CVE-2024-27316 CVE-2023-45288: CONTINUATION without end",
    limit: "maxContinuationFrames",
    before: (peer) => peer.send(new Frame.Headers(1, true, false, block(get), undefined)),
    frames: () => [new Frame.Continuation(1, false, block([["x", "y"]]))],
    times: [9, 9]
  },
  {
    title: "CVE-2026-33871: empty CONTINUATION without end",
    limit: "maxContinuationFrames",
    before: (peer) => peer.send(new Frame.Headers(1, true, false, ascii(""), undefined)),
    frames: () => [new Frame.Continuation(1, false, ascii(""))],
    times: [9, 9]
  },
  {
    title: "CVE-2024-28182: CONTINUATION of full size",
    limit: "maxHeaderBlockSize",
    before: (peer) => peer.send(new Frame.Headers(1, true, false, filled(16_384), undefined)),
    frames: () => [new Frame.Continuation(1, false, filled(16_384))],
    times: [2, 2]
  }
]

describe("an attacker", () => {
  for (const attack of attacks) {
    it.scoped(`${attack.title} is stopped by ${attack.limit}`, () =>
      Effect.gen(function* () {
        const played = yield* server(attack.handler ?? never, { maxConcurrentStreams: 1000, ...attack.options })
        yield* played.peer.barrier()
        yield* attack.before?.(played.peer) ?? Effect.void
        const times = yield* flood(played, attack.frames)
        yield* expectCalm(played, attack.limit)
        // The frame that was one too many, and at most the one that was sent before its effect showed.
        expect(times).toBeGreaterThanOrEqual(attack.times[0])
        expect(times).toBeLessThanOrEqual(attack.times[1] + 2)
      })
    )
  }

  it.scoped("is not stopped while it stays within its budget", () =>
    Effect.gen(function* () {
      const played = yield* server(never, { resetBurst: 5, resetRate: 2, maxConcurrentStreams: 1000 })
      for (let id = 1; id < 100; id += 2) {
        if (id > 10) yield* TestClock.adjust("500 millis")
        yield* played.peer.send(headers(id, get), reset(id))
        yield* played.peer.barrier()
      }
      expect(played.connection.isDraining).toBe(false)
      yield* played.peer.send(headers(101, get), reset(101))
      yield* expectCalm(played, "resetBurst")
    })
  )

  it.scoped("does not harm an honest client on another connection", () =>
    Effect.gen(function* () {
      const played = yield* server(never)
      yield* engines(answer, ({ client }) =>
        Effect.gen(function* () {
          for (let id = 1; id < 300; id += 2) {
            yield* played.peer.send(headers(id, get), reset(id))
            if (id % 50 === 1) expect((yield* client.collect({})).text).toBe("answer")
          }
        })
      )
    })
  )

  it.scoped("CVE-2023-44487: handlers that were interrupted count until they are finished", () =>
    Effect.gen(function* () {
      const gate = yield* Effect.makeLatch()
      const stubborn: Handler = () => Effect.as(Effect.uninterruptible(gate.await), Http2Response.empty())
      const { peer, stats } = yield* server(stubborn, { maxConcurrentStreams: 3 })
      yield* peer.send(...[1, 3, 5].map((id) => headers(id, get)))
      yield* peer.barrier()
      yield* peer.send(...[1, 3, 5].map((id) => reset(id)))
      yield* peer.barrier(1)
      expect([stats.activeHandlers, stats.activeStreams]).toEqual([3, 0])
      yield* peer.send(headers(7, get))
      expect(yield* peer.await("RstStream")).toMatchObject({ streamId: 7, errorCode: ErrorCode.REFUSED_STREAM })
      yield* gate.open
      yield* eventually(() => stats.activeHandlers === 0)
      yield* peer.send(headers(9, get))
      yield* peer.await("Headers", (frame) => frame.streamId === 9)
    })
  )

  it.scoped(
    "CVE-2016-6581 CVE-2026-49975 CVE-2026-47774: HPACK bombs are answered with 431, and the table is kept right",
    () =>
      Effect.gen(function* () {
        const { peer } = yield* server((request) =>
          Effect.succeed(Http2Response.text(request.headers.get("x-large") ?? ""))
        )
        const encoder = Encoder.make()
        const pseudo = get.map(([name, value]) => new HeaderField(name, value))
        const large = new HeaderField("x-large", "v".repeat(2000))
        const send = (id: number, count: number, field: HeaderField) => {
          const fields = [...pseudo, ...Array.from({ length: count }, () => field)]
          return peer.send(new Frame.Headers(id, true, true, encoder.encode(fields), undefined))
        }
        const statusOf = (id: number) =>
          Effect.map(
            peer.await("Headers", (frame) => frame.streamId === id),
            (frame) => peer.fieldsOf(frame)[0]
          )
        yield* send(1, 1, large)
        expect(yield* statusOf(1)).toEqual([":status", "200"])
        yield* send(3, 3000, large)
        expect(yield* statusOf(3)).toEqual([":status", "431"])
        yield* send(5, 3000, new HeaderField("cookie", ""))
        expect(yield* statusOf(5)).toEqual([":status", "431"])
        yield* send(7, 1, large)
        expect(yield* statusOf(7)).toEqual([":status", "200"])
      })
  )

  it.scoped("a request whose fields are too large is answered with 431; its body is not kept", () =>
    Effect.gen(function* () {
      const { connection, peer, stats } = yield* server(never, { maxHeaderFields: 10 })
      yield* peer.send(
        open(
          1,
          Array.from({ length: 20 }, () => ["cookie", "a=b"] as const)
        ),
        data(1, filled(10_000))
      )
      expect(peer.fieldsOf(yield* peer.await("Headers"))[0]).toEqual([":status", "431"])
      yield* peer.barrier()
      expect([connection.unreadBytes, stats.requests]).toEqual([0, 0])
    })
  )
})

describe("an attacker that never reads", () => {
  const floods: ReadonlyArray<readonly [string, Frame.Frame]> = [
    ["CVE-2019-9512: PINGs", new Frame.Ping(false, filled(8))],
    ["CVE-2019-9515: SETTINGS", settings()]
  ]
  for (const [title, frame] of floods) {
    it.scoped(`${title} at once are stopped by maxQueuedControlFrames`, () =>
      Effect.gen(function* () {
        const played = yield* server(never, { glitchBurst: 1e9, transport: { highWaterMark: 0 } })
        yield* played.peer.send(...Array.from({ length: 1001 }, () => frame))
        expect(yield* played.failure).toMatchObject({
          code: ErrorCode.ENHANCE_YOUR_CALM,
          limit: "maxQueuedControlFrames"
        })
      })
    )

    it.scoped(`${title} one by one are not read any more, and end it after stallTimeout`, () =>
      Effect.gen(function* () {
        const played = yield* server(never, { glitchBurst: 1e9, transport: { highWaterMark: 0 } })
        yield* flood(played, () => [frame], 1500)
        expect(played.connection.isDraining).toBe(false)
        const queued = played.peer.scripted.transport.pendingBytes()
        // About 500 answers, and the preface.
        expect(queued).toBeLessThan(17 * 520)
        yield* TestClock.adjust("60 seconds")
        expect(yield* played.failure).toMatchObject({ code: ErrorCode.ENHANCE_YOUR_CALM, limit: "stallTimeout" })
      })
    )
  }

  it.scoped("CVE-2019-9514: streams that we have to reset are stopped by resetBurst", () =>
    Effect.gen(function* () {
      const played = yield* server(never, { transport: { highWaterMark: 0 } })
      yield* flood(played, (id) => [headers(id, [...get, ["bad name", ""]])])
      expect(yield* played.failure).toMatchObject({ code: ErrorCode.ENHANCE_YOUR_CALM, limit: "resetBurst" })
    })
  )

  it.scoped("CVE-2019-9517: responses without a body do not pile up", () =>
    Effect.gen(function* () {
      const handler: Handler = () =>
        Effect.succeed(Http2Response.make({ headers: { "x-large": "\xff".repeat(10_000) } }))
      const played = yield* server(handler, { maxSendBuffer: 200_000, transport: { highWaterMark: 0 } })
      const { pendingBytes } = played.peer.scripted.transport
      yield* flood(played, (id) => [headers(id, get)], 300)
      expect(pendingBytes()).toBeLessThan(200_000 + 2 * 30_000)
      yield* TestClock.adjust("60 seconds")
      expect(yield* played.failure).toMatchObject({ code: ErrorCode.ENHANCE_YOUR_CALM, limit: "stallTimeout" })
    })
  )

  it.scoped("CVE-2019-9517: bodies do not pile up, windows or not", () =>
    Effect.gen(function* () {
      const handler: Handler = () => Effect.succeed(Http2Response.make({ body: filled(1_000_000) }))
      const options = { maxSendBuffer: 200_000, maxConcurrentStreams: 50, transport: { highWaterMark: 0 } }
      const played = yield* server(handler, options)
      const { pendingBytes } = played.peer.scripted.transport
      yield* played.peer.send(settings([Settings.Id.INITIAL_WINDOW_SIZE, 0x7fffffff]), windowUpdate(0, 0x70000000))
      yield* flood(played, (id) => [headers(id, get)], 60)
      expect(pendingBytes()).toBeLessThan(200_000 + 524_288 + 40_000)
      expect(played.stats.activeStreams).toBe(50)
    })
  )
})
