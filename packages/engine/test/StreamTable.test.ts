import * as fc from "effect/FastCheck"
import { describe, expect, it } from "vitest"
import { type Entry, StreamTable } from "@effect-http2/engine/stream/streamTable"

const idsOf = (table: StreamTable<Entry>): ReadonlyArray<number> =>
  table
    .values()
    .map((entry) => entry.id)
    .sort((a, b) => a - b)

describe("streamTable", () => {
  it("[rfc9113-5.1.1-1] knows whose an id is", () => {
    const client = new StreamTable<Entry>(1)
    const server = new StreamTable<Entry>(0)
    expect([1, 2, 0x7fffffff].map((id) => client.isLocal(id))).toEqual([true, false, true])
    expect([1, 2, 0x7fffffff].map((id) => server.isLocal(id))).toEqual([false, true, false])
  })

  it("an id is idle until it, or a higher one of its side, was opened", () => {
    const table = new StreamTable<Entry>(0)
    expect([1, 2, 5].map((id) => table.isIdle(id))).toEqual([true, true, true])
    table.add({ id: 5 })
    expect([1, 3, 5, 7, 2].map((id) => table.isIdle(id))).toEqual([false, false, false, true, true])
    table.add({ id: 2 })
    expect([2, 4].map((id) => table.isIdle(id))).toEqual([false, true])
    expect([table.highestRemote, table.highestLocal]).toEqual([5, 2])
  })

  it("remembers how the last stream of each place ended", () => {
    const table = new StreamTable<Entry>(0)
    const [ended, reset] = [{ id: 1 }, { id: 3 }]
    for (const entry of [ended, reset]) table.add(entry)
    table.remove(ended, false)
    table.remove(reset, true)
    expect([1, 3, 5].map((id) => table.endingOf(id))).toEqual(["ended", "reset", "unknown"])
  })

  it("remembers endings, and keeps streams, when it grows", () => {
    const table = new StreamTable<Entry>(0)
    const entries = [1, 3, 5].map((id) => ({ id }))
    for (const entry of entries) table.add(entry)
    for (const entry of entries.slice(0, 2)) table.remove(entry, entry.id === 3)
    table.add({ id: 201 })
    expect([1, 3, 5, 7].map((id) => table.endingOf(id))).toEqual(["ended", "reset", "unknown", "unknown"])
    expect(idsOf(table)).toEqual([5, 201])
  })

  it("a stream that was removed already is not removed again", () => {
    const table = new StreamTable<Entry>(0)
    const entry = { id: 1 }
    table.add(entry)
    table.remove(entry, false)
    table.remove(entry, true)
    expect([table.size, table.endingOf(1)]).toEqual([0, "ended"])
  })

  it("holds streams whose places collide, and grows", () => {
    const table = new StreamTable<Entry>(0)
    // Ids that are 512 apart share a place of the first 256.
    const entries = Array.from({ length: 300 }, (_, index) => ({ id: 1 + index * 512 }))
    for (const entry of entries) table.add(entry)
    expect(table.remoteCount).toBe(300)
    for (const entry of entries) expect(table.get(entry.id)).toBe(entry)
    expect(table.values()).toHaveLength(300)
    for (const entry of entries) table.remove(entry, false)
    expect([table.size, table.values().length]).toEqual([0, 0])
    for (const entry of entries) expect(table.get(entry.id)).toBeUndefined()
  })

  it("is a map from id to stream, whatever is added and removed", () => {
    const step = fc.tuple(fc.boolean(), fc.integer({ min: 1, max: 3000 }))
    fc.assert(
      fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
        const table = new StreamTable<Entry>(1)
        const model = new Map<number, Entry>()
        for (const [adds, id] of steps) {
          const known = model.get(id)
          if (adds && known === undefined) {
            const entry = { id }
            model.set(id, entry)
            table.add(entry)
          } else if (!adds && known !== undefined) {
            model.delete(id)
            table.remove(known, false)
          }
          expect(table.get(id)).toBe(model.get(id))
        }
        expect(idsOf(table)).toEqual([...model.keys()].sort((a, b) => a - b))
        const local = [...model.keys()].filter((id) => id % 2 === 1).length
        expect([table.localCount, table.remoteCount]).toEqual([local, model.size - local])
      })
    )
  })
})
