/** Priorities of pushed responses: what a server makes of them, and what a client may say (RFC 9218 §7.1, §10). */
import { PriorityUpdate } from "@effect-http2/http2/ExtensionFrame"
import * as Frame from "@effect-http2/http2/Frame"
import * as Http2ServerResponse from "@effect-http2/http2/Http2ServerResponse"
import type * as Http2ServerRequest from "@effect-http2/http2/Http2ServerRequest"
import * as Settings from "@effect-http2/http2/Settings"
import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { expect } from "vitest"
import { body, initialWindow, large, openWindows, order, orderOf, request } from "./support/bodies.js"
import { client, server } from "./support/peer.js"
import { block, data, get, headers, ok } from "./support/wire.js"

describe("a server", () => {
  /** Pushes two responses along with the first: streams 2 and 4. */
  const pushing = (request: Http2ServerRequest.Http2ServerRequest) =>
    request.path === "/1"
      ? Effect.all([
          request.push({ path: "/a", headers: { priority: "u=5" } }),
          request.push({ path: "/b", headers: { priority: "u=6" } })
        ]).pipe(Effect.orDie, Effect.as(Http2ServerResponse.make({ body })))
      : large()

  it.scoped("sends pushed bodies as the promised requests say, which is no signal of the client's", () =>
    Effect.gen(function* () {
      expect(yield* orderOf([request(1, "u=7")], pushing)).toEqual([2, 4, 1])
      expect(yield* orderOf([request(1), request(3)], pushing)).toEqual([1, 3, 1, 3, 1, 3, 2, 4])
    })
  )

  it.scoped("[rfc9218-7.1-8] takes PRIORITY_UPDATE for a stream that it has promised", () =>
    Effect.gen(function* () {
      const { peer } = yield* server(pushing)
      yield* peer.send(initialWindow(0), request(1, "u=1"))
      yield* peer.barrier()
      yield* peer.send(new PriorityUpdate(4, "u=0"), new PriorityUpdate(2, "u=6, i"))
      yield* openWindows(peer)
      expect(order(peer)).toEqual([4, 1, 2])
    })
  )

  it.scoped("[rfc9218-7.1-8] ends the connection at one for a stream behind those that it has promised", () =>
    Effect.gen(function* () {
      const { failure, peer } = yield* server(pushing)
      yield* peer.send(request(1))
      yield* peer.await("PushPromise", ({ promisedStreamId }) => promisedStreamId === 4)
      yield* openWindows(peer)
      // 2 is closed by now.
      yield* peer.send(new PriorityUpdate(2, "u=0"))
      yield* peer.barrier()
      yield* peer.send(new PriorityUpdate(6, "u=0"))
      expect(yield* failure).toMatchObject({ code: 1, origin: "Local" })
    })
  )
})

describe("a client", () => {
  it.scoped(
    "[rfc9218-7.1-6] [rfc9218-7.1-7] sends PRIORITY_UPDATE for a push that was promised, until its response has come",
    () =>
      Effect.gen(function* () {
        const { client: http, peer } = yield* client({
          enablePush: true,
          settings: [[Settings.Id.NO_RFC7540_PRIORITIES, 1]]
        })
        http.unsafeRequest({}, { onResponse: () => {}, onFailure: () => {} })
        yield* peer.await("Headers")
        yield* peer.send(new Frame.PushPromise(1, 2, true, block(get)))
        const push = Option.getOrThrow(yield* Stream.runHead(http.pushes))
        expect(yield* push.reprioritize({ urgency: 6 })).toBe(true)
        expect(yield* peer.await("PriorityUpdate")).toEqual(new PriorityUpdate(2, "u=6"))
        yield* peer.send(headers(2, ok, false))
        const response = yield* push.response
        expect(yield* response.reprioritize({ incremental: true })).toBe(true)
        expect(yield* peer.await("PriorityUpdate")).toEqual(new PriorityUpdate(2, "i"))
        yield* peer.send(data(2, "", true))
        yield* peer.barrier()
        expect([yield* push.reprioritize({}), yield* response.reprioritize({})]).toEqual([false, false])
        yield* peer.barrier(1)
        expect(peer.frames.filter(({ _tag }) => _tag === "PriorityUpdate")).toHaveLength(2)
      })
  )
})
