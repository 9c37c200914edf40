/**
 * What connections that are busy may do before the event loop gets to others: requests that have come at once start as long as there is time in its round,
 * the rest in later ones. The engine is driven by hand, with a clock that its handlers move.
 */
import { Rounds } from "@effect-http2/engine/connection/turn"
import * as Frame from "@effect-http2/engine/Frame"
import { encode } from "@effect-http2/engine/frame/frameEncoder"
import { FrameDecoder } from "@effect-http2/engine/frame/frameDecoder"
import { preface } from "@effect-http2/engine/frame/preface"
import * as Headers from "@effect-http2/engine/Headers"
import { concat } from "@effect-http2/engine/octets"
import { ServerRole } from "@effect-http2/engine/server/serverRole"
import type { ServerStream } from "@effect-http2/engine/server/serverStream"
import { describe, expect, it } from "vitest"
import { Side } from "./support/byHand.js"

const fields = Uint8Array.from([0x82, 0x86, 0x84, 0x41, 1, 0x61])
const get = (id: number): Uint8Array => encode(new Frame.Headers(id, true, true, fields, undefined))
const reset = (id: number): Uint8Array => encode(new Frame.RstStream(id, 8))
const ids = Array.from({ length: 100 }, (_, i) => 2 * i + 1)
const first = concat([preface, encode(new Frame.Settings(false, [])), encode(new Frame.Settings(true, []))])

/** The most that handlers may take of a round, and of a turn of a connection that has waited, in ms. */
const roundTime = 8
const turnTime = 1

/** A connection whose handlers answer at once, each behind `takes` ms of the clock. */
class Served {
  readonly side: Side
  readonly started: Array<number> = []
  private readonly decoder = new FrameDecoder(16_384, false)

  constructor(loop: Loop) {
    const handler = {
      handle: (stream: ServerStream) => {
        this.started.push(stream.id)
        loop.pass(loop.takes)
        stream.respond({ status: 204, headers: Headers.empty, body: undefined, trailers: undefined })
        stream.handlerEnded()
      }
    }
    this.side = new Side(new ServerRole(handler, false), true, undefined, loop.rounds, loop.tasks)
    this.side.read(first)
    this.answered()
  }

  /** The streams whose responses were written since. */
  answered(): ReadonlyArray<number> {
    const frames = this.decoder.decode(concat(this.side.written.splice(0)))
    return frames.flatMap((frame) => (frame._tag === "Headers" ? [frame.streamId] : []))
  }
}

/** An event loop, for the connections of a listener. */
class Loop {
  now = 0
  readonly sides: Array<Side> = []
  readonly rounds = new Rounds()
  readonly tasks: Array<() => void> = []

  /** `takes`: ms of a handler. */
  constructor(readonly takes: number) {}

  connect(): Served {
    const served = new Served(this)
    served.side.now = this.now
    this.sides.push(served.side)
    this.tasks.length = 0
    return served
  }

  /** Time passes for all of them. */
  pass(millis: number): void {
    this.now += millis
    for (const side of this.sides) side.now = this.now
  }

  /** Goes round once. */
  goRound(): void {
    for (const task of this.tasks.splice(0)) task()
  }

  /** Goes round until there is nothing to do, or for ever where there always is; after each round calls `look`. */
  run(look: () => void = () => {}): void {
    while (this.tasks.length > 0) {
      this.goRound()
      look()
    }
  }
}

describe("A round of the event loop", () => {
  it("starts all requests of a read whose handlers take no time", () => {
    const loop = new Loop(0)
    const { side, started } = loop.connect()
    side.read(concat(ids.map(get)))
    expect(started).toEqual(ids)
  })

  it("starts no more than it has time for, in order, and answers them before the next", () => {
    const loop = new Loop(1)
    const served = loop.connect()
    served.side.read(concat(ids.map(get)))
    expect(served.started).toEqual(ids.slice(0, roundTime))
    expect(served.answered()).toEqual(ids.slice(0, roundTime))
    let before = served.started.length
    loop.run(() => {
      expect(served.started.length - before).toBeLessThanOrEqual(turnTime)
      expect(served.answered()).toEqual(ids.slice(before, served.started.length))
      before = served.started.length
    })
    expect(served.started).toEqual(ids)
  })

  it("is no longer where more is read meanwhile", () => {
    const loop = new Loop(1)
    const { side, started } = loop.connect()
    side.read(concat(ids.slice(0, 50).map(get)))
    for (const id of ids.slice(50)) side.read(get(id))
    expect(started.length).toBe(roundTime)
    loop.run()
    expect(started).toEqual(ids)
  })

  it("is no longer where many connections are busy, which take turns", () => {
    const loop = new Loop(1)
    const busy = Array.from({ length: 10 }, () => loop.connect())
    for (const { side } of busy) side.read(concat(ids.map(get)))
    const counts = () => busy.map(({ started }) => started.length)
    const total = () => counts().reduce((sum, count) => sum + count)
    // One of each, and what there was time for.
    expect(total()).toBeLessThanOrEqual(roundTime + busy.length)
    let before = total()
    loop.run(() => {
      expect(total() - before).toBeLessThanOrEqual(roundTime)
      before = total()
      // Whoever has something left has had as many turns as the others, but for what the first one did in its read.
      const others = counts().slice(1)
      expect(Math.max(...others) - Math.min(...others)).toBeLessThanOrEqual(turnTime)
    })
    expect(counts()).toEqual(busy.map(() => ids.length))
  })

  it("has time for a connection that is new, however busy the others are", () => {
    const loop = new Loop(1)
    const busy = Array.from({ length: 10 }, () => loop.connect())
    for (const { side } of busy) side.read(concat(ids.map(get)))
    loop.goRound()
    const before = loop.now
    const fresh = loop.connect()
    fresh.side.read(get(1))
    expect(fresh.answered()).toEqual([1])
    expect(loop.now - before).toBe(1)
  })

  it("[CVE-2023-44487] does not start what was reset meanwhile", () => {
    const loop = new Loop(1)
    const { side, started } = loop.connect()
    side.read(concat(ids.map(get)))
    side.read(concat(ids.slice(roundTime).map(reset)))
    loop.run()
    expect(started).toEqual(ids.slice(0, roundTime))
  })

  it("starts nothing of a connection that has ended, and all of the others", () => {
    const loop = new Loop(1)
    const [ended, other] = [loop.connect(), loop.connect()]
    for (const { side } of [ended, other]) side.read(concat(ids.map(get)))
    ended.side.connection.close(undefined)
    loop.run()
    expect(ended.started).toEqual(ids.slice(0, roundTime))
    expect(other.started).toEqual(ids)
  })
})
