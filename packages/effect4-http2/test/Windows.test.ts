import * as FlowControl from "@effect-http2/effect4-http2/FlowControl"
import * as Http2ServerResponse from "@effect-http2/effect4-http2/Http2ServerResponse"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Latch from "effect/Latch"
import * as Stream from "effect/Stream"
import * as TxRef from "effect/TxRef"
import { describe, expect } from "vitest"
import { makeWindow } from "../src/internal/windows.js"
import { engines, eventually, inPieces } from "./support/engines.js"
import { live } from "./support/run.js"

describe("a window", () => {
  live("is read in transactions, and wakes who waits there, by whatever the engine writes", () =>
    Effect.gen(function* () {
      const [one, other] = [makeWindow(10), makeWindow(0)]
      const spent = yield* TxRef.make(0)
      const both = Effect.tx(
        Effect.gen(function* () {
          yield* FlowControl.awaitAvailable(one, 5)
          yield* FlowControl.awaitAvailable(other, 5)
          yield* TxRef.update(spent, (n) => n + 1)
        })
      )
      const waiting = yield* Effect.forkChild(both, { startImmediately: true })
      one.octets = 4
      other.octets = 5
      yield* eventually(() => one.octets === 4 && other.octets === 5)
      expect(waiting.pollUnsafe()).toBe(undefined)
      one.octets = 5
      yield* Fiber.join(waiting)
      expect(yield* TxRef.get(spent)).toBe(1)
      expect(yield* one.available).toBe(5)
    })
  )

  live("that changes while a transaction runs has it run again", () =>
    Effect.gen(function* () {
      const window = makeWindow(1)
      let runs = 0
      const read = Effect.tx(
        Effect.gen(function* () {
          runs++
          const octets = yield* window.available
          if (runs === 1) window.octets = 2
          return octets
        })
      )
      expect(yield* read).toBe(2)
      expect(runs).toBe(2)
    })
  )

  live("of a stream falls as DATA leaves, and holds a handler that waits for it until the client reads", () =>
    Effect.gen(function* () {
      const seen = yield* Deferred.make<ReadonlyArray<number>>()
      const isRead = Latch.makeUnsafe(false)
      yield* engines(
        ({ stream }) =>
          Effect.succeed(
            Http2ServerResponse.make({
              body: Stream.fromEffect(
                Effect.gen(function* () {
                  const before = yield* stream.sendWindow.available
                  return [before, new Uint8Array(1000)] as const
                })
              ).pipe(
                Stream.flatMap(([before, octets]) =>
                  Stream.concat(
                    Stream.make(octets),
                    Stream.fromEffect(
                      Effect.gen(function* () {
                        const behind = yield* stream.sendWindow.available
                        yield* isRead.open
                        yield* stream.awaitWindow(before)
                        yield* Deferred.succeed(seen, [before, behind])
                        return new Uint8Array(1)
                      })
                    )
                  )
                )
              )
            })
          ),
        ({ client }) =>
          Effect.gen(function* () {
            const response = yield* client.request({})
            yield* isRead.await
            expect((yield* response.bytes()).length).toBe(1001)
            expect(yield* Deferred.await(seen)).toEqual([1500, 500])
          }),
        { client: { initialWindowSize: 1500 } }
      )
    })
  )
})

describe("back-pressure", () => {
  live("a body that nobody reads stops its sender at the window, and goes on when it is read", () => {
    const octets = new Uint8Array(1_000_000)
    let sent = 0
    const isRead = Latch.makeUnsafe(false)
    return engines(
      (request) =>
        Effect.gen(function* () {
          yield* isRead.await
          const length = yield* Stream.runFold(
            request.body,
            () => 0,
            (length, part) => length + part.length
          )
          return Http2ServerResponse.text(String(length))
        }),
      ({ client, server }) =>
        Effect.gen(function* () {
          const body = Stream.tap(inPieces(octets, 10_000), (part) =>
            Effect.sync(() => {
              sent += part.length
            })
          )
          const upload = yield* Effect.forkChild(client.collect({ method: "POST", body }))
          yield* eventually(() => server.unreadOctets === 20_000)
          // What is in the window, and what waits for it.
          expect(sent).toBeLessThanOrEqual(20_000 + 262_144 + 10_000)
          isRead.openUnsafe()
          expect((yield* Fiber.join(upload)).text).toBe("1000000")
          expect(server.unreadOctets).toBe(0)
        }),
      { server: { initialWindowSize: 20_000 } }
    )
  })
})
