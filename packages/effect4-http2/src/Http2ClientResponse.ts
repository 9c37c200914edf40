/**
 * Responses, as a client gets them.
 *
 * @since 0.1.0
 */
import type { ClientStream } from "@effect-http2/engine/client/clientStream"
import * as Text from "@effect-http2/engine/text"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Headers from "./Headers.js"
import { Http2IncomingMessage } from "./Http2IncomingMessage.js"
import type * as Priority from "./Priority.js"

/**
 * @since 0.1.0
 * @category type ids
 */
export const TypeId = "~@effect-http2/effect4-http2/Http2ClientResponse"

/**
 * A response. Its body is read as a Stream, or whole by `bytes` and `text`.
 *
 * @since 0.1.0
 * @category models
 */
export class Http2ClientResponse extends Http2IncomingMessage {
  /** @internal */
  constructor(
    private readonly clientStream: ClientStream,
    /** The status code, 200 to 999. */
    readonly status: number,
    /** The fields, without pseudo-header fields. */
    readonly headers: Headers.Headers
  ) {
    super(clientStream)
  }

  /**
   * Asks the server to send the rest of the response as `parameters` say, which are all that hold then: what is left out has its default (PRIORITY_UPDATE,
   * RFC 9218 §7.1). False, and nothing is sent, once the response has arrived, and to a server whose SETTINGS do not say that it does without the
   * priorities of RFC 7540, which would not act on it (§2.1.1).
   */
  reprioritize(parameters: Priority.Parameters): Effect.Effect<boolean> {
    return Effect.sync(() => this.clientStream.sendPriorityUpdate(parameters))
  }

  get [TypeId](): typeof TypeId {
    return TypeId
  }
}

/**
 * @since 0.1.0
 * @category guards
 */
export const isHttp2ClientResponse = (u: unknown): u is Http2ClientResponse => Predicate.hasProperty(u, TypeId)

/**
 * A response that has arrived to its end.
 *
 * @since 0.1.0
 * @category models
 */
export class WholeResponse {
  constructor(
    /** The status code, 200 to 999. */
    readonly status: number,
    /** The fields, without pseudo-header fields. */
    readonly headers: Headers.Headers,
    readonly body: Uint8Array,
    /** The fields behind the body. */
    readonly trailers: Headers.Headers
  ) {}

  /** The body as UTF-8. */
  get text(): string {
    return Text.fromOctets(this.body)
  }
}

/**
 * The response on a stream that has its head.
 *
 * @internal
 */
export const responseOf = (stream: ClientStream): Http2ClientResponse =>
  new Http2ClientResponse(stream, stream.head?.status ?? 0, stream.head?.headers ?? Headers.empty)
