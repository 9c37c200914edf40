/** 103 Early Hints at a client (RFC 8297): hints, and nothing of the final response. */
import type * as Headers from "@effect-http2/http2/Headers"
import * as Effect from "effect/Effect"
import { describe, expect } from "vitest"
import * as U from "../utils.js"
import * as C from "./support/clientCase.js"
import * as Block from "@effect-http2/testkit/fieldBlock"
import * as Raw from "@effect-http2/testkit/rawFrame"
import type { RawPeer } from "@effect-http2/testkit/rawPeer"
import { nothingLeft } from "./support/serverCase.js"

const hints = (...fields: ReadonlyArray<Block.Pair>): Uint8Array =>
  Raw.headers(1, Block.block([":status", "103"], ...fields), Raw.OPEN)

const final = (...fields: ReadonlyArray<Block.Pair>): Uint8Array =>
  Raw.headers(1, Block.block([":status", "200"], ...fields), Raw.OPEN)

/** What a request got: its hints, its head, its body. */
const exchange = (
  script: (peer: RawPeer) => Effect.Effect<void>
): Effect.Effect<{ readonly informational: unknown; readonly fields: unknown; readonly body: string }, unknown> =>
  Effect.gen(function* () {
    const [client, peer, stats] = yield* C.open(false)
    yield* C.shake(peer)
    const informational: Array<readonly [number, ReadonlyArray<unknown>]> = []
    const onInformational = (status: number, headers: Headers.Headers): void =>
      void informational.push([status, [...headers]])
    const asked = yield* Effect.fork(client.collect({ path: "/", onInformational }))
    yield* peer.frame(Raw.Type.HEADERS, 1)
    yield* script(peer)
    const { headers, text } = yield* asked
    peer.end()
    yield* nothingLeft(stats)
    return { informational, fields: [...headers], body: text }
  }).pipe(Effect.scoped)

const link: Block.Pair = ["link", "</style.css>; rel=preload; as=style"]

describe("RFC 8297 103 (Early Hints)", () => {
  U.check("the final response is what its own head says [rfc8297-2-1]", () =>
    Effect.gen(function* () {
      const result = yield* exchange((peer) =>
        peer.send(
          hints(link, ["content-length", "3"], ["content-type", "text/css"], ["set-cookie", "a=b"]),
          final(["content-type", "text/html"]),
          Raw.data(1, "hello", Raw.END_STREAM)
        )
      )
      expect(result.fields).toEqual([["content-type", "text/html"]])
      expect(result.body).toBe("hello")
    })
  )

  U.check("its fields are handed on as they came, and say nothing about itself [rfc8297-2-2]", () =>
    Effect.gen(function* () {
      const fields = [link, ["content-length", "1000"], ["trailer", "x-sum"], ["content-encoding", "gzip"]] as const
      const result = yield* exchange((peer) =>
        peer.send(hints(...fields), final(), Raw.data(1, "hello"), Raw.headers(1, Block.block(["x-late", "1"])))
      )
      expect(result.informational).toEqual([[103, fields]])
      expect(result.body).toBe("hello")
    })
  )

  U.check("several may come, and the final response may have what none of them had [rfc8297-2-3]", () =>
    Effect.gen(function* () {
      const result = yield* exchange((peer) =>
        Effect.gen(function* () {
          yield* peer.send(hints(link))
          yield* peer.roundTrip
          yield* peer.send(hints())
          yield* peer.roundTrip
          yield* peer.send(final(["link", "</new.css>"], ["etag", '"1"']), Raw.data(1, "hello", Raw.END_STREAM))
        })
      )
      expect(result.informational).toEqual([
        [103, [link]],
        [103, []]
      ])
      expect(result.fields).toEqual([
        ["link", "</new.css>"],
        ["etag", '"1"']
      ])
    })
  )
})
