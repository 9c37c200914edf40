/** Our limits and switches, changed on an open connection: from when on they hold. */
import * as ErrorCode from "@effect-http2/http2/ErrorCode"
import * as Frame from "@effect-http2/http2/Frame"
import * as Settings from "@effect-http2/http2/Settings"
import { describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { expect } from "vitest"
import { client } from "./support/peer.js"
import { answer, goesOn, okRequest, serverWith, settingsSent, update } from "./support/settings.js"
import { block, get, headers, type Pairs, reset, settingsAck } from "./support/wire.js"

const { Id } = Settings

describe("maxConcurrentStreams of a server", () => {
  it.scoped(
    "lowered: streams that are open go on, others are refused from the acknowledgement on [rfc9113-5.1.2-2]",
    () =>
      Effect.gen(function* () {
        const gate = yield* Deferred.make<void>()
        const { connection, peer } = yield* serverWith({}, () => Effect.zipRight(Deferred.await(gate), answer()))
        yield* peer.send(headers(1, get), headers(3, get))
        const updating = yield* update({ connection, peer }, { maxConcurrentStreams: 1 })
        yield* peer.send(headers(5, get))
        yield* peer.barrier()
        expect(connection.activeStreams).toBe(3)
        yield* peer.send(settingsAck, headers(7, get))
        expect(yield* peer.await("RstStream")).toMatchObject({ streamId: 7, errorCode: ErrorCode.REFUSED_STREAM })
        yield* Fiber.join(updating)
        yield* Deferred.succeed(gate, undefined)
        const ended = new Set<number>()
        while (ended.size < 3) ended.add((yield* peer.await("Data", (frame) => frame.endStream)).streamId)
        expect([...ended]).toEqual([1, 3, 5])
        yield* goesOn(peer, 9)
      })
  )

  it.scoped(
    "0 for a while: none is let in, and the next is when it is raised [rfc9113-6.5.2-7] [rfc9113-6.5.2-8]",
    () =>
      Effect.gen(function* () {
        const { connection, peer } = yield* serverWith({})
        const lowering = yield* update({ connection, peer }, { maxConcurrentStreams: 0 })
        yield* peer.send(settingsAck)
        yield* Fiber.join(lowering)
        yield* peer.send(headers(1, get))
        expect(yield* peer.await("RstStream")).toMatchObject({ streamId: 1, errorCode: ErrorCode.REFUSED_STREAM })
        yield* peer.barrier()
        // A peer that has read this may go by it before we have its acknowledgement.
        yield* update({ connection, peer }, { maxConcurrentStreams: 1 })
        yield* goesOn(peer, 3)
        expect(connection.isDraining).toBe(false)
      })
  )
})

describe("maxHeaderListSize", () => {
  const large: Pairs = [...okRequest, ["x-large", "x".repeat(600)]]

  it.scoped("of a server: raised at once, lowered from the acknowledgement on, for a block that was fine too", () =>
    Effect.gen(function* () {
      const { connection, peer } = yield* serverWith({ maxHeaderListSize: 500 })
      const statusOf = (streamId: number) =>
        Effect.gen(function* () {
          yield* peer.send(headers(streamId, large))
          const head = yield* peer.await("Headers", (frame) => frame.streamId === streamId)
          return peer.fieldsOf(head)[0]?.[1]
        })
      expect(yield* statusOf(1)).toBe("431")
      yield* update({ connection, peer }, { maxHeaderListSize: 1000 })
      expect(yield* statusOf(3)).toBe("200")
      yield* peer.send(settingsAck)
      expect(yield* statusOf(5)).toBe("200")
      yield* update({ connection, peer }, { maxHeaderListSize: 400 })
      expect(yield* statusOf(7)).toBe("200")
      yield* peer.send(settingsAck)
      expect(yield* statusOf(9)).toBe("431")
      yield* goesOn(peer, 11)
    })
  )

  it.scoped("of a client: raised at once, lowered from the acknowledgement on", () =>
    Effect.gen(function* () {
      const { client: http, peer } = yield* client({ maxHeaderListSize: 500 })
      const { connection } = http
      const outcome = Effect.gen(function* () {
        const asked = yield* Effect.fork(Effect.either(http.collect({})))
        const { streamId } = yield* peer.await("Headers")
        yield* peer.send(
          headers(streamId, [
            [":status", "200"],
            ["x-large", "x".repeat(600)]
          ])
        )
        const result = yield* Fiber.join(asked)
        if (result._tag === "Left") yield* Effect.zipRight(peer.await("RstStream"), peer.answerPing)
        return result._tag
      })
      expect(yield* outcome).toBe("Left")
      yield* update({ connection, peer }, { maxHeaderListSize: 1000 })
      expect(yield* outcome).toBe("Right")
      yield* peer.send(settingsAck)
      yield* update({ connection, peer }, { maxHeaderListSize: 400 })
      expect(yield* outcome).toBe("Right")
      yield* peer.send(settingsAck)
      expect(yield* outcome).toBe("Left")
    })
  )
})

describe("enableConnectProtocol of a server", () => {
  const connect: Pairs = [[":method", "CONNECT"], [":protocol", "websocket"], ...get.slice(1)]

  it.scoped("from 0 to 1: requests that were malformed are none any more [rfc8441-3-1]", () =>
    Effect.gen(function* () {
      const { connection, peer } = yield* serverWith({}, answer)
      yield* peer.send(headers(1, connect, false))
      expect(yield* peer.await("RstStream")).toMatchObject({ streamId: 1, errorCode: ErrorCode.PROTOCOL_ERROR })
      yield* peer.answerPing
      yield* update({ connection, peer }, { enableConnectProtocol: true })
      expect(settingsSent(peer)).toEqual([[[Id.ENABLE_CONNECT_PROTOCOL, 1]]])
      yield* peer.send(settingsAck, headers(3, connect, false))
      const head = yield* peer.await("Headers", (frame) => frame.streamId === 3)
      expect(peer.fieldsOf(head)[0]).toEqual([":status", "200"])
      yield* peer.send(reset(3))
      yield* peer.barrier()
    })
  )

  for (const [title, options] of [
    ["announced in the first SETTINGS", { enableConnectProtocol: true }],
    ["announced later", {}]
  ] as const) {
    it.scoped(`is not taken back, ${title} [rfc8441-3-2]`, () =>
      Effect.gen(function* () {
        const { connection, peer } = yield* serverWith(options, answer)
        if (!connection.localSettings.enableConnectProtocol) {
          const updating = yield* update({ connection, peer }, { enableConnectProtocol: true })
          yield* peer.send(settingsAck)
          yield* Fiber.join(updating)
        }
        const sent = settingsSent(peer)
        const error = yield* Effect.flip(connection.updateSettings({ enableConnectProtocol: false }))
        expect(error).toMatchObject({ _tag: "Http2StreamError", origin: "User" })
        // Nor does another change.
        yield* update({ connection, peer }, { maxConcurrentStreams: 5 })
        expect(settingsSent(peer)).toEqual([...sent, [[Id.MAX_CONCURRENT_STREAMS, 5]]])
        yield* peer.send(headers(1, connect, false))
        yield* peer.await("Headers", (frame) => frame.streamId === 1)
      })
    )
  }
})

describe("enablePush of a client", () => {
  it.scoped("goes out as it changes", () =>
    Effect.gen(function* () {
      const { client: http, peer } = yield* client()
      const { connection } = http
      const before = Number(connection.localSettings.enablePush)
      for (const value of [1 - before, before]) {
        yield* update({ connection, peer }, { enablePush: value === 1 })
        expect(settingsSent(peer).at(-1)).toEqual([[Id.ENABLE_PUSH, value]])
      }
    })
  )

  const promise = (streamId: number) => new Frame.PushPromise(1, streamId, true, block(get))

  it.scoped("from 1 to 0: promises on their way are declined, later ones end the connection [rfc9113-6.5.2-2]", () =>
    Effect.gen(function* () {
      const { client: http, failure, peer } = yield* client({ enablePush: true })
      const { connection } = http
      yield* Effect.fork(http.collect({}))
      yield* peer.await("Headers")
      yield* update({ connection, peer }, { enablePush: false })
      yield* peer.send(promise(2))
      expect(yield* peer.await("RstStream")).toMatchObject({ streamId: 2, errorCode: ErrorCode.CANCEL })
      yield* peer.answerPing
      yield* peer.barrier()
      expect(connection.isDraining).toBe(false)
      yield* peer.send(settingsAck, promise(4))
      expect(yield* failure).toMatchObject({ code: ErrorCode.PROTOCOL_ERROR })
    })
  )

  it.scoped("from 0 to 1: promises are taken at once", () =>
    Effect.gen(function* () {
      const { client: http, peer } = yield* client()
      const { connection } = http
      yield* Effect.fork(http.collect({}))
      yield* peer.await("Headers")
      yield* update({ connection, peer }, { enablePush: true })
      yield* peer.send(promise(2))
      yield* peer.barrier()
      expect(peer.frames.some((frame) => frame._tag === "RstStream")).toBe(false)
      expect(connection.isDraining).toBe(false)
    })
  )
})
