import { concat } from "@effect-http2/engine/octets"
import type { Inbox, InboxOwner } from "@effect-http2/engine/stream/inbox"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import { describe, expect } from "vitest"
import { StreamError } from "@effect-http2/effect4-http2/Http2Error"
import { Body } from "../src/internal/bodies.js"
import { nextTurn } from "./support/engines.js"
import { live } from "./support/run.js"

/** What the stream of a body hears. What is to be delivered later is, when the test says so. */
class Owner implements InboxOwner {
  consumed = 0
  wanted = 0
  private due: Array<Inbox> = []

  bodyConsumed(octets: number): void {
    this.consumed += octets
  }

  bodyWanted(): void {
    this.wanted++
  }

  deliverLater(inbox: Inbox): void {
    this.due.push(inbox)
  }

  endTurn(): void {
    for (const inbox of this.due.splice(0)) inbox.deliver()
  }
}

const pattern = (length: number, from = 0): Uint8Array =>
  Uint8Array.from({ length }, (_, index) => ((from + index) * 31 + ((from + index) >>> 8)) & 0xff)

const window = 65_536
const make = () => {
  const owner = new Owner()
  return { owner, body: new Body(owner, window) }
}
const readAll = (body: Body) =>
  Effect.map(Stream.runCollect(Stream.fromPull(Effect.succeed(body.pull))), (parts) => concat(parts))
const broken = new StreamError({
  streamId: 1,
  code: 8,
  origin: "Remote",
  reason: "Reset",
  description: "reset",
  processed: "unknown"
})

describe("a body", () => {
  live("that is whole is handed over as it is, once", () =>
    Effect.gen(function* () {
      const { body, owner } = make()
      body.push(pattern(100))
      expect(body.takeWhole(window)).toBe(undefined)
      body.push(pattern(2000, 100))
      body.end()
      expect(body.takeWhole(2099)).toBe(undefined)
      expect(body.takeWhole(2100)).toEqual(pattern(2100))
      expect(owner.consumed).toBe(2100)
      expect((yield* readAll(body)).length).toBe(0)
    })
  )

  for (const size of [1, 10, 1023, 1024, 5000]) {
    live(`in pieces of ${size} octets, as many as the window holds: none is lost, whoever comes first`, () =>
      Effect.gen(function* () {
        for (const isAwaited of [false, true]) {
          const { body, owner } = make()
          const reading = isAwaited ? yield* Effect.forkChild(readAll(body), { startImmediately: true }) : undefined
          for (let at = 0; at < window; at += size) body.push(pattern(Math.min(size, window - at), at))
          if (!isAwaited) {
            // A reader takes a part, and leaves.
            const [first] = yield* body.pull
            expect(first.length).toBeGreaterThan(0)
            for (let at = window; at < 2 * window; at += size) body.push(pattern(Math.min(size, 2 * window - at), at))
          }
          body.end()
          owner.endTurn()
          const octets = yield* reading === undefined ? readAll(body) : Fiber.join(reading)
          if (isAwaited) expect(Buffer.compare(octets, pattern(window))).toBe(0)
          expect(owner.consumed).toBe(isAwaited ? window : 2 * window)
          expect(body.unread).toBe(0)
        }
      })
    )
  }

  live("gives credit when it is read, and not before", () =>
    Effect.gen(function* () {
      const { body, owner } = make()
      body.push(pattern(3000))
      expect(owner.consumed).toBe(0)
      const [part] = yield* body.pull
      expect(part.length).toBe(3000)
      expect([owner.consumed, owner.wanted]).toEqual([3000, 0])
      const waiting = yield* Effect.forkChild(body.pull, { startImmediately: true })
      expect(owner.wanted).toBe(1)
      body.push(pattern(10))
      const [next] = yield* Fiber.join(waiting)
      expect([next.length, owner.consumed]).toEqual([10, 3010])
    })
  )

  live("a reader that is interrupted takes nothing along", () =>
    Effect.gen(function* () {
      const { body, owner } = make()
      const first = yield* Effect.forkChild(body.pull, { startImmediately: true })
      body.push(pattern(2000))
      first.interruptUnsafe()
      yield* nextTurn
      expect(Exit.isFailure(yield* Fiber.await(first))).toBe(true)
      expect(owner.consumed).toBe(0)
      body.end()
      owner.endTurn()
      expect(yield* readAll(body)).toEqual(pattern(2000))
    })
  )

  live("that fails gives what has arrived before, to who waits and to who comes later", () =>
    Effect.gen(function* () {
      for (const isAwaited of [false, true]) {
        const { body, owner } = make()
        const parts: Array<Uint8Array> = []
        const reading = Stream.runForEach(Stream.fromPull(Effect.succeed(body.pull)), (part) =>
          Effect.sync(() => parts.push(part))
        )
        const fiber = isAwaited ? yield* Effect.forkChild(reading, { startImmediately: true }) : undefined
        body.push(pattern(1500))
        body.fail(broken)
        owner.endTurn()
        const exit = yield* Effect.exit(fiber === undefined ? reading : Fiber.join(fiber))
        expect(Exit.isFailure(exit) && Cause.squash(exit.cause)).toBe(broken)
        expect(concat(parts)).toEqual(pattern(1500))
      }
    })
  )

  live("that nobody will read gives all back, and whoever reads it learns that", () =>
    Effect.gen(function* () {
      const { body, owner } = make()
      body.push(pattern(1500))
      yield* body.pull
      body.push(pattern(2500))
      body.discard(7)
      body.push(pattern(100))
      body.end()
      owner.endTurn()
      expect(owner.consumed).toBe(4100)
      expect(yield* Effect.flip(readAll(body))).toMatchObject({ origin: "User", streamId: 7 })
    })
  )

  live("its end can be waited for without reading", () =>
    Effect.gen(function* () {
      const { body, owner } = make()
      const end = yield* Effect.forkChild(body.awaitEnd(), { startImmediately: true })
      expect(owner.wanted).toBe(1)
      body.push(pattern(10))
      expect(end.pollUnsafe()).toBe(undefined)
      body.end()
      yield* Fiber.join(end)
      const failed = make().body
      failed.fail(broken)
      expect(yield* Effect.flip(failed.awaitEnd())).toBe(broken)
    })
  )
})
