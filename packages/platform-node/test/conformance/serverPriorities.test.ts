/** Priorities at a server (RFC 9218): SETTINGS_NO_RFC7540_PRIORITIES, PRIORITY_UPDATE, and the order of bodies on the wire. */
import * as Http2ServerResponse from "@effect-http2/http2/Http2ServerResponse"
import type * as Http2Server from "@effect-http2/http2/Http2Server"
import type * as NodeHttp2 from "@effect-http2/platform-node/NodeHttp2"
import * as Effect from "effect/Effect"
import { describe, expect } from "vitest"
import * as U from "../utils.js"
import * as Raw from "@effect-http2/testkit/rawFrame"
import type { RawPeer } from "@effect-http2/testkit/rawPeer"
import * as S from "./support/serverCase.js"

const { Code, Setting, Type } = Raw
const { MAX_CONCURRENT_STREAMS, NO_RFC7540_PRIORITIES } = Setting

const open = Raw.headers(1, S.post, Raw.OPEN)
const whole = Raw.headers(1, S.get)

/** The values of a setting in a SETTINGS frame. */
const valuesOf = ({ payload }: Raw.RawFrame, id: number): ReadonlyArray<number> =>
  Array.from({ length: payload.length / 6 }, (_, i) => payload.subarray(i * 6)).flatMap((entry) =>
    entry.readUInt16BE() === id ? [entry.readUInt32BE(2)] : []
  )

describe("RFC 9218 2.1 SETTINGS_NO_RFC7540_PRIORITIES", () => {
  U.check("is 1 in the first SETTINGS, and not spoken of again [rfc9218-2.1-1] [rfc9218-2.1-3] [rfc9218-2.1-4]", () =>
    Effect.gen(function* () {
      const [peer, stats] = yield* S.open((request) => Effect.as(request.bytes(), Http2ServerResponse.empty()))
      const first = yield* S.shake(peer)
      expect(valuesOf(first, NO_RFC7540_PRIORITIES)).toEqual([1])
      yield* peer.send(open, Raw.data(1, new Uint8Array(16_384), Raw.END_STREAM))
      const frames = yield* S.goOn(peer)
      expect(frames.flatMap((frame) => (frame.type === Type.SETTINGS ? [frame.payload.length] : []))).toEqual([0])
      peer.end()
      yield* S.nothingLeft(stats)
    })
  )

  for (const value of [2, 0xffffffff]) {
    U.check(`of ${value} ends the connection [rfc9218-2.1-2]`, () =>
      Effect.gen(function* () {
        const [peer, stats] = yield* S.open("hanging")
        yield* peer.send(Raw.preface, Raw.settings([NO_RFC7540_PRIORITIES, value]))
        yield* S.connectionError(Code.PROTOCOL_ERROR)({ peer, seen: [] })
        peer.end()
        yield* S.nothingLeft(stats)
      })
    )
  }

  for (const first of [0, 1]) {
    U.check(
      `that goes from ${first} to ${1 - first} behind the first SETTINGS ends the connection [rfc9218-2.1-4]`,
      () =>
        Effect.gen(function* () {
          const [peer, stats] = yield* S.open("hanging")
          yield* S.shake(peer, [NO_RFC7540_PRIORITIES, first])
          yield* peer.send(whole, Raw.settings([NO_RFC7540_PRIORITIES, first]), Raw.settings())
          const seen = yield* peer.roundTrip
          yield* peer.send(Raw.settings([NO_RFC7540_PRIORITIES, 1 - first]))
          yield* S.connectionError(Code.PROTOCOL_ERROR)({ peer, seen })
          peer.end()
          yield* S.nothingLeft(stats)
        })
    )
  }

  U.check("of 1: what comes as priorities of RFC 7540 is not looked at, be it impossible [rfc9218-2.1-5]", () =>
    Effect.gen(function* () {
      const [peer, stats] = yield* S.open("answering")
      yield* S.shake(peer, [NO_RFC7540_PRIORITIES, 1])
      const block = Buffer.concat([Raw.priorityFields(1, 256, true), S.get])
      yield* peer.send(Raw.priority(1, 1), Raw.headers(1, block, Raw.WHOLE | Raw.PRIORITY), Raw.priority(3, 3))
      yield* S.served(1)({ peer, seen: [] })
      peer.end()
      yield* S.nothingLeft(stats)
    })
  )
})

