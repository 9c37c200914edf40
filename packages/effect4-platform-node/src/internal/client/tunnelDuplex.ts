/**
 * A tunnel over HTTP/2 (RFC 9113 §8.5) as the Duplex that TLS runs over. Made by tunnels.ts.
 */
import type { Http2Error } from "@effect-http2/effect4-http2/Http2Error"
import type { Http2Tunnel } from "@effect-http2/effect4-http2/Http2Tunnel"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Latch from "effect/Latch"
import * as Stream from "effect/Stream"
import { Duplex } from "node:stream"
import type { Fork } from "./forked.js"

type Callback = (error?: Error | null) => void

const toError = (cause: Cause.Cause<unknown>): Error => {
  const error = Cause.squash(cause)
  return error instanceof Error ? error : new Error(String(error))
}

export class TunnelDuplex extends Duplex {
  /** Open while somebody wants to read. */
  private readonly wanted = Latch.makeUnsafe(false)
  private readonly reading: Fiber.Fiber<void, Http2Error>

  constructor(
    private readonly tunnel: Http2Tunnel,
    private readonly fork: Fork
  ) {
    super({ allowHalfOpen: true })
    // Who runs over it hears of its end; one that nobody hears would end the process.
    this.on("error", () => undefined)
    this.reading = fork(
      Stream.runForEachArray(tunnel.incoming, (pieces) =>
        this.wanted.whenOpen(
          Effect.sync(() => {
            for (const octets of pieces) if (!this.push(octets)) this.wanted.closeUnsafe()
          })
        )
      )
    )
    this.reading.addObserver((exit) => {
      if (Exit.isSuccess(exit)) this.push(null)
      else this.destroy(toError(exit.cause))
    })
  }

  override _read(): void {
    this.wanted.openUnsafe()
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: Callback): void {
    this.run(this.tunnel.write(chunk), callback)
  }

  override _writev(
    chunks: Array<{ readonly chunk: Buffer; readonly encoding: BufferEncoding }>,
    callback: Callback
  ): void {
    this.run(this.tunnel.write(Buffer.concat(chunks.map(({ chunk }) => chunk))), callback)
  }

  override _final(callback: Callback): void {
    this.run(this.tunnel.end, callback)
  }

  override _destroy(error: Error | null, callback: Callback): void {
    this.reading.interruptUnsafe()
    callback(error)
  }

  private run(effect: Effect.Effect<void, Http2Error>, callback: Callback): void {
    this.fork(effect).addObserver((exit) => callback(Exit.isSuccess(exit) ? null : toError(exit.cause)))
  }
}
