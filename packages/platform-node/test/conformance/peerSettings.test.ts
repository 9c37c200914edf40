/** SETTINGS of the peer in mid-connection, at a server and at a client: what they change in what we send. */
import * as Http2ServerResponse from "@effect-http2/http2/Http2ServerResponse"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { describe, expect } from "vitest"
import * as U from "../utils.js"
import * as C from "./support/clientCase.js"
import * as Block from "@effect-http2/testkit/fieldBlock"
import * as Raw from "@effect-http2/testkit/rawFrame"
import type { RawPeer } from "@effect-http2/testkit/rawPeer"
import * as S from "./support/serverCase.js"

const { Code, Setting, Type } = Raw

const most = 0x7fffffff
const ok = (id: number): Uint8Array => Raw.headers(id, [0x88])
const isHead = ({ type }: Raw.RawFrame): boolean => type === Type.HEADERS

/** HEADER_TABLE_SIZE as it comes between two of our blocks, a list for each SETTINGS, and what the second block has to begin with. */
const tableSizes: ReadonlyArray<
  readonly [frames: ReadonlyArray<ReadonlyArray<number>>, updates: ReadonlyArray<number>]
> = [
  [[[0]], [0]],
  [[[100]], [100]],
  [
    [[20], [50]],
    [20, 50]
  ],
  [[[50], [20]], [20]],
  [[[0, 4096]], [0, 4096]],
  [[[4096, 50, 65_536]], [50, 4096]],
  [
    [
      [300, 0, 1000],
      [200, 600]
    ],
    [0, 600]
  ],
  // Our own limit: no more of it is used than before.
  [[[65_536]], []]
]

const updatesOf = (sizes: ReadonlyArray<number>): Buffer =>
  Buffer.concat(sizes.map((size) => Block.integer(size, 5, 0x20)))

/** The block begins with updates to `sizes`, and with no more of them. */
const expectUpdates = (peer: RawPeer, { payload }: Raw.RawFrame, sizes: ReadonlyArray<number>): void => {
  const updates = updatesOf(sizes)
  expect(payload.subarray(0, updates.length)).toEqual(updates)
  expect(payload.readUInt8(updates.length) & 0xe0, peer.log.join("\n")).not.toBe(0x20)
}

const tableSettings = (frames: ReadonlyArray<ReadonlyArray<number>>): ReadonlyArray<Uint8Array> =>
  frames.map((sizes) => Raw.settings(...sizes.map((size) => [Setting.HEADER_TABLE_SIZE, size] as const)))

describe("4.3.1 HEADER_TABLE_SIZE: the smallest and the last value show in the next block, and in no other", () => {
  for (const [frames, updates] of tableSizes) {
    const what = frames.map((sizes) => sizes.join(" ")).join(", then ")
    const rules = ["[rfc7541-4.2-1]", "[rfc9113-4.3.1-1] [rfc7541-4.2-2]", "[rfc9113-4.3.1-1] [rfc7541-4.2-3]"][
      updates.length
    ]

    U.check(`at a server: ${what} ${rules}`, () =>
      Effect.gen(function* () {
        const headers = { "x-kept": "the same in each response" }
        const [peer, stats] = yield* S.open(() => Effect.succeed(Http2ServerResponse.empty({ headers })))
        yield* S.shake(peer)
        for (const [id, before, sizes] of [
          [1, [], []],
          [3, tableSettings(frames), updates],
          [5, [], []]
        ] as const) {
          yield* peer.send(...before, Raw.headers(id, S.get))
          const head = yield* peer.frame(Type.HEADERS, id)
          expectUpdates(peer, head, sizes)
          expect(peer.fields(head)).toContainEqual(["x-kept", "the same in each response"])
        }
        yield* S.goOn(peer)
        peer.end()
        yield* S.nothingLeft(stats)
      })
    )

    U.check(`at a client: ${what} ${rules}`, () =>
      Effect.gen(function* () {
        const [client, peer, stats] = yield* C.open(false)
        yield* C.shake(peer)
        for (const [id, before, sizes] of [
          [1, [], []],
          [3, tableSettings(frames), updates],
          [5, [], []]
        ] as const) {
          yield* peer.send(...before)
          yield* peer.roundTrip
          const asked = yield* Effect.forkScoped(client.collect({ headers: { "x-kept": "the same in each request" } }))
          const head = yield* peer.frame(Type.HEADERS, id)
          expectUpdates(peer, head, sizes)
          expect(peer.fields(head)).toContainEqual(["x-kept", "the same in each request"])
          yield* peer.send(ok(id))
          yield* Fiber.join(asked)
        }
        peer.end()
        yield* S.nothingLeft(stats)
      })
    )
  }
})

