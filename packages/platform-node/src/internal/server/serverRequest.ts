/**
 * An HTTP/2 request as the `HttpServerRequest` of a platform application. Made by application.ts for every request; the module
 * `NodeHttp2Server` leads from it back to the request of the engine.
 */
import * as Http2Error from "@effect-http2/http2/Http2Error"
import type * as Http2ServerRequest from "@effect-http2/http2/Http2ServerRequest"
import type * as Headers from "@effect/platform/Headers"
import * as HttpIncomingMessage from "@effect/platform/HttpIncomingMessage"
import type { HttpMethod } from "@effect/platform/HttpMethod"
import * as HttpServerError from "@effect/platform/HttpServerError"
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import type * as Multipart from "@effect/platform/Multipart"
import type * as Socket from "@effect/platform/Socket"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as FiberId from "effect/FiberId"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type * as Http from "node:http"
import * as BodyMultipart from "./multipart.js"
import * as NodeMessages from "./nodeMessages.js"
import { type PersistedMultipart, PlatformRequest, type RequestError } from "./platformRequest.js"
import type { ServerSpan } from "./serverSpan.js"
import { copy, isWebSocket, toHeaders } from "./requestHeaders.js"
import { upgrade } from "./webSocket.js"

const decoder = new TextDecoder()

const isScope = (u: unknown): u is Scope.Scope => Predicate.hasProperty(u, Scope.ScopeTypeId)

/** `Effect.cached` without a fiber to make it. */
const memoize = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> => {
  let result: Deferred.Deferred<A, E> | undefined
  return Effect.suspend(() => {
    if (result !== undefined) return Deferred.await(result)
    const deferred = Deferred.unsafeMake<A, E>(FiberId.none)
    result = deferred
    return Effect.onExit(effect, (exit) => Deferred.done(deferred, exit))
  })
}

/** What can be read but once, shared by a request and those made of it by `modify`. */
class Content {
  bytes: Effect.Effect<Uint8Array, RequestError> | undefined = undefined
  /** Whether `bytes` reads no more than once, whoever runs it. */
  isShared = false
  text: string | undefined = undefined
  multipart: PersistedMultipart | undefined = undefined
  socket: Effect.Effect<Socket.Socket, RequestError> | undefined = undefined
  node: NodeMessages.NodeMessages | undefined = undefined
}

export class ServerRequest extends PlatformRequest {
  private content: Content | undefined = undefined
  /** The services of the context that was made for the request. */
  services: Map<string, unknown> | undefined = undefined
  /** The span of the request, where it is made by and by. */
  span: ServerSpan<ServerRequest> | undefined = undefined

  constructor(
    readonly http2: Http2ServerRequest.Http2ServerRequest,
    url: string,
    private headersOverride: Headers.Headers | undefined,
    private readonly remoteAddressOverride: string | undefined,
    private readonly original: ServerRequest | undefined
  ) {
    super(url)
  }

  modify(options: {
    readonly url?: string | undefined
    readonly headers?: Headers.Headers | undefined
    readonly remoteAddress?: string | undefined
  }): HttpServerRequest.HttpServerRequest {
    return new ServerRequest(
      this.http2,
      options.url ?? this.url,
      options.headers ?? this.headersOverride,
      options.remoteAddress ?? this.remoteAddressOverride,
      this.original ?? this
    )
  }

  get originalUrl(): string {
    return targetOf(this.http2)
  }

  get method(): HttpMethod {
    // RFC 8441 §5: what HTTP/1.1 asks for by GET and Upgrade. Other methods than those that the type lists arrive as they are.
    return isWebSocket(this.http2) ? "GET" : (this.http2.method.toUpperCase() as HttpMethod)
  }

  get headers(): Headers.Headers {
    return (this.headersOverride ??= copy(toHeaders(this.http2)))
  }

  /** The same, to be read only: no copy where the application has not asked for one. */
  get sharedHeaders(): Headers.Headers {
    return this.headersOverride ?? toHeaders(this.http2)
  }

  get remoteAddress(): Option.Option<string> {
    const { remote } = this.http2.peer
    // The peer of a unix socket has no address.
    return Option.fromNullable(this.remoteAddressOverride ?? (remote?.port === undefined ? undefined : remote.host))
  }