S.serverCases("RFC 9218 2.1 SETTINGS_NO_RFC7540_PRIORITIES of a client", [
  {
    title: "0, and priorities that are impossible",
    steps: [Raw.settings([NO_RFC7540_PRIORITIES, 0]), open, Raw.priority(1, 1)],
    outcome: S.streamError(1, Code.PROTOCOL_ERROR),
    handlers: ["reading", "hanging"]
  }
])

S.serverCases("RFC 9218 7.1 PRIORITY_UPDATE", [
  {
    title: "on a stream [rfc9218-7.1-2]",
    steps: [open, Raw.priorityUpdate(1, "u=1", 1)],
    outcome: S.connectionError(Code.PROTOCOL_ERROR)
  },
  {
    title: "on a stream that is idle [rfc9218-7.1-2]",
    steps: [Raw.priorityUpdate(1, "u=1", 3)],
    outcome: S.connectionError(Code.PROTOCOL_ERROR)
  },
  {
    title: "for stream 0 [rfc9218-7.1-9]",
    steps: [whole, Raw.priorityUpdate(0, "u=1")],
    outcome: S.connectionError(Code.PROTOCOL_ERROR)
  },
  {
    title: "for stream 0 with the reserved bit [rfc9218-7.1-9]",
    steps: [Raw.priorityUpdate(0x80000000, "u=1")],
    outcome: S.connectionError(Code.PROTOCOL_ERROR)
  },
  {
    title: "for a push stream that is idle [rfc9218-7.1-8]",
    steps: [whole, Raw.priorityUpdate(2, "u=1")],
    outcome: S.connectionError(Code.PROTOCOL_ERROR)
  },
  {
    title: "without room for a stream id",
    steps: [Raw.frame(Type.PRIORITY_UPDATE, 0, 0, "123")],
    outcome: S.connectionError(Code.FRAME_SIZE_ERROR)
  },
  {
    title: "before, during and behind a request [rfc9218-7-1]",
    steps: [
      Raw.priorityUpdate(1, "u=1"),
      Raw.priorityUpdate(0x80000003, ""),
      open,
      Raw.priorityUpdate(1, "i, u=0"),
      Raw.data(1, "test", Raw.END_STREAM),
      Raw.priorityUpdate(1, "u=7"),
      Raw.priorityUpdate(1, "u=9, not a dictionary,")
    ],
    outcome: S.served(1),
    handlers: ["answering", "reading"]
  },
  {
    title: "for a stream that was reset, and for one that was left out",
    steps: [
      Raw.headers(5, S.post, Raw.OPEN),
      Raw.rstStream(5, Code.CANCEL),
      Raw.priorityUpdate(5, "u=1"),
      Raw.priorityUpdate(3, "u=1")
    ],
    outcome: S.ignored
  },
  {
    title: "with all its flags set",
    steps: [whole, Raw.frame(Type.PRIORITY_UPDATE, 0xff, 0, "\0\0\0\x01u=1")],
    outcome: S.served(1),
    handlers: ["answering", "reading"]
  }
])

const three = { maxConcurrentStreams: 3 } as const

describe("RFC 9218 7.1 more prioritized streams than there may be", () => {
  const check = (title: string, handler: S.HandlerName, script: (peer: RawPeer) => Effect.Effect<void>): void =>
    U.check(title, () =>
      Effect.gen(function* () {
        const [peer, stats] = yield* S.open(handler, three)
        expect(valuesOf(yield* S.shake(peer), MAX_CONCURRENT_STREAMS)).toEqual([3])
        yield* peer.roundTrip
        yield* script(peer)
        peer.end()
        yield* S.nothingLeft(stats)
      })
    )

  for (const ids of [
    [1, 3, 5, 7],
    [201, 7, 99, 1],
    [3, 5, 7]
  ]) {
    const active = ids.length === 3 ? ", one of them open" : ""
    check(`${ids.join(", ")}${active}: a connection error [rfc9218-7.1-5]`, "hanging", (peer) =>
      Effect.gen(function* () {
        if (active !== "") yield* peer.send(open)
        const [last, ...first] = [...ids].reverse()
        for (const id of [...first, ...first]) yield* peer.send(Raw.priorityUpdate(id, "u=1"))
        const seen = yield* peer.roundTrip
        yield* peer.send(Raw.priorityUpdate(last ?? 0, "u=1"))
        yield* S.connectionError(Code.PROTOCOL_ERROR)({ peer, seen })
      })
    )
  }

  check("those that were opened, closed or left out do not count any more [rfc9218-7.1-5]", "answering", (peer) =>
    Effect.gen(function* () {
      for (const id of [1, 3, 5]) yield* peer.send(Raw.priorityUpdate(id, "u=1"))
      yield* peer.send(Raw.headers(5, S.get))
      yield* peer.until("a response", ({ flags, streamId }) => streamId === 5 && (flags & Raw.END_STREAM) !== 0)
      for (const id of [7, 9, 11, 1, 3, 5]) yield* peer.send(Raw.priorityUpdate(id, "u=1"))
      yield* S.ignored({ peer, seen: [] })
    })
  )
})

