/** What attackers cost others, and what is not an attack: budgets that refill, honest clients, limits on lists of fields. */
import * as Encoder from "@effect-http2/hpack/Encoder"
import { HeaderField } from "@effect-http2/hpack/HeaderField"
import * as ErrorCode from "@effect-http2/http2/ErrorCode"
import * as Frame from "@effect-http2/http2/Frame"
import * as Http2ServerResponse from "@effect-http2/http2/Http2ServerResponse"
import type * as Http2Server from "@effect-http2/http2/Http2Server"
import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as TestClock from "effect/TestClock"
import { expect } from "vitest"
import { expectCalm } from "./support/attack.js"
import { engines, eventually } from "./support/engines.js"
import { server } from "./support/peer.js"
import { data, filled, get, headers, post, reset } from "./support/wire.js"

type Handler = Http2Server.Handler<never, Scope.Scope>

const never: Handler = () => Effect.never
const answer: Handler = () => Effect.succeed(Http2ServerResponse.text("answer"))

const open = (id: number, more: typeof get = []) => headers(id, [...post, ...more], false)

describe("an attacker", () => {
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
      const stubborn: Handler = () => Effect.as(Effect.uninterruptible(gate.await), Http2ServerResponse.empty())
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
          Effect.succeed(Http2ServerResponse.text(request.headers.get("x-large") ?? ""))
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
          Array.from({ length: 20 }, () => ["x-field", "a=b"] as const)
        ),
        data(1, filled(10_000))
      )
      expect(peer.fieldsOf(yield* peer.await("Headers"))[0]).toEqual([":status", "431"])
      yield* peer.barrier()
      expect([connection.unreadOctets, stats.requests]).toEqual([0, 0])
    })
  )
})
