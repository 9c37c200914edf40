/** Peers that leave out what they should do: acknowledge, answer, end. By the test's clock, over real sockets. */
import * as Http2Stats from "@effect-http2/http2/Http2Stats"
import { it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/TestClock"
import { describe, expect } from "vitest"
import * as U from "../utils.js"
import * as C from "./support/clientCase.js"
import * as Block from "@effect-http2/testkit/fieldBlock"
import * as Octets from "@effect-http2/testkit/octets"
import * as Raw from "@effect-http2/testkit/rawFrame"
import * as RawPeer from "@effect-http2/testkit/rawPeer"
import * as S from "./support/serverCase.js"

const { Code, Type } = Raw

const malformed = Raw.headers(1, S.request({ ":path": undefined }), Raw.OPEN)

describe("a peer that acknowledges nothing", () => {
  it.scoped("is served, and may break rules, until SETTINGS are overdue [rfc9113-6.5.3-1]", () =>
    Effect.gen(function* () {
      const [peer, stats] = yield* S.open("reading")
      yield* peer.send(Raw.preface, Raw.settings(), malformed)
      expect((yield* peer.frame(Type.RST_STREAM, 1)).payload).toEqual(Octets.uint32(Code.PROTOCOL_ERROR))
      yield* TestClock.adjust("9 seconds")
      yield* peer.send(Raw.headers(3, S.post, Raw.OPEN), Raw.data(3, "test", Raw.END_STREAM))
      yield* S.served(3)({ peer, seen: [] })
      yield* TestClock.adjust("2 seconds")
      yield* S.connectionError(Code.SETTINGS_TIMEOUT)({ peer, seen: [] })
      peer.end()
      yield* S.nothingLeft(stats)
    })
  )

  it.scoped("is asked by our client, until SETTINGS are overdue", () =>
    Effect.gen(function* () {
      const [client, peer, stats] = yield* C.open(false)
      yield* peer.send(Raw.settings())
      const asked = yield* C.ask(client, peer)
      yield* peer.send(Raw.headers(1, Block.block(["x-test", "ok"]), Raw.OPEN))
      expect(yield* Effect.flip(Fiber.join(asked.result))).toMatchObject({ code: Code.PROTOCOL_ERROR })
      yield* TestClock.adjust("9 seconds")
      yield* C.goOn(asked)
      yield* TestClock.adjust("2 seconds")
      expect(yield* Effect.flip(client.connection.awaitClosed)).toMatchObject({ code: Code.SETTINGS_TIMEOUT })
      yield* peer.toEnd
      peer.end()
      yield* S.nothingLeft(stats)
    })
  )
})

describe("a peer that does not acknowledge the PING behind RST_STREAM", () => {
  it.scoped("is served for 15 seconds, whatever it sends on the stream [rfc9113-5.4.2-1]", () =>
    Effect.gen(function* () {
      const [peer, stats] = yield* S.open("answering")
      yield* S.shake(peer)
      yield* peer.send(malformed)
      yield* peer.frame(Type.RST_STREAM, 1)
      for (let i = 0; i < 14; i++) {
        yield* TestClock.adjust("1 seconds")
        yield* peer.send(Raw.data(1, "test"), Raw.windowUpdate(1, 1), Raw.headers(2 * i + 3, S.get))
        yield* peer.frame(Type.DATA, 2 * i + 3)
      }
      const frames = [...(yield* peer.roundTrip), ...(yield* S.goOn(peer))]
      expect(frames.filter(({ type }) => type === Type.RST_STREAM)).toEqual([])
      peer.end()
      yield* peer.toEnd
      yield* S.nothingLeft(stats)
    })
  )

  it.scoped("is asked by our client for 15 seconds", () =>
    Effect.gen(function* () {
      const [client, peer, stats] = yield* C.open(false)
      yield* C.shake(peer)
      const asked = yield* C.ask(client, peer)
      yield* Fiber.interrupt(asked.result)
      expect((yield* peer.frame(Type.RST_STREAM, 1)).payload).toEqual(Octets.uint32(Code.CANCEL))
      yield* TestClock.adjust("14 seconds")
      yield* peer.send(Raw.headers(1, [0x88], Raw.OPEN), Raw.data(1, "test"))
      yield* C.goOn(asked)
      peer.end()
      yield* S.nothingLeft(stats)
    })
  )
})

describe("a client that says GOAWAY and does not go", () => {
  it.scoped("is let go at once where nothing is open [rfc9113-6.8-3]", () =>
    Effect.gen(function* () {
      const [peer, stats] = yield* S.open("answering")
      yield* S.shake(peer)
      yield* peer.send(Raw.goAway(0, Code.NO_ERROR))
      const [frames, end] = yield* peer.toEnd
      expect([frames.at(-1)?.type, end]).toEqual([Type.GOAWAY, "FIN"])
      peer.end()
      yield* S.nothingLeft(stats)
    })
  )
})

describe("6.8 a server that shuts down", () => {
  U.check(
    "does not wait for requests whose answer is complete; GOAWAY says that it takes no more, no limit of 0 [rfc9113-6.8-6] [rfc9113-6.5.2-8]",
    () =>
      Effect.gen(function* () {
        const scope = yield* Scope.make()
        const stats = Http2Stats.make()
        const listening = S.listen("answering", stats, { gracefulShutdownTimeout: "1 hour" })
        const peer = yield* RawPeer.connect(yield* Scope.extend(listening, scope))
        yield* S.shake(peer)
        yield* peer.send(Raw.headers(1, S.post, Raw.OPEN), Raw.data(1, "test"))
        yield* peer.frame(Type.DATA, 1)
        yield* Effect.forkScoped(Scope.close(scope, Exit.void))
        const seen: Array<readonly [type: number, payload: string]> = []
        for (let frame = yield* peer.next; typeof frame !== "string"; frame = yield* peer.next) {
          if (frame.type === Type.PING && frame.flags === 0) yield* peer.send(Raw.ping(frame.payload, Raw.ACK))
          else if (!S.isNoise(frame)) seen.push([frame.type, frame.payload.toString("hex")])
        }
        expect(seen).toEqual([
          [Type.GOAWAY, "7fffffff00000000"],
          [Type.GOAWAY, "0000000100000000"],
          [Type.RST_STREAM, "00000000"]
        ])
        peer.end()
        yield* S.nothingLeft(stats)
      })
  )
})
