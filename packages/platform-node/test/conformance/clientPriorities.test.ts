/** Priorities at a client (RFC 9218): what it says of its requests, when, and what a server may not say. */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { describe, expect } from "vitest"
import * as U from "../utils.js"
import * as C from "./support/clientCase.js"
import * as Raw from "@effect-http2/testkit/rawFrame"
import type { RawPeer } from "@effect-http2/testkit/rawPeer"
import { nothingLeft } from "./support/serverCase.js"

const { Code, Setting, Type } = Raw
const { NO_RFC7540_PRIORITIES } = Setting

C.clientCases("RFC 9218 7.1 PRIORITY_UPDATE of a server", [
  ...[0, 1, 2, 3].map((id) => ({
    title: `for stream ${id} [rfc9218-7.1-11]`,
    steps: [Raw.priorityUpdate(id, "u=1")],
    outcome: C.connectionError(Code.PROTOCOL_ERROR)
  })),
  {
    title: "on a stream [rfc9218-7.1-2]",
    steps: [Raw.priorityUpdate(1, "u=1", 1)],
    outcome: C.connectionError(Code.PROTOCOL_ERROR)
  }
])

C.clientCases("RFC 9218 2.1 SETTINGS_NO_RFC7540_PRIORITIES of a server", [
  {
    title: "that comes with its second SETTINGS [rfc9218-2.1-4]",
    steps: [Raw.settings([NO_RFC7540_PRIORITIES, 1])],
    outcome: C.connectionError(Code.PROTOCOL_ERROR)
  },
  {
    title: "0, which it was",
    steps: [Raw.settings([NO_RFC7540_PRIORITIES, 0]), Raw.headers(1, [0x88])],
    outcome: C.answered({ status: 200 })
  }
])

for (const value of [2, 0xffffffff]) {
  U.check(`SETTINGS_NO_RFC7540_PRIORITIES of ${value} in a server's first SETTINGS [rfc9218-2.1-2]`, () =>
    Effect.gen(function* () {
      const [client, peer, stats] = yield* C.open(false)
      yield* peer.send(Raw.settings([NO_RFC7540_PRIORITIES, value]), Raw.settingsAck)
      const [frames, end] = yield* peer.toEnd
      const last = frames.at(-1) ?? expect.unreachable()
      expect([end, last.type, last.payload.readUInt32BE(4)]).toEqual(["FIN", Type.GOAWAY, Code.PROTOCOL_ERROR])
      expect(yield* Effect.flip(client.connection.awaitClosed)).toMatchObject({ code: Code.PROTOCOL_ERROR })
      peer.end()
      yield* nothingLeft(stats)
    })
  )
}

const isUpdate = ({ type }: Raw.RawFrame): boolean => type === Type.PRIORITY_UPDATE
const isHead = ({ type }: Raw.RawFrame): boolean => type === Type.HEADERS

/** Stream id, prioritized id and value. */
const show = ({ payload, streamId }: Raw.RawFrame): readonly [number, number, string] => [
  streamId,
  payload.readUInt32BE(),
  payload.toString("latin1", 4)
]

/** The value of the priority field in the next request. */
const nextPriority = (peer: RawPeer): Effect.Effect<string | undefined> =>
  Effect.map(peer.until("a request", isHead), (frames) => {
    const head = frames.at(-1) ?? expect.unreachable()
    // No priority of RFC 7540 either.
    expect([head.flags & Raw.PRIORITY, frames.some(({ type }) => type === Type.PRIORITY)]).toEqual([0, false])
    return peer.fields(head).find(([name]) => name === "priority")?.[1]
  })

describe("RFC 9218 the priorities of a client's requests", () => {
  U.check(
    "its first SETTINGS say that it does without RFC 7540's, and it does [rfc9218-2.1-1] [rfc9218-2.1-3] [rfc9218-2.1.1-2]",
    () =>
      Effect.gen(function* () {
        const [client, peer, stats] = yield* C.open(false)
        const { payload } = yield* C.shake(peer, [NO_RFC7540_PRIORITIES, 1])
        const entries = Array.from({ length: payload.length / 6 }, (_, i) => payload.subarray(i * 6, i * 6 + 6))
        expect(entries).toContainEqual(Buffer.from([0, NO_RFC7540_PRIORITIES, 0, 0, 0, 1]))
        for (const [priority, expected] of [
          [{ urgency: 1, incremental: true }, "u=1, i"],
          [undefined, undefined]
        ] as const) {
          const request = { path: "/", ...(priority === undefined ? {} : { priority }) }
          const result = yield* Effect.fork(client.collect(request))
          expect(yield* nextPriority(peer)).toBe(expected)
          yield* peer.send(Raw.headers(expected === undefined ? 3 : 1, [0x88]))
          expect((yield* Fiber.join(result)).status).toBe(200)
        }
        peer.end()
        yield* nothingLeft(stats)
      }).pipe(Effect.scoped)
  )

  U.check(
    "PRIORITY_UPDATE while the response is on its way, and not behind its end [rfc9218-7.1-1] [rfc9218-7.1-3]",
    () =>
      Effect.gen(function* () {
        const [client, peer, stats] = yield* C.open(false)
        yield* C.shake(peer, [NO_RFC7540_PRIORITIES, 1])
        const result = yield* Effect.fork(client.request({ path: "/" }))
        yield* peer.until("a request", isHead)
        yield* peer.send(Raw.headers(1, [0x88], Raw.OPEN))
        const response = yield* Fiber.join(result)
        expect(yield* response.reprioritize({ urgency: 0 })).toBe(true)
        expect((yield* peer.until("PRIORITY_UPDATE", isUpdate)).filter(isUpdate).map(show)).toEqual([[0, 1, "u=0"]])
        yield* peer.send(Raw.data(1, "", Raw.END_STREAM))
        yield* peer.roundTrip
        expect(yield* response.reprioritize({ urgency: 1 })).toBe(false)
        expect((yield* peer.roundTrip).filter(isUpdate)).toEqual([])
        peer.end()
        yield* nothingLeft(stats)
      }).pipe(Effect.scoped)
  )

  U.check(
    "no PRIORITY_UPDATE to a server that does not say that it is of use; the field goes on [rfc9218-2.1.1-3]",
    () =>
      Effect.gen(function* () {
        const [client, peer, stats] = yield* C.open(false)
        yield* C.shake(peer)
        const result = yield* Effect.fork(client.request({ path: "/", priority: { urgency: 5 } }))
        expect(yield* nextPriority(peer)).toBe("u=5")
        yield* peer.send(Raw.headers(1, [0x88], Raw.OPEN))
        const response = yield* Fiber.join(result)
        expect(yield* response.reprioritize({ urgency: 0 })).toBe(false)
        expect((yield* peer.roundTrip).filter(isUpdate)).toEqual([])
        yield* peer.send(Raw.data(1, "", Raw.END_STREAM))
        expect(yield* response.text()).toBe("")
        peer.end()
        yield* nothingLeft(stats)
      }).pipe(Effect.scoped)
  )
})
