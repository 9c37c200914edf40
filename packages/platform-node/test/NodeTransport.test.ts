import type { Transport } from "@effect-http2/http2/Transport"
import * as NodeListener from "@effect-http2/platform-node/NodeListener"
import * as NodeTransport from "@effect-http2/platform-node/NodeTransport"
import { describe } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { expect } from "vitest"
import * as U from "./utils.js"

const MIB = 1024 * 1024

type Carrier = "plain" | "tls" | "unix"

/** A client connected to `handle`. */
const connected = <E, R>(carrier: Carrier, handle: (transport: Transport) => Effect.Effect<unknown, E, R>) =>
  Effect.gen(function* () {
    const tls = carrier === "tls" ? { tls: U.certificate } : {}
    const path = carrier === "unix" ? { path: U.socketPath() } : { host: "127.0.0.1" }
    const listener = yield* NodeListener.make({ ...path, ...tls }, handle)
    return yield* NodeTransport.connect({
      ...path,
      port: listener.address.port,
      ...(carrier === "tls" ? { tls: { ca: U.certificate.cert } } : {})
    })
  })

describe.each(["plain", "tls", "unix"] as const)("over %s", (carrier) => {
  U.check("10 MiB there and back, cut at random, octet by octet", () =>
    Effect.gen(function* () {
      const transport = yield* connected(carrier, U.echo)
      const sent = U.randomBytes(10 * MIB)
      const random = U.makeRandom(7)
      // What was taken is overwritten at once: a transport that still needed the memory would send the wrong octets.
      let scratch = Buffer.alloc(256 * 1024)
      let reused = 0
      const send = Effect.gen(function* () {
        for (let offset = 0; offset < sent.length;) {
          const chunks: Array<Uint8Array> = []
          let used = 0
          for (let count = Math.ceil(random() * 12); count > 0 && offset < sent.length; count--) {
            const size = Math.min(Math.floor(random() ** 4 * 60_000), scratch.length - used, sent.length - offset)
            const copied = sent.copy(scratch, used, offset, offset + size)
            chunks.push(scratch.subarray(used, used + copied))
            used += copied
            offset += copied
          }
          if (yield* U.writeAll(transport, chunks)) {
            scratch.fill(0xee)
            reused++
          } else scratch = Buffer.alloc(scratch.length)
          if (random() < 0.2) yield* Effect.async<void>((resume) => transport.defer(() => resume(Effect.void)))
        }
        yield* transport.end
      })
      const [received] = yield* Effect.all([U.collect(transport), send], { concurrency: 2 })
      expect(received.length).toBe(sent.length)
      expect(received.equals(sent)).toBe(true)
      expect(reused).toBeGreaterThan(10)
      expect(transport.pendingOctets()).toBe(0)
    })
  )

  U.check("the client ends first; the server goes on sending", () =>
    Effect.gen(function* () {
      const transport = yield* connected(carrier, (transport) =>
        Effect.gen(function* () {
          const request = yield* U.collect(transport)
          transport.write([Buffer.from("after the end: "), request])
          yield* transport.end
        })
      )
      transport.write([Buffer.from("ping")])
      yield* transport.end
      transport.write([Buffer.from("dropped")])
      expect((yield* U.collect(transport)).toString()).toBe("after the end: ping")
    })
  )

  U.check("the server ends first; the client goes on sending", () =>
    Effect.gen(function* () {
      const got = yield* Deferred.make<string>()
      const transport = yield* connected(carrier, (transport) =>
        Effect.gen(function* () {
          transport.write([Buffer.from("hello")])
          yield* transport.end
          yield* Deferred.succeed(got, (yield* U.collect(transport)).toString())
        })
      )
      expect((yield* U.collect(transport)).toString()).toBe("hello")
      transport.write([Buffer.from("still "), Buffer.from("here")])
      yield* transport.end
      expect(yield* Deferred.await(got)).toBe("still here")
    })
  )

  U.check("a writer far ahead waits for the reader", () =>
    Effect.gen(function* () {
      const go = yield* Deferred.make<void>()
      const total = yield* Deferred.make<number>()
      const transport = yield* connected(carrier, (transport) =>
        Effect.gen(function* () {
          yield* Deferred.await(go)
          yield* Deferred.succeed(total, (yield* U.collect(transport)).length)
        })
      )
      const block = Buffer.alloc(MIB)
      let written = 0
      // The system's buffers hold some; what is beyond them stays pending.
      while (transport.pendingOctets() < 16 * MIB) {
        const behind = transport.pendingOctets() > 0
        const taken = transport.write([block])
        if (behind) expect(taken).toBe(false)
        written += block.length
        if (written > 256 * MIB) expect.unreachable("nothing ever becomes pending")
      }
      let drains = 0
      transport.onDrain(() => (drains += 100))
      const drained = yield* Effect.fork(U.drained(transport))
      yield* Effect.yieldNow()
      const pending = transport.pendingOctets()
      transport.write([block, block])
      expect(transport.pendingOctets()).toBe(pending + 2 * MIB)
      written += 2 * MIB
      yield* Deferred.succeed(go, undefined)
      yield* Fiber.join(drained)
      expect(transport.pendingOctets()).toBe(0)
      expect(drains).toBe(0)
      yield* transport.end
      expect(yield* Deferred.await(total)).toBe(written)
    })
  )

  U.check("after our own close, incoming ends and writes are dropped", () =>
    Effect.gen(function* () {
      const transport = yield* connected(carrier, () => Effect.never)
      const reader = yield* Effect.fork(U.collect(transport))
      yield* Effect.yieldNow()
      transport.write([Buffer.alloc(64 * MIB)])
      const drained = yield* Effect.fork(U.drained(transport))
      yield* Effect.yieldNow()
      yield* transport.close
      yield* transport.close
      yield* Fiber.join(drained)
      expect((yield* Fiber.join(reader)).length).toBe(0)
      expect(transport.write([Buffer.from("x")])).toBe(true)
      expect(transport.pendingOctets()).toBe(0)
      yield* transport.end
      yield* U.drained(transport)
    })
  )
})
