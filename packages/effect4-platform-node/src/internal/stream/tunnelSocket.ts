/**
 * A tunnel (RFC 8441) as the Duplex that `ws` takes for a socket. What `ws` writes before the tunnel is open is the head of its answer
 * over HTTP/1.1, which is kept for webSocket.ts to read.
 */
import type { Http2Error } from "@effect-http2/effect4-http2/Http2Error"
import type { Http2Tunnel } from "@effect-http2/effect4-http2/Http2Tunnel"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import { Duplex } from "node:stream"

type Callback = (error?: Error | null) => void

/** Runs what the socket has to do, in fibers of their own. */
export type RunFork = <E>(effect: Effect.Effect<void, E>) => Fiber.Fiber<void, E>

const toError = (cause: Cause.Cause<unknown>): Error => {
  const error = Cause.squash(cause)
  return error instanceof Error ? error : new Error(String(error))
}

export class TunnelSocket extends Duplex {
  /** What was written before the tunnel was open. */
  head = ""
  private tunnel: Http2Tunnel | undefined = undefined
  private isAsked = false
  private reading: Fiber.Fiber<void, never> | undefined = undefined
  /** Reads on, where the socket has had enough for a while. */
  private wake: (() => void) | undefined = undefined

  constructor(
    private readonly runFork: RunFork,
    /** Called at the end, where one direction did not come to its own. */
    private readonly onBroken: () => void
  ) {
    super({ allowHalfOpen: true })
  }

  open(tunnel: Http2Tunnel): void {
    this.tunnel = tunnel
    if (this.isAsked) this.readFrom(tunnel)
  }

  override _read(): void {
    this.isAsked = true
    const { tunnel, wake } = this
    this.wake = undefined
    if (wake !== undefined) wake()
    else if (tunnel !== undefined && this.reading === undefined) this.readFrom(tunnel)
  }

  private readFrom({ incoming }: Http2Tunnel): void {
    const wanted = Effect.callback<void>((resume) => {
      this.wake = () => resume(Effect.void)
    })
    const read = Stream.runForEachArray(incoming, (chunks) => {
      let isWanted = true
      for (const chunk of chunks) isWanted = this.push(chunk)
      return isWanted ? Effect.void : wanted
    })
    this.reading = this.runFork(
      Effect.matchCause(read, {
        onSuccess: () => void this.push(null),
        onFailure: (cause) => {
          if (!Cause.hasInterruptsOnly(cause)) this.destroy(toError(cause))
        }
      })
    )
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: Callback): void {
    const { tunnel } = this
    if (tunnel !== undefined) return this.run(tunnel.write(chunk), callback)
    this.head += chunk.toString("latin1")
    callback()
  }

  override _writev(
    chunks: Array<{ readonly chunk: Buffer; readonly encoding: BufferEncoding }>,
    callback: Callback
  ): void {
    this._write(Buffer.concat(chunks.map(({ chunk }) => chunk)), "binary", callback)
  }

  override _final(callback: Callback): void {
    if (this.tunnel === undefined) callback()
    else this.run(this.tunnel.end, callback)
  }

  override _destroy(error: Error | null, callback: Callback): void {
    this.reading?.interruptUnsafe()
    if (this.tunnel !== undefined && !(this.readableEnded && this.writableFinished)) this.onBroken()
    callback(error)
  }

  private run(effect: Effect.Effect<void, Http2Error>, callback: Callback): void {
    this.runFork(effect).addObserver((exit) => callback(Exit.isSuccess(exit) ? null : toError(exit.cause)))
  }
}
