/** The table of field compression (RFC 9113 §4.3) stays the peer's, whatever becomes of the stream that a block came on. */
import * as Http2ServerResponse from "@effect-http2/http2/Http2ServerResponse"
import type * as Http2ServerRequest from "@effect-http2/http2/Http2ServerRequest"
import * as Http2Stats from "@effect-http2/http2/Http2Stats"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import { describe, expect } from "vitest"
import * as U from "../utils.js"
import * as C from "./support/clientCase.js"
import * as Block from "@effect-http2/testkit/fieldBlock"
import * as Octets from "@effect-http2/testkit/octets"
import * as Raw from "@effect-http2/testkit/rawFrame"
import * as RawPeer from "@effect-http2/testkit/rawPeer"
import * as S from "./support/serverCase.js"

const { Code, Type } = Raw

/** A field that enters the table, and the index under which it is the last that did. */
const entering = Block.literal(["x-test", "from the table"], 0x40)
const newest = Buffer.of(0xbe)
/** More than 32,768 octets of a list, in a block of less. */
const large = Block.block(...Array.from({ length: 90 }, (_, i) => [`x-${i}`, "v".repeat(345)] as const))
/** Fewer than by default, so that it is their number that is too large. */
const limits = { maxHeaderFields: 100 } as const
const many = Block.block(...Array.from({ length: 200 }, () => ["x", "y"] as const))

/** `block` on stream 1, in as many frames as it takes. */
const whole = (block: Buffer): Uint8Array =>
  Buffer.concat([
    Raw.headers(1, block.subarray(0, 16_000), Raw.END_STREAM),
    Raw.continuation(1, block.subarray(16_000, 32_000), 0),
    Raw.continuation(1, block.subarray(32_000))
  ])

const echo = ({
  headers,
  path
}: Http2ServerRequest.Http2ServerRequest): Effect.Effect<Http2ServerResponse.Http2ServerResponse> =>
  path === "/never" ? Effect.never : Effect.succeed(Http2ServerResponse.text(headers.get("x-test") ?? "nothing"))

const never = S.request({ ":path": "/never" })
const opened = Raw.headers(1, S.request({ ":method": "POST", ":path": "/never" }), Raw.OPEN)

const requests: ReadonlyArray<readonly [title: string, ...steps: ReadonlyArray<Uint8Array>]> = [
  ["a malformed request", Raw.headers(1, Buffer.concat([S.request({ te: "gzip" }), entering]))],
  ["a section that is too large", whole(Buffer.concat([S.get, entering, large]))],
  ["a section that is too large before the field", whole(Buffer.concat([S.get, large, entering]))],
  ["more fields than are allowed", whole(Buffer.concat([S.get, many, entering]))],
  ["HEADERS on a stream that we reset", opened, Raw.windowUpdate(1, 0), Raw.headers(1, entering)],
  ["trailers that are malformed", opened, Raw.headers(1, Buffer.concat([entering, Block.block()]), Raw.OPEN)],
  ["HEADERS on a stream that has ended", Raw.headers(1, never), Raw.headers(1, entering)],
  ["HEADERS on a stream that the client reset", opened, Raw.rstStream(1, Code.CANCEL), Raw.headers(1, entering)],
  [
    "HEADERS that depend on themselves",
    Raw.headers(1, Buffer.concat([Raw.priorityFields(1), S.get, entering]), Raw.WHOLE | Raw.PRIORITY)
  ]
]

