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
import { isDirect, makeWindow, TRefWindow } from "../src/internal/windows.js"
import { ReceiveWindow } from "@effect-http2/engine/flow/receiveWindow"
import { adjust, PlainWindow, take } from "@effect-http2/engine/flow/window"

const MAX_WINDOW_SIZE = 0x7fffffff

const waits = <A, E>(fiber: Fiber.RuntimeFiber<A, E>) =>
  Effect.gen(function* () {
    yield* Effect.yieldNow()
    yield* Effect.yieldNow()
    expect(yield* Fiber.poll(fiber)).toEqual(Option.none())
  })

/** A window on a TRef as the engine makes it, and on one that STM has made. */
const kinds = [
  ["made directly", () => makeWindow(10)],
  ["made by STM", () => new TRefWindow(Effect.runSync(STM.commit(TRef.make(10))))]
] as const

describe.each(kinds)("a window %s", (_kind, make) => {
  it.effect("is seen alike by transactions and by the engine", () =>
    Effect.gen(function* () {
      const window = make()
      expect([window.octets, yield* STM.commit(window.available)]).toEqual([10, 10])
      expect(adjust(window, 5)).toBe(true)
      expect([window.octets, yield* STM.commit(window.available)]).toEqual([15, 15])
    })
  )

  it.effect("wakes a transaction that waits, when the engine gives credit, and no sooner", () =>
    Effect.gen(function* () {
      const window = make()
      const waiting = yield* Effect.fork(STM.commit(FlowControl.awaitAvailable(window, 12)))
      yield* waits(waiting)
      adjust(window, 1)
      yield* waits(waiting)
      adjust(window, 1)
      yield* Fiber.join(waiting)
      expect(window.octets).toBe(12)
    })
  )

  it.effect("is waited on together with another, in one transaction", () =>
    Effect.gen(function* () {
      const stream = make()
      const connection = makeWindow(4)
      const both = STM.all([stream, connection].map((window) => FlowControl.awaitAvailable(window, 7)))
      const waiting = yield* Effect.fork(STM.commit(both))
      yield* waits(waiting)
      adjust(connection, 3)
      yield* Fiber.join(waiting)
      expect([stream.octets, connection.octets]).toEqual([10, 7])
    })
  )

  it.effect("one that waited and was interrupted leaves nothing behind", () =>
    Effect.gen(function* () {
      const window = make()
      adjust(window, -10)
      const waiting = yield* Effect.fork(STM.commit(FlowControl.awaitAvailable(window, 5)))
      yield* waits(waiting)
      yield* Fiber.interrupt(waiting)
      adjust(window, 8)
      expect(window.octets).toBe(8)
    })
  )

  it("[rfc9113-6.9.2-2] goes below zero, and gives nothing until it is positive", () => {
    const window = make()
    const connection = makeWindow(100)
    expect(adjust(window, -25)).toBe(true)
    expect(window.octets).toBe(-15)
    expect(take(window, connection, 5)).toBe(0)
    adjust(window, 15)
    expect(take(window, connection, 5)).toBe(0)
    adjust(window, 1)
    expect(take(window, connection, 5)).toBe(1)
    expect([window.octets, connection.octets]).toEqual([0, 99])
  })

  it("[rfc9113-6.9.1-3] does not grow beyond 2^31-1", () => {
    const window = make()
    expect(adjust(window, MAX_WINDOW_SIZE - 9)).toBe(false)
    expect(window.octets).toBe(10)
    expect(adjust(window, MAX_WINDOW_SIZE - 10)).toBe(true)
  })

  it("reads and writes as transactions do, in any order", () => {
    const step = fc.tuple(fc.constantFrom("get", "set", "stmGet"), fc.integer())
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const window = make()
        let value = 10
        for (const [what, next] of steps) {
          if (what === "get") expect(window.octets).toBe(value)
          else if (what === "stmGet") expect(Effect.runSync(STM.commit(window.available))).toBe(value)
          else {
            value = next
            window.octets = next
          }
        }
      })
    )
  })
})

it("the TRefs are those of the Effect that it runs with", () => {
  expect(isDirect).toBe(true)
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
