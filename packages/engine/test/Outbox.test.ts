/** What goes to the socket and in which order; what waits while the socket does not drain. */
import { adjust, PlainWindow } from "@effect-http2/engine/flow/window"
import type * as Frame from "@effect-http2/engine/Frame"
import * as Options from "@effect-http2/engine/Options"
import type { Output } from "@effect-http2/engine/Output"
import { describe, expect, it } from "vitest"
import { FrameDecoder } from "@effect-http2/engine/frame/frameDecoder"
import { Outbox } from "@effect-http2/engine/send/outbox"
import { Sender, type SenderOwner } from "@effect-http2/engine/send/sender"
import { concat } from "@effect-http2/engine/octets"
import { ok } from "@effect-http2/testkit/fieldBlock"
import { filled, pattern } from "@effect-http2/testkit/octets"
import { fieldsOf, ping } from "./support/wire.js"

/** A socket whose draining and whose turns are the test's. */
class Socket {
  readonly writes: Array<Uint8Array> = []
  pending = 0
  drains = true
  private deferred: Array<() => void> = []
  private listener: (() => void) | undefined = undefined
  readonly output: Output = {
    write: (chunks) => {
      const bytes = concat(chunks).slice()
      this.writes.push(bytes)
      if (!this.drains) this.pending += bytes.length
      return true
    },
    pendingOctets: () => this.pending,
    onDrain: (listener) => {
      this.listener = listener
    },
    defer: (task) => this.deferred.push(task)
  }

  /** Runs turns of the event loop until nothing is left to do. */
  run(turns = 1000): void {
    for (let i = 0; i < turns && this.deferred.length > 0; i++) for (const task of this.deferred.splice(0)) task()
  }

  drain(): void {
    this.pending = 0
    const { listener } = this
    this.listener = undefined
    listener?.()
  }

  frames(): ReadonlyArray<Frame.Frame> {
    return new FrameDecoder(16_777_215, false).decode(concat(this.writes))
  }

  /** Stream id and length of each DATA frame. */
  data(): ReadonlyArray<readonly [number, number]> {
    return this.frames().flatMap((frame) =>
      frame._tag === "Data" ? [[frame.streamId, frame.data.length] as const] : []
    )
  }
}

const make = (options: Partial<Options.Options> = {}, connectionWindow = 10_000_000) => {
  const socket = new Socket()
  const outbox = new Outbox(
    socket.output,
    new PlainWindow(65_535),
    Options.resolve(options),
    () => 0,
    (run) => run()
  )
  adjust(outbox.window, connectionWindow - 65_535)
  const ended: Array<number> = []
  const sender = (id: number, octets: Uint8Array, window = 10_000_000): Sender => {
    const owner: SenderOwner = { id, sentEnd: () => void ended.push(id), sendLast: () => {} }
    const sender = new Sender(owner, new PlainWindow(window), 1000, 0)
    sender.push(octets, 0)
    sender.finish(undefined)
    outbox.ready(sender)
    return sender
  }
  return { socket, outbox, ended, sender }
}

