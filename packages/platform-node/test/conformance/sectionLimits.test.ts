/** Field sections that are larger than we accept, at a server and at a client: what becomes of the message, and that nothing else suffers from it. */
import * as Http2ServerResponse from "@effect-http2/http2/Http2ServerResponse"
import type * as Http2Server from "@effect-http2/http2/Http2Server"
import type * as NodeHttp2 from "@effect-http2/platform-node/NodeHttp2"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { describe, expect } from "vitest"
import * as U from "../utils.js"
import * as C from "./support/clientCase.js"
import * as Block from "@effect-http2/testkit/fieldBlock"
import * as Octets from "@effect-http2/testkit/octets"
import * as Raw from "@effect-http2/testkit/rawFrame"
import type { RawPeer } from "@effect-http2/testkit/rawPeer"
import * as S from "./support/serverCase.js"

const { Code, Type } = Raw

const limits = { maxHeaderListSize: 400, initialWindowSize: 20_000, connectionWindowSize: 65_535 } as const

/** A field that goes into the table, then one that is beyond the limit. */
const kept = ["x-kept", "in the table"] as const
const large = Buffer.concat([Block.literal(kept, 0x40), Block.literal(["x-large", "x".repeat(400)])])
/** The newest entry of the table: that field. */
const fromTable = Buffer.of(0xbe)

const largeRequest = Buffer.concat([S.post, large])

/** A handler that tells what it gets of the field; only requests that are whole may come to it. */
const telling: Http2Server.Handler<unknown, never> = (request) =>
  Effect.succeed(Http2ServerResponse.text(request.headers.get(kept[0]) ?? "nothing"))

const check = (
  title: string,
  handler: Http2Server.Handler<unknown, never>,
  script: (peer: RawPeer) => Effect.Effect<void>,
  options: NodeHttp2.ServeOptions = limits
): void =>
  U.check(title, () =>
    Effect.gen(function* () {
      const [peer, stats] = yield* S.open(handler, options)
      yield* S.shake(peer)
      yield* script(peer)
      // The table has what was in the section that was refused.
      yield* peer.send(Raw.headers(101, Buffer.concat([S.get, fromTable])))
      expect((yield* peer.frame(Type.DATA, 101)).payload.toString()).toBe(kept[1])
      yield* S.goOn(peer)
      peer.end()
      yield* S.nothingLeft(stats)
    })
  )

const isReset = ({ type }: Raw.RawFrame): boolean => type === Type.RST_STREAM

const refused = (peer: RawPeer): Effect.Effect<void> =>
  Effect.map(peer.frame(Type.HEADERS, 1), (head) => {
    expect(head.flags & Raw.END_STREAM).toBe(Raw.END_STREAM)
    expect(peer.fields(head)).toContainEqual([":status", "431"])
  })