describe("at a server, behind", () => {
  for (const [title, ...steps] of requests) {
    U.check(`${title} [rfc9113-10.5.1-1] [rfc9113-5.1-9]`, () =>
      Effect.gen(function* () {
        const [peer, stats] = yield* S.open(echo, limits)
        yield* S.shake(peer)
        yield* peer.send(...steps)
        yield* peer.send(Raw.headers(3, Buffer.concat([S.get, newest])))
        expect((yield* peer.frame(Type.DATA, 3)).payload.toString()).toBe("from the table")
        peer.end()
        yield* S.nothingLeft(stats)
      })
    )
  }

  U.check("a stream beyond the limit [rfc9113-10.5.1-1]", () =>
    Effect.gen(function* () {
      const [peer, stats] = yield* S.open(echo, { maxConcurrentStreams: 1 })
      yield* S.shake(peer)
      yield* peer.send(opened, Raw.headers(3, Buffer.concat([S.get, entering])))
      expect((yield* peer.frame(Type.RST_STREAM, 3)).payload).toEqual(Octets.uint32(Code.REFUSED_STREAM))
      yield* peer.send(Raw.rstStream(1, Code.CANCEL))
      yield* peer.roundTrip
      yield* peer.send(Raw.headers(5, Buffer.concat([S.get, newest])))
      expect((yield* peer.frame(Type.DATA, 5)).payload.toString()).toBe("from the table")
      peer.end()
      yield* S.nothingLeft(stats)
    })
  )

  U.check(
    "GOAWAY: blocks above its last stream are decoded, and octets give their credit back [rfc9113-6.8-7] [rfc9113-10.5.1-1]",
    () =>
      Effect.gen(function* () {
        const scope = yield* Scope.make()
        const stats = Http2Stats.make()
        const handler = (
          request: Http2ServerRequest.Http2ServerRequest
        ): Effect.Effect<Http2ServerResponse.Http2ServerResponse, unknown> =>
          Effect.map(Effect.zipRight(request.bytes(), request.trailers), (last) =>
            Http2ServerResponse.text(last.get("x-test") ?? "nothing")
          )
        const options = { gracefulShutdownTimeout: "1 hour", connectionWindowSize: 65_535 } as const
        const peer = yield* RawPeer.connect(yield* Scope.extend(S.listen(handler, stats, options), scope))
        yield* S.shake(peer)
        yield* peer.send(Raw.headers(1, S.post, Raw.OPEN))
        yield* peer.roundTrip
        yield* Effect.forkScoped(Scope.close(scope, Exit.void))
        const isPing = ({ flags, type }: Raw.RawFrame): boolean => type === Type.PING && flags === 0
        const [ping] = (yield* peer.until("PING", isPing)).slice(-1)
        yield* peer.send(Raw.ping(ping?.payload ?? "", Raw.ACK))
        yield* peer.frame(Type.GOAWAY)
        yield* peer.send(Raw.headers(3, Buffer.concat([S.post, entering]), Raw.OPEN))
        for (let i = 0; i < 4; i++) yield* peer.send(Raw.data(3, new Uint8Array(10_000)))
        expect((yield* peer.frame(Type.WINDOW_UPDATE)).payload.readUInt32BE()).toBeGreaterThanOrEqual(30_000)
        yield* peer.send(Raw.data(1, "test"), Raw.headers(1, newest))
        const frames = yield* peer.until("an answer", ({ type }) => type === Type.DATA)
        expect(frames.at(-1)?.payload.toString()).toBe("from the table")
        expect(frames.filter(({ streamId }) => streamId === 3)).toEqual([])
        peer.end()
        yield* S.nothingLeft(stats)
      })
  )
})

const ok = (more: Uint8Array = Buffer.alloc(0)): Buffer => Buffer.concat([Buffer.of(0x88), more])

const responses: ReadonlyArray<readonly [title: string, ...steps: ReadonlyArray<Uint8Array>]> = [
  ["a malformed response", Raw.headers(1, ok(Buffer.concat([entering, Block.block(["Upper", "case"])])))],
  ["a section that is too large", whole(ok(Buffer.concat([large, entering])))],
  ["more fields than are allowed", whole(ok(Buffer.concat([many, entering])))],
  [
    "an interim response",
    Raw.headers(1, Buffer.concat([Block.block([":status", "103"]), entering]), Raw.OPEN),
    Raw.headers(1, ok())
  ],
  [
    "trailers that are malformed",
    Raw.headers(1, ok(), Raw.OPEN),
    Raw.headers(1, Buffer.concat([entering, Block.block([":status", "200"])]))
  ],
  ["HEADERS on a stream that we reset", Raw.headers(1, "", Raw.OPEN), Raw.headers(1, ok(entering))]
]

describe("at a client, behind", () => {
  const check = (title: string, isCancelled: boolean, steps: ReadonlyArray<Uint8Array>): void =>
    U.check(`${title} [rfc9113-10.5.1-1] [rfc9113-5.1-9]`, () =>
      Effect.gen(function* () {
        const [client, peer, stats] = yield* C.open(false, limits)
        yield* C.shake(peer)
        const first = yield* Effect.fork(Effect.exit(client.collect({})))
        yield* peer.frame(Type.HEADERS, 1)
        if (isCancelled) yield* Fiber.interrupt(first)
        yield* peer.send(...steps)
        if (!isCancelled) yield* Fiber.join(first)
        const second = yield* Effect.fork(client.collect({}))
        yield* peer.frame(Type.HEADERS, 3)
        yield* peer.send(Raw.headers(3, ok(newest)))
        expect((yield* second).headers.get("x-test")).toBe("from the table")
        peer.end()
        yield* S.nothingLeft(stats)
      })
    )

  for (const [title, ...steps] of responses) check(title, false, steps)
  check("the response to a request that was given up", true, [Raw.headers(1, ok(entering))])
})