/** The bodies' stream ids in the order of their frames; a run of one id is written once. */
const order = (frames: ReadonlyArray<Raw.RawFrame>): ReadonlyArray<number> =>
  frames
    .filter(({ payload, type }) => type === Type.DATA && payload.length > 0)
    .map(({ streamId }) => streamId)
    .filter((id, i, ids) => id !== ids[i - 1])

const length = 3 * 16_384
const large: Http2Server.Handler<never, never> = () =>
  Effect.succeed(Http2ServerResponse.make({ body: new Uint8Array(length) }))

const request = (id: number, priority?: string): Buffer => Raw.headers(id, S.request({ priority }))

/** What is sent while no body has a window, and the order in which the bodies of `ids` then come. */
const bodies = (
  title: string,
  frames: ReadonlyArray<Uint8Array>,
  expected: ReadonlyArray<number>,
  options: NodeHttp2.ServeOptions = {}
): void =>
  U.check(title, () =>
    Effect.gen(function* () {
      const [peer, stats] = yield* S.open(large, options)
      yield* S.shake(peer, [Setting.INITIAL_WINDOW_SIZE, 0])
      yield* peer.send(...frames)
      const before = yield* peer.roundTrip
      yield* peer.send(Raw.windowUpdate(0, 10_000_000), Raw.settings([Setting.INITIAL_WINDOW_SIZE, 1_000_000]))
      const left = new Set(expected)
      const after = yield* peer.until("the last body", ({ flags, streamId, type }) => {
        if (type === Type.DATA && (flags & Raw.END_STREAM) !== 0) left.delete(streamId)
        return left.size === 0
      })
      expect([order(before), order(after)]).toEqual([[], expected])
      expect([...before, ...after].some(({ type }) => type === Type.PRIORITY_UPDATE)).toBe(false)
      yield* S.goOn(peer)
      peer.end()
      yield* S.nothingLeft(stats)
    })
  )

describe("RFC 9218 10 the order of bodies", () => {
  bodies(
    "by urgency, then by id [rfc9218-10-1]",
    [request(1, "u=5"), request(3, "u=1"), request(5, "u=0"), request(7, "u=1")],
    [5, 3, 7, 1]
  )
  bodies(
    "incremental ones share, a frame each [rfc9218-10-2]",
    [request(1, "u=1, i"), request(3, "u=0, i"), request(5, "u=1, i"), request(7, "u=0, i")],
    [3, 7, 3, 7, 3, 7, 1, 5, 1, 5, 1, 5]
  )
  bodies(
    "a request that says nothing is in the middle [rfc9218-4-1]",
    [request(1, "u=4"), request(3), request(5, "u=2"), request(7, "i=?0"), request(9, "")],
    [5, 3, 7, 9, 1]
  )
  bodies(
    "what is unknown, out of range or of another type is left out of a field [rfc9218-4-2]",
    [request(1, "u=4, i=1, x"), request(3, "i=yes, u=1;y=2, zz=:AA==:"), request(5, "u=8"), request(7, 'u=5, a="b"')],
    [3, 5, 1, 7]
  )
  bodies(
    "PRIORITY_UPDATE takes the place of the field, before the request and behind it; a server sends none [rfc9218-7-1] [rfc9218-7.1-10]",
    [
      Raw.priorityUpdate(5, "u=7"),
      Raw.priorityUpdate(5, "u=0"),
      request(1, "u=1"),
      request(3, "u=2"),
      request(5, "u=6"),
      Raw.priorityUpdate(1, "u=6")
    ],
    [5, 3, 1]
  )
  bodies(
    "no signal at all: they share [rfc9113-5.3.2-1]",
    [request(1), request(3), request(5)],
    [1, 3, 5, 1, 3, 5, 1, 3, 5]
  )
  bodies("over TLS too [rfc9218-10-1]", [request(1, "u=5"), request(3, "u=1"), request(5, "u=1")], [3, 5, 1], {
    tls: U.certificate
  })
})
