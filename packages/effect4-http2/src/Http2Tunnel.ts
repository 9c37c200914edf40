/**
 * What CONNECT makes of a stream (RFC 9113 §8.5, RFC 8441): two directions of octets, which end each by itself.
 *
 * @since 0.1.0
 */
import type { Stream as EngineStream } from "@effect-http2/engine/stream/stream"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import type * as Stream from "effect/Stream"
import type * as Http2Error from "./Http2Error.js"
import type { Http2IncomingMessage } from "./Http2IncomingMessage.js"
import { endBody, writeChunk } from "./internal/sendBody.js"

/**
 * @since 0.1.0
 * @category type ids
 */
export const TypeId = "~@effect-http2/effect4-http2/Http2Tunnel"

/**
 * A tunnel, of either role.
 *
 * @since 0.1.0
 * @category models
 */
export class Http2Tunnel {
  constructor(
    private readonly message: Http2IncomingMessage,
    private readonly engine: EngineStream
  ) {}

  /** What the peer sends, until it ends its side. To be read once. */
  get incoming(): Stream.Stream<Uint8Array, Http2Error.Http2Error> {
    return this.message.body
  }

  /** Sends octets, and waits while too many wait to be sent. They must not be changed any more. Fails when the stream is over. */
  write(octets: Uint8Array): Effect.Effect<void, Http2Error.Http2Error> {
    return Effect.suspend(() => writeChunk(this.engine, octets))
  }

  /** Ends our side, behind what was written. Fails when the stream is over. */
  get end(): Effect.Effect<void, Http2Error.Http2Error> {
    return Effect.suspend(() => endBody(this.engine, undefined))
  }

  get [TypeId](): typeof TypeId {
    return TypeId
  }
}

/**
 * @since 0.1.0
 * @category guards
 */
export const isHttp2Tunnel = (u: unknown): u is Http2Tunnel => Predicate.hasProperty(u, TypeId)
