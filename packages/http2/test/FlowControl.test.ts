/** Flow-control windows as TRefs: transactions wait on them, and the engine's direct writes wake those that do. */
import * as FlowControl from "@effect-http2/http2/FlowControl"
import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as fc from "effect/FastCheck"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as STM from "effect/STM"
import * as TRef from "effect/TRef"
import { expect } from "vitest"
import * as DirectTRef from "../src/internal/directTRef.js"
import { ReceiveWindow } from "@effect-http2/engine/flow/receiveWindow"
import { PlainWindow } from "@effect-http2/engine/flow/window"

const MAX_WINDOW_SIZE = 0x7fffffff

const waits = <A, E>(fiber: Fiber.RuntimeFiber<A, E>) =>
  Effect.gen(function* () {
    yield* Effect.yieldNow()
    yield* Effect.yieldNow()
    expect(yield* Fiber.poll(fiber)).toEqual(Option.none())
  })

/** A window as any TRef is made, and one that the engine makes. */
const kinds = [
  ["made directly", () => FlowControl.make(10)],
  ["made by STM", () => Effect.runSync(STM.commit(TRef.make(10)))]
] as const

describe.each(kinds)("a window %s", (_kind, make) => {
  it.effect("is seen alike by transactions and by the engine", () =>
    Effect.gen(function* () {
      const window = make()
      expect(FlowControl.available(window)).toBe(10)
      expect(FlowControl.adjustNow(window, 5)).toBe(true)
      expect(yield* STM.commit(TRef.get(window))).toBe(15)
      yield* STM.commit(TRef.set(window, 3))
      expect(FlowControl.available(window)).toBe(3)
    })
  )

  it.effect("wakes a transaction that waits, when the engine gives credit, and no sooner", () =>
    Effect.gen(function* () {
      const window = make()
      const waiting = yield* Effect.fork(STM.commit(FlowControl.awaitAvailable(window, 12)))
      yield* waits(waiting)
      FlowControl.adjustNow(window, 1)
      yield* waits(waiting)
      FlowControl.adjustNow(window, 1)
      yield* Fiber.join(waiting)
      expect(FlowControl.available(window)).toBe(12)
    })
  )

  it.effect("is taken from together with another, the same number, in one transaction", () =>
    Effect.gen(function* () {
      const stream = make()
      const connection = FlowControl.make(4)
      expect(yield* STM.commit(FlowControl.take([stream, connection], 7))).toBe(4)
      expect([stream, connection].map(FlowControl.available)).toEqual([6, 0])
      const waiting = yield* Effect.fork(STM.commit(FlowControl.take([stream, connection], 7)))
      yield* waits(waiting)
      // Nothing was taken from the one while the other is exhausted.
      expect(FlowControl.available(stream)).toBe(6)
      FlowControl.adjustNow(connection, 2)
      expect(yield* Fiber.join(waiting)).toBe(2)
      expect([stream, connection].map(FlowControl.available)).toEqual([4, 0])
    })
  )

  it.effect("a waiting transaction that is interrupted takes nothing", () =>
    Effect.gen(function* () {
      const window = make()
      FlowControl.adjustNow(window, -10)
      const waiting = yield* Effect.fork(STM.commit(FlowControl.take([window], 5)))
      yield* waits(waiting)
      yield* Fiber.interrupt(waiting)
      FlowControl.adjustNow(window, 8)
      expect(FlowControl.available(window)).toBe(8)
    })
  )

  it.effect("many that wait share what comes, and lose none of it", () =>
    Effect.gen(function* () {
      const window = make()
      FlowControl.adjustNow(window, -10)
      const takers = yield* Effect.forEach([3, 3, 3], (wanted) =>
        Effect.fork(STM.commit(FlowControl.take([window], wanted)))
      )
      for (const taker of takers) yield* waits(taker)
      FlowControl.adjustNow(window, 9)
      expect(yield* Effect.forEach(takers, Fiber.join)).toEqual([3, 3, 3])
      expect(FlowControl.available(window)).toBe(0)
    })
  )

  it("[rfc9113-6.9.2-2] goes below zero, and gives nothing until it is positive", () => {
    const window = make()
    const connection = FlowControl.make(100)
    expect(FlowControl.adjustNow(window, -25)).toBe(true)
    expect(FlowControl.available(window)).toBe(-15)
    expect(FlowControl.takeNow(window, connection, 5)).toBe(0)
    FlowControl.adjustNow(window, 15)
    expect(FlowControl.takeNow(window, connection, 5)).toBe(0)
    FlowControl.adjustNow(window, 1)
    expect(FlowControl.takeNow(window, connection, 5)).toBe(1)
    expect([window, connection].map(FlowControl.available)).toEqual([0, 99])
  })

  it.effect("[rfc9113-6.9.1-3] does not grow beyond 2^31-1", () =>
    Effect.gen(function* () {
      const window = make()
      expect(FlowControl.adjustNow(window, MAX_WINDOW_SIZE - 9)).toBe(false)
      expect(FlowControl.available(window)).toBe(10)
      expect(FlowControl.adjustNow(window, MAX_WINDOW_SIZE - 10)).toBe(true)
      expect(yield* Effect.flip(STM.commit(FlowControl.release(window, 1)))).toBe("WindowOverflow")
      yield* STM.commit(TRef.set(window, 0))
      yield* STM.commit(FlowControl.release(window, 7))
      expect(FlowControl.available(window)).toBe(7)
    })
  )
})

