/**
 * The client's role: requests on a connection, any number at once as far as the server allows (RFC 9113 §8).
 *
 * @since 0.1.0
 */
import { HeaderField } from "@effect-http2/hpack/HeaderField"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"
import * as Runtime from "effect/Runtime"
import type * as Scope from "effect/Scope"
import * as ErrorCode from "./ErrorCode.js"
import * as Headers from "./Headers.js"
import * as Http2Connection from "./Http2Connection.js"
import * as Http2Error from "./Http2Error.js"
import * as Http2Options from "./Http2Options.js"
import * as Http2Response from "./Http2Response.js"
import * as Http2Stats from "./Http2Stats.js"
import { IncomingMessage } from "./IncomingMessage.js"
import { writeBody, writeTrailers } from "./internal/bodyWriter.js"
import { ClientRequest as Exchange, type Prepared, pseudoFields } from "./internal/clientRequest.js"
import { ClientRole } from "./internal/clientRole.js"
import type { ClientStream } from "./internal/clientStream.js"
import * as Rules from "./internal/fieldRules.js"
import { check } from "./internal/outgoing.js"
import { StreamScope } from "./internal/streamScope.js"
import type { Transport } from "./Transport.js"

/**
 * What is asked for.
 *
 * @since 0.1.0
 * @category models
 */
export interface ClientRequest {
  /** Default `GET`. */
  readonly method?: string
  /** Path and query. Default `/`. Has no meaning for CONNECT. */
  readonly path?: string
  /** Host and port. Default: those of the client. */
  readonly authority?: string
  /** Default: the client's, else `https` over TLS and `http` without. */
  readonly scheme?: string
  readonly headers?: Headers.Input
  readonly body?: Http2Response.Body
  /** Fields behind the body. */
  readonly trailers?: Http2Response.Options["trailers"]
  /** Called for each informational response (1xx) as it arrives. */
  readonly onInformational?: (status: number, headers: Headers.Headers) => void
}

/**
 * A response. Its body is read as a Stream, or whole by `bytes` and `text`.
 *
 * @since 0.1.0
 * @category models
 */
export class Response extends IncomingMessage {
  /** @internal */
  constructor(
    core: ClientStream,
    /** The status code, 200 to 999. */
    readonly status: number,
    /** The fields, without pseudo-header fields. */
    readonly headers: Headers.Headers
  ) {
    super(core)
  }
}

/**
 * The options of a client's connection.
 *
 * @since 0.1.0
 * @category models
 */
export interface ClientOptions extends Http2Options.Http2Options {
  /** The authority of requests that name none. */
  readonly authority?: string
  /** The scheme of requests that name none. Default: `https` over TLS, `http` without. */
  readonly scheme?: string
  /** Counters to add to. Default: of this connection alone. */
  readonly stats?: Http2Stats.Http2Stats
}

/**
 * A client on one connection.
 *
 * @since 0.1.0
 * @category models
 */
export interface Http2Client {
  /**
   * Sends a request and succeeds with the head of its response. Requests beyond what the server allows at once wait, in order. Interruption, and
   * the end of the scope before the response was whole, send RST_STREAM(CANCEL).
   *
   * Fails with a `StreamError` where this request failed, with a `ConnectionError` or `TransportError` where the connection did; `processed` says
   * whether it may be sent again elsewhere.
   */
  readonly request: (request: ClientRequest) => Effect.Effect<Response, Http2Error.Http2Error, Scope.Scope>
  readonly connection: Http2Connection.Http2Connection
  /** Requests that wait for a place. */
  readonly queued: () => number
}

/**
 * A client over `transport`; the end of the scope closes the connection, and what is open on it fails.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (
  transport: Transport,
  options: ClientOptions = {}
): Effect.Effect<Http2Client, Http2Error.ConnectionError, Scope.Scope> =>
  Effect.gen(function* () {
    const resolved = yield* Http2Options.resolveEffect(options)
    const stats = options.stats ?? Http2Stats.make()
    const role = new ClientRole()
    const connection = yield* Http2Connection.make(transport, { options: resolved, stats, drainAtEnd: false }, role)
    role.attach(connection.core)
    const defaults = {
      authority: new HeaderField(":authority", options.authority ?? ""),
      scheme: options.scheme ?? (transport.peer.tls === undefined ? "http" : "https")
    }
    const runtime = yield* Effect.runtime()
    const sendBody = (stream: ClientStream, prepared: Prepared): void => forkBody(runtime, stream, prepared)
    const request = (request: ClientRequest): Effect.Effect<Response, Http2Error.Http2Error, Scope.Scope> =>
      Effect.uninterruptibleMask((restore) =>
        Effect.flatMap(restore(exchange(role, request, defaults, sendBody)), (stream) =>
          Effect.as(Effect.addFinalizer(() => release(stream)), responseOf(stream))
        )
      )
    return { request, connection, queued: () => role.queued }
  })

/** What is not read when the scope ends is not wanted. */
const release = (stream: ClientStream): Effect.Effect<void> =>
  Effect.sync(() => stream.cancel("the response was not read to its end"))

