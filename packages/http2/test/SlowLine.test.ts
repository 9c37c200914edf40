/** A line on which an answer stands behind much else. */
import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import { expect } from "vitest"
import { client } from "./support/peer.js"
import { expectEndAfter } from "./support/time.js"
import { data, filled, headers, ok } from "./support/wire.js"

describe("pingTimeout", () => {
  it.scoped("waits for an answer as long as other frames come: it may stand behind all that the windows hold", () =>
    Effect.gen(function* () {
      const { client: http, failure, peer } = yield* client({ pingTimeout: "5 seconds" })
      const download = yield* Effect.fork(
        Effect.scoped(Effect.flatMap(http.request({}), ({ body }) => Stream.runDrain(body)))
      )
      yield* peer.await("Headers", (frame) => frame.streamId === 1)
      yield* peer.send(headers(1, ok, false))
      const other = yield* Effect.fork(http.collect({}))
      yield* peer.await("Headers", (frame) => frame.streamId === 3)
      yield* Fiber.interrupt(other)
      yield* peer.await("Ping", (frame) => !frame.ack)
      for (let i = 0; i < 4; i++) {
        yield* TestClock.adjust("4 seconds")
        yield* peer.send(data(1, filled(1000)))
        yield* peer.barrier(i)
      }
      expect(http.connection.isDraining).toBe(false)
      expect(yield* expectEndAfter(5000, failure)).toMatchObject({ limit: "pingTimeout" })
      expect(yield* Effect.flip(Fiber.join(download))).toMatchObject({ processed: "unknown" })
    })
  )
})

describe("settingsTimeout", () => {
  it.scoped("waits for an acknowledgement as long as DATA comes: it may stand behind all that the windows hold", () =>
    Effect.gen(function* () {
      const { client: http, failure, peer } = yield* client({ settingsTimeout: "5 seconds" })
      const download = yield* Effect.fork(
        Effect.scoped(Effect.flatMap(http.request({}), ({ body }) => Stream.runDrain(body)))
      )
      yield* peer.await("Headers")
      yield* peer.send(headers(1, ok, false))
      const changed = yield* Effect.fork(Effect.flip(http.connection.updateSettings({ maxHeaderListSize: 20_000 })))
      yield* peer.await("Settings", (frame) => !frame.ack)
      for (let i = 0; i < 4; i++) {
        yield* TestClock.adjust("4 seconds")
        yield* peer.send(data(1, filled(1000)))
        yield* peer.barrier(i)
      }
      expect(http.connection.isDraining).toBe(false)
      expect(yield* expectEndAfter(5000, failure)).toMatchObject({ limit: "settingsTimeout" })
      expect(yield* Effect.flip(Fiber.join(download))).toBe(yield* Fiber.join(changed))
    })
  )
})