describe("10.5.1 a request whose section is too large", () => {
  check("is answered with 431 [rfc9113-10.5.1-1]", telling, (peer) =>
    Effect.gen(function* () {
      yield* peer.send(Raw.headers(1, largeRequest))
      yield* refused(peer)
      expect((yield* peer.roundTrip).filter(isReset)).toEqual([])
    })
  )

  check("and whose body ends in time: nothing more is said [rfc9113-10.5.1-1]", telling, (peer) =>
    Effect.gen(function* () {
      yield* peer.send(Raw.headers(1, largeRequest, Raw.OPEN), Raw.data(1, new Uint8Array(5000)))
      yield* refused(peer)
      yield* peer.send(Raw.data(1, new Uint8Array(4000)), Raw.headers(1, Block.block(["x-trailer", "end"])))
      expect((yield* peer.roundTrip).filter(isReset)).toEqual([])
    })
  )

  check(
    "and whose body goes on: it is dropped up to half a window, then told to stop [rfc9113-8.1-5]",
    telling,
    (peer) =>
      Effect.gen(function* () {
        yield* peer.send(Raw.headers(1, largeRequest, Raw.OPEN), Raw.data(1, new Uint8Array(9999)))
        yield* refused(peer)
        expect((yield* peer.roundTrip).filter(isReset)).toEqual([])
        yield* peer.send(Raw.data(1, "x"))
        expect((yield* peer.frame(Type.RST_STREAM, 1)).payload).toEqual(Octets.uint32(Code.NO_ERROR))
        // What was on its way goes back to the connection's window, though nobody ever read any of it.
        for (let i = 0; i < 4; i++) yield* peer.send(Raw.data(1, new Uint8Array(16_000)))
        yield* peer.frame(Type.WINDOW_UPDATE)
      })
  )

  check(
    "and whose body stands still: told to stop",
    telling,
    (peer) =>
      Effect.gen(function* () {
        yield* peer.send(Raw.headers(1, largeRequest, Raw.OPEN))
        yield* refused(peer)
        expect((yield* peer.frame(Type.RST_STREAM, 1)).payload).toEqual(Octets.uint32(Code.NO_ERROR))
      }),
    { ...limits, stallTimeout: "20 millis" }
  )
})

describe("10.5.1 trailers that are too large, at a server", () => {
  let failure: unknown = undefined
  const reading: Http2Server.Handler<unknown, never> = (request) =>
    request.method === "GET"
      ? telling(request)
      : Effect.zipRight(request.bytes(), Effect.never).pipe(
          Effect.ensuring(Effect.sync(() => (failure = request.stream.error)))
        )

  check("end the stream, and the handler's body fails [rfc9113-10.5.1-1]", reading, (peer) =>
    Effect.gen(function* () {
      yield* peer.send(Raw.headers(1, S.post, Raw.OPEN), Raw.data(1, "body"))
      yield* peer.roundTrip
      yield* peer.send(Raw.headers(1, large))
      expect((yield* peer.frame(Type.RST_STREAM, 1)).payload).toEqual(Octets.uint32(Code.PROTOCOL_ERROR))
      yield* peer.roundTrip
      expect(failure).toMatchObject({ _tag: "Http2StreamError", origin: "Local", limit: "maxHeaderListSize" })
    })
  )
})

describe("10.5.1 sections that are too large, at a client", () => {
  const head = Raw.headers(1, [0x88], Raw.OPEN)
  const cases: ReadonlyArray<readonly [title: string, frames: ReadonlyArray<Uint8Array>]> = [
    ["a response", [Raw.headers(1, Buffer.concat([Buffer.of(0x88), large]), Raw.OPEN)]],
    ["an informational response", [Raw.headers(1, Buffer.concat([Block.block([":status", "103"]), large]), Raw.OPEN)]],
    ["trailers", [head, Raw.data(1, "part of it"), Raw.headers(1, large)]]
  ]
  for (const [title, frames] of cases) {
    U.check(`${title}: the request fails, and says which limit [rfc9113-10.5.1-1]`, () =>
      Effect.gen(function* () {
        const [client, peer, stats] = yield* C.open(false, limits)
        yield* C.shake(peer)
        const asked = yield* C.ask(client, peer)
        yield* peer.send(...frames)
        expect(yield* Effect.flip(Fiber.join(asked.result))).toMatchObject({
          _tag: "Http2StreamError",
          code: Code.PROTOCOL_ERROR,
          origin: "Local",
          limit: "maxHeaderListSize"
        })
        const next = yield* Effect.forkScoped(client.collect({}))
        yield* peer.frame(Type.HEADERS, 3)
        yield* peer.send(Raw.headers(3, Buffer.concat([Buffer.of(0x88), fromTable])))
        expect((yield* Fiber.join(next)).headers.get(kept[0])).toBe(kept[1])
        yield* C.goOn(asked)
        peer.end()
        yield* S.nothingLeft(stats)
      })
    )
  }
})
