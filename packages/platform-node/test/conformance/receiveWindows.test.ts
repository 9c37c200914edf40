/** Flow control for what we receive: what counts, what comes back, and what a peer may send that does not know our window yet. */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { describe, expect } from "vitest"
import * as U from "../utils.js"
import * as C from "./support/clientCase.js"
import * as Raw from "@effect-http2/testkit/rawFrame"
import type { RawPeer } from "@effect-http2/testkit/rawPeer"
import * as S from "./support/serverCase.js"

const { Code, Setting, Type } = Raw

const head = Raw.headers(1, [0x88], Raw.OPEN)

/** DATA on streams that nobody reads, far more than one window of it: the connection's window gets all of it back. */
const expectCredit = (peer: RawPeer, ids: ReadonlyArray<number>): Effect.Effect<void> =>
  Effect.gen(function* () {
    let credit = 0
    for (const id of ids) {
      yield* peer.send(Raw.data(id, Raw.padded(new Uint8Array(10_000), 200), Raw.PADDED))
      for (const { payload, streamId, type } of yield* peer.roundTrip) {
        if (type === Type.WINDOW_UPDATE && streamId === 0) credit += payload.readUInt32BE()
      }
    }
    expect(credit).toBeGreaterThan(ids.length * 10_201 - 65_535)
  })

/** Stream 1 again and again. */
const one: ReadonlyArray<number> = Array.from({ length: 12 }, () => 1)

describe("6.9 DATA at a server", () => {
  U.check(
    "counts against the connection's window whatever became of its stream, and comes back [rfc9113-6.9-4] [rfc9113-6.4-2]",
    () =>
      Effect.gen(function* () {
        const [peer, stats] = yield* S.open("hanging", { connectionWindowSize: 65_535 })
        yield* S.shake(peer)
        yield* peer.send(Raw.headers(1, S.request({ te: "gzip" }), Raw.OPEN))
        yield* peer.frame(Type.RST_STREAM, 1)
        yield* expectCredit(peer, one)
        yield* S.goOn(peer)
        peer.end()
        yield* S.nothingLeft(stats)
      })
  )

  U.check("counts on a stream that is closed too, and comes back [rfc9113-6.9-4]", () =>
    Effect.gen(function* () {
      const [peer, stats] = yield* S.open("answering", { connectionWindowSize: 65_535 })
      yield* S.shake(peer)
      const ids = Array.from({ length: 12 }, (_, i) => 2 * i + 1)
      for (const id of ids) {
        yield* peer.send(Raw.headers(id, S.get))
        yield* peer.until("the end", ({ flags, streamId }) => streamId === id && (flags & Raw.END_STREAM) !== 0)
      }
      yield* expectCredit(peer, ids)
      yield* S.goOn(peer)
      peer.end()
      yield* S.nothingLeft(stats)
    })
  )

  U.check("may be as much as the initial window until our smaller one is acknowledged [rfc9113-6.9.3-1]", () =>
    Effect.gen(function* () {
      const [peer, stats] = yield* S.open("reading", { initialWindowSize: 1000 })
      yield* peer.send(Raw.preface, Raw.settings(), Raw.headers(1, S.post, Raw.OPEN))
      yield* peer.send(...Array.from({ length: 5 }, () => Raw.data(1, new Uint8Array(13_107))))
      yield* peer.send(Raw.data(1, "", Raw.END_STREAM))
      expect((yield* peer.frame(Type.DATA, 1)).payload.toString()).toBe("65535")
      yield* peer.send(Raw.settingsAck, Raw.headers(3, S.post, Raw.OPEN), Raw.data(3, new Uint8Array(1001)))
      yield* S.streamError(3, Code.FLOW_CONTROL_ERROR)({ peer, seen: [] })
      peer.end()
      yield* S.nothingLeft(stats)
    })
  )
})

describe("6.9 DATA at a client", () => {
  U.check(
    "counts against the connection's window whatever became of its stream, and comes back [rfc9113-6.9-4] [rfc9113-6.4-2]",
    () =>
      Effect.gen(function* () {
        const [client, peer, stats] = yield* C.open(false, { connectionWindowSize: 65_535 })
        yield* C.shake(peer)
        const asked = yield* C.ask(client, peer)
        yield* Fiber.interrupt(asked.result)
        yield* peer.frame(Type.RST_STREAM, 1)
        yield* peer.send(head)
        yield* expectCredit(peer, one)
        yield* C.goOn(asked)
        peer.end()
        yield* S.nothingLeft(stats)
      })
  )

  U.check("may be as much as the initial window until our smaller one is acknowledged [rfc9113-6.9.3-1]", () =>
    Effect.gen(function* () {
      const [client, peer, stats] = yield* C.open(false, { initialWindowSize: 1000 })
      yield* peer.send(Raw.settings([Setting.MAX_CONCURRENT_STREAMS, 100]))
      const asked = yield* C.ask(client, peer)
      yield* peer.send(head, ...Array.from({ length: 5 }, () => Raw.data(1, new Uint8Array(13_107))))
      yield* peer.send(Raw.data(1, "", Raw.END_STREAM), Raw.settingsAck)
      expect((yield* Fiber.join(asked.result)).body.length).toBe(65_535)
      const second = yield* Effect.fork(Effect.flip(client.collect({})))
      yield* peer.frame(Type.HEADERS, 3)
      yield* peer.send(Raw.headers(3, [0x88], Raw.OPEN), Raw.data(3, new Uint8Array(1001)))
      expect(yield* Fiber.join(second)).toMatchObject({ code: Code.FLOW_CONTROL_ERROR })
      peer.end()
      yield* S.nothingLeft(stats)
    })
  )
})
