/** What our two roles send where nobody does anything wrong: all kinds of frames, and the form that they have to have. */
import type * as Http2ClientRequest from "@effect-http2/http2/Http2ClientRequest"
import * as Http2Headers from "@effect-http2/http2/Headers"
import * as Http2ServerResponse from "@effect-http2/http2/Http2ServerResponse"
import type * as Http2ServerRequest from "@effect-http2/http2/Http2ServerRequest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Stream from "effect/Stream"
import { describe, expect } from "vitest"
import * as U from "../utils.js"
import * as C from "./support/clientCase.js"
import type * as Block from "@effect-http2/testkit/fieldBlock"
import * as Octets from "@effect-http2/testkit/octets"
import * as Raw from "@effect-http2/testkit/rawFrame"
import type { RawPeer } from "@effect-http2/testkit/rawPeer"
import { Witness } from "@effect-http2/testkit/tap/witness"
import * as S from "./support/serverCase.js"

const { Code, Type } = Raw

/** A section larger than a frame, with names that have to become lower case. */
const large = Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`X-Large-${i}`, "{".repeat(1000)]))
/** Small ones, so that credit is given. */
const windows = { initialWindowSize: 20_000, connectionWindowSize: 65_535 }
const trailers = { "X-Sum": "3" }
const chunks = Stream.make(Octets.octets("hel"), Octets.octets("lo"))

/** The types that both roles have to send here, and that are not among `frames`. */
const missing = (frames: ReadonlyArray<Raw.RawFrame>): ReadonlyArray<string> => {
  const { CONTINUATION, DATA, GOAWAY, HEADERS, PING, RST_STREAM, SETTINGS, WINDOW_UPDATE } = Type
  const types = { CONTINUATION, DATA, GOAWAY, HEADERS, PING, RST_STREAM, SETTINGS, WINDOW_UPDATE }
  return Object.entries(types).flatMap(([name, type]) => (frames.some((frame) => frame.type === type) ? [] : [name]))
}

/** The field blocks of `frames`, each with the flags of its first frame and the types of all. */
const blocksOf = (peer: RawPeer, frames: ReadonlyArray<Raw.RawFrame>) => {
  const blocks: Array<{
    readonly streamId: number
    readonly ends: boolean
    readonly types: ReadonlyArray<number>
    readonly fields: ReadonlyArray<Block.Pair>
  }> = []
  let parts: Array<Raw.RawFrame> = []
  for (const frame of frames) {
    if (frame.type !== Type.HEADERS && frame.type !== Type.CONTINUATION) continue
    parts.push(frame)
    if ((frame.flags & Raw.END_HEADERS) === 0) continue
    const payload = Buffer.concat(parts.map(({ payload }) => payload))
    const ends = ((parts[0]?.flags ?? 0) & Raw.END_STREAM) !== 0
    const types = parts.map(({ type }) => type)
    blocks.push({ streamId: frame.streamId, ends, types, fields: peer.fields({ ...frame, payload }) })
    parts = []
  }
  return blocks
}

/** No frame has a fault, and in every block the pseudo-header fields come first and no name has an upper-case letter. */
const expectForm = (
  isClient: boolean,
  frames: ReadonlyArray<Raw.RawFrame>,
  blocks: ReadonlyArray<{ readonly fields: ReadonlyArray<Block.Pair> }>
): void => {
  const witness = new Witness(isClient)
  expect(frames.map((frame) => witness.see(frame)).filter((fault) => fault !== undefined)).toEqual([])
  for (const { fields } of blocks) {
    const names = fields.map(([name]) => name)
    const pseudo = names.filter((name) => name.startsWith(":"))
    expect(names.slice(0, pseudo.length)).toEqual(pseudo)
    expect(new Set(pseudo).size).toBe(pseudo.length)
    expect(names.filter((name) => /[A-Z]/.test(name))).toEqual([])
  }
}

const rules =
  "[rfc9113-4.1-3] [rfc9113-4.1-4] [rfc9113-4.3-1] [rfc9113-6.1-2] [rfc9113-6.2-2] [rfc9113-6.2-4] [rfc9113-6.4-3] [rfc9113-6.5-3] [rfc9113-6.5-5] [rfc9113-6.7-1] [rfc9113-6.10-3] [rfc9113-6.10-5] [rfc9113-8.2-1] [rfc9113-8.3-1] [rfc9113-8.3-5] [rfc9113-8.3-7]"

