/** What a server tells its handlers of a request, and what it says of requests that handlers have seen. */
import * as ErrorCode from "@effect-http2/http2/ErrorCode"
import * as Http2ServerResponse from "@effect-http2/http2/Http2ServerResponse"
import type * as Http2Server from "@effect-http2/http2/Http2Server"
import * as Http2Stats from "@effect-http2/http2/Http2Stats"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import { describe, expect } from "vitest"
import * as U from "../utils.js"
import * as Block from "@effect-http2/testkit/fieldBlock"
import * as Raw from "@effect-http2/testkit/rawFrame"
import * as RawPeer from "@effect-http2/testkit/rawPeer"
import * as S from "./support/serverCase.js"

const { Code, Type } = Raw

describe("8.3.1 the authority", () => {
  U.check("is :authority's, and the host field's only in its place [rfc9113-8.3.1-1]", () =>
    Effect.gen(function* () {
      const [peer, stats] = yield* S.open(({ authority }) => Effect.succeed(Http2ServerResponse.text(authority)))
      yield* S.shake(peer)
      yield* peer.send(
        Raw.headers(1, S.request({ ":authority": "localhost:80", host: "LOCALHOST:80" })),
        Raw.headers(3, S.request({ ":authority": undefined, host: "LOCALHOST:80" }))
      )
      expect((yield* peer.frame(Type.DATA, 1)).payload.toString()).toBe("localhost:80")
      expect((yield* peer.frame(Type.DATA, 3)).payload.toString()).toBe("LOCALHOST:80")
      peer.end()
      yield* S.nothingLeft(stats)
    })
  )
})

describe("8.2.3 cookies", () => {
  U.check("crumbs are one field, in their order [rfc9113-8.2.3-1]", () =>
    Effect.gen(function* () {
      const [peer, stats] = yield* S.open(({ headers }) =>
        Effect.succeed(Http2ServerResponse.text(JSON.stringify([...headers])))
      )
      yield* S.shake(peer)
      const crumbs = Block.block(["cookie", "a=b"], ["x-test", "y"], ["cookie", "c=d"], ["cookie", "e=f"])
      yield* peer.send(Raw.headers(1, Buffer.concat([S.get, crumbs])))
      expect(JSON.parse((yield* peer.frame(Type.DATA, 1)).payload.toString())).toEqual([
        ["cookie", "a=b; c=d; e=f"],
        ["x-test", "y"]
      ])
      peer.end()
      yield* S.nothingLeft(stats)
    })
  )
})

describe("8.7 a request that a handler has seen", () => {
  /** Notes the requests that it is given, and does not answer them. */
  const noting = (): { readonly seen: Array<number>; readonly handler: Http2Server.Handler<never, never> } => {
    const seen: Array<number> = []
    return {
      seen,
      handler: ({ stream }) =>
        Effect.zipRight(
          Effect.sync(() => void seen.push(stream.id)),
          Effect.never
        )
    }
  }

  const resets = (frames: ReadonlyArray<Raw.RawFrame>): ReadonlyArray<readonly [id: number, code: number]> =>
    frames
      .filter(({ type }) => type === Type.RST_STREAM)
      .map(({ payload, streamId }) => [streamId, payload.readUInt32BE()])

  const lastIds = (frames: ReadonlyArray<Raw.RawFrame>): ReadonlyArray<number> =>
    frames.filter(({ type }) => type === Type.GOAWAY).map(({ payload }) => payload.readUInt32BE())

  U.check("is not refused; one that was refused is not seen; GOAWAY covers it [rfc9113-8.7-1] [rfc9113-8.7-2]", () =>
    Effect.gen(function* () {
      const { handler, seen } = noting()
      const [peer, stats] = yield* S.open(handler, { maxConcurrentStreams: 3 })
      yield* S.shake(peer)
      yield* peer.send(...[1, 3, 5, 7, 9].map((id) => Raw.headers(id, S.post, Raw.OPEN)))
      const frames = [...(yield* peer.roundTrip)]
      yield* peer.send(Raw.ping("short"))
      frames.push(...(yield* peer.toEnd)[0])
      expect(seen).toEqual([1, 3, 5])
      expect(resets(frames)).toEqual([
        [7, Code.REFUSED_STREAM],
        [9, Code.REFUSED_STREAM]
      ])
      expect(Math.min(...lastIds(frames))).toBeGreaterThanOrEqual(5)
      peer.end()
      yield* S.nothingLeft(stats)
    })
  )

  U.check("is not refused at the end of the server; GOAWAY covers it [rfc9113-8.7-2]", () =>
    Effect.gen(function* () {
      const { handler, seen } = noting()
      const scope = yield* Scope.make()
      const stats = Http2Stats.make()
      const peer = yield* RawPeer.connect(yield* Scope.extend(S.listen(handler, stats), scope))
      yield* S.shake(peer)
      yield* peer.send(...[1, 3, 5].map((id) => Raw.headers(id, S.get)))
      yield* peer.roundTrip
      yield* Effect.forkScoped(Scope.close(scope, Exit.void))
      const frames: Array<Raw.RawFrame> = []
      for (let frame = yield* peer.next; typeof frame !== "string"; frame = yield* peer.next) {
        frames.push(frame)
        if (frame.type === Type.PING && frame.flags === 0) yield* peer.send(Raw.ping(frame.payload, Raw.ACK))
      }
      expect(seen).toEqual([1, 3, 5])
      expect(resets(frames)).toEqual([1, 3, 5].map((id) => [id, Code.CANCEL]))
      expect(lastIds(frames)).toEqual([0x7fffffff, 5])
      peer.end()
      yield* S.nothingLeft(stats)
    })
  )

  U.check("is not refused by its handler either: CANCEL is what is true [rfc9113-8.7-2]", () =>
    Effect.gen(function* () {
      const [peer, stats] = yield* S.open(({ stream }) =>
        Effect.zipRight(stream.reset(ErrorCode.REFUSED_STREAM), Effect.never)
      )
      yield* S.shake(peer)
      yield* peer.send(Raw.headers(1, S.get))
      yield* S.streamError(1, Code.CANCEL)({ peer, seen: [] })
      peer.end()
      yield* S.nothingLeft(stats)
    })
  )
})
