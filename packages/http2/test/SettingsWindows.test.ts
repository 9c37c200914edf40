/** Our SETTINGS_INITIAL_WINDOW_SIZE and SETTINGS_MAX_FRAME_SIZE, changed while a body arrives. */
import * as ErrorCode from "@effect-http2/http2/ErrorCode"
import type * as Frame from "@effect-http2/http2/Frame"
import type * as Http2Error from "@effect-http2/http2/Http2Error"
import * as Settings from "@effect-http2/http2/Settings"
import { describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"
import { expect } from "vitest"
import { eventually } from "./support/engines.js"
import { client, server } from "./support/peer.js"
import { answer, serverWith, type Side, update } from "./support/settings.js"
import { data, filled, headers, ok, post, settings, settingsAck, windowUpdate } from "./support/wire.js"

/** A request with a body at a server, or a response with one at a client, read when the test says so. */
interface Receiving extends Side {
  /** Reads what is there, and goes on until the body fails or ends; how many octets it was. */
  readonly read: Effect.Effect<number, Http2Error.Http2Error>
}

const windows = { connectionWindowSize: 1_000_000, initialWindowSize: 100_000 }

const receiving: Readonly<Record<string, Effect.Effect<Receiving, Http2Error.Http2Error, Scope.Scope>>> = {
  "a server": Effect.gen(function* () {
    const gate = yield* Deferred.make<void>()
    const total = yield* Deferred.make<number, Http2Error.Http2Error>()
    const side = yield* serverWith(windows, (request) =>
      Effect.zipRight(
        Deferred.await(gate),
        Effect.tapBoth(request.bytes(), {
          onSuccess: ({ length }) => Deferred.succeed(total, length),
          onFailure: (error) => Deferred.fail(total, error)
        })
      ).pipe(
        Effect.onInterrupt(() =>
          Effect.flatMap(Effect.fromNullable(request.stream.error), (error) => Deferred.fail(total, error)).pipe(
            Effect.ignore
          )
        ),
        Effect.zipRight(answer())
      )
    )
    yield* side.peer.send(headers(1, post, false))
    yield* side.peer.barrier()
    return { ...side, read: Effect.zipRight(Deferred.succeed(gate, undefined), Deferred.await(total)) }
  }),
  "a client": Effect.gen(function* () {
    const { client: http, failure, peer } = yield* client(windows)
    const asked = yield* Effect.fork(http.request({}))
    yield* peer.await("Headers")
    yield* peer.send(headers(1, ok, false))
    const response = yield* Fiber.join(asked)
    const read = Effect.map(response.bytes(), ({ length }) => length)
    return { connection: http.connection, failure, peer, read }
  })
}

/** `octets` of DATA in frames of up to 16,384. */
const body = (octets: number): ReadonlyArray<Frame.Data> =>
  Array.from({ length: Math.ceil(octets / 16_384) }, (_, i) => data(1, filled(Math.min(16_384, octets - i * 16_384))))

for (const [who, side] of Object.entries(receiving)) {
  describe(`initialWindowSize of ${who}`, () => {
    it.scoped("raised: at once, by the difference", () =>
      Effect.gen(function* () {
        const { connection, peer, read } = yield* side
        yield* peer.send(...body(100_000))
        yield* update({ connection, peer }, { initialWindowSize: 120_000 })
        yield* peer.send(...body(20_000))
        yield* peer.barrier()
        expect(connection.unreadOctets).toBe(120_000)
        yield* peer.send(...body(1))
        expect(yield* peer.await("RstStream")).toMatchObject({ errorCode: ErrorCode.FLOW_CONTROL_ERROR })
        yield* peer.answerPing
        expect(yield* Effect.flip(read)).toMatchObject({ code: ErrorCode.FLOW_CONTROL_ERROR })
        yield* peer.barrier(1)
      })
    )

    it.scoped("lowered: the peer may fill the old window until it acknowledges [rfc9113-6.9.3-1]", () =>
      Effect.gen(function* () {
        const { connection, peer, read } = yield* side
        yield* peer.send(...body(1000))
        yield* update({ connection, peer }, { initialWindowSize: 10_000 })
        yield* update({ connection, peer }, { initialWindowSize: 20_000 })
        yield* peer.send(...body(99_000), settingsAck)
        yield* peer.barrier()
        expect(connection.unreadOctets).toBe(100_000)
        yield* peer.send(settingsAck, ...body(1))
        expect(yield* peer.await("RstStream")).toMatchObject({ errorCode: ErrorCode.FLOW_CONTROL_ERROR })
        yield* peer.answerPing
        expect(yield* Effect.flip(read)).toMatchObject({ code: ErrorCode.FLOW_CONTROL_ERROR })
      })
    )

    it.scoped("lowered: the new window counts from the acknowledgement on", () =>
      Effect.gen(function* () {
        const { connection, peer, read } = yield* side
        yield* peer.send(...body(4000))
        yield* update({ connection, peer }, { initialWindowSize: 10_000 })
        yield* peer.send(settingsAck, ...body(6000))
        yield* peer.barrier()
        expect(connection.unreadOctets).toBe(10_000)
        yield* peer.send(...body(1))
        expect(yield* peer.await("RstStream")).toMatchObject({ errorCode: ErrorCode.FLOW_CONTROL_ERROR })
        yield* peer.answerPing
        expect(yield* Effect.flip(read)).toMatchObject({ code: ErrorCode.FLOW_CONTROL_ERROR })
      })
    )

    it.scoped("lowered: a window below 0 gets credit as the body is read", () =>
      Effect.gen(function* () {
        const { connection, peer, read } = yield* side
        yield* peer.send(...body(100_000))
        const updating = yield* update({ connection, peer }, { initialWindowSize: 1000 })
        yield* peer.send(settingsAck)
        yield* Fiber.join(updating)
        const reading = yield* Effect.fork(read)
        let window = 1000 - 100_000
        while (window < 1000) window += (yield* peer.await("WindowUpdate", (frame) => frame.streamId === 1)).increment
        expect(window).toBe(1000)
        yield* peer.send(...body(1000), data(1, "", true))
        expect(yield* Fiber.join(reading)).toBe(101_000)
      })
    )

    it.scoped("lowered: what was consumed before and not given back yet is, where the peer has nothing else", () =>
      Effect.gen(function* () {
        const { connection, peer, read } = yield* side
        const reading = yield* Effect.fork(read)
        yield* peer.send(...body(40_000))
        yield* peer.barrier()
        yield* eventually(() => connection.unreadOctets === 0)
        yield* update({ connection, peer }, { initialWindowSize: 30_000 })
        const { increment } = yield* peer.await("WindowUpdate", (frame) => frame.streamId === 1)
        expect(increment).toBe(40_000)
        yield* peer.send(...body(30_000), data(1, "", true))
        expect(yield* Fiber.join(reading)).toBe(70_000)
      })
    )
  })
}

for (const [who, side] of Object.entries(receiving)) {
  describe(`maxFrameSize of ${who}`, () => {
    const large = data(1, filled(20_000))

    it.scoped("raised: at once", () =>
      Effect.gen(function* () {
        const { connection, peer, read } = yield* side
        yield* update({ connection, peer }, { maxFrameSize: 20_000 })
        yield* peer.send(large, data(1, "", true))
        expect(yield* read).toBe(20_000)
      })
    )

    it.scoped("lowered: from the acknowledgement on, also where a frame comes right behind it [rfc9113-4.2-2]", () =>
      Effect.gen(function* () {
        const { connection, failure, peer } = yield* side
        const raising = yield* update({ connection, peer }, { maxFrameSize: 20_000 })
        yield* peer.send(settingsAck, large)
        yield* Fiber.join(raising)
        yield* update({ connection, peer }, { maxFrameSize: 16_384 })
        yield* peer.send(large)
        yield* peer.barrier()
        expect(connection.unreadOctets).toBe(40_000)
        yield* peer.send(settingsAck, large)
        expect(yield* failure).toMatchObject({ code: ErrorCode.FRAME_SIZE_ERROR })
      })
    )
  })
}

describe("the window of a stream whose body has left whole", () => {
  it.scoped("[rfc9113-6.9.1-2] has lost what was sent: as much can be given back, and not an octet more", () =>
    Effect.gen(function* () {
      const { peer } = yield* server(answer)
      const largest = 2 ** 31 - 1
      yield* peer.send(settings([Settings.Id.INITIAL_WINDOW_SIZE, largest]), headers(1, post, false))
      const { data: octets } = yield* peer.await("Data", ({ streamId }) => streamId === 1)
      yield* peer.send(windowUpdate(1, octets.length))
      yield* peer.barrier()
      expect(peer.frames.some(({ _tag }) => _tag === "RstStream")).toBe(false)
      yield* peer.send(windowUpdate(1, 1))
      expect(yield* peer.await("RstStream")).toMatchObject({ streamId: 1, errorCode: ErrorCode.FLOW_CONTROL_ERROR })
    })
  )
})
