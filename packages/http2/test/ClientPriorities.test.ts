/** Priorities at a client: the field of a request, PRIORITY_UPDATE for one in flight, and when it is sent (RFC 9218 §2.1.1, §5, §6, §7.1). */
import * as ErrorCode from "@effect-http2/http2/ErrorCode"
import { PriorityUpdate } from "@effect-http2/http2/ExtensionFrame"
import type * as Frame from "@effect-http2/http2/Frame"
import type * as Http2Client from "@effect-http2/http2/Http2Client"
import type * as Http2ClientRequest from "@effect-http2/http2/Http2ClientRequest"
import * as Http2ServerResponse from "@effect-http2/http2/Http2ServerResponse"
import type * as Priority from "@effect-http2/http2/Priority"
import * as Settings from "@effect-http2/http2/Settings"
import { describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { expect } from "vitest"
import { engines, eventually } from "./support/engines.js"
import { client, type Peer } from "./support/peer.js"
import { data, filled, headers, ok, reset, settings, settingsAck, windowUpdate } from "./support/wire.js"

const { MAX_CONCURRENT_STREAMS, NO_RFC7540_PRIORITIES } = Settings.Id
const willing = { settings: [[NO_RFC7540_PRIORITIES, 1]] } as const

const updates = ({ frames }: Peer): ReadonlyArray<Frame.Frame> => frames.filter(({ _tag }) => _tag === "PriorityUpdate")

/** A request by the callbacks, whose head comes before there is a response. */
const start = (
  http: Http2Client.Http2Client,
  request: Http2ClientRequest.Http2ClientRequest = {}
): Http2Client.Started => http.unsafeRequest(request, { onResponse: () => {}, onFailure: () => {} })

describe("the priority of a request", () => {
  it.scoped("is its field, unless its headers have one", () =>
    Effect.gen(function* () {
      const { client: http, peer } = yield* client()
      const cases: ReadonlyArray<readonly [Priority.Parameters | undefined, string | undefined, string | undefined]> = [
        [{ urgency: 5, incremental: true }, undefined, "u=5, i"],
        [{ urgency: 5, incremental: true }, undefined, "u=5, i"],
        [{ incremental: true }, undefined, "i"],
        [{ urgency: 0 }, undefined, "u=0"],
        [{ urgency: 3 }, undefined, "u=3"],
        [{ urgency: 0 }, "u=1, mine", "u=1, mine"],
        [undefined, "u=2", "u=2"],
        [undefined, undefined, undefined]
      ]
      for (const [priority, header, expected] of cases) {
        start(http, {
          headers: { a: "b", ...(header === undefined ? {} : { priority: header }) },
          ...(priority === undefined ? {} : { priority })
        })
        const fields = peer.fieldsOf(yield* peer.await("Headers"))
        expect(fields.filter(([name]) => name === "priority").map(([, value]) => value)).toEqual(
          expected === undefined ? [] : [expected]
        )
        expect(fields.slice(0, 5).map(([name]) => name)).toEqual([":method", ":scheme", ":authority", ":path", "a"])
      }
    })
  )

  it.scoped("[rfc9218-4.1-1] [rfc9218-4.1-2] that says nothing about it is left to the defaults, never to 7", () =>
    Effect.gen(function* () {
      const { client: http, peer } = yield* client()
      start(http)
      expect(peer.fieldsOf(yield* peer.await("Headers")).some(([name]) => name === "priority")).toBe(false)
      start(http, { priority: {} })
      expect(peer.fieldsOf(yield* peer.await("Headers")).at(-1)).toEqual(["priority", "u=3"])
    })
  )

  it.scoped("is a tunnel's too", () =>
    Effect.gen(function* () {
      const { client: http, peer } = yield* client()
      yield* Effect.forkScoped(http.tunnel({ authority: "test:1", priority: { incremental: true } }))
      expect(peer.fieldsOf(yield* peer.await("Headers")).at(-1)).toEqual(["priority", "i"])
    })
  )

  it.effect("reaches the handler, and a change of it while the response is on its way", () =>
    Effect.gen(function* () {
      const gate = yield* Deferred.make<void>()
      const seen: Array<Priority.Priority> = []
      yield* engines(
        (request) =>
          Effect.gen(function* () {
            seen.push(request.priority)
            yield* request.respond(Http2ServerResponse.make({ body: filled(100_000) }))
            yield* Deferred.await(gate)
            seen.push(request.priority)
            return Http2ServerResponse.empty()
          }),
        ({ client: http }) =>
          Effect.gen(function* () {
            const response = yield* http.request({ priority: { urgency: 6 } })
            expect(yield* response.reprioritize({ urgency: 1, incremental: true })).toBe(true)
            yield* http.connection.ping
            yield* Deferred.succeed(gate, undefined)
            yield* response.bytes()
            expect(yield* response.reprioritize({ urgency: 2 })).toBe(false)
            expect(seen).toEqual([
              { urgency: 6, incremental: false },
              { urgency: 1, incremental: true }
            ])
          }),
        { client: { initialWindowSize: 1000 } }
      )
    })
  )
})

describe("PRIORITY_UPDATE", () => {
  it.scoped("[rfc9218-7.1-1] says all parameters, for the stream of the request, on stream 0", () =>
    Effect.gen(function* () {
      const { client: http, peer } = yield* client(willing)
      const first = start(http)
      start(http).unsafeReprioritize({ urgency: 5, incremental: true })
      first.unsafeReprioritize({ incremental: true })
      first.unsafeReprioritize({})
      yield* peer.barrier()
      expect(updates(peer)).toEqual([
        new PriorityUpdate(3, "u=5, i"),
        new PriorityUpdate(1, "i"),
        new PriorityUpdate(1, "u=3")
      ])
    })
  )

  it.scoped("[rfc9218-7.1-3] [rfc9218-7.1-4] is sent only while the response may still be on its way", () =>
    Effect.gen(function* () {
      const { client: http, peer } = yield* client({
        settings: [
          [NO_RFC7540_PRIORITIES, 1],
          [MAX_CONCURRENT_STREAMS, 1]
        ]
      })
      const first = start(http, { method: "POST", body: "x" })
      const second = start(http)
      // It waits for its place, and is idle.
      second.unsafeReprioritize({ urgency: 1 })
      second.unsafeReprioritize({ urgency: 2 })
      yield* peer.barrier(1)
      expect(updates(peer)).toEqual([])
      first.unsafeReprioritize({ urgency: 7 })
      yield* peer.await("PriorityUpdate")
      yield* peer.send(headers(1, ok))
      // What was asked for last goes behind the head that opens the stream.
      expect(yield* peer.await("Headers", ({ streamId }) => streamId === 3)).toMatchObject({ streamId: 3 })
      expect(yield* peer.take).toEqual(new PriorityUpdate(3, "u=2"))
      const before = updates(peer).length
      first.unsafeReprioritize({ urgency: 0 })
      yield* peer.send(headers(3, ok, false), data(3, "part"))
      yield* peer.barrier(2)
      second.unsafeReprioritize({ urgency: 3 })
      yield* peer.await("PriorityUpdate")
      yield* peer.send(reset(3))
      yield* peer.barrier(3)
      second.unsafeReprioritize({ urgency: 4 })
      yield* peer.barrier(4)
      expect(updates(peer).length).toBe(before + 1)
    })
  )

  it.scoped("[rfc9218-2.1.1-3] is not sent any more once the server has not said that it is of use", () =>
    Effect.gen(function* () {
      for (const entries of [[], [[NO_RFC7540_PRIORITIES, 0]]] as const) {
        const { client: http, peer } = yield* client({ silent: true })
        const request = yield* Effect.forkScoped(http.request({ priority: { urgency: 1 } }))
        peer.fieldsOf(yield* peer.await("Headers"))
        yield* peer.send(settings(...entries), settingsAck, headers(1, ok, false))
        const response = yield* Fiber.join(request)
        expect(yield* response.reprioritize({ urgency: 2 })).toBe(false)
        // The field is for those behind the server too.
        start(http, { priority: { urgency: 5 } })
        expect(peer.fieldsOf(yield* peer.await("Headers")).at(-1)?.[0]).toBe("priority")
        yield* peer.barrier()
        expect(updates(peer)).toEqual([])
      }
    })
  )

  it.scoped(
    "[rfc9218-2.1.1-1] [rfc9218-2.1.1-2] is sent, as the field is, before the server has said so; RFC 7540's are not, not even then",
    () =>
      Effect.gen(function* () {
        const { client: http, peer } = yield* client({ silent: true })
        start(http, { priority: { urgency: 5 } }).unsafeReprioritize({ urgency: 4 })
        // We say that we do without them: a server that reads the first SETTINGS looks at none.
        expect(yield* peer.await("Settings")).toMatchObject({
          entries: expect.arrayContaining([[NO_RFC7540_PRIORITIES, 1]])
        })
        const head = yield* peer.await("Headers")
        expect([head.priority, peer.fieldsOf(head).at(-1)]).toEqual([undefined, ["priority", "u=5"]])
        expect(yield* peer.await("PriorityUpdate")).toEqual(new PriorityUpdate(1, "u=4"))
        yield* peer.send(settings([NO_RFC7540_PRIORITIES, 1]), settingsAck)
        yield* peer.await("Settings", ({ ack }) => ack)
        start(http, { priority: { urgency: 0 } })
        expect((yield* peer.await("Headers")).priority).toBeUndefined()
        yield* peer.barrier()
        expect(peer.frames.some(({ _tag }) => _tag === "Priority")).toBe(false)
      })
  )

  it.scoped("[rfc9218-7.1-11] of a server ends the connection", () =>
    Effect.gen(function* () {
      for (const id of [0, 1, 2]) {
        const { client: http, failure, peer } = yield* client()
        start(http)
        yield* peer.send(new PriorityUpdate(id, "u=1"))
        expect(yield* failure).toMatchObject({ code: ErrorCode.PROTOCOL_ERROR, origin: "Local" })
        yield* peer.await("GoAway", ({ errorCode }) => errorCode === ErrorCode.PROTOCOL_ERROR)
      }
    })
  )
})

describe("uploads", () => {
  it.scoped("share the connection evenly, whatever the priorities of their responses", () =>
    Effect.gen(function* () {
      const { client: http, peer } = yield* client({ settings: [[Settings.Id.INITIAL_WINDOW_SIZE, 0]] })
      const body = filled(2 * 16_384)
      start(http, { method: "POST", body, priority: { urgency: 7 } })
      start(http, { method: "POST", body, priority: { urgency: 0 } })
      yield* eventually(() => http.connection.activeStreams === 2)
      yield* peer.send(windowUpdate(0, 1_000_000), settings([Settings.Id.INITIAL_WINDOW_SIZE, 100_000]))
      yield* peer.barrier()
      const ids = peer.frames.flatMap((frame) => (frame._tag === "Data" ? [frame.streamId] : []))
      expect(ids).toEqual([1, 3, 1, 3])
    })
  )
})

describe("SETTINGS_NO_RFC7540_PRIORITIES", () => {
  it.scoped("[rfc9218-2.1-2] other than 0 or 1 ends the connection", () =>
    Effect.gen(function* () {
      const { failure, peer } = yield* client({ silent: true })
      yield* peer.send(settings([NO_RFC7540_PRIORITIES, 2]))
      expect(yield* failure).toMatchObject({ code: ErrorCode.PROTOCOL_ERROR })
    })
  )

  it.scoped(
    "[rfc9218-2.1-4] that a server changes behind its first SETTINGS ends the connection, said again it does not",
    () =>
      Effect.gen(function* () {
        for (const first of [0, 1]) {
          const { failure, peer } = yield* client({ settings: [[NO_RFC7540_PRIORITIES, first]] })
          yield* peer.send(settings([NO_RFC7540_PRIORITIES, first]), settings())
          yield* peer.barrier()
          yield* peer.send(settings([NO_RFC7540_PRIORITIES, 1 - first]))
          expect(yield* failure).toMatchObject({ code: ErrorCode.PROTOCOL_ERROR, origin: "Local" })
        }
      })
  )
})