/** What the other side does while 120,000 octets are sent to it on stream 1, and nothing of them has left yet. */
const changing = (peer: RawPeer): Effect.Effect<void> =>
  Effect.gen(function* () {
    yield* peer.send(Raw.windowUpdate(0, 1_000_000), Raw.windowUpdate(1, 20_000))
    expect(yield* peer.dataNow).toEqual([16_384, 3616])
    yield* peer.send(Raw.settings([Setting.MAX_FRAME_SIZE, 30_000]), Raw.windowUpdate(1, 40_000))
    expect(yield* peer.dataNow).toEqual([30_000, 10_000])
    // It may have been sent before, and is nothing but read then; behind the acknowledgement it would be an error.
    yield* peer.send(Raw.settings([Setting.MAX_FRAME_SIZE, 16_384]), Raw.windowUpdate(1, 40_000))
    expect(yield* peer.dataNow).toEqual([16_384, 16_384, 7232])
    // Back to nothing, and beyond it.
    yield* peer.send(Raw.settings([Setting.INITIAL_WINDOW_SIZE, 10_000]))
    expect(yield* peer.dataNow).toEqual([10_000])
    yield* peer.send(Raw.settings([Setting.INITIAL_WINDOW_SIZE, 0]), Raw.windowUpdate(1, 10_000))
    expect(yield* peer.dataNow).toEqual([])
    yield* peer.send(Raw.settings([Setting.INITIAL_WINDOW_SIZE, 1000]))
    expect(yield* peer.dataNow).toEqual([1000])
    yield* peer.send(Raw.settings([Setting.INITIAL_WINDOW_SIZE, 65_535]))
    yield* peer.until("the end", ({ flags, type }) => type === Type.DATA && flags === Raw.END_STREAM)
  })

describe("6.5.2 MAX_FRAME_SIZE and INITIAL_WINDOW_SIZE while a body is sent", () => {
  const rules = "[rfc9113-6.5.3-1] [rfc9113-6.9.2-1] [rfc9113-6.9.2-2]"
  const body = new Uint8Array(120_000)

  U.check(`by a server ${rules}`, () =>
    Effect.gen(function* () {
      const [peer, stats] = yield* S.open(() => Effect.succeed(Http2ServerResponse.make({ body })))
      yield* S.shake(peer, [Setting.INITIAL_WINDOW_SIZE, 0])
      yield* peer.send(Raw.headers(1, S.get))
      yield* peer.frame(Type.HEADERS, 1)
      yield* changing(peer)
      yield* S.goOn(peer)
      peer.end()
      yield* S.nothingLeft(stats)
    })
  )

  U.check(`by a client ${rules}`, () =>
    Effect.gen(function* () {
      const [client, peer, stats] = yield* C.open(false)
      yield* C.shake(peer, [Setting.INITIAL_WINDOW_SIZE, 0])
      yield* peer.roundTrip
      const asked = yield* C.ask(client, peer, { method: "POST", body })
      yield* changing(peer)
      yield* peer.send(ok(1))
      expect(yield* Fiber.join(asked.result)).toMatchObject({ status: 200 })
      yield* C.goOn(asked)
      peer.end()
      yield* S.nothingLeft(stats)
    })
  )

  const split = (peer: RawPeer, id: number): Effect.Effect<ReadonlyArray<readonly [type: number, length: number]>> =>
    Effect.map(
      peer.until("the whole block", ({ flags, streamId, type }) => {
        const isBlock = type === Type.HEADERS || type === Type.CONTINUATION
        return streamId === id && isBlock && (flags & Raw.END_HEADERS) !== 0
      }),
      (frames) =>
        frames
          .filter(({ streamId, type }) => streamId === id && type !== Type.DATA)
          .map(({ payload, type }) => [type, payload.length] as const)
    )

  U.check("field blocks too are cut to it", () =>
    Effect.gen(function* () {
      const headers = { "x-large": "~".repeat(20_000) }
      const [peer, stats] = yield* S.open(() => Effect.succeed(Http2ServerResponse.empty({ headers })))
      yield* S.shake(peer, [Setting.MAX_FRAME_SIZE, 30_000])
      yield* peer.send(Raw.headers(1, S.get))
      const [[, length] = [0, 0]] = yield* split(peer, 1)
      expect(length).toBeGreaterThan(20_000)
      yield* peer.send(Raw.settings([Setting.MAX_FRAME_SIZE, 16_384]), Raw.headers(3, S.get))
      const [first, second] = yield* split(peer, 3)
      expect(first).toEqual([Type.HEADERS, 16_384])
      expect(second?.[0]).toBe(Type.CONTINUATION)
      peer.end()
      yield* S.nothingLeft(stats)
    })
  )
})