const responseOf = (stream: ClientStream): Response =>
  new Response(stream, stream.head?.status ?? 0, stream.head?.headers ?? Headers.empty)

interface Defaults {
  readonly authority: HeaderField
  readonly scheme: string
}

/** From the wish to the head of the response. */
const exchange = (
  role: ClientRole,
  request: ClientRequest,
  defaults: Defaults,
  sendBody: (stream: ClientStream, prepared: Prepared) => void
): Effect.Effect<ClientStream, Http2Error.Http2Error> =>
  Effect.async((resume) => {
    let prepared: Prepared
    try {
      prepared = prepare(request, defaults)
    } catch (error) {
      return resume(Http2Error.isHttp2Error(error) ? Effect.fail(error) : Effect.die(error))
    }
    const exchange = new Exchange(prepared, resume, sendBody)
    role.submit(exchange)
    return Effect.sync(() => {
      role.withdraw(exchange)
      exchange.stream?.cancel("the request was interrupted")
    })
  })

/** Checks a request. Throws a usage error for what cannot be sent. */
const prepare = (request: ClientRequest, defaults: Defaults): Prepared => {
  const { authority, method = "GET", path = "/", scheme = defaults.scheme } = request
  const { body, headers, trailers } = Http2Response.make({
    ...(request.headers === undefined ? {} : { headers: request.headers }),
    ...(request.trailers === undefined ? {} : { trailers: request.trailers }),
    body: request.body
  })
  const { contentLength } = check(headers)
  const target = authority === undefined ? defaults.authority : new HeaderField(":authority", authority)
  if (!Rules.isMethod(method)) throw Http2Error.usageError(0, "8.3.1", "the method is not a token")
  if (method === "CONNECT" ? !Rules.isTarget(target.value) : !Rules.isTarget(path)) {
    throw Http2Error.usageError(0, "8.3.1", "the path or authority has octets that are not allowed")
  }
  if (!Rules.isFieldValue(target.value) || target.value.includes("@")) {
    throw Http2Error.usageError(0, "8.3.1", "the authority is not a host and port")
  }
  if (body instanceof Uint8Array && contentLength >= 0 && contentLength !== body.length) {
    throw Http2Error.usageError(0, "8.1.1", `content-length is ${contentLength}, the body has ${body.length} octets`)
  }
  return {
    pseudo: pseudoFields(method, scheme, target, path),
    headers,
    body,
    trailers,
    isHead: method === "HEAD",
    onInformational: request.onInformational
  }
}

/** Sends a body in a fiber of its own, which ends with the stream. */
const forkBody = (runtime: Runtime.Runtime<never>, stream: ClientStream, prepared: Prepared): void => {
  const scope = new StreamScope()
  const { body, trailers } = prepared
  if (body instanceof Uint8Array && body.length > 0) stream.sendData(body, false)
  const send =
    body === undefined || body instanceof Uint8Array
      ? writeTrailers(stream, trailers)
      : writeBody(stream, body, trailers, scope)
  const program = Effect.onExit(
    Effect.matchCause(send, {
      onFailure: (cause) => bodyFailed(stream, cause),
      onSuccess: () => undefined
    }),
    (exit) => scope.close(exit)
  )
  const fiber: Fiber.RuntimeFiber<void> = Runtime.runFork(runtime)(program)
  if (fiber.unsafePoll() === null) stream.onOver = () => fiber.unsafeInterruptAsFork(FiberId.none)
}

/** RST_STREAM, never a clean end; the request fails with what the body failed with. */
const bodyFailed = (stream: ClientStream, cause: Cause.Cause<unknown>): void => {
  stream.reset(
    new Http2Error.StreamError({
      streamId: stream.id,
      code: Cause.isInterruptedOnly(cause) ? ErrorCode.CANCEL : ErrorCode.INTERNAL_ERROR,
      origin: "User",
      reason: "the body of the request failed",
      processed: "unknown",
      cause: Cause.squash(cause)
    })
  )
}
