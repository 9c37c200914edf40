/**
 * A stream as its user holds it (RFC 9113 §5): what can be seen of it and done to it beside the message that it carries.
 *
 * @since 0.1.0
 */
import { ServerStream } from "@effect-http2/engine/server/serverStream"
import type { Stream } from "@effect-http2/engine/stream/stream"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as ErrorCode from "./ErrorCode.js"
import * as FlowControl from "./FlowControl.js"
import * as Http2Error from "./Http2Error.js"
import { windowOf } from "./internal/windows.js"
import type { Peer } from "./Transport.js"
import { awaitEngine } from "./internal/wake.js"

/**
 * @since 0.1.0
 * @category type ids
 */
export const TypeId = "~@effect-http2/effect4-http2/Http2Stream"

/**
 * One stream of a connection.
 *
 * @since 0.1.0
 * @category models
 */
export class Http2Stream {
  constructor(private readonly stream: Stream) {}

  /** The stream's id (§5.1.1). */
  get id(): number {
    return this.stream.id
  }

  /** The two ends of the connection. */
  get peer(): Peer {
    return this.stream.owner.peer
  }

  /** Why the stream ended early, undefined while it did not. */
  get error(): Http2Error.Http2Error | undefined {
    return this.stream.error
  }

  /** Whether the connection is closing gracefully: a handler that would go on for long should come to its end. */
  get isDraining(): boolean {
    return this.stream.owner.isDraining
  }

  /** Waits until the connection closes gracefully, for handlers that go on for long: events, WebSockets. */
  get awaitDraining(): Effect.Effect<void> {
    return awaitEngine((resume) => {
      const { owner } = this.stream
      if (owner.isDraining) return resume(Effect.void)
      const listener = (): void => resume(Effect.void)
      owner.whenDraining.add(listener)
      return Effect.sync(() => owner.whenDraining.remove(listener))
    })
  }

  /** The window for what we send on this stream, to read, and to wait on in a transaction. Octets of DATA take from it. */
  get sendWindow(): FlowControl.Window {
    return windowOf(this.stream.sendWindow)
  }

  /** Waits until the peer's window has room for `octets` on this stream. */
  awaitWindow(octets: number): Effect.Effect<void> {
    return Effect.suspend(() => FlowControl.awaitAvailable(this.sendWindow, octets))
  }

  /**
   * Sends RST_STREAM (§6.4). A stream that is over stays as it is. Default code CANCEL. A handler's REFUSED_STREAM is sent as CANCEL: it would say
   * that nobody has seen the request (§8.7).
   */
  reset(code: ErrorCode.ErrorCode = ErrorCode.CANCEL): Effect.Effect<void> {
    return Effect.sync(() => {
      const isUntrue = code === ErrorCode.REFUSED_STREAM && this.stream instanceof ServerStream
      this.stream.reset(
        new Http2Error.StreamError({
          streamId: this.stream.id,
          code: isUntrue ? ErrorCode.CANCEL : code,
          origin: "User",
          reason: "Cancelled",
          description: "reset by this side",
          processed: "unknown"
        })
      )
    })
  }

  get [TypeId](): typeof TypeId {
    return TypeId
  }
}

/**
 * @since 0.1.0
 * @category guards
 */
export const isHttp2Stream = (u: unknown): u is Http2Stream => Predicate.hasProperty(u, TypeId)