describe("a server", () => {
  const handler = (
    request: Http2ServerRequest.Http2ServerRequest
  ): Effect.Effect<Http2ServerResponse.Http2ServerResponse, unknown> =>
    Effect.gen(function* () {
      yield* request.informational(103, Http2Headers.make({ Link: "</style.css>" }))
      yield* request.bytes()
      return Http2ServerResponse.make({ headers: { ...large, "X-Upper": "Value" }, body: chunks, trailers })
    })

  U.check(`sends frames and field sections in their form ${rules}`, () =>
    Effect.gen(function* () {
      const [peer, stats] = yield* S.open(handler, windows)
      yield* S.shake(peer)
      // Two at once; one is reset, so that RST_STREAM and PING are among the frames, and credit for what is read.
      yield* peer.send(
        Raw.headers(1, S.request({ ":method": "POST", expect: "100-continue" }), Raw.OPEN),
        Raw.headers(3, S.post, Raw.OPEN),
        Raw.windowUpdate(3, 0)
      )
      const frames = [...(yield* peer.until("100", ({ streamId, type }) => streamId === 1 && type === Type.HEADERS))]
      for (let i = 0; i < 10; i++) {
        yield* peer.send(Raw.data(1, new Uint8Array(10_000)))
        frames.push(...(yield* peer.roundTrip))
      }
      yield* peer.send(Raw.data(1, "end", Raw.END_STREAM), Raw.settings([Raw.Setting.MAX_FRAME_SIZE, 20_000]))
      frames.push(
        ...(yield* peer.until("the end", ({ flags, streamId, type }) => {
          const isEnd = (flags & Raw.END_STREAM) !== 0
          return streamId === 1 && type === Type.HEADERS && isEnd
        }))
      )
      frames.push(...(yield* peer.roundTrip))
      yield* peer.send(Raw.ping("short"))
      frames.push(...(yield* peer.toEnd)[0])
      expect(missing(frames)).toEqual([])
      const blocks = blocksOf(peer, frames)
      expectForm(false, frames, blocks)
      peer.end()
      yield* S.nothingLeft(stats)
    })
  )

  U.check(
    "gives every response its :status, interim ones too, and trailers none [rfc9113-8.3.2-1] [rfc9113-8.1-2] [rfc9113-8.1-1] [rfc9113-8.2-1]",
    () =>
      Effect.gen(function* () {
        const [peer, stats] = yield* S.open(handler)
        yield* S.shake(peer)
        yield* peer.send(Raw.headers(1, S.request({ expect: "100-continue" }), Raw.OPEN))
        const frames = [...(yield* peer.until("100", ({ streamId, type }) => streamId === 1 && type === Type.HEADERS))]
        yield* peer.send(Raw.data(1, "end", Raw.END_STREAM))
        const isLast = ({ flags, streamId }: Raw.RawFrame): boolean => streamId === 1 && (flags & Raw.END_STREAM) !== 0
        frames.push(...(yield* peer.until("the end", isLast)))
        const [hints, interim, final, last] = blocksOf(peer, frames)
        expect(hints?.fields).toEqual([
          [":status", "103"],
          ["link", "</style.css>"]
        ])
        expect(interim?.fields).toEqual([[":status", "100"]])
        expect(final?.fields[0]).toEqual([":status", "200"])
        expect(final?.types).toEqual([Type.HEADERS, Type.CONTINUATION])
        expect(final?.fields).toContainEqual(["x-upper", "Value"])
        expect([last?.ends, last?.fields]).toEqual([true, [["x-sum", "3"]]])
        peer.end()
        yield* S.nothingLeft(stats)
      })
  )

  for (const [what, response] of [
    ["a connection-specific field [rfc9113-8.2.2-1]", { headers: { connection: "close" } }],
    ["a pseudo-header field [rfc9113-8.3-1]", { headers: { ":test": "ok" } }],
    ["a second content-length that is another", { headers: { "content-length": "9" }, body: "hello" }]
  ] as const) {
    U.check(`does not send ${what}: the handler is told, the client gets 500`, () =>
      Effect.gen(function* () {
        const [peer, stats] = yield* S.open(() => Effect.sync(() => Http2ServerResponse.make(response)))
        yield* S.shake(peer)
        yield* peer.send(Raw.headers(1, S.get))
        const fields = peer.fields(yield* peer.frame(Type.HEADERS, 1))
        expect(fields[0]).toEqual([":status", "500"])
        expect(fields.filter(([name]) => name === "connection" || name === ":test")).toEqual([])
        yield* S.goOn(peer)
        peer.end()
        yield* S.nothingLeft(stats)
      }).pipe(Logger.withMinimumLogLevel(LogLevel.None))
    )
  }
})

