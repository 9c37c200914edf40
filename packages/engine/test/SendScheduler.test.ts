/** Whose DATA goes next, of those that can send (RFC 9218 §10, RFC 9113 §5.3.2). */
import { PlainWindow } from "@effect-http2/engine/flow/window"
import * as fc from "effect/FastCheck"
import { describe, expect, it } from "vitest"
import { Sender } from "@effect-http2/engine/send/sender"
import { SendScheduler } from "@effect-http2/engine/send/sendScheduler"

interface Kind {
  readonly urgency?: number
  readonly incremental?: boolean | undefined
  readonly isTunnel?: boolean
}

const senderOf = (id: number, { incremental, isTunnel = false, urgency = 3 }: Kind = {}): Sender => {
  const sender = new Sender({ id, sentEnd: () => {}, sendLast: () => {} }, new PlainWindow(1), 1, 0)
  sender.rank(urgency, incremental, isTunnel)
  return sender
}

/** A scheduler of a connection whose client signals, and who waits there. */
const waiting = (kinds: Readonly<Record<number, Kind>>): SendScheduler => {
  const scheduler = new SendScheduler()
  scheduler.prioritize()
  for (const [id, kind] of Object.entries(kinds)) scheduler.add(senderOf(Number(id), kind))
  return scheduler
}

/** The ids of the next `turns` frames, of senders that always have more. */
const ids = (scheduler: SendScheduler, turns: number): ReadonlyArray<number> =>
  Array.from({ length: turns }, () => {
    const sender = scheduler.take()
    if (sender === undefined) return 0
    scheduler.add(sender)
    return sender.owner.id
  })

/** The ids in the order in which senders of one frame each go. */
const once = (scheduler: SendScheduler): ReadonlyArray<number> => {
  const order: Array<number> = []
  for (let sender = scheduler.take(); sender !== undefined; sender = scheduler.take()) order.push(sender.owner.id)
  return order
}

const i = true

