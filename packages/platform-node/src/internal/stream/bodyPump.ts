/**
 * From a body Stream into the readable side of a Node stream: pulls as it is read, and not faster.
 */
import * as StreamRun from "@effect-http2/http2/StreamRun"
import * as Cause from "effect/Cause"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"
import type * as Stream from "effect/Stream"
import type { Readable } from "node:stream"

/** Runs what a Node stream calls for, with the services of who made the stream. */
export type RunFork = <A, E>(effect: Effect.Effect<A, E>) => Fiber.RuntimeFiber<A, E>

export class BodyPump {
  private fiber: Fiber.RuntimeFiber<void, unknown> | undefined = undefined
  /** Set before there is a fiber: what it runs at once may be asked to read again. */
  private isStarted = false
  /** Open while more may be pushed. */
  private readonly room = Effect.unsafeMakeLatch(false)

  constructor(
    private readonly target: Readable,
    private readonly runFork: RunFork
  ) {}

  /** For `_read`. */
  read(body: Stream.Stream<Uint8Array, unknown>): void {
    this.room.unsafeOpen()
    if (this.isStarted) return
    this.isStarted = true
    const { target } = this
    this.fiber = this.runFork(
      StreamRun.forEachChunk(body, (chunk) => {
        const pieces = Chunk.toReadonlyArray(chunk)
        let hasRoom = true
        for (const octets of pieces) hasRoom = target.push(octets)
        if (hasRoom) return Effect.void
        this.room.unsafeClose()
        return this.room.await
      })
    )
    this.fiber.addObserver((exit) => {
      if (target.destroyed) return
      if (Exit.isSuccess(exit)) target.push(null)
      else target.destroy(toError(exit.cause))
    })
  }

  /** For `_destroy`. */
  stop(): void {
    this.fiber?.unsafeInterruptAsFork(FiberId.none)
  }
}

export const toError = (cause: Cause.Cause<unknown>): Error => {
  const error = Cause.squash(cause)
  return error instanceof Error ? error : new Error(String(error))
}