describe("a client", () => {
  const request: Http2ClientRequest.Http2ClientRequest = {
    method: "POST",
    path: "/upload",
    headers: { ...large, "X-Upper": "Value" },
    body: chunks,
    trailers
  }

  U.check(`sends frames and field sections in their form ${rules}`, () =>
    Effect.gen(function* () {
      const [client, peer, stats] = yield* C.open(false, windows)
      yield* C.shake(peer)
      const asked = yield* Effect.forkScoped(client.collect(request))
      const other = yield* Effect.forkScoped(client.collect({ path: "/other" }))
      const isLast = ({ flags, streamId, type }: Raw.RawFrame): boolean =>
        streamId === 1 && type === Type.HEADERS && (flags & Raw.END_STREAM) !== 0
      const frames = [...(yield* peer.until("trailers", isLast))]
      yield* Fiber.interrupt(other)
      yield* peer.send(Raw.headers(1, [0x88], Raw.OPEN))
      for (let i = 0; i < 10; i++) {
        yield* peer.send(Raw.data(1, new Uint8Array(10_000)))
        frames.push(...(yield* peer.roundTrip))
      }
      yield* peer.send(Raw.data(1, "end", Raw.END_STREAM), Raw.settings([Raw.Setting.MAX_FRAME_SIZE, 20_000]))
      yield* Fiber.join(asked)
      frames.push(...(yield* peer.roundTrip))
      yield* peer.send(Raw.ping("short"))
      frames.push(...(yield* peer.toEnd)[0])
      expect(missing(frames)).toEqual([])
      expectForm(true, frames, blocksOf(peer, frames))
      peer.end()
      yield* S.nothingLeft(stats)
    })
  )

  U.check(
    "asks with all four pseudo-header fields, on odd streams that rise, and no trailers with one [rfc9113-8.3.1-12] [rfc9113-8.3.1-2] [rfc9113-8.1-2] [rfc9113-8.1-1] [rfc9113-8.2-1] [rfc9113-5.1.1-1] [rfc9113-5.1.1-2]",
    () =>
      Effect.gen(function* () {
        const [client, peer, stats] = yield* C.open(false)
        yield* C.shake(peer)
        yield* Effect.forkScoped(client.collect(request))
        yield* Effect.forkScoped(client.collect({ path: "/second" }))
        yield* Effect.forkScoped(client.collect({ path: "/third" }))
        const frames: Array<Raw.RawFrame> = []
        const ended = new Set<number>()
        while (ended.size < 3) {
          const frame = yield* peer.next
          if (typeof frame === "string") return yield* peer.fail("not all requests came")
          frames.push(frame)
          if (frame.streamId > 0 && (frame.flags & Raw.END_STREAM) !== 0) ended.add(frame.streamId)
        }
        const blocks = blocksOf(peer, frames)
        const heads = blocks.filter(({ fields }) => fields.some(([name]) => name === ":path"))
        expect(heads.map(({ streamId }) => streamId)).toEqual([1, 3, 5])
        for (const { fields } of heads) {
          expect(
            fields
              .slice(0, 4)
              .map(([name]) => name)
              .sort()
          ).toEqual([":authority", ":method", ":path", ":scheme"])
        }
        expect(heads[0]?.fields).toContainEqual(["x-upper", "Value"])
        expect(blocks.filter((block) => !heads.includes(block)).map(({ fields }) => fields)).toEqual([[["x-sum", "3"]]])
        for (const id of [1, 3, 5]) yield* peer.send(Raw.rstStream(id, Code.CANCEL))
        peer.end()
        yield* S.nothingLeft(stats)
      })
  )
})