describe("outbox", () => {
  it("writes all of a turn at once", () => {
    const { outbox, socket } = make()
    outbox.control(ping(1))
    outbox.headers(1, fieldsOf(ok), [], [], false)
    outbox.smallBody(1, new PlainWindow(100), filled(5), true)
    expect(socket.writes).toHaveLength(0)
    socket.run()
    expect(socket.writes).toHaveLength(1)
    expect(socket.frames().map((frame) => frame._tag)).toEqual(["Ping", "Headers", "Data"])
  })

  it("[rfc9113-4.1-1] cuts DATA to the peer's MAX_FRAME_SIZE", () => {
    const { outbox, sender, socket } = make()
    const octets = pattern(40_000)
    sender(1, octets)
    socket.run()
    expect(socket.data()).toEqual([
      [1, 16_384],
      [1, 16_384],
      [1, 7232]
    ])
    outbox.setMaxFrameSize(100_000)
    sender(3, octets)
    socket.run()
    expect(socket.data()[3]).toEqual([3, 40_000])
    const bodies = socket.frames().flatMap((frame) => (frame._tag === "Data" ? [frame.data] : []))
    expect(concat(bodies.slice(0, 3))).toEqual(octets)
    expect(concat(bodies.slice(3))).toEqual(octets)
  })

  it("[rfc9113-4.1-1] [rfc9113-6.2-2] [rfc9113-6.10-1] cuts field blocks to the peer's MAX_FRAME_SIZE", () => {
    const { outbox, socket } = make()
    outbox.headers(1, fieldsOf(ok), fieldsOf([["x", "y".repeat(60_000)]]), [], true)
    socket.run()
    const [first, ...more] = socket.frames()
    expect(first).toMatchObject({ _tag: "Headers", endStream: true, endHeaders: false })
    expect(more.map((frame) => frame._tag === "Continuation" && frame.endHeaders)).toEqual([false, false, true])
  })

  it("ends the stream with its last octet", () => {
    const { ended, sender, socket } = make()
    sender(1, filled(20_000))
    socket.run()
    const ends = socket.frames().map((frame) => frame._tag === "Data" && frame.endStream)
    expect([ends, ended]).toEqual([[false, true], [1]])
  })

  it("serves streams in turn, one frame each, whoever came first", () => {
    const { sender, socket } = make()
    for (const id of [1, 3, 5]) sender(id, filled(3 * 16_384))
    socket.run()
    expect(socket.data().map(([id]) => id)).toEqual([1, 3, 5, 1, 3, 5, 1, 3, 5])
  })

  it("a small body does not wait for a large one", () => {
    const { outbox, sender, socket } = make()
    sender(1, filled(5_000_000))
    socket.run(1)
    expect(outbox.smallBody(3, new PlainWindow(1000), filled(100), true)).toBe(true)
    socket.run()
    const order = socket.data().map(([id]) => id)
    // It stands behind no more than what the first turn wrote: 512 KiB and one frame.
    expect(order.indexOf(3)).toBeLessThanOrEqual(65)
    expect(order.lastIndexOf(1)).toBeGreaterThan(250)
  })

  it("where priorities count, only a small body that is whole goes before others (RFC 9218 §10)", () => {
    const { outbox, sender, socket } = make()
    sender(1, filled(5_000_000))
    socket.run(1)
    const small = (octets: number, endStream: boolean) =>
      outbox.smallBody(3, new PlainWindow(10_000), filled(octets), endStream)
    expect(small(100, false)).toBe(true)
    outbox.prioritize()
    expect([small(100, false), small(4096, true), small(4097, true)]).toEqual([false, true, false])
    socket.run()
    expect(small(4097, false)).toBe(true)
  })

  it("control frames go before the DATA that waits", () => {
    const { outbox, sender, socket } = make()
    sender(1, filled(5_000_000))
    socket.run(1)
    outbox.control(ping(7))
    socket.run()
    const tags = socket.frames().map((frame) => frame._tag)
    expect(tags.indexOf("Ping")).toBeLessThanOrEqual(65)
    expect(tags.length).toBeGreaterThan(250)
  })

  it("[rfc9113-5.2.1-1] [rfc9113-6.9.1-1] sends no more than either window has", () => {
    const { outbox, sender, socket } = make({}, 65_535)
    const narrow = sender(1, filled(1000), 300)
    sender(3, filled(100_000))
    socket.run()
    const sum = (id: number) => socket.data().reduce((sum, [of, length]) => (of === id ? sum + length : sum), 0)
    expect([sum(1), sum(3)]).toEqual([300, 65_535 - 300])
    adjust(narrow.window, 700)
    outbox.ready(narrow)
    socket.run()
    expect(sum(1)).toBe(300)
    adjust(outbox.window, 701)
    outbox.schedule()
    socket.run()
    expect(sum(1) + sum(3)).toBe(65_535 + 701)
    adjust(outbox.window, 1_000_000)
    outbox.schedule()
    socket.run()
    expect([sum(1), sum(3), outbox.window.octets]).toEqual([1000, 100_000, 65_535 + 1_000_701 - 101_000])
  })

  it("a stream whose window is used up does not hold up the others", () => {
    const { sender, socket } = make()
    sender(1, filled(1000), 0)
    sender(3, filled(1000))
    socket.run()
    expect(socket.data()).toEqual([[3, 1000]])
  })

  it("drops what a stream that is over had to send", () => {
    const { ended, outbox, sender, socket } = make()
    const gone = sender(1, filled(1000))
    sender(3, filled(1000))
    outbox.drop(gone)
    socket.run()
    expect([socket.data(), ended, gone.queued]).toEqual([[[3, 1000]], [3], 0])
  })

  it("buffers no more than maxSendBuffer and a frame for a socket that does not drain", () => {
    const { outbox, sender, socket } = make({ maxSendBuffer: 100_000 }, 2_000_000_000)
    socket.drains = false
    for (let id = 1; id < 100; id += 2) sender(id, filled(1_000_000))
    socket.run()
    for (let i = 0; i < 100; i++) {
      expect(outbox.smallBody(201, new PlainWindow(100_000), filled(4000), false)).toBe(false)
      outbox.schedule()
      socket.run()
    }
    // 9 octets for each frame's header.
    expect(socket.pending).toBeLessThan(100_000 + 2 * 16_384)
    expect(outbox.isCongested).toBe(true)
    socket.drains = true
    socket.drain()
    socket.run()
    expect(socket.data().reduce((sum, [, length]) => sum + length, 0)).toBe(50_000_000)
  })

  it("control frames still go out to a socket that does not drain", () => {
    const { outbox, sender, socket } = make({ maxSendBuffer: 1000 })
    socket.drains = false
    sender(1, filled(100_000))
    socket.run()
    const before = socket.writes.length
    outbox.control(ping(1))
    socket.run()
    expect(socket.writes).toHaveLength(before + 1)
  })

  it("wakes a writer when half of what may wait has left, and when the stream is over", () => {
    const { outbox, socket } = make()
    const make2 = (id: number, window: number) => {
      const sender = new Sender({ id, sentEnd: () => {}, sendLast: () => {} }, new PlainWindow(window), 1000, 0)
      let woken = 0
      sender.push(filled(1000), 0)
      expect(sender.isFull).toBe(true)
      sender.onRoom(() => woken++)
      outbox.ready(sender)
      socket.run()
      return { sender, woken: () => woken }
    }
    expect(make2(1, 499).woken()).toBe(0)
    expect(make2(3, 500).woken()).toBe(1)
    const over = make2(5, 0)
    outbox.drop(over.sender)
    expect(over.woken()).toBe(1)
  })

  it("writes nothing once it is closed, and lets go of who waits", () => {
    const { outbox, sender, socket } = make()
    let drained = 0
    socket.pending = 1
    outbox.onDrained(() => drained++)
    sender(1, filled(10))
    outbox.close()
    outbox.control(ping(1))
    outbox.headers(1, fieldsOf(ok), [], [], true)
    outbox.endStream(1)
    socket.run()
    expect([socket.writes.length, drained]).toEqual([0, 1])
    outbox.onDrained(() => drained++)
    expect(drained).toBe(2)
  })
})
