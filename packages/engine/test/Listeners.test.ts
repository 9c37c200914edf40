import { Listeners } from "@effect-http2/engine/listeners"
import { describe, expect, it } from "vitest"

const make = () => {
  const listeners = new Listeners()
  const heard: Array<string> = []
  const named = (name: string) => () => void heard.push(name)
  return { heard, listeners, named }
}

describe("listeners", () => {
  it.each([[[]], [["one"]], [["one", "two"]], [["one", "two", "three"]]])("%j are called once, in order", (names) => {
    const { heard, listeners, named } = make()
    for (const name of names) listeners.add(named(name))
    expect(listeners.isEmpty).toBe(names.length === 0)
    listeners.notify()
    listeners.notify()
    expect(heard).toEqual(names)
    expect(listeners.isEmpty).toBe(true)
  })

  it.each([[["one"]], [["one", "two"]], [["one", "two", "three"]]])(
    "of %j one that is removed is not called",
    (names) => {
      for (const removed of names) {
        const { heard, listeners, named } = make()
        const all = names.map((name) => [name, named(name)] as const)
        for (const [, listener] of all) listeners.add(listener)
        for (const [name, listener] of all) if (name === removed) listeners.remove(listener)
        listeners.remove(named(removed))
        expect(listeners.isEmpty).toBe(names.length === 1)
        listeners.notify()
        expect(heard).toEqual(names.filter((name) => name !== removed))
      }
    }
  )

  it("one that is added while they are called waits for the next time", () => {
    const { heard, listeners, named } = make()
    listeners.add(() => {
      heard.push("first")
      listeners.add(named("added"))
    })
    listeners.notify()
    expect(heard).toEqual(["first"])
    listeners.notify()
    expect(heard).toEqual(["first", "added"])
  })
})
