/** Frames for streams that have ended, from peers that mean well: they cross on their way, or are late, and cost nothing. */
import * as Http2ServerResponse from "@effect-http2/http2/Http2ServerResponse"
import type * as Http2Server from "@effect-http2/http2/Http2Server"
import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"
import { expect } from "vitest"
import { expectCalm } from "./support/attack.js"
import { client, server } from "./support/peer.js"
import { data, filled, get, headers, ok, reset, windowUpdate } from "./support/wire.js"

const few = { glitchBurst: 5, glitchRate: 0, resetBurst: 5, resetRate: 0, maxConcurrentStreams: 5 }

/** 100,000 octets for stream 1, some for the others. */
const handler: Http2Server.Handler<never, Scope.Scope> = (request) =>
  Effect.succeed(Http2ServerResponse.make({ body: filled(request.stream.id === 1 ? 100_000 : 1000) }))

/** Requests from `first` on, each answered before the next. */
const ask = ({ peer }: Effect.Effect.Success<ReturnType<typeof server>>, first: number, count: number) =>
  Effect.forEach(
    Array.from({ length: count }, (_, i) => first + 2 * i),
    (id) =>
      Effect.zipRight(
        peer.send(headers(id, get), windowUpdate(0, 1000)),
        peer.await("Data", (frame) => frame.streamId === id && frame.endStream)
      ),
    { discard: true }
  )

describe("at a server", () => {
  it.scoped("WINDOW_UPDATE and RST_STREAM that cross with the end of each of very many streams [rfc9113-6.9-3]", () =>
    Effect.gen(function* () {
      const played = yield* server(handler, few)
      const { connection, peer } = played
      for (let id = 3; id < 2000; id += 2) {
        yield* ask(played, id, 1)
        yield* peer.send(windowUpdate(id, 1000), windowUpdate(id, 1_000_000), reset(id))
      }
      yield* peer.barrier()
      expect(connection.isDraining).toBe(false)
    })
  )

  it.scoped("credit for what a slow reader reads, long after its stream has ended; and no more than that", () =>
    Effect.gen(function* () {
      const played = yield* server(handler, few)
      const { connection, peer } = played
      yield* peer.send(headers(1, get), windowUpdate(1, 100_000), windowUpdate(0, 100_000))
      yield* peer.await("Data", (frame) => frame.endStream)
      yield* ask(played, 3, 400)
      for (let octets = 0; octets < 100_000; octets += 1000) yield* peer.send(windowUpdate(1, 1000))
      yield* peer.barrier()
      expect(connection.isDraining).toBe(false)
      for (let octets = 0; octets < 400_000; octets += 1000) yield* peer.send(windowUpdate(1, 1000))
      yield* peer.barrier(1)
      expect(connection.isDraining).toBe(false)
      for (let i = 0; i < 6; i++) yield* peer.send(windowUpdate(1, 1000))
      yield* expectCalm(played, "glitchBurst")
    })
  )
})

describe("at a client", () => {
  it.scoped("WINDOW_UPDATE and RST_STREAM that cross with the end of each of very many streams [rfc9113-6.9-3]", () =>
    Effect.gen(function* () {
      const { client: http, peer } = yield* client(few)
      for (let i = 0; i < 500; i++) {
        const asked = yield* Effect.fork(http.collect({ method: "POST", body: "body" }))
        const { streamId } = yield* peer.await("Headers")
        yield* peer.send(headers(streamId, ok, false), data(streamId, "body", true))
        yield* Fiber.join(asked)
        yield* peer.send(windowUpdate(streamId, 1000), reset(streamId, 0))
      }
      yield* peer.barrier()
      expect(http.connection.isDraining).toBe(false)
    })
  )
})
