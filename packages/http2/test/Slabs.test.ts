/** The memory that frames are built in: a connection has it while it writes, and one at rest has none. */
import { Slabs, slabSize } from "@effect-http2/engine/frame/slabs"
import * as Http2Client from "@effect-http2/http2/Http2Client"
import * as Http2ServerResponse from "@effect-http2/http2/Http2ServerResponse"
import * as Http2Server from "@effect-http2/http2/Http2Server"
import * as MemoryTransport from "@effect-http2/http2/MemoryTransport"
import type { Transport } from "@effect-http2/http2/Transport"
import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/TestClock"
import { expect } from "vitest"

import { eventually } from "./support/engines.js"
import { filled } from "./support/wire.js"

/** `transport` with memory of its own, and how much of it is lent. `isSlow`: its writes are not done at once. */
const lending = (transport: Transport, isSlow: () => boolean = () => false) => {
  const lent = new Set<Uint8Array>()
  let borrowed = 0
  const memory: NonNullable<Transport["memory"]> = {
    borrow: (size) => {
      const slab = new Uint8Array(Math.max(size, slabSize))
      borrowed++
      lent.add(slab)
      return slab
    },
    giveBack: (slab) => {
      expect(lent.delete(slab)).toBe(true)
    },
    view: (octets) => octets
  }
  const write: Transport["write"] = (chunks) => {
    transport.write(chunks.map((chunk) => chunk.slice()))
    return !isSlow()
  }
  return { lent, borrowed: () => borrowed, transport: { ...transport, memory, write } }
}

const joined = (isSlow?: () => boolean) =>
  Effect.gen(function* () {
    const [near, far] = yield* MemoryTransport.make()
    const [client, server] = [lending(near, isSlow), lending(far, isSlow)]
    yield* Http2Server.make(server.transport, () => Effect.succeed(Http2ServerResponse.make({ body: filled(100_000) })))
    const http = yield* Http2Client.make(client.transport, { authority: "test" })
    return { client, server, http }
  })

describe("slabs", () => {
  it.scoped("are given back when all is written, in both roles", () =>
    Effect.gen(function* () {
      const { client, http, server } = yield* joined()
      for (let i = 0; i < 3; i++) {
        expect((yield* http.collect({ method: "POST", body: filled(100_000) })).body.length).toBe(100_000)
        yield* eventually(() => client.lent.size === 0 && server.lent.size === 0)
      }
      expect(Math.min(client.borrowed(), server.borrowed())).toBeGreaterThanOrEqual(3)
    })
  )

  it.scoped("of a transport that was slow are given back once it has taken everything", () =>
    Effect.gen(function* () {
      let isSlow = true
      const { client, http, server } = yield* joined(() => isSlow)
      yield* http.collect({})
      expect(client.lent.size).toBe(1)
      expect(server.lent.size).toBe(1)
      isSlow = false
      yield* TestClock.adjust("10 seconds")
      expect(client.lent.size + server.lent.size).toBe(0)
    })
  )

  it("that are free are lent again, a few of them", () => {
    let made = 0
    const slabs = new Slabs((size) => {
      made++
      return new Uint8Array(size)
    })
    const taken = Array.from({ length: 20 }, () => slabs.take(1))
    expect(made).toBe(20)
    for (const slab of taken) slabs.give(slab)
    const again = Array.from({ length: 20 }, () => slabs.take(slabSize))
    expect(made).toBe(24)
    expect(new Set(again).size).toBe(20)
    expect(slabs.take(slabSize + 1).length).toBe(slabSize + 1)
  })
})