  /** Shared with the request that this one was made of. */
  private get shared(): Content {
    const owner = this.original ?? this
    return (owner.content ??= new Content())
  }

  /** The request and its response as `node:http` has them, made where somebody first asks. */
  private get node(): NodeMessages.NodeMessages {
    const { shared } = this
    if (shared.node !== undefined) return shared.node
    const node = NodeMessages.make({
      http2: this.http2,
      method: this.method,
      url: this.originalUrl,
      headers: toHeaders(this.http2),
      body: this.stream
    })
    shared.node = node
    const scope: unknown = (this.original ?? this).services?.get(Scope.Scope.key)
    if (isScope(scope)) Effect.runSync(Scope.addFinalizer(scope, node.abandon))
    return node
  }

  /** What `NodeHttpServerRequest.toIncomingMessage` gives. */
  get source(): Http.IncomingMessage {
    return this.node.message
  }

  /** What `NodeHttpServerRequest.toServerResponse` gives. */
  get response(): Http.ServerResponse {
    return this.node.response
  }

  /** Completes when what was sent by way of `response` is over; undefined where nothing is on its way. */
  get sending(): Effect.Effect<void> | undefined {
    const node = (this.original ?? this).content?.node
    return node?.isBusy() === true ? node.over : undefined
  }

  private get bytes(): Effect.Effect<Uint8Array, RequestError> {
    const { shared } = this
    return (shared.bytes ??= Effect.flatMap(HttpIncomingMessage.MaxBodySize, (size) => {
      if (shared.isShared && shared.bytes !== undefined) return shared.bytes
      shared.isShared = true
      const limit = size._tag === "Some" ? Number(size.value) : Number.POSITIVE_INFINITY
      // Mostly all of it is there already.
      const whole = this.http2.unsafeBytes(limit)
      return (shared.bytes =
        whole === undefined ? memoize(Effect.mapError(this.http2.bytes(limit), this.toError())) : Effect.succeed(whole))
    }))
  }

  get text(): Effect.Effect<string, RequestError> {
    const { shared } = this
    return Effect.map(this.bytes, (bytes) => (shared.text ??= decoder.decode(bytes)))
  }

  get arrayBuffer(): Effect.Effect<ArrayBuffer, RequestError> {
    return Effect.map(this.bytes, (bytes) => new Uint8Array(bytes).buffer)
  }

  get stream(): Stream.Stream<Uint8Array, RequestError> {
    const { bytes } = this.shared
    return bytes === undefined ? Stream.mapError(this.http2.body, this.toError()) : Stream.fromEffect(bytes)
  }

  get multipart(): PersistedMultipart {
    return (this.shared.multipart ??= memoize(
      BodyMultipart.persisted(BodyMultipart.fromBody(this.http2.body), this.headers)
    ))
  }

  get multipartStream(): Stream.Stream<Multipart.Part, Multipart.MultipartError> {
    return BodyMultipart.stream(BodyMultipart.fromBody(this.http2.body), this.headers)
  }

  get upgrade(): Effect.Effect<Socket.Socket, RequestError> {
    return (this.shared.socket ??= isWebSocket(this.http2) ? upgrade(this, this.http2) : this.noUpgrade)
  }

  /** What is wrong with the content is `Decode`; a stream that was reset or a connection that was lost is `Transport`. */
  protected toError(): (cause: unknown) => RequestError {
    return (cause) =>
      new HttpServerError.RequestError({
        request: this,
        reason: Http2Error.isHttp2Error(cause) && cause.origin !== "User" ? "Transport" : "Decode",
        cause
      })
  }
}

/** The request target: :path, and :authority of a CONNECT. */
const targetOf = (source: Http2ServerRequest.Http2ServerRequest): string =>
  source.path === "" ? source.authority : source.path

export const make = (source: Http2ServerRequest.Http2ServerRequest): ServerRequest =>
  new ServerRequest(source, targetOf(source), undefined, undefined, undefined)

export const isServerRequest = (request: HttpServerRequest.HttpServerRequest): request is ServerRequest =>
  request instanceof ServerRequest
