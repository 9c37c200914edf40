/** Credit in small pieces: as honest as the small frames that it answers, and an attack where a peer doles out its window. */
import * as Http2ServerResponse from "@effect-http2/http2/Http2ServerResponse"
import * as Settings from "@effect-http2/http2/Settings"
import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import { expect } from "vitest"
import { expectCalm, flood } from "./support/attack.js"
import { client, type Peer, server } from "./support/peer.js"
import { ascii, filled, get, headers, ok, settings, windowUpdate } from "./support/wire.js"

const count = 200

/** Chunks of 5 octets, each in a turn of its own, as messages come. */
const small = Stream.repeatEffect(Effect.as(Effect.yieldNow(), ascii("small"))).pipe(Stream.take(count))

/** Reads octet for octet, and gives each back at once to both windows, until the body has ended. */
const refund = (peer: Peer): Effect.Effect<number> => {
  const next = (octets: number): Effect.Effect<number> =>
    Effect.gen(function* () {
      const frame = yield* peer.await("Data")
      for (let i = 0; i < frame.data.length; i++) {
        yield* peer.send(windowUpdate(0, 1), ...(frame.endStream ? [] : [windowUpdate(1, 1)]))
      }
      return yield* frame.endStream ? Effect.succeed(octets + frame.data.length) : next(octets + frame.data.length)
    })
  return next(0)
}

describe("credit in small pieces", () => {
  it.scoped("for small frames of a request is no flood", () =>
    Effect.gen(function* () {
      const { client: ours, peer } = yield* client({ glitchBurst: 50, glitchRate: 0 })
      const response = yield* Effect.fork(ours.collect({ method: "POST", body: small }))
      expect(yield* refund(peer)).toBe(count * 5)
      yield* peer.send(headers(1, ok))
      expect((yield* Fiber.join(response)).status).toBe(200)
    })
  )

  it.scoped("for small frames of a response is no flood", () =>
    Effect.gen(function* () {
      const handler = () => Effect.succeed(Http2ServerResponse.make({ body: small }))
      const { connection, peer } = yield* server(handler, { glitchBurst: 50, glitchRate: 0 })
      yield* peer.send(headers(1, get))
      expect(yield* refund(peer)).toBe(count * 5)
      yield* peer.barrier()
      expect(connection.isDraining).toBe(false)
    })
  )

  it.scoped("CVE-2019-9511 (Data Dribble): that cuts a large body into small frames is stopped by glitchBurst", () =>
    Effect.gen(function* () {
      const handler = () => Effect.succeed(Http2ServerResponse.make({ body: filled(100_000) }))
      const played = yield* server(handler, { glitchBurst: 50, glitchRate: 0 })
      yield* played.peer.send(settings([Settings.Id.INITIAL_WINDOW_SIZE, 0]), headers(1, get))
      yield* played.peer.barrier()
      const times = yield* flood(played, () => [windowUpdate(1, 1)])
      yield* expectCalm(played, "glitchBurst")
      expect(times).toBeLessThanOrEqual(54)
    })
  )
})
