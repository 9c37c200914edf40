/** The incoming body of a stream between the engine, which never waits, and a reader that may. */
import { usageError } from "@effect-http2/http2/Http2Error"
import type { Inbox } from "@effect-http2/engine/stream/inbox"
import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as fc from "effect/FastCheck"
import * as Fiber from "effect/Fiber"
import { expect } from "vitest"
import { Body, slotsOf } from "../src/internal/bodies.js"
import { ascii, concat, filled, pattern } from "./support/wire.js"

/** A body with what it gave back to the windows. */
const make = (window = 1_048_576) => {
  const seen = { consumed: 0, pulls: 0 }
  const due: Array<Inbox> = []
  const body = new Body(
    {
      bodyConsumed: (octets) => {
        seen.consumed += octets
      },
      bodyWanted: () => {
        seen.pulls++
      },
      deliverLater: (queue) => due.push(queue)
    },
    window
  )
  /** The end of the engine's turn. */
  const turn = (): void => {
    for (const queue of due.splice(0)) queue.deliver()
  }
  return { body, seen, turn }
}

const failure = usageError(1, undefined, "broken")

/** Reads to the end. */
const readAll = (body: Body, parts: Array<Uint8Array> = []): Effect.Effect<Uint8Array, unknown> =>
  Effect.flatMap(body.pull, (chunk) => {
    if (chunk.length === 0) return Effect.succeed(concat(parts))
    parts.push(...chunk)
    return readAll(body, parts)
  })

/** A reader that has come to wait. */
const waiting = <A, E>(effect: Effect.Effect<A, E>) => Effect.tap(Effect.fork(effect), () => Effect.yieldNow())

