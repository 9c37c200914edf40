/**
 * The connection's receive window, where a message that nobody reads holds most of it: what others have consumed is given back as soon as the peer
 * has little else left, so that nobody stands still for the sake of a stranger's unread octets (RFC 9113 §5.2.2).
 */
import type * as Frame from "@effect-http2/http2/Frame"
import * as Http2ServerResponse from "@effect-http2/http2/Http2ServerResponse"
import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { expect } from "vitest"
import { client, type Peer, server } from "./support/peer.js"
import { data, filled, headers, ok, post } from "./support/wire.js"

const connectionWindowSize = 70_000

const frames = (streamId: number, octets: number): ReadonlyArray<Frame.Data> =>
  Array.from({ length: octets / 5000 }, () => data(streamId, filled(5000)))

/** Of the stream that is not read, 1, and the one that is, 3. */
const orders = [
  ["before", [1, 3]],
  ["behind", [3, 1]]
] as const

/** 40,000 octets on 1 and 30,000 on 3, then what is given back for the connection. */
const useUp = (peer: Peer, order: ReadonlyArray<number>): Effect.Effect<void> =>
  Effect.gen(function* () {
    for (const id of order) yield* peer.send(...frames(id, id === 1 ? 40_000 : 30_000))
    let credit = 0
    while (credit < 30_000) {
      credit += (yield* peer.await("WindowUpdate", ({ streamId }) => streamId === 0)).increment
    }
    expect(credit).toBe(30_000)
  })

describe.each(orders)(
  "more than half of the connection's window, sent %s what is read, is not read",
  (_when, order) => {
    it.scoped("at a server: the peer gets back all that was read", () =>
      Effect.gen(function* () {
        const { peer } = yield* server(
          (request) =>
            request.path === "/unread"
              ? Effect.never
              : Effect.map(request.bytes(), ({ length }) => Http2ServerResponse.text(String(length))),
          { connectionWindowSize }
        )
        // The connection's window is larger than 65,535 from the start.
        yield* peer.await("WindowUpdate", ({ streamId }) => streamId === 0)
        yield* peer.send(headers(1, [...post.slice(0, 3), [":path", "/unread"]], false), headers(3, post, false))
        yield* useUp(peer, order)
        yield* peer.send(data(3, filled(5000), true))
        expect((yield* peer.await("Data", ({ streamId }) => streamId === 3)).data).toEqual(
          new TextEncoder().encode("35000")
        )
      })
    )

    it.scoped("at a client: the peer gets back all that was read", () =>
      Effect.gen(function* () {
        const { client: http, peer } = yield* client({ connectionWindowSize })
        yield* Effect.forkScoped(http.request({}))
        yield* peer.await("Headers")
        const read = yield* Effect.fork(http.collect({}))
        yield* peer.await("Headers")
        yield* peer.send(headers(1, ok, false), headers(3, ok, false))
        yield* useUp(peer, order)
        yield* peer.send(data(3, filled(5000), true))
        expect((yield* Fiber.join(read)).body.length).toBe(35_000)
      })
    )
  }
)
