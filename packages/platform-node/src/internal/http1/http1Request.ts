/**
 * A request of HTTP/1.1 as the `HttpServerRequest` of a platform application: what `NodeHttpServer` makes of it, with its response beside it. Made by
 * http1Application.ts for every request. `source` and `response` are where `NodeHttpServerRequest` looks for the objects of `node:http`.
 */
import type * as Headers from "@effect/platform/Headers"
import * as HttpIncomingMessage from "@effect/platform/HttpIncomingMessage"
import type { HttpMethod } from "@effect/platform/HttpMethod"
import * as HttpServerError from "@effect/platform/HttpServerError"
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import type * as Multipart from "@effect/platform/Multipart"
import type * as Socket from "@effect/platform/Socket"
import * as NodeStream from "@effect/platform-node/NodeStream"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Stream from "effect/Stream"
import type * as Http from "node:http"
import * as BodyMultipart from "../server/multipart.js"
import { type PersistedMultipart, PlatformRequest, type RequestError } from "../server/platformRequest.js"
import { fromNode } from "../server/requestHeaders.js"

/** Those that went on as WebSockets: no response of HTTP/1.1 can be sent any more. */
const upgraded = new WeakSet<Http.IncomingMessage>()

export const markUpgraded = (source: Http.IncomingMessage): void => void upgraded.add(source)

const cached = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.runSync(Effect.cached(effect))

export class Http1ServerRequest extends PlatformRequest {
  private cachedHeaders: Headers.Headers | undefined
  private cachedText: Effect.Effect<string, RequestError> | undefined
  private cachedMultipart: PersistedMultipart | undefined

  constructor(
    readonly source: Http.IncomingMessage,
    readonly response: Http.ServerResponse | (() => Http.ServerResponse),
    private readonly socket: Effect.Effect<Socket.Socket, RequestError> | undefined,
    url: string,
    private readonly headersOverride: Headers.Headers | undefined,
    private readonly remoteAddressOverride: string | undefined,
    private readonly original: Http1ServerRequest | undefined
  ) {
    super(url)
  }

  /** The response, which an upgrade has only where it is answered with one. */
  get nodeResponse(): Http.ServerResponse {
    return typeof this.response === "function" ? this.response() : this.response
  }

  get isUpgraded(): boolean {
    return upgraded.has(this.source)
  }

  modify(options: {
    readonly url?: string | undefined
    readonly headers?: Headers.Headers | undefined
    readonly remoteAddress?: string | undefined
  }): HttpServerRequest.HttpServerRequest {
    return new Http1ServerRequest(
      this.source,
      this.response,
      this.socket,
      options.url ?? this.url,
      options.headers ?? this.headersOverride,
      options.remoteAddress ?? this.remoteAddressOverride,
      this.original ?? this
    )
  }

  get originalUrl(): string {
    return this.source.url ?? ""
  }

  get method(): HttpMethod {
    // Other methods than those that the type lists arrive as they are.
    return (this.source.method ?? "GET").toUpperCase() as HttpMethod
  }

  get headers(): Headers.Headers {
    return this.headersOverride ?? (this.cachedHeaders ??= fromNode(this.source.headers))
  }

  get sharedHeaders(): Headers.Headers {
    return this.headers
  }

  get remoteAddress(): Option.Option<string> {
    return Option.fromNullable(this.remoteAddressOverride ?? this.source.socket.remoteAddress)
  }

  get text(): Effect.Effect<string, RequestError> {
    const owner = this.original ?? this
    return (owner.cachedText ??= cached(
      Effect.flatMap(HttpIncomingMessage.MaxBodySize, (size) =>
        NodeStream.toString(() => this.source, { onFailure: this.toError(), maxBytes: Option.getOrUndefined(size) })
      )
    ))
  }

  get arrayBuffer(): Effect.Effect<ArrayBuffer, RequestError> {
    return Effect.flatMap(HttpIncomingMessage.MaxBodySize, (size) =>
      NodeStream.toUint8Array(() => this.source, {
        onFailure: this.toError(),
        maxBytes: Option.getOrUndefined(size)
      })
    ).pipe(Effect.map((octets) => new Uint8Array(octets).buffer))
  }

  get stream(): Stream.Stream<Uint8Array, RequestError> {
    return NodeStream.fromReadable<RequestError, Uint8Array>(() => this.source, this.toError())
  }

  get multipart(): PersistedMultipart {
    const owner = this.original ?? this
    return (owner.cachedMultipart ??= cached(BodyMultipart.persisted(Effect.succeed(this.source), this.headers)))
  }

  get multipartStream(): Stream.Stream<Multipart.Part, Multipart.MultipartError> {
    return BodyMultipart.stream(Effect.succeed(this.source), this.headers)
  }

  get upgrade(): Effect.Effect<Socket.Socket, RequestError> {
    return this.socket ?? this.noUpgrade
  }

  /** What is wrong with the content is `Decode`; a connection that was lost in the middle of it is `Transport`, as over HTTP/2. */
  protected toError(): (cause: unknown) => RequestError {
    const { source } = this
    return (cause) =>
      new HttpServerError.RequestError({
        request: this,
        reason: source.errored !== null && cause === source.errored ? "Transport" : "Decode",
        cause
      })
  }
}

export const make = (
  source: Http.IncomingMessage,
  response: Http.ServerResponse | (() => Http.ServerResponse),
  socket?: Effect.Effect<Socket.Socket, RequestError>
): Http1ServerRequest =>
  new Http1ServerRequest(source, response, socket, source.url ?? "", undefined, undefined, undefined)