describe("bodies", () => {
  it.effect("hands out what has come, in order, then the end", () =>
    Effect.gen(function* () {
      const { body, seen } = make()
      for (const text of ["one", "two", "three"]) body.push(ascii(text))
      body.end()
      expect(body.unread).toBe(11)
      expect(yield* readAll(body)).toEqual(ascii("onetwothree"))
      expect([body.unread, body.received, seen.consumed, body.isEnded]).toEqual([0, 11, 11, true])
    })
  )

  it.effect("gives credit when the data is read, not when it comes", () =>
    Effect.gen(function* () {
      const { body, seen } = make()
      body.push(filled(5000))
      expect(seen).toEqual({ consumed: 0, pulls: 0 })
      yield* body.pull
      expect(seen.consumed).toBe(5000)
    })
  )

  it.effect("wakes a reader that waits, once for all that a turn brings", () =>
    Effect.gen(function* () {
      const { body, seen, turn } = make()
      const reading = yield* waiting(body.pull)
      expect(seen.pulls).toBeGreaterThan(0)
      body.push(ascii("a"))
      body.push(ascii("b"))
      expect(seen.consumed).toBe(0)
      turn()
      expect([...(yield* Fiber.join(reading))].map((part) => String.fromCharCode(...part)).join("")).toBe("ab")
      expect(seen.consumed).toBe(2)
    })
  )

  it.effect("wakes a reader for the end, and for a failure", () =>
    Effect.gen(function* () {
      const ended = make()
      const first = yield* waiting(ended.body.pull)
      ended.body.end()
      ended.turn()
      expect((yield* Fiber.join(first)).length).toBe(0)
      const failed = make()
      const second = yield* waiting(failed.body.pull)
      failed.body.fail(failure)
      failed.turn()
      expect(yield* Effect.flip(Fiber.join(second))).toBe(failure)
    })
  )

  it.effect("hands out what came before a failure, and never an end", () =>
    Effect.gen(function* () {
      const { body } = make()
      body.push(ascii("part"))
      body.fail(failure)
      const parts: Array<Uint8Array> = []
      expect(yield* Effect.flip(readAll(body, parts))).toBe(failure)
      expect(concat(parts)).toEqual(ascii("part"))
      expect(yield* Effect.flip(readAll(body))).toBe(failure)
    })
  )

  it.effect("a failure behind the end is of no meaning, nor is a second failure", () =>
    Effect.gen(function* () {
      const ended = make()
      ended.body.end()
      ended.body.fail(failure)
      expect((yield* ended.body.pull).length).toBe(0)
      const failed = make()
      failed.body.fail(failure)
      failed.body.fail(usageError(1, undefined, "again"))
      expect(yield* Effect.flip(failed.body.pull)).toBe(failure)
    })
  )

  it.effect("the interruption of a reader that waits loses neither data nor credit", () =>
    Effect.gen(function* () {
      for (const when of ["before", "after"] as const) {
        const { body, seen, turn } = make()
        const reading = yield* waiting(body.pull)
        if (when === "before") yield* Fiber.interrupt(reading)
        body.push(ascii("kept"))
        turn()
        // The data is on its way to the reader, which is interrupted before it has run again.
        if (when === "after") yield* Fiber.interrupt(reading)
        body.push(ascii("whole"))
        turn()
        body.end()
        turn()
        expect(yield* readAll(body)).toEqual(ascii("keptwhole"))
        expect([body.unread, seen.consumed]).toEqual([0, 9])
      }
    })
  )

  it.effect("what comes while a reader is busy waits, more than the queue has slots for", () =>
    Effect.gen(function* () {
      const { body, turn } = make()
      const reading = yield* waiting(body.pull)
      const data = pattern(200 * 1500)
      body.push(data.subarray(0, 1500))
      turn()
      const first = [...(yield* Fiber.join(reading))]
      for (let at = 1500; at < data.length; at += 1500) body.push(data.subarray(at, at + 1500))
      body.end()
      turn()
      expect(Buffer.compare(yield* readAll(body, first), data)).toBe(0)
    })
  )

  it.effect("CVE-2019-9518: tiny DATA does not fill slots", () =>
    Effect.gen(function* () {
      const { body } = make()
      for (let i = 0; i < 10_000; i++) body.push(Uint8Array.of(i & 0xff))
      body.end()
      const chunk = yield* body.pull
      expect(chunk.length).toBeLessThan(10)
      expect(concat([...chunk])).toEqual(Uint8Array.from({ length: 10_000 }, (_, i) => i & 0xff))
    })
  )

  it.effect(
    "the bound follows from the window: whatever its octets are cut to, a reader that comes late gets all of them",
    () =>
      Effect.gen(function* () {
        for (const window of [1, 1000, 65_535]) {
          for (const sizes of [[1], [1023], [1024], [1, 1024], [1023, 1024], [1, 1, 4096]]) {
            const { body, seen, turn } = make(window)
            const source = pattern(window + 1)
            const reading = yield* waiting(body.pull)
            body.push(source.subarray(0, 1))
            turn()
            const parts = [...(yield* Fiber.join(reading))]
            let chunks = 0
            let large = 0
            for (let at = 1; at < source.length; chunks++) {
              const chunk = source.subarray(at, at + (sizes[chunks % sizes.length] ?? 1))
              if (chunk.length >= 1024) large++
              body.push(chunk)
              at += chunk.length
              turn()
            }
            let elements = 0
            for (; seen.consumed < source.length; elements++) parts.push(...(yield* body.pull))
            // One for each turn that brought a large one: none of them has waited for a slot.
            expect(elements).toBeGreaterThanOrEqual(large)
            expect(elements).toBeLessThan(slotsOf(window))
            expect(Buffer.compare(concat(parts), source)).toBe(0)
          }
        }
      })
  )

  it.effect("a window that became larger than the Queue was made for loses nothing", () =>
    Effect.gen(function* () {
      const { body, turn } = make(1)
      const source = pattern(100 * 1024)
      const reading = yield* waiting(body.pull)
      body.push(source.subarray(0, 1024))
      turn()
      const parts = [...(yield* Fiber.join(reading))]
      for (let at = 1024; at < source.length; at += 1024) body.push(source.subarray(at, at + 1024))
      body.end()
      expect(Buffer.compare(yield* readAll(body, parts), source)).toBe(0)
    })
  )

  it.effect("does not keep a large read for a small part of it", () =>
    Effect.gen(function* () {
      const { body } = make()
      body.push(new Uint8Array(65_536).subarray(100, 2100))
      body.push(new Uint8Array(65_536).subarray(100, 110))
      const kept = [...(yield* body.pull)].reduce((sum, part) => sum + part.buffer.byteLength, 0)
      expect(kept).toBeLessThan(10_000)
    })
  )

  it.effect("discarded, it gives back what waits and what comes, and does not end as if it were whole", () =>
    Effect.gen(function* () {
      const { body, seen } = make()
      body.push(filled(100))
      body.discard(1)
      expect([body.unread, seen.consumed]).toEqual([0, 100])
      body.push(filled(50))
      expect([body.unread, seen.consumed]).toEqual([0, 150])
      body.discard(1)
      expect(seen.consumed).toBe(150)
      body.end()
      expect(yield* Effect.flip(body.pull)).toMatchObject({ origin: "User", streamId: 1 })
    })
  )

  it("is taken whole, where all has come and nothing was handed out", () => {
    const { body, seen } = make()
    body.push(ascii("ab"))
    expect(body.takeWhole(100)).toBeUndefined()
    body.push(ascii("cd"))
    body.end()
    expect(body.takeWhole(3)).toBeUndefined()
    expect(body.takeWhole(4)).toEqual(ascii("abcd"))
    expect([body.unread, seen.consumed]).toEqual([0, 4])
    expect(body.takeWhole(100)).toBeUndefined()
  })

  it.effect("awaitEnd waits for the end or the failure, read or not", () =>
    Effect.gen(function* () {
      const ended = make()
      const first = yield* waiting(ended.body.awaitEnd())
      ended.body.push(ascii("x"))
      ended.body.end()
      yield* Fiber.join(first)
      yield* ended.body.awaitEnd()
      const failed = make()
      const second = yield* waiting(failed.body.awaitEnd())
      failed.body.fail(failure)
      expect(yield* Effect.flip(Fiber.join(second))).toBe(failure)
      expect(yield* Effect.flip(failed.body.awaitEnd())).toBe(failure)
    })
  )

  it("whatever is pushed, pulled, interrupted and discarded: the octets come in order, and all credit comes back", () => {
    const step = fc.oneof(
      fc.integer({ min: 1, max: 3000 }).map((size) => ["push", size] as const),
      fc.constantFrom(["pull", 0] as const, ["turn", 0] as const, ["interrupt", 0] as const)
    )
    return fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), fc.boolean(), (steps, discards) =>
        Effect.runPromise(
          Effect.gen(function* () {
            const { body, seen, turn } = make()
            const source = pattern(steps.reduce((sum, [, size]) => sum + size, 0))
            let sent = 0
            const parts: Array<Uint8Array> = []
            const read = Effect.map(body.pull, (chunk) => void parts.push(...chunk))
            let reader: Fiber.RuntimeFiber<void, unknown> = yield* Effect.fork(Effect.void)
            for (const [what, size] of steps) {
              if (what === "push") {
                body.push(source.slice(sent, sent + size))
                sent += size
              } else if (what === "turn") {
                turn()
                yield* Effect.yieldNow()
              } else {
                // One reader at a time.
                yield* Fiber.interrupt(reader)
                if (what === "pull") reader = yield* waiting(read)
              }
              expect(seen.consumed + body.unread).toBe(sent)
            }
            yield* Fiber.interrupt(reader)
            if (discards) body.discard(1)
            else {
              body.end()
              expect(Buffer.compare(yield* readAll(body, parts), source)).toBe(0)
            }
            expect([body.unread, seen.consumed]).toEqual([0, sent])
          })
        )
      ),
      { numRuns: 60 }
    )
  })
})