describe("directTRef", () => {
  it("knows the TRefs of the Effect that it runs with", () => {
    expect(DirectTRef.isDirect).toBe(true)
  })

  it("reads and writes as transactions do, in any order", () => {
    const step = fc.tuple(fc.constantFrom("get", "set", "stmGet", "stmSet"), fc.integer())
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const ref = DirectTRef.make(0)
        let value = 0
        for (const [what, next] of steps) {
          if (what === "get") expect(DirectTRef.get(ref)).toBe(value)
          else if (what === "stmGet") expect(Effect.runSync(STM.commit(TRef.get(ref)))).toBe(value)
          else {
            value = next
            if (what === "set") DirectTRef.set(ref, next)
            else Effect.runSync(STM.commit(TRef.set(ref, next)))
          }
        }
      })
    )
  })
})

describe("receiveWindow", () => {
  it("[rfc9113-6.9.1-1] takes no more than it has", () => {
    const window = new ReceiveWindow(new PlainWindow(10), false)
    expect(window.receive(10)).toBe(true)
    expect(window.receive(1)).toBe(false)
    expect(window.outstanding).toBe(10)
  })

  it("[rfc9113-6.9.3-1] lets a peer that does not know its size yet go beyond it", () => {
    const window = new ReceiveWindow(new PlainWindow(10), false)
    expect(window.receive(15, 5)).toBe(true)
    expect(window.receive(1, 5)).toBe(false)
    expect([4, 4, 4, 3].map((octets) => window.consume(octets))).toEqual([0, 8, 0, 7])
    expect(window.outstanding).toBe(0)
  })

  it("takes a frame without octets where nothing is left of it, and below zero", () => {
    const window = new ReceiveWindow(new PlainWindow(10), false)
    window.receive(15, 5)
    expect([window.receive(0), window.receive(1)]).toEqual([true, false])
  })

  it("gives back at half of it", () => {
    const window = new ReceiveWindow(new PlainWindow(10), false)
    window.receive(9)
    expect([4, 1, 4].map((octets) => window.consume(octets))).toEqual([0, 5, 0])
    expect(window.outstanding).toBe(0)
    expect(window.window.octets).toBe(6)
  })

  it("gives back at half of what is not left unread, where it is shared", () => {
    const window = new ReceiveWindow(new PlainWindow(10), true)
    window.receive(6)
    window.receive(2)
    // 6 stay unread: the peer has 2 left, and 2 are kept from it.
    expect([1, 1].map((octets) => window.consume(octets))).toEqual([0, 2])
    window.receive(1)
    expect(window.consume(1)).toBe(0)
    window.receive(2)
    expect([window.consume(0), window.consume(2)]).toEqual([1, 2])
  })

  it.each([
    ["one message's", false],
    ["shared", true]
  ])("loses no octet, %s: what is free, consumed and unread is always the whole", (_kind, isShared) => {
    const step = fc.tuple(fc.constantFrom("arrives", "is read", "resizes"), fc.integer({ min: 0, max: 300 }))
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1000 }), fc.array(step), (size, steps) => {
        const window = new ReceiveWindow(new PlainWindow(size), isShared)
        let unread = 0
        let granted = size
        for (const [what, octets] of steps) {
          if (what === "arrives") {
            const fits = octets === 0 || octets <= granted
            expect(window.receive(octets)).toBe(fits)
            if (fits) {
              unread += octets
              granted -= octets
              if (isShared) granted += window.consume(0)
            }
          } else if (what === "resizes") {
            const delta = octets + 1 - window.size
            granted += delta + window.resize(delta)
          } else {
            const consumed = Math.min(octets, unread)
            unread -= consumed
            granted += window.consume(consumed)
          }
          expect(window.outstanding).toBe(unread)
          expect(window.window.octets).toBe(granted)
          // A peer whose window is used up gets credit as soon as everything was read.
          if (unread === 0) expect(granted).toBeGreaterThan(0)
          // Of a shared one, as soon as anything is free.
          if (isShared && unread < window.size) expect(granted).toBeGreaterThan(0)
        }
      })
    )
  })
})
