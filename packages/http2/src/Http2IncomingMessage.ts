/**
 * What a message that arrives has in either role: headers, a body to be read as a Stream, trailers.
 *
 * @since 0.1.0
 */
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import type * as Stream from "effect/Stream"
import { longerThan, notJson } from "@effect-http2/engine/message/messageErrors"
import type { Headers } from "./Headers.js"
import type * as Http2Error from "./Http2Error.js"
import { Http2Stream } from "./Http2Stream.js"
import { Gathered } from "@effect-http2/engine/stream/gathered"
import { bodyOf, pull, takeWhole, toStream } from "./internal/bodies.js"
import type { Stream as EngineStream } from "@effect-http2/engine/stream/stream"
import * as Text from "@effect-http2/engine/text"
import * as StreamRun from "./StreamRun.js"

/**
 * Octets that `bytes` and `text` read at most where nothing else is said.
 *
 * @internal
 */
export const defaultLimit = 10_485_760

/**
 * @since 0.1.0
 * @category type ids
 */
export const TypeId: unique symbol = Symbol.for("@effect-http2/http2/Http2IncomingMessage")

/**
 * @since 0.1.0
 * @category type ids
 */
export type TypeId = typeof TypeId

/**
 * A request at a server, or a response at a client.
 *
 * @since 0.1.0
 * @category models
 */
export abstract class Http2IncomingMessage {
  constructor(
    /** @internal */
    readonly engine: EngineStream
  ) {}

  get [TypeId](): TypeId {
    return TypeId
  }

  abstract readonly headers: Headers

  /** The stream that carries the message. */
  get stream(): Http2Stream {
    return new Http2Stream(this.engine)
  }

  /**
   * The body, in slices of what was read from the transport, as it arrives. It ends only where the peer ended it; a reset, a lost connection or a
   * length that contradicts content-length fails it, behind what had arrived. What is read goes back to the flow-control
   * windows, so that a slow reader slows the peer. To be read once.
   */
  get body(): Stream.Stream<Uint8Array, Http2Error.Http2Error> {
    return toStream(this.engine)
  }

  /** Folds the slices of the body into one value as they arrive. Fails as `body` does. To be read once. */
  fold<S>(initial: S, f: (state: S, octets: Uint8Array) => S): Effect.Effect<S, Http2Error.Http2Error> {
    return StreamRun.fold(this.body, initial, f)
  }

  /** Runs an effect for each slice of the body as it arrives, one after another; the next is not asked for before. Fails as `body` does, and as `f` does. */
  forEach<X, E, R>(
    f: (octets: Uint8Array) => Effect.Effect<X, E, R>
  ): Effect.Effect<void, Http2Error.Http2Error | E, R> {
    return StreamRun.forEach(this.body, f)
  }

  /** The whole body. Fails with a `StreamError` of limit `bytes` where it is longer than `limit` octets, default 10 MiB. */
  bytes(limit: number = defaultLimit): Effect.Effect<Uint8Array, Http2Error.Http2Error> {
    return Effect.suspend(() => {
      const whole = takeWhole(this.engine, limit)
      if (whole !== undefined) return Effect.succeed(whole)
      const gathered = new Gathered(this.engine.expectedOctets)
      const next: Effect.Effect<Uint8Array, Http2Error.Http2Error> = Effect.flatMap(pull(this.engine), (chunk) => {
        if (chunk.length === 0) return Effect.succeed(gathered.whole)
        for (const part of Chunk.toReadonlyArray(chunk)) gathered.add(part)
        return gathered.length > limit ? Effect.fail(tooLong(this.engine, limit)) : next
      })
      return next
    })
  }

  /** The whole body, where all of it has arrived, nothing of it was read, and it is not longer than `limit` octets: then it is read by this. */
  unsafeBytes(limit: number = defaultLimit): Uint8Array | undefined {
    return takeWhole(this.engine, limit)
  }

  /** The whole body as UTF-8 text. Fails as `bytes` does. */
  text(limit: number = defaultLimit): Effect.Effect<string, Http2Error.Http2Error> {
    return Effect.map(this.bytes(limit), Text.fromOctets)
  }

  /**
   * The whole body as JSON in UTF-8: the value that it stands for, unchecked. Fails as `bytes` does, and with a `StreamError` whose `cause` is a `SyntaxError`
   * where it is not JSON.
   */
  json(limit: number = defaultLimit): Effect.Effect<unknown, Http2Error.Http2Error> {
    return Effect.flatMap(this.text(limit), (text) =>
      Effect.try({ try: (): unknown => JSON.parse(text), catch: (cause) => notJson(this.engine.id, cause) })
    )
  }

  /** The fields behind the body, empty where there were none. Waits until the body has arrived; one that exceeds the window has to be read for that. */
  get trailers(): Effect.Effect<Headers, Http2Error.Http2Error> {
    return Effect.suspend(() => {
      const body = bodyOf(this.engine)
      if (body === undefined || body.isEnded) return Effect.succeed(this.engine.trailers)
      return Effect.zipRight(
        body.awaitEnd(),
        Effect.sync(() => this.engine.trailers)
      )
    })
  }
}

/**
 * @since 0.1.0
 * @category guards
 */
export const isHttp2IncomingMessage = (u: unknown): u is Http2IncomingMessage => Predicate.hasProperty(u, TypeId)

const tooLong = (engine: EngineStream, limit: number): Http2Error.StreamError =>
  longerThan(limit, engine.id, engine.body?.received ?? 0)
