/**
 * A tunnel (RFC 8441) as the Duplex that `ws` takes for a socket. What `ws` writes before the tunnel is open is the head of its answer
 * over HTTP/1.1, which is kept for webSocket.ts to read.
 */
import type { Http2Error } from "@effect-http2/http2/Http2Error"
import type { Http2Tunnel } from "@effect-http2/http2/Http2Tunnel"
import type * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { Duplex } from "node:stream"
import { BodyPump, type RunFork, toError } from "./bodyPump.js"

type Callback = (error?: Error | null) => void

export class TunnelSocket extends Duplex {
  /** What was written before the tunnel was open. */
  head = ""
  private tunnel: Http2Tunnel | undefined = undefined
  private isAsked = false
  private readonly pump: BodyPump

  constructor(
    private readonly runFork: RunFork,
    /** Called at the end, where one direction did not come to its own. */
    private readonly onBroken: () => void
  ) {
    super({ allowHalfOpen: true })
    this.pump = new BodyPump(this, runFork)
  }

  open(tunnel: Http2Tunnel): void {
    this.tunnel = tunnel
    if (this.isAsked) this.pump.read(tunnel.incoming)
  }

  override _read(): void {
    this.isAsked = true
    if (this.tunnel !== undefined) this.pump.read(this.tunnel.incoming)
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
    this.pump.stop()
    if (this.tunnel !== undefined && !(this.readableEnded && this.writableFinished)) this.onBroken()
    callback(error)
  }

  private run(effect: Effect.Effect<void, Http2Error>, callback: Callback): void {
    this.runFork(effect).addObserver((exit) => callback(Exit.isSuccess(exit) ? null : toError(exit.cause)))
  }
}