describe("6.5.2 MAX_CONCURRENT_STREAMS of a server", () => {
  U.check(
    "below what is open: those go on, others wait, and come in their order [rfc9113-5.1.2-1] [rfc9113-6.5.2-7]",
    () =>
      Effect.gen(function* () {
        const [client, peer, stats] = yield* C.open(false)
        yield* C.shake(peer)
        yield* peer.roundTrip
        const paths = ["/1", "/2", "/3", "/4", "/5", "/6"]
        const ask = (path: string) => Effect.forkScoped(client.collect({ path }))
        const asked = yield* Effect.forEach(paths.slice(0, 3), ask)
        yield* peer.until("three requests", ({ streamId, type }) => type === Type.HEADERS && streamId === 5)
        yield* peer.send(Raw.settings([Setting.MAX_CONCURRENT_STREAMS, 1]))
        yield* peer.roundTrip
        asked.push(...(yield* Effect.forEach(paths.slice(3), ask)))
        for (const id of [5, 1]) yield* peer.send(ok(id))
        expect((yield* peer.roundTrip).filter(isHead)).toEqual([])
        yield* peer.send(ok(3))
        yield* peer.frame(Type.HEADERS, 7)
        expect((yield* peer.roundTrip).filter(isHead)).toEqual([])
        yield* peer.send(Raw.settings([Setting.MAX_CONCURRENT_STREAMS, 0]), ok(7))
        expect((yield* peer.roundTrip).filter(isHead)).toEqual([])
        expect(client.queued()).toBe(2)
        yield* peer.send(Raw.settings([Setting.MAX_CONCURRENT_STREAMS, 2]))
        yield* peer.frame(Type.HEADERS, 9)
        yield* peer.frame(Type.HEADERS, 11)
        yield* peer.send(ok(9), ok(11))
        for (const fiber of asked) expect(yield* Fiber.join(fiber)).toMatchObject({ status: 200 })
        peer.end()
        yield* S.nothingLeft(stats)
      })
  )
})

/** What nobody may say. */
const malformed: ReadonlyArray<readonly [what: string, octets: Uint8Array]> = [
  ["ENABLE_PUSH 2", Raw.settings([Setting.ENABLE_PUSH, 2])],
  ["MAX_FRAME_SIZE below its least", Raw.settings([Setting.MAX_FRAME_SIZE, 16_383])],
  ["ENABLE_CONNECT_PROTOCOL 2 [rfc8441-3-1]", Raw.settings([8, 2])],
  ["on a stream", Raw.frame(Type.SETTINGS, 0, 1, new Uint8Array(6))]
]

S.serverCases(
  "6.5 SETTINGS that is malformed, at a server",
  malformed.map(([what, octets]) => ({
    title: `${what} [rfc9113-6.5-7]`,
    steps: [octets],
    outcome: S.connectionError(Code.PROTOCOL_ERROR),
    handlers: ["answering"]
  }))
)

C.clientCases(
  "6.5 SETTINGS that is malformed, at a client",
  malformed.map(([what, octets]) => ({
    title: `${what} [rfc9113-6.5-7]`,
    steps: [octets],
    outcome: C.connectionError(Code.PROTOCOL_ERROR),
    requests: ["whole"]
  }))
)

describe("6.5.3 settings synchronization at a client", () => {
  U.check("each SETTINGS is acknowledged at once, in order, with nothing in it [rfc9113-6.5.3-4] [rfc9113-6.5-3]", () =>
    Effect.gen(function* () {
      const [, peer, stats] = yield* C.open(false)
      yield* C.shake(peer)
      yield* peer.roundTrip
      yield* peer.send(
        Raw.settings([Setting.INITIAL_WINDOW_SIZE, most]),
        Raw.ping(S.pong),
        Raw.settings(),
        Raw.ping("87654321")
      )
      const frames = yield* peer.until("the second answer", ({ payload }) => payload.toString() === "87654321")
      const seen = frames.filter(({ type }) => type === Type.SETTINGS || type === Type.PING)
      expect(seen.map(({ flags, payload, streamId, type }) => [type, flags, streamId, payload.length])).toEqual([
        [Type.SETTINGS, Raw.ACK, 0, 0],
        [Type.PING, Raw.ACK, 0, 8],
        [Type.SETTINGS, Raw.ACK, 0, 0],
        [Type.PING, Raw.ACK, 0, 8]
      ])
      peer.end()
      yield* S.nothingLeft(stats)
    })
  )
})
