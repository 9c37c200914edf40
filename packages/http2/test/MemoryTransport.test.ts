import type { TransportError } from "@effect-http2/http2/Http2Error"
import * as MemoryTransport from "@effect-http2/http2/MemoryTransport"
import type { Transport } from "@effect-http2/http2/Transport"
import { describe, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import { expect } from "vitest"

const bytes = (text: string): Uint8Array => Uint8Array.from(text, (char) => char.charCodeAt(0))
const text = (chunk: Uint8Array): string => String.fromCharCode(...chunk)

const collect = (transport: Transport): Effect.Effect<ReadonlyArray<string>, TransportError> =>
  Effect.map(Stream.runCollect(transport.incoming), (chunk) => Chunk.toReadonlyArray(chunk).map(text))

/** What came before the failure, and the failure. */
const collectBroken = (transport: Transport) =>
  Effect.gen(function* () {
    const seen: Array<string> = []
    const error = yield* Effect.flip(
      Stream.runForEach(transport.incoming, (chunk) => Effect.sync(() => seen.push(text(chunk))))
    )
    return [seen.join(""), error.reason]
  })

const drained = (transport: Transport): Effect.Effect<void> =>
  Effect.async((resume) => transport.onDrain(() => resume(Effect.void)))

describe("make", () => {
  it.scoped("carries octets both ways, copied when they are written", () =>
    Effect.gen(function* () {
      const [first, second] = yield* MemoryTransport.make()
      const ping = bytes("ping")
      expect(first.write([ping, bytes("-"), ping])).toBe(true)
      ping.fill(0)
      second.write([bytes("pong")])
      second.write([new Uint8Array(0)])
      yield* Effect.all([Effect.fork(first.end), Effect.fork(second.end)])
      expect(yield* collect(second)).toEqual(["ping-ping"])
      expect(yield* collect(first)).toEqual(["pong"])
      expect(first.peer.remote).toEqual(second.peer.local)
    })
  )

  it.scoped("cuts reads by a list, by a function, at every octet", () =>
    Effect.gen(function* () {
      const read = (chunkSizes: MemoryTransport.Options["chunkSizes"]) =>
        Effect.gen(function* () {
          const [first, second] = yield* MemoryTransport.make({ chunkSizes })
          first.write([bytes("abcd"), bytes("efgh")])
          first.write([bytes("ij")])
          yield* Effect.fork(first.end)
          return yield* collect(second)
        })
      expect(yield* read([1])).toEqual([..."abcdefghij"])
      expect(yield* read([3, 1])).toEqual(["abc", "d", "efg", "h", "ij"])
      expect(yield* read((n) => n + 1)).toEqual(["a", "bc", "def", "gh", "ij"])
      expect(yield* read([])).toEqual(["abcdefgh", "ij"])
      expect(yield* read([0, NaN])).toHaveLength(10)
    })
  )

  it.scoped("hands on all that has arrived in one Chunk", () =>
    Effect.gen(function* () {
      const [first, second] = yield* MemoryTransport.make({ chunkSizes: [2] })
      first.write([bytes("abcdef")])
      yield* Effect.fork(first.end)
      expect(
        Chunk.toReadonlyArray(yield* Stream.runCollect(Stream.map(Stream.chunks(second.incoming), Chunk.size)))
      ).toEqual([3])
    })
  )

  it.scoped("counts what the other side has not pulled", () =>
    Effect.gen(function* () {
      const [first, second] = yield* MemoryTransport.make()
      first.write([bytes("12345")])
      first.write([bytes("678")])
      expect(first.pendingOctets()).toBe(8)
      expect(second.pendingOctets()).toBe(0)
      let replaced = true
      first.onDrain(() => (replaced = false))
      const waiting = yield* Effect.fork(drained(first))
      yield* Effect.yieldNow()
      expect(yield* Fiber.poll(waiting)).toEqual(Option.none())
      const ending = yield* Effect.fork(first.end)
      yield* Effect.yieldNow()
      expect(yield* Fiber.poll(ending)).toEqual(Option.none())
      yield* Stream.runDrain(second.incoming)
      yield* Fiber.join(waiting)
      yield* Fiber.join(ending)
      expect(first.pendingOctets()).toBe(0)
      expect(replaced).toBe(true)
      yield* drained(first)
    })
  )

  it.scoped("highWaterMark is what the system takes over", () =>
    Effect.gen(function* () {
      const [first, second] = yield* MemoryTransport.make({ highWaterMark: 5 })
      first.write([bytes("1234")])
      expect(first.pendingOctets()).toBe(0)
      first.write([bytes("5678")])
      expect(first.pendingOctets()).toBe(3)
      const waiting = yield* Effect.fork(drained(first))
      yield* Stream.runDrain(Stream.take(second.incoming, 1))
      yield* Fiber.join(waiting)
      yield* first.end
    })
  )

  it.scoped("delays by the Clock, in order", () =>
    Effect.gen(function* () {
      const [first, second] = yield* MemoryTransport.make({ delay: "100 millis" })
      const seen: Array<string> = []
      const reading = yield* Effect.fork(
        Stream.runForEach(second.incoming, (chunk) => Effect.sync(() => seen.push(text(chunk))))
      )
      first.write([bytes("a")])
      yield* TestClock.adjust("60 millis")
      first.write([bytes("b")])
      expect(seen).toEqual([])
      yield* TestClock.adjust("40 millis")
      expect(seen).toEqual(["a"])
      expect(first.pendingOctets()).toBe(1)
      yield* Effect.fork(first.end)
      yield* TestClock.adjust("60 millis")
      expect(seen).toEqual(["a", "b"])
      expect(yield* Fiber.poll(reading)).toEqual(Option.none())
      yield* TestClock.adjust("40 millis")
      yield* Fiber.join(reading)
    })
  )

  it.scoped("breaks at every place, for both ends", () =>
    Effect.gen(function* () {
      for (let cutOffAfter = 0; cutOffAfter <= 6; cutOffAfter++) {
        const [first, second] = yield* MemoryTransport.make({ cutOffAfter, chunkSizes: [2] })
        second.write([bytes("answer")])
        first.write([bytes("abc")])
        first.write([bytes("def")])
        first.write([bytes("ghi")])
        expect(yield* collectBroken(second)).toEqual(["abcdef".slice(0, cutOffAfter), "Reset"])
        expect(yield* collectBroken(first)).toEqual(["answer", "Reset"])
        expect(first.pendingOctets()).toBe(0)
        yield* drained(first)
        yield* first.end
      }
    })
  )

  it.scoped("a half-closed side goes on receiving", () =>
    Effect.gen(function* () {
      const [first, second] = yield* MemoryTransport.make()
      yield* first.end
      first.write([bytes("dropped")])
      expect(yield* collect(second)).toEqual([])
      second.write([bytes("later")])
      yield* Effect.fork(second.end)
      expect(yield* collect(first)).toEqual(["later"])
    })
  )

  it.scoped("close ends both ends; what was written before still arrives", () =>
    Effect.gen(function* () {
      const [first, second] = yield* MemoryTransport.make()
      const reading = yield* Effect.fork(collect(first))
      yield* Effect.yieldNow()
      first.write([bytes("goodbye")])
      const waiting = yield* Effect.fork(drained(first))
      yield* Effect.yieldNow()
      yield* first.close
      yield* first.close
      yield* Fiber.join(waiting)
      expect(yield* Fiber.join(reading)).toEqual([])
      expect(first.pendingOctets()).toBe(0)
      expect(yield* collect(second)).toEqual(["goodbye"])
      second.write([bytes("nobody reads this")])
      expect(second.pendingOctets()).toBe(0)
      yield* second.end
    })
  )

  it.effect("the end of the scope closes both ends", () =>
    Effect.gen(function* () {
      const [first, second] = yield* Effect.scoped(MemoryTransport.make({ delay: "1 seconds" }))
      expect(yield* collect(first)).toEqual([])
      expect(yield* collect(second)).toEqual([])
    })
  )

  it.scoped("defer runs after the turn, whatever the TestClock says", () =>
    Effect.gen(function* () {
      const [first] = yield* MemoryTransport.make()
      const order: Array<string> = []
      const deferred = yield* Effect.fork(
        Effect.async<void>((resume) =>
          first.defer(() => {
            order.push("deferred")
            resume(Effect.void)
          })
        )
      )
      yield* Effect.yieldNow()
      order.push("turn")
      yield* Fiber.join(deferred)
      expect(order).toEqual(["turn", "deferred"])
    })
  )
})

describe("scripted", () => {
  it.effect("plays the peer", () =>
    Effect.gen(function* () {
      const peer = yield* MemoryTransport.scripted({ chunkSizes: [3] })
      yield* peer.send(bytes("hello"))
      peer.transport.write([bytes("a"), bytes("b")])
      peer.transport.write([bytes("c")])
      expect(peer.transport.pendingOctets()).toBe(0)
      expect(text(yield* peer.received)).toBe("abc")
      const waiting = yield* Effect.fork(peer.received)
      yield* Effect.yieldNow()
      expect(yield* Fiber.poll(waiting)).toEqual(Option.none())
      peer.transport.write([bytes("d")])
      expect(text(yield* Fiber.join(waiting))).toBe("d")
      yield* peer.end
      expect(yield* collect(peer.transport)).toEqual(["hel", "lo"])
      expect(yield* peer.closed).toBe(false)
      peer.transport.write([bytes("last")])
      yield* peer.transport.end
      yield* peer.transport.close
      expect(text(yield* peer.received)).toBe("last")
      expect((yield* peer.received).length).toBe(0)
      expect(yield* peer.closed).toBe(true)
    })
  )

  it.effect("a received that is interrupted loses nothing", () =>
    Effect.gen(function* () {
      const peer = yield* MemoryTransport.scripted()
      const waiting = yield* Effect.fork(peer.received)
      yield* Effect.yieldNow()
      yield* Fiber.interrupt(waiting)
      peer.transport.write([bytes("kept")])
      expect(text(yield* peer.received)).toBe("kept")
    })
  )

  it.effect("resets", () =>
    Effect.gen(function* () {
      const peer = yield* MemoryTransport.scripted()
      yield* peer.send(bytes("half a fr"))
      yield* peer.reset
      expect(yield* collectBroken(peer.transport)).toEqual(["half a fr", "Reset"])
      expect((yield* peer.received).length).toBe(0)
    })
  )
})
