/** The windows where the TRefs of Effect are not as `windows` expects them: everything is a plain transaction then. */
import * as Effect from "effect/Effect"
import * as STM from "effect/STM"
import type * as TRefModule from "effect/TRef"
import { adjust, take } from "@effect-http2/engine/flow/window"
import { afterAll, describe, expect, it, vi } from "vitest"

// A TRef whose insides have other names: the shortcut must not be taken.
vi.mock("effect/TRef", async (importOriginal) => {
  const original = await importOriginal<typeof TRefModule>()
  class Opaque {
    constructor(readonly inner: TRefModule.TRef<number>) {}
  }
  const inner = (ref: unknown): TRefModule.TRef<number> => (ref as Opaque).inner
  return {
    ...original,
    make: (value: number) => STM.map(original.make(value), (ref) => new Opaque(ref)),
    get: (ref: unknown) => original.get(inner(ref)),
    set: (ref: unknown, value: number) => original.set(inner(ref), value),
    update: (ref: unknown, f: (value: number) => number) => original.update(inner(ref), f)
  }
})

// The modules of other files have the TRefs of Effect, and are not to have these.
vi.resetModules()
afterAll(() => {
  vi.resetModules()
})

const FlowControl = await import("../src/FlowControl.js")
const Windows = await import("../src/internal/windows.js")

describe("a window without the shortcut", () => {
  it("is in use in this file", () => {
    expect(Windows.isDirect).toBe(false)
  })

  it("takes, gives and bounds as with it", () => {
    const stream = Windows.makeWindow(10)
    const connection = Windows.makeWindow(6)
    expect(take(stream, connection, 100)).toBe(6)
    expect(take(stream, connection, 1)).toBe(0)
    expect(adjust(stream, -9)).toBe(true)
    expect([stream.octets, connection.octets]).toEqual([-5, 0])
    expect(adjust(connection, 0x80000000)).toBe(false)
  })

  it("wakes transactions that wait", async () => {
    const window = Windows.makeWindow(0)
    const waiting = Effect.runPromise(STM.commit(FlowControl.awaitAvailable(window, 3)))
    adjust(window, 3)
    await waiting
    expect(window.octets).toBe(3)
  })
})
