/** A new connection is read, and answered, before whatever else the server has to do. */
import * as Http2ServerResponse from "@effect-http2/http2/Http2ServerResponse"
import * as Http2Server from "@effect-http2/http2/Http2Server"
import * as MemoryTransport from "@effect-http2/http2/MemoryTransport"
import { FrameReader, preface } from "@effect-http2/testkit/rawFrame"
import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Scheduler from "effect/Scheduler"
import * as Stream from "effect/Stream"
import { expect } from "vitest"
import { eventually } from "./support/engines.js"
import { read } from "./support/frames.js"
import { server } from "./support/peer.js"
import { concat, encode, get, headers, settings } from "./support/wire.js"

describe("a connection whose client has said something before it is served", () => {
  it.scoped("is answered in the write of its SETTINGS", () =>
    Effect.gen(function* () {
      const { reset, transport } = yield* MemoryTransport.scripted()
      const first = concat([preface, encode(settings()), encode(headers(1, get))])
      const incoming = Stream.concat(Stream.make(first), transport.incoming)
      const writes: Array<ReadonlyArray<string>> = []
      const write = (chunks: ReadonlyArray<Uint8Array>): boolean => {
        writes.push(new FrameReader().read(concat(chunks)).map((frame) => read(frame)._tag))
        return transport.write(chunks)
      }
      yield* Http2Server.make({ ...transport, incoming, write }, () => Effect.succeed(Http2ServerResponse.empty()))
      // Closing does not wait for a peer that is gone.
      yield* Effect.addFinalizer(() => reset)
      expect(writes).toEqual([["Settings", "WindowUpdate", "Settings", "Headers"]])
    })
  )
})

describe("with a thousand handlers that are ready to run,", () => {
  /** Gives way to the event loop behind each round, as the default one does behind a few thousand. */
  const scheduler = new Scheduler.MixedScheduler(1)

  it.scopedLive("a read is dispatched before the next of them goes on", () =>
    Effect.gen(function* () {
      let steps = 0
      const step = Effect.zipRight(
        Effect.sync(() => steps++),
        Effect.yieldNow()
      )
      const busy = yield* server(() => Effect.forever(step), { maxConcurrentStreams: 1000 })
      const ids = Array.from({ length: 1000 }, (_, i) => 2 * i + 1)
      yield* busy.peer.send(...ids.map((id) => headers(id, get)))
      yield* eventually(() => busy.stats.activeHandlers === 1000)
      const startedAt: Array<number> = []
      const fresh = yield* server(() => Effect.sync(() => (startedAt.push(steps), Http2ServerResponse.empty())))
      const sentAt: Array<number> = []
      for (const id of [1, 3, 5]) {
        // Between two rounds of the scheduler, as what a socket tells.
        yield* Effect.async<void>((resume) => {
          setImmediate(() => {
            sentAt.push(steps)
            Effect.runSync(fresh.peer.send(headers(id, get)))
            resume(Effect.void)
          })
        })
        yield* fresh.peer.await("Headers", (frame) => frame.streamId === id)
      }
      expect(steps).toBeGreaterThan(1000)
      expect(startedAt).toEqual(sentAt)
    }).pipe(Effect.withScheduler(scheduler))
  )
})
