/**
 * The server's role: requests that arrive on a connection, each to a handler in a fiber and a scope of its own (RFC 9113 §8).
 *
 * @since 0.1.0
 */
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as FiberId from "effect/FiberId"
import type * as Scope from "effect/Scope"
import * as Headers from "./Headers.js"
import * as Http2Connection from "./Http2Connection.js"
import * as Http2Error from "./Http2Error.js"
import * as Http2Options from "./Http2Options.js"
import type { Http2Response } from "./Http2Response.js"
import * as Http2Stats from "./Http2Stats.js"
import { Http2Tunnel } from "./Http2Tunnel.js"
import { IncomingMessage } from "./IncomingMessage.js"
import { HandlerRunner } from "./internal/handlerRunner.js"
import { sendResponse } from "./internal/respond.js"
import { ServerRole } from "./internal/serverRole.js"
import type { ServerStream } from "./internal/serverStream.js"
import type { Peer, Transport } from "./Transport.js"

/**
 * A request, as a handler gets it.
 *
 * @since 0.1.0
 * @category models
 */
export class Request extends IncomingMessage {
  /** @internal */
  constructor(private readonly serverStream: ServerStream) {
    super(serverStream)
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
      readonly status?: number
      readonly headers?: Headers.Input
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

  /** Whether a response can still be sent: none was, and the stream is not over. */
  get canRespond(): boolean {
    return !this.serverStream.hasResponded && this.serverStream.isSending
  }

  /**
   * Sends the head of the response, and the body where that is octets. True where that was all; a Stream and trailers are for `respond`. Throws a
   * `StreamError` of origin `User` for a response that cannot be sent, of which nothing was.
   */
  unsafeRespond(response: Http2Response): boolean {
    return this.serverStream.respond(response)
  }

  /**
   * Sends the response while the handler still runs, and completes when all of it has left or waits to be sent. What the handler then gives as its
   * response is not sent. Fails with a `StreamError` of origin `User` for a response that cannot be sent, of which nothing was, and with
   * what the body or the trailers fail with: the stream is reset then, as it is where this is interrupted.
   */
  respond(response: Http2Response): Effect.Effect<void, unknown> {
    return Effect.suspend(() => sendResponse(this.serverStream, response))
  }

  /** The scope that the handler runs in is not closed at its end: whoever calls this closes it. */
  keepScope(): void {
    this.serverStream.keepsScope = true
  }

  /**
   * Sends an informational response (1xx) before the final one, for instance 103 Early Hints (RFC 8297). Fails with a `StreamError` of
   * origin `User` for another status, for 101, and once the final response was sent.
   */
  informational(status: number, headers: Headers.Headers): Effect.Effect<void, Http2Error.Http2Error> {
    return Effect.try({
      try: () => {
        if (this.serverStream.isSending) this.serverStream.informational(status, headers)
      },
      catch: (error) =>
        Http2Error.isHttp2Error(error) ? error : Http2Error.usageError(this.serverStream.id, "8.1", String(error))
    })
  }
}

/**
 * What answers requests. Its effect runs in a fiber and a scope of its own, which end with the stream: the fiber is interrupted when the client
 * resets the stream or the connection is lost. A failure or defect becomes a response of 500 or, once headers are out, RST_STREAM with
 * INTERNAL_ERROR, and is logged.
 *
 * @since 0.1.0
 * @category models
 */
export type Handler<E, R> = (request: Request) => Effect.Effect<Http2Response, E, R>

/**
 * The options of a server's connections.
 *
 * @since 0.1.0
 * @category models
 */
export interface ServerOptions extends Http2Options.Http2Options {
  /** Counters to add to. Default: of this connection alone. */
  readonly stats?: Http2Stats.Http2Stats
  /** Whether responses get a date field where the handler gives none (RFC 9110 §6.6.1). Default true. */
  readonly sendDate?: boolean
  /** Whether clients may use extended CONNECT (RFC 8441), as WebSockets over HTTP/2 do. Default false. */
  readonly enableConnectProtocol?: boolean
  /** Who interrupts a handler whose stream is gone, as its cause shows. Default `FiberId.none`. */
  readonly abortFiberId?: FiberId.FiberId
  /** How handlers are run, for a layer above that has more to say about it. */
  readonly handlerPolicy?: HandlerPolicy
}

/**
 * How handlers are run.
 *
 * @since 0.1.0
 * @category models
 */
export interface HandlerPolicy {
  /**
   * Makes the context that the handler of a request runs in, in place of the one that `serve` was run in with `scope`, the stream's, added to it.
   * All that the handler needs has to be there.
   */
  readonly contextOf: (request: Request, scope: Scope.Scope) => Context.Context<never>
  /** Whether the handler can be interrupted from its first step on; if not, it opens itself where it can. */
  readonly isInterruptible: boolean
}

/** The same for all that handle a stream. */
const requestOf = (stream: ServerStream): Request => {
  if (stream.message instanceof Request) return stream.message
  const request = new Request(stream)
  stream.message = request
  return request
}

/**
 * Serves one connection: acquires it, answers its requests with `handler`, and completes when it has ended; fails with the error that ended it.
 * Interruption drains it: GOAWAY in two steps, requests in flight finish up to `gracefulShutdownTimeout`, the rest is
 * interrupted. Options that cannot be fail it with a `ConnectionError` of origin `User`.
 *
 * @since 0.1.0
 * @category serving
 */
export const serve =
  <E, R>(handler: Handler<E, R>, options: ServerOptions = {}) =>
  (transport: Transport): Effect.Effect<void, Http2Error.Http2Error, Exclude<R, Scope.Scope>> =>
    Effect.scoped(Effect.flatMap(make(handler, transport, options), (connection) => connection.awaitClosed))

/**
 * A connection on which `handler` answers requests; the end of its scope drains it. See `serve`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = <E, R>(
  handler: Handler<E, R>,
  transport: Transport,
  options: ServerOptions = {}
): Effect.Effect<Http2Connection.Http2Connection, Http2Error.ConnectionError, Exclude<R, Scope.Scope> | Scope.Scope> =>
  Effect.gen(function* () {
    const resolved = yield* Http2Options.resolveEffect(options)
    const runtime = yield* Effect.runtime<Exclude<R, Scope.Scope>>()
    const stats = options.stats ?? Http2Stats.make()
    const policy = options.handlerPolicy
    const runner = new HandlerRunner(
      runtime,
      // The scope is the stream's; everything else that the handler needs is in the runtime.
      (stream) => handler(requestOf(stream)) as Effect.Effect<Http2Response, E, Exclude<R, Scope.Scope> | Scope.Scope>,
      {
        stats,
        abortFiberId: options.abortFiberId ?? FiberId.none,
        onFinished: () => role.onHandlerEnd(),
        isInterruptible: policy?.isInterruptible ?? true,
        // It has what the handler needs: that is who gives a policy to see to.
        contextOf:
          policy === undefined
            ? undefined
            : (stream, scope) =>
                policy.contextOf(requestOf(stream), scope) as Context.Context<Exclude<R, Scope.Scope> | Scope.Scope>
      }
    )
    const role = new ServerRole(runner, options.sendDate ?? true)
    // Finalizers run last in, first out: the connection ends, then every handler that is left is interrupted and awaited.
    yield* Effect.addFinalizer(() => runner.shutdown)
    const settings = {
      ...Http2Options.toSettings(resolved, false),
      enableConnectProtocol: options.enableConnectProtocol ?? false
    }
    return yield* Http2Connection.make(transport, { options: resolved, settings, stats, drainAtEnd: true }, role)
  })
