/**
 * A body Stream as a Readable of Node, which stops reading when it is destroyed. Made by multipart.ts.
 */
import type * as Stream from "effect/Stream"
import { Readable } from "node:stream"
import { BodyPump, type RunFork } from "./bodyPump.js"

export class BodyReadable extends Readable {
  private readonly pump: BodyPump

  constructor(
    private readonly body: Stream.Stream<Uint8Array, unknown>,
    runFork: RunFork
  ) {
    super()
    this.pump = new BodyPump(this, runFork)
  }

  override _read(): void {
    this.pump.read(this.body)
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.pump.stop()
    callback(error)
  }
}
