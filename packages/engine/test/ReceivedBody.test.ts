/** What the bodies of both skins have in common: what is kept of DATA that nobody has read yet, and what goes back to the windows. */
import { usageError } from "@effect-http2/engine/Http2Error"
import { concat } from "@effect-http2/engine/octets"
import { maxUncopied, ReceivedBody } from "@effect-http2/engine/stream/receivedBody"
import { describe, expect, it } from "vitest"

const pattern = (length: number, from = 0): Uint8Array =>
  Uint8Array.from({ length }, (_, index) => ((from + index) * 31) & 0xff)

/** A skin's body without a queue. */
class Kept extends ReceivedBody {
  consumed = 0
  wanted = 0
  wakes = 0
  isAwaited = false

  constructor() {
    super({
      bodyConsumed: (octets) => {
        this.consumed += octets
      },
      bodyWanted: () => {
        this.wanted++
      },
      deliverLater: () => {}
    })
  }

  push(data: Uint8Array): void {
    if (this.count(data)) this.keep(data, this.isAwaited, 0)
  }

  deliver(): void {}

  protected wakeAtEnd(): void {
    this.wakes++
  }

  get error(): unknown {
    return this.missing
  }

  open(): void {
    this.openQueue()
  }

  read(): Array<Uint8Array> {
    const chunks = this.takeAll()
    this.consume(chunks)
    return chunks
  }

  readFull(): Array<Uint8Array> {
    const chunks = this.takeFull()
    this.consume(chunks)
    return chunks
  }

  /** Reads, and leaves again what was read. */
  tryToRead(): void {
    this.putBack(this.takeFull())
  }
}

describe("a body that has arrived and is not read", () => {
  for (const size of [1, 10, 1023, 1024, 5000]) {
    it(`in pieces of ${size}: nothing is lost or reordered, and the number of chunks is bounded by their octets`, () => {
      const body = new Kept()
      const length = 20_000
      for (let at = 0; at < length; at += size) body.push(pattern(Math.min(size, length - at), at))
      body.tryToRead()
      expect([body.received, body.unread, body.consumed]).toEqual([length, length, 0])
      const chunks = body.read()
      expect(concat(chunks)).toEqual(pattern(length))
      expect(chunks.length).toBeLessThanOrEqual(length / 1024 + 2)
      expect([body.unread, body.consumed]).toEqual([0, length])
    })
  }

  it("is copied where it is small, and where it is a small part of a read; not where it is on its way to a reader", () => {
    const read = pattern(65_536)
    const parts = (isAwaited: boolean): ReadonlyArray<ArrayBufferLike> => {
      const body = new Kept()
      body.isAwaited = isAwaited
      for (const length of [10, 2000, 40_000]) body.push(read.subarray(0, length))
      return body.read().map(({ buffer }) => buffer)
    }
    expect(parts(false).map((buffer) => buffer === read.buffer)).toEqual([false, false, true])
    expect(parts(true).map((buffer) => buffer === read.buffer)).toEqual([true, true, true])
  })

  it("small chunks that a reader waits for are copied together too, once they are many", () => {
    const body = new Kept()
    body.isAwaited = true
    for (let i = 0; i < 1000; i++) body.push(pattern(1, i))
    const chunks = body.read()
    expect(chunks.length).toBe(maxUncopied + 1)
    expect(concat(chunks)).toEqual(pattern(1000))
  })

  it("a buffer that more may be copied into stays, and what is read leaves it out", () => {
    const body = new Kept()
    body.open()
    body.push(pattern(2000))
    body.push(pattern(10, 2000))
    expect(concat(body.readFull())).toEqual(pattern(2000))
    expect(body.readFull()).toEqual([])
    body.push(pattern(10, 2010))
    expect(concat(body.read())).toEqual(pattern(20, 2000))
  })

  it("is given up: the windows get it back, what comes later too, and a reader learns of it", () => {
    const body = new Kept()
    body.push(pattern(100))
    expect(body.error).toBeUndefined()
    body.discard(7)
    expect(body.consumed).toBe(100)
    body.push(pattern(50))
    expect([body.received, body.unread, body.consumed]).toEqual([150, 0, 150])
    body.end()
    expect(body.error).toMatchObject({ origin: "User", streamId: 7 })
    expect(body.takeWhole(1000)).toBeUndefined()
  })

  it("that was empty is whole, though it was given up", () => {
    const body = new Kept()
    body.discard(7)
    expect(body.error).toMatchObject({ origin: "User" })
    body.end()
    expect(body.error).toBeUndefined()
  })

  it("says once how it ends, to those who wait and to those who come later", () => {
    const failure = usageError(1, undefined, "broken")
    for (const fails of [false, true]) {
      const body = new Kept()
      const heard: Array<unknown> = []
      body.onOver((error) => heard.push(error))
      expect([heard, body.wanted]).toEqual([[], 1])
      if (fails) body.fail(failure)
      else body.end()
      body.fail(usageError(1, undefined, "late"))
      body.onOver((error) => heard.push(error))
      const outcome = fails ? failure : undefined
      expect([heard, body.wakes, body.error]).toEqual([[outcome, outcome], 1, outcome])
    }
  })
})
