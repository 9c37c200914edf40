/** Bodies that are handed over whole: frames and windows hold for them as for those that wait (RFC 9113 §4.1, §5.2.1, §6.9.1). */
import * as Http2ServerResponse from "@effect-http2/http2/Http2ServerResponse"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { describe, expect } from "vitest"
import * as U from "../utils.js"
import * as C from "./support/clientCase.js"
import * as Raw from "@effect-http2/testkit/rawFrame"
import type { RawPeer } from "@effect-http2/testkit/rawPeer"
import * as S from "./support/serverCase.js"

const { Setting, Type } = Raw
const wide = [Setting.INITIAL_WINDOW_SIZE, 1_000_000] as const

/** The lengths of the DATA frames of stream `id`, up to now. */
const dataOf = (peer: RawPeer, id: number): Effect.Effect<ReadonlyArray<number>> =>
  Effect.map(Effect.all([peer.roundTrip, peer.roundTrip]), (frames) =>
    frames
      .flat()
      .filter(({ streamId, type }) => type === Type.DATA && streamId === id)
      .map(({ payload }) => payload.length)
  )

describe("a server", () => {
  const ask = (peer: RawPeer, id: number, octets: number): Effect.Effect<void> =>
    peer.send(Raw.headers(id, S.request({ ":path": `/${octets}` })))
  /** Answers with as many octets as the path says. */
  const handler = ({ path }: { readonly path: string }) =>
    Effect.succeed(Http2ServerResponse.make({ body: new Uint8Array(Number(path.slice(1))) }))

  U.check("sends no frame that is larger than MAX_FRAME_SIZE [rfc9113-4.1-1]", () =>
    Effect.gen(function* () {
      const [peer, stats] = yield* S.open(handler)
      yield* S.shake(peer, wide)
      yield* ask(peer, 1, 16_384)
      expect(yield* dataOf(peer, 1)).toEqual([16_384])
      yield* ask(peer, 3, 16_385)
      expect(yield* dataOf(peer, 3)).toEqual([16_384, 1])
      peer.end()
      yield* S.nothingLeft(stats)
    })
  )

  U.check("keeps to what is left of the connection's window [rfc9113-5.2.1-1] [rfc9113-6.9.1-1]", () =>
    Effect.gen(function* () {
      const [peer, stats] = yield* S.open(handler)
      yield* S.shake(peer, wide)
      yield* ask(peer, 1, 65_530)
      yield* dataOf(peer, 1)
      yield* ask(peer, 3, 12)
      expect(yield* dataOf(peer, 3)).toEqual([5])
      yield* peer.send(Raw.windowUpdate(0, 7))
      expect(yield* dataOf(peer, 3)).toEqual([7])
      peer.end()
      yield* S.nothingLeft(stats)
    })
  )

  U.check("keeps to what is left of the stream's window [rfc9113-5.2.1-1] [rfc9113-6.9.1-1]", () =>
    Effect.gen(function* () {
      const [peer, stats] = yield* S.open(handler)
      yield* S.shake(peer, [Setting.INITIAL_WINDOW_SIZE, 11])
      yield* ask(peer, 1, 12)
      expect(yield* dataOf(peer, 1)).toEqual([11])
      yield* peer.send(Raw.windowUpdate(1, 1))
      expect(yield* dataOf(peer, 1)).toEqual([1])
      peer.end()
      yield* S.nothingLeft(stats)
    })
  )
})

describe("a client", () => {
  U.check("sends no frame that is larger than MAX_FRAME_SIZE [rfc9113-4.1-1]", () =>
    Effect.gen(function* () {
      const [client, peer, stats] = yield* C.open(false)
      yield* C.shake(peer, wide)
      yield* peer.roundTrip
      const asked = yield* Effect.forkScoped(client.collect({ method: "POST", body: new Uint8Array(16_385) }))
      yield* peer.frame(Type.HEADERS, 1)
      expect(yield* dataOf(peer, 1)).toEqual([16_384, 1])
      yield* peer.send(Raw.headers(1, [0x88]))
      yield* Fiber.join(asked)
      peer.end()
      yield* S.nothingLeft(stats)
    })
  )

  U.check("keeps to what is left of the connection's window [rfc9113-5.2.1-1] [rfc9113-6.9.1-1]", () =>
    Effect.gen(function* () {
      const [client, peer, stats] = yield* C.open(false)
      yield* C.shake(peer, wide)
      yield* peer.roundTrip
      const post = (octets: number) =>
        Effect.forkScoped(client.collect({ method: "POST", body: new Uint8Array(octets) }))
      const first = yield* post(65_530)
      yield* peer.frame(Type.HEADERS, 1)
      yield* dataOf(peer, 1)
      const second = yield* post(12)
      yield* peer.frame(Type.HEADERS, 3)
      expect(yield* dataOf(peer, 3)).toEqual([5])
      yield* peer.send(Raw.windowUpdate(0, 7))
      expect(yield* dataOf(peer, 3)).toEqual([7])
      yield* peer.send(Raw.headers(1, [0x88]), Raw.headers(3, [0x88]))
      yield* Fiber.join(first)
      yield* Fiber.join(second)
      peer.end()
      yield* S.nothingLeft(stats)
    })
  )
})