describe("the scheduler", () => {
  it("the more urgent go first, whoever came first", () => {
    const scheduler = waiting({ 1: { urgency: 7 }, 3: { urgency: 5, incremental: i }, 5: {}, 7: { urgency: 0 } })
    expect(ids(scheduler, 3)).toEqual([7, 7, 7])
    expect(once(scheduler)).toEqual([7, 5, 3, 1])
  })

  it("[rfc9218-10-1] of one urgency those that are not incremental go one after another, by their ids", () => {
    const scheduler = waiting({})
    for (const id of [5, 1, 7, 3]) scheduler.add(senderOf(id))
    expect(ids(scheduler, 3)).toEqual([1, 1, 1])
    expect(scheduler.take()?.owner.id).toBe(1)
    expect(ids(scheduler, 2)).toEqual([3, 3])
    scheduler.add(senderOf(1))
    expect(once(scheduler)).toEqual([1, 3, 5, 7])
  })

  it("[rfc9218-10-2] of one urgency those that are incremental go in turn, a frame each", () => {
    const scheduler = waiting({ 1: { incremental: i }, 3: { incremental: i }, 5: { incremental: i } })
    expect(ids(scheduler, 7)).toEqual([1, 3, 5, 1, 3, 5, 1])
  })

  it("of both kinds at one urgency neither waits for the other: half of the frames each", () => {
    const scheduler = waiting({ 1: {}, 3: { incremental: i }, 5: { incremental: i }, 7: {} })
    expect(ids(scheduler, 8)).toEqual([1, 3, 1, 5, 1, 3, 1, 5])
  })

  it("[rfc9113-5.3.2-1] without a signal all go in turn, tunnels too", () => {
    const scheduler = new SendScheduler()
    for (const id of [5, 1, 3]) scheduler.add(senderOf(id, { isTunnel: id === 1 }))
    expect(ids(scheduler, 6)).toEqual([5, 1, 3, 5, 1, 3])
  })

  it("[rfc9218-4-1] with the first signal those of whom nobody has said anything get the defaults", () => {
    const scheduler = new SendScheduler()
    for (const [id, incremental] of [
      [5, undefined],
      [3, true],
      [1, undefined],
      [7, false]
    ] as const) {
      scheduler.add(senderOf(id, { incremental }))
    }
    expect(ids(scheduler, 4)).toEqual([7, 5, 7, 3])
    scheduler.prioritize()
    expect(ids(scheduler, 4)).toEqual([1, 3, 1, 3])
    expect(once(scheduler)).toEqual([1, 3, 5, 7])
  })

  it("without a signal what a handler has said still counts", () => {
    const scheduler = new SendScheduler()
    for (const id of [1, 3]) scheduler.add(senderOf(id))
    scheduler.add(senderOf(5, { urgency: 7 }))
    scheduler.add(senderOf(7, { urgency: 1 }))
    expect(once(scheduler)).toEqual([7, 1, 3, 5])
  })

  it("[rfc9218-10.1-1] a tunnel gets a frame in eight however urgent the others are, several of them in turn", () => {
    const scheduler = waiting({
      1: { isTunnel: i },
      3: { urgency: 7, isTunnel: i },
      5: { urgency: 0 },
      7: { urgency: 7 }
    })
    const order = ids(scheduler, 64)
    const count = (id: number) => order.filter((of) => of === id).length
    expect([count(1), count(3), count(5), count(7)]).toEqual([4, 4, 56, 0])
    expect(order.slice(0, 16)).toEqual([5, 5, 5, 5, 5, 5, 5, 1, 5, 5, 5, 5, 5, 5, 5, 3])
  })

  it("[rfc9218-10.1-1] a tunnel shares with those that are as urgent, and goes before the less urgent", () => {
    expect(ids(waiting({ 1: {}, 3: { incremental: i }, 5: { isTunnel: i } }), 8)).toEqual([1, 3, 1, 5, 1, 3, 1, 5])
    expect(ids(waiting({ 1: {}, 5: { urgency: 2, isTunnel: i } }), 8)).toEqual(Array(8).fill(5))
  })

  it("forgets who leaves early, and all of them at the end", () => {
    const scheduler = waiting({})
    const all = [senderOf(1), senderOf(3, { incremental: i }), senderOf(5, { urgency: 7, isTunnel: i })]
    for (const sender of all) scheduler.add(sender)
    for (const sender of all) {
      expect(sender.isReady).toBe(true)
      scheduler.remove(sender)
      expect(sender.isReady).toBe(false)
    }
    expect([scheduler.isEmpty, scheduler.take()]).toEqual([true, undefined])
    for (const sender of all) scheduler.add(sender)
    expect(scheduler.isEmpty).toBe(false)
    scheduler.clear()
    expect([scheduler.isEmpty, ...all.map(({ isReady }) => isReady)]).toEqual([true, false, false, false])
    expect(ids(waiting({ 1: {} }), 9)).toEqual(Array(9).fill(1))
  })

  it("everybody who waits is served once, in the order of the rules", () => {
    const kind = fc.record({
      urgency: fc.integer({ min: 0, max: 7 }),
      incremental: fc.constantFrom(true, false, undefined)
    })
    fc.assert(
      fc.property(fc.array(kind, { maxLength: 40 }), fc.nat(), (kinds, signalAt) => {
        const scheduler = new SendScheduler()
        const senders = kinds.map((kind, i) => senderOf(1 + 2 * ((i * 7) % kinds.length), kind))
        const distinct = senders.filter(
          (sender, i) => senders.findIndex(({ owner }) => owner.id === sender.owner.id) === i
        )
        distinct.forEach((sender, i) => {
          if (i === signalAt % 40) scheduler.prioritize()
          scheduler.add(sender)
        })
        scheduler.prioritize()
        const byId = new Map(distinct.map((sender) => [sender.owner.id, sender]))
        const order = once(scheduler).map((id) => byId.get(id) ?? expect.unreachable())
        expect(new Set(order)).toEqual(new Set(distinct))
        expect(order).toHaveLength(distinct.length)
        const urgencies = order.map(({ urgency }) => urgency)
        expect(urgencies).toEqual([...urgencies].sort())
        for (const urgency of new Set(urgencies)) {
          const ordered = order.filter((sender) => sender.urgency === urgency && sender.incremental !== true)
          const ids = ordered.map(({ owner }) => owner.id)
          expect(ids).toEqual([...ids].sort((a, b) => a - b))
        }
      })
    )
  })
})
