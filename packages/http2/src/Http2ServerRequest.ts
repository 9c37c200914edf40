/**
 * Requests, as a server's handler gets them.
 *
 * @since 0.1.0
 */
import type * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Headers from "./Headers.js"
import * as Http2Error from "./Http2Error.js"
import * as Http2Origin from "./Http2Origin.js"
import type { PromisedRequest } from "./Http2Push.js"
import type { Http2ServerResponse } from "./Http2ServerResponse.js"
import { Http2Tunnel } from "./Http2Tunnel.js"
import { Http2IncomingMessage } from "./Http2IncomingMessage.js"
import { isCausedByPeer, sendResponse } from "./internal/respond.js"
import type { ServerStream } from "@effect-http2/engine/server/serverStream"
import type * as Priority from "./Priority.js"
import type { Peer } from "./Transport.js"

/**
 * @since 0.1.0
 * @category type ids
 */
export const TypeId: unique symbol = Symbol.for("@effect-http2/http2/Http2ServerRequest")

/**
 * @since 0.1.0
 * @category type ids
 */
export type TypeId = typeof TypeId

/**
 * A request, as a handler gets it.
 *
 * @since 0.1.0
 * @category models
 */
export class Http2ServerRequest extends Http2IncomingMessage {
  /**
   * Whether the scope of the handler is closed by somebody else.
   *
   * @internal
   */
  leavesScopeOpen = false

  /** @internal */
  constructor(private readonly serverStream: ServerStream) {
    super(serverStream)
  }

  get [TypeId](): TypeId {
    return TypeId
  }

  /** :method, for instance `GET`. */
  get method(): string {
    return this.serverStream.head.method
  }

  /** :scheme, for instance `https`; empty for CONNECT. */
  get scheme(): string {
    return this.serverStream.head.scheme
  }

  /** :authority, or the host field where that is missing; host and port. */
  get authority(): string {
    return this.serverStream.head.authority
  }

  /** :path with its query; empty for CONNECT. */
  get path(): string {
    return this.serverStream.head.path
  }

  /** :protocol of an extended CONNECT (RFC 8441), else undefined. */
  get protocol(): string | undefined {
    return this.serverStream.head.protocol
  }

  /** The fields, without pseudo-header fields; cookie crumbs are joined (§8.2.3). */
  get headers(): Headers.Headers {
    return this.serverStream.head.headers
  }

  /** The two ends of the connection. */
  get peer(): Peer {
    return this.serverStream.owner.peer
  }

  /**
   * Answers a CONNECT request, plain (§8.5) or extended (RFC 8441), with a head of 2xx, and gives the two directions of octets that follow. What the
   * handler then gives as its response is not sent; our side ends, at the latest, with the handler. Fails with a `StreamError` of
   * origin `User` for another method, and once a response was sent.
   */
  tunnel(
    options: {
      readonly status?: number | undefined
      readonly headers?: Headers.Input | undefined
    } = {}
  ): Effect.Effect<Http2Tunnel, Http2Error.Http2Error> {
    return Effect.suspend(() => {
      const { error, id } = this.serverStream
      if (error !== undefined) return Effect.fail(error)
      try {
        this.serverStream.respondTunnel(options.status ?? 200, Headers.make(options.headers))
        return Effect.succeed(new Http2Tunnel(this, this.serverStream))
      } catch (error) {
        return Effect.fail(Http2Error.isHttp2Error(error) ? error : Http2Error.usageError(id, "8.5", String(error)))
      }
    })
  }

  /**
   * How urgent the response is (RFC 9218): what the client says, by the `priority` field or by PRIORITY_UPDATE frames later on, with what `setPriority`
   * has said in its place; defaults for the rest. As long as a client has said nothing on a connection, its bodies share that evenly.
   */
  get priority(): Priority.Priority {
    return this.serverStream.priority
  }

