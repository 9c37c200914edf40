/** How many fields a message may have: octets bound them first, and crumbs of a cookie are one. What a bomb costs is measured by counts. */
import * as Encoder from "@effect-http2/hpack/Encoder"
import { HeaderField } from "@effect-http2/hpack/HeaderField"
import * as ErrorCode from "@effect-http2/http2/ErrorCode"
import * as Frame from "@effect-http2/http2/Frame"
import type * as Headers from "@effect-http2/http2/Headers"
import * as Http2ServerResponse from "@effect-http2/http2/Http2ServerResponse"
import * as Settings from "@effect-http2/http2/Settings"
import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { expect } from "vitest"
import { eventually } from "./support/engines.js"
import { client, type Peer, server } from "./support/peer.js"
import { block, fieldsOf, get, ok, type Pairs, settings } from "./support/wire.js"

const many = (length: number): Pairs => Array.from({ length }, (_, i) => [`x-${i}`, ""] as const)
const crumbs = (length: number): Pairs => Array.from({ length }, (_, i) => ["cookie", `c${i}=`] as const)

/** Room for lists that are not stopped by their octets. */
const large = { maxHeaderListSize: 200_000, maxHeaderBlockSize: 100_000, maxFrameSize: 100_000 }

const statusOf = (peer: Peer, id: number) =>
  Effect.map(
    peer.await("Headers", (frame) => frame.streamId === id),
    (frame) => peer.fieldsOf(frame)[0]?.[1]
  )

describe("fields of a message", () => {
  const cases: ReadonlyArray<readonly [what: string, pairs: Pairs, isTaken: boolean, options?: typeof large]> = [
    ["500", many(500), true],
    ["2,000 where octets allow for them, pseudo-header fields counted", many(1996), true, large],
    ["2,001", many(1997), false, large],
    ["3,000 crumbs of a cookie", crumbs(3000), true, large],
    ["1,000 crumbs, whose octets are too many", crumbs(1000), false]
  ]
  for (const [what, pairs, isTaken, options] of cases) {
    it.scoped(`at a server: ${what}`, () =>
      Effect.gen(function* () {
        const seen: Array<number> = []
        const { peer, stats } = yield* server((request) => {
          seen.push(request.headers.fields.length)
          return Effect.succeed(Http2ServerResponse.empty())
        }, options)
        yield* peer.send(new Frame.Headers(1, true, true, block([...get, ...pairs]), undefined))
        expect(yield* statusOf(peer, 1)).toBe(isTaken ? "204" : "431")
        expect(seen).toEqual(isTaken ? [pairs[0]?.[0] === "cookie" ? 1 : pairs.length] : [])
        expect(stats.glitches).toBe(isTaken ? 0 : 1)
      })
    )

    it.scoped(`at a client: ${what}`, () =>
      Effect.gen(function* () {
        const { client: http, peer } = yield* client(options)
        const asked = yield* Effect.fork(Effect.either(http.collect({})))
        yield* peer.await("Headers")
        // One pseudo-header field where a request has four.
        const more: Pairs = [
          ["a", ""],
          ["b", ""],
          ["c", ""]
        ]
        yield* peer.send(new Frame.Headers(1, true, true, block([...ok, ...more, ...pairs]), undefined))
        const answer = yield* Fiber.join(asked)
        expect(answer._tag).toBe(isTaken ? "Right" : "Left")
        if (!isTaken)
          expect(answer).toMatchObject({
            left: { _tag: "Http2StreamError", limit: options === undefined ? "maxHeaderListSize" : "maxHeaderFields" }
          })
      })
    )
  }

  it.scoped("431 without end is stopped by glitchBurst", () =>
    Effect.gen(function* () {
      const { failure, peer } = yield* server(() => Effect.never, { glitchBurst: 20 })
      const request = block([...get, ...crumbs(1000)])
      for (let id = 1; id < 60; id += 2) yield* peer.send(new Frame.Headers(id, true, true, request, undefined))
      expect(yield* failure).toMatchObject({ code: ErrorCode.ENHANCE_YOUR_CALM, limit: "glitchBurst" })
    })
  )
})

describe("CVE-2016-6581 CVE-2026-49975 CVE-2026-47774: a bomb that a window of 0 holds", () => {
  const bombs: ReadonlyArray<readonly [what: string, field: HeaderField, count: number, fields: number]> = [
    ["one octet for an empty field, again and again", new HeaderField("x", ""), 900, 900],
    ["one octet for a crumb, again and again", new HeaderField("cookie", "a=b"), 700, 1],
    ["one octet for a large field", new HeaderField("x-large", "v".repeat(2000)), 15, 15]
  ]
  for (const [what, field, count, length] of bombs) {
    it.scoped(what, () =>
      Effect.gen(function* () {
        const held: Array<Headers.Headers> = []
        const { peer, stats } = yield* server((request) => {
          held.push(request.headers)
          return Effect.succeed(Http2ServerResponse.text("held"))
        })
        yield* peer.send(settings([Settings.Id.INITIAL_WINDOW_SIZE, 0]))
        const encoder = Encoder.make()
        for (let i = 0; i < 100; i++) {
          // Another path each time: nothing that was found out about a block holds for the next one.
          const pseudo = fieldsOf([...get.slice(0, 3), [":path", `/${i}`]])
          const list = [...pseudo, ...Array.from({ length: count }, () => field)]
          yield* peer.send(new Frame.Headers(1 + 2 * i, true, true, encoder.encode(list), undefined))
        }
        yield* peer.barrier()
        yield* eventually(() => held.length === 100)
        expect(stats.activeStreams).toBe(100)
        expect(new Set(held.map(({ fields }) => fields.length))).toEqual(new Set([length]))
        for (const { fields } of held) {
          // What a list costs: a reference for each field to an entry that all streams share, or one joined value.
          expect(new Set(fields).size).toBe(1)
          expect(fields.reduce((sum, { value }) => sum + (length === 1 ? value.length : 32), 0)).toBeLessThan(32_768)
        }
        if (length > 1) expect(new Set(held.flatMap(({ fields }) => fields)).size).toBeLessThanOrEqual(5)
        // Over the limit: nothing is held, and no handler runs.
        const list = [...fieldsOf(get), ...Array.from({ length: 2000 }, () => field)]
        yield* peer.send(new Frame.Headers(201, true, true, encoder.encode(list), undefined))
        yield* peer.barrier(2)
        expect(held.length).toBe(100)
      })
    )
  }
})
