/** What a program can tell errors apart by: `reason`, in both scopes. */
import * as ErrorCode from "@effect-http2/http2/ErrorCode"
import * as Frame from "@effect-http2/http2/Frame"
import * as Http2Client from "@effect-http2/http2/Http2Client"
import type * as Http2Error from "@effect-http2/http2/Http2Error"
import * as MemoryTransport from "@effect-http2/http2/MemoryTransport"
import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import { expect } from "vitest"
import { client, type ClientPeer } from "./support/peer.js"
import { data, headers, ok, reset } from "./support/wire.js"

/** What happens to a request whose HEADERS the peer has. */
const cases: ReadonlyArray<
  readonly [
    reason: Http2Error.Reason | Http2Error.TransportReason,
    what: string,
    (peer: ClientPeer) => Effect.Effect<unknown>
  ]
> = [
  ["Reset", "the peer resets the stream", ({ peer }) => peer.send(reset(1))],
  [
    "GoAway",
    "the peer goes",
    ({ peer }) => peer.send(new Frame.GoAway(0, ErrorCode.ENHANCE_YOUR_CALM, new Uint8Array(0)))
  ],
  ["Protocol", "the peer breaks a rule of the stream", ({ peer }) => peer.send(data(1, "before the head"))],
  ["Protocol", "the peer breaks a rule of the connection", ({ peer }) => peer.send(new Frame.WindowUpdate(0, 0))],
  [
    "Limit",
    "the body is longer than is allowed",
    ({ peer }) => peer.send(headers(1, ok, false), data(1, "long", true))
  ],
  ["Closed", "the peer ends its side", ({ peer }) => peer.scripted.end],
  [
    "Timeout",
    "the connection shuts down for too long",
    (peer) => Effect.zipRight(Effect.fork(peer.client.connection.shutdown), TestClock.adjust("31 seconds"))
  ],
  ["Reset", "the transport breaks", ({ peer }) => peer.scripted.reset]
]

describe("a request fails with reason", () => {
  for (const [reason, what, happen] of cases) {
    it.scoped(`${reason}, where ${what}`, () =>
      Effect.gen(function* () {
        const far = yield* client()
        const request = yield* Effect.fork(Effect.flip(far.client.collect({}, 3)))
        yield* far.peer.await("Headers")
        yield* happen(far)
        expect(yield* Fiber.join(request)).toMatchObject({ reason, description: expect.any(String) })
      })
    )
  }

  it.scoped("UserCode, where its body fails, with the cause; Usage, where it cannot be sent", () =>
    Effect.gen(function* () {
      const { client: http } = yield* client()
      const failed = yield* Effect.flip(http.collect({ method: "POST", body: Stream.fail("mine") }))
      expect(failed).toMatchObject({ reason: "UserCode", cause: "mine" })
      expect(yield* Effect.flip(http.collect({ headers: { connection: "close" } }))).toMatchObject({ reason: "Usage" })
      const transport = (yield* MemoryTransport.make())[0]
      expect(yield* Effect.flip(Http2Client.make(transport, { maxFrameSize: 1 }))).toMatchObject({ reason: "Usage" })
    })
  )
})
