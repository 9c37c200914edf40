/**
 * A body Stream as a Readable of Node. It breaks what it is piped into when the body fails, and stops reading when it is destroyed. Made
 * by multipart.ts.
 */
import type * as Stream from "effect/Stream"
import { Readable, Writable } from "node:stream"
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

  /** Node's own does not tell the destination of an error. */
  override pipe<T extends NodeJS.WritableStream>(destination: T, options?: { end?: boolean | undefined }): T {
    this.once("error", (error) => {
      if (destination instanceof Writable) destination.destroy(error)
    })
    return super.pipe(destination, options)
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.pump.stop()
    callback(error)
  }
}