  /**
   * Says how urgent the response is, from now on, also while its body is sent (RFC 9218 §8). What `parameters` has holds, whatever the client says of it;
   * what it does not have is as the client says. Gives what holds then. To tell intermediaries too, send a `priority` field with the response.
   */
  setPriority(parameters: Priority.Parameters): Effect.Effect<Priority.Priority> {
    return Effect.sync(() => {
      this.serverStream.setPriority(parameters)
      return this.serverStream.priority
    })
  }

  /**
   * Whether a failure of the handler is the client's doing: it has reset the stream, or its settings do not allow for the response. For whoever logs: a client
   * can make as many as it likes.
   */
  isCausedByPeer(cause: Cause.Cause<unknown>): boolean {
    return isCausedByPeer(cause, this.serverStream)
  }

  /** Whether a response can still be sent: none was, and the stream is not over. */
  get canRespond(): boolean {
    return !this.serverStream.hasResponded && this.serverStream.isSending
  }

  /**
   * Sends the head of the response, and the body where that is octets. True where that was all; a Stream and trailers are for `respond`. Throws a
   * `StreamError` of origin `User` for a response that cannot be sent, of which nothing was.
   */
  unsafeRespond(response: Http2ServerResponse): boolean {
    return this.serverStream.respond(response)
  }

  /**
   * Sends the response while the handler still runs, and completes when all of it has left or waits to be sent. What the handler then gives as its
   * response is not sent. Fails with a `StreamError` of origin `User` for a response that cannot be sent, of which nothing was, and with
   * what the body or the trailers fail with: the stream is reset then, as it is where this is interrupted.
   */
  respond(response: Http2ServerResponse): Effect.Effect<void, unknown> {
    return Effect.suspend(() => sendResponse(this.serverStream, response))
  }

  /** Whether `push` can promise something now: the client takes pushes, and has room for one more. */
  get canPush(): boolean {
    return this.serverStream.canPromise
  }

  /**
   * Promises the client the response to a request that it has not sent (§8.4). The handler answers it as any other, in a fiber and a scope of its own, which
   * end when the client does not want it. PUSH_PROMISE is sent at once: push before what refers to it is sent (§8.4.1). Fails with a `StreamError` of
   * origin `User`, and promises nothing, where `canPush` is false, for a request that cannot be, and for one that `mayPush` does not allow.
   */
  push(promise: PromisedRequest): Effect.Effect<void, Http2Error.Http2Error> {
    return Effect.suspend(() => {
      try {
        this.serverStream.promise(promise)
        return Effect.void
      } catch (error) {
        return Http2Error.isHttp2Error(error) ? Effect.fail(error) : Effect.die(error)
      }
    })
  }

  /** Leaves the scope that the handler runs in open at its end: whoever calls this has to close it, or what is in it is never released. */
  unsafeLeaveScopeOpen(): void {
    this.leavesScopeOpen = true
  }

  /**
   * Sends an informational response (1xx) before the final one, for instance 103 Early Hints (RFC 8297). Fails with a `StreamError` of
   * origin `User` for another status, for 101, and once the final response was sent.
   */
  informational(status: number, headers?: Headers.Input): Effect.Effect<void, Http2Error.Http2Error> {
    return Effect.try({
      try: () => {
        if (this.serverStream.isSending) this.serverStream.informational(status, Headers.make(headers))
      },
      catch: (error) =>
        Http2Error.isHttp2Error(error) ? error : Http2Error.usageError(this.serverStream.id, "8.1", String(error))
    })
  }

  /**
   * Tells the client where else the origin of this request can be reached (ALTSVC, RFC 7838 §4); `value` is that of an Alt-Svc field. Nothing is sent once
   * the stream is over. Fails with a `ConnectionError` of origin `User` for a value that such a field cannot have.
   */
  altSvc(value: string): Effect.Effect<void, Http2Error.ConnectionError> {
    return Http2Origin.attempt(() => this.serverStream.announceAltSvc(value))
  }
}

/**
 * @since 0.1.0
 * @category guards
 */
export const isHttp2ServerRequest = (u: unknown): u is Http2ServerRequest => Predicate.hasProperty(u, TypeId)
