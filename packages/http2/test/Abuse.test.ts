/** Attackers, as scripts: each is stopped by the budget that its attack has (limits.md), with an error that names it. */
import * as Frame from "@effect-http2/http2/Frame"
import * as Http2ServerResponse from "@effect-http2/http2/Http2ServerResponse"
import type * as Http2Server from "@effect-http2/http2/Http2Server"
import * as Settings from "@effect-http2/http2/Settings"
import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { expect } from "vitest"
import { expectCalm, flood } from "./support/attack.js"
import { type Peer, server } from "./support/peer.js"
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
const answer: Handler = () => Effect.succeed(Http2ServerResponse.text("answer"))

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
    title: "RST_STREAM on a stream that has ended, again and again",
    limit: "glitchBurst",
    handler: answer,
    options: { glitchBurst: 300 },
    before: (peer) => Effect.zipRight(peer.send(headers(1, get)), peer.barrier(1)),
    frames: () => [reset(1)],
    times: [302, 302]
  },
  {
    title: "WINDOW_UPDATE on a stream that the attacker has reset",
    limit: "glitchBurst",
    options: { glitchBurst: 300 },
    before: (peer) => peer.send(headers(1, get), reset(1)),
    frames: () => [windowUpdate(1, 1000)],
    times: [301, 301]
  },
  {
    title: "CVE-2019-9512: PINGs whose answers are read",
    limit: "glitchBurst",
    options: { glitchBurst: 300 },
    frames: () => [new Frame.Ping(false, filled(8))],
    times: [301, 301]
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

describe("[rfc9113-10.5-2] an attacker", () => {
  for (const attack of attacks) {
    it.scoped(`${attack.title} is stopped by ${attack.limit}`, () =>
      Effect.gen(function* () {
        const played = yield* server(attack.handler ?? never, {
          maxConcurrentStreams: 1000,
          resetBurst: 200,
          ...attack.options
        })
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
})
