/**
 * An HTTP/2 request as the `HttpServerRequest` of a platform application. Made by application.ts for every request; the module
 * `NodeHttp2Server` leads from it back to the request of the engine.
 */
import * as Http2Error from "@effect-http2/effect4-http2/Http2Error"
import type { Http2ServerRequest } from "@effect-http2/effect4-http2/Http2ServerRequest"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import * as Cookies from "effect/http/Cookies"
import * as Headers from "effect/http/Headers"
import * as HttpIncomingMessage from "effect/http/HttpIncomingMessage"
import { HttpServerError, RequestParseError } from "effect/http/HttpServerError"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import type * as Multipart from "effect/http/Multipart"
import * as UrlParams from "effect/http/UrlParams"
import * as Inspectable from "effect/Inspectable"
import * as Option from "effect/Option"
import type * as Path from "effect/Path"
import type { ReadonlyRecord } from "effect/Record"
import type * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import type * as Socket from "effect/socket/Socket"
import * as Stream from "effect/Stream"
import * as BodyMultipart from "./multipart.js"
import { noMessage, noResponse } from "./nodeObjects.js"
import { copyOf, isWebSocket, toHeaders } from "./requestHeaders.js"
import { upgrade } from "./webSocket.js"

type PersistedMultipart = Effect.Effect<
  Multipart.Persisted,
  Multipart.MultipartError,
  Scope.Scope | FileSystem.FileSystem | Path.Path
>

const decoder = new TextDecoder()
const formDecoder = new TextDecoder("utf-8", { ignoreBOM: true })

const cached = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.runSync(Effect.cached(effect))

/** What is told of a connection that became a WebSocket to middlewares. */
const upgradedResponse = HttpServerResponse.empty({ status: 101 })

/** What can be read but once, shared by a request and those made of it by `modify`. */
class Content {
  bytes: Effect.Effect<Uint8Array, HttpServerError> | undefined = undefined
  multipart: PersistedMultipart | undefined = undefined
  socket: Effect.Effect<Socket.Socket> | undefined = undefined
  isUpgraded = false
}

/** What `modify` changes. */
interface Changes {
  readonly url?: string | undefined
  readonly headers?: Headers.Headers | undefined
  readonly remoteAddress?: Option.Option<string> | undefined
  readonly peerAddress?: Option.Option<string> | undefined
  readonly protocol?: "http" | "https" | undefined
}

export class ServerRequest extends Inspectable.Class implements HttpServerRequest.HttpServerRequest {
  declare readonly [HttpServerRequest.TypeId]: typeof HttpServerRequest.TypeId
  declare readonly [HttpIncomingMessage.TypeId]: typeof HttpIncomingMessage.TypeId
  private ownHeaders: Headers.Headers | undefined
  private cachedCookies: ReadonlyRecord<string, string> | undefined = undefined
  private content: Content | undefined = undefined

  constructor(
    readonly http2: Http2ServerRequest,
    readonly url: string,
    private readonly changes: Changes | undefined,
    private readonly original: ServerRequest | undefined
  ) {
    super()
    this.ownHeaders = changes?.headers
  }

  modify(changes: Changes): HttpServerRequest.HttpServerRequest {
    const merged: Changes = {
      headers: changes.headers ?? this.ownHeaders,
      remoteAddress: "remoteAddress" in changes ? changes.remoteAddress : this.changes?.remoteAddress,
      peerAddress: changes.peerAddress ?? this.changes?.peerAddress,
      protocol: changes.protocol ?? this.protocol
    }
    return new ServerRequest(this.http2, changes.url ?? this.url, merged, this.original ?? this)
  }

  /** Where `NodeHttpServerRequest.toIncomingMessage` looks. */
  get source(): object {
    return noMessage()
  }

  /** Where `NodeHttpServerRequest.toServerResponse` looks. */
  response(): never {
    return noResponse()
  }

  get originalUrl(): string {
    const { authority, path, scheme } = this.http2
    return path.startsWith("/") && authority !== "" ? `${scheme}://${authority}${path}` : targetOf(this.http2)
  }

  get method(): string {
    // RFC 8441 §5: what HTTP/1.1 asks for by GET and Upgrade.
    return isWebSocket(this.http2) ? "GET" : this.http2.method.toUpperCase()
  }

  get headers(): Headers.Headers {
    return (this.ownHeaders ??= copyOf(this.http2))
  }

  get remoteAddress(): Option.Option<string> {
    const { remote } = this.http2.peer
    // The peer of a unix socket has no address.
    return this.changes?.remoteAddress ?? (remote?.port === undefined ? Option.none() : Option.some(remote.host))
  }

  get peerAddress(): Option.Option<string> {
    return this.changes?.peerAddress ?? this.remoteAddress
  }

  get protocol(): "http" | "https" | undefined {
    return this.changes?.protocol
  }

  get cookies(): ReadonlyRecord<string, string> {
    return (this.cachedCookies ??= Cookies.parseHeader((this.ownHeaders ?? toHeaders(this.http2))["cookie"] ?? ""))
  }

  /** Shared with the request that this one was made of. */
  private get shared(): Content {
    const owner = this.original ?? this
    return (owner.content ??= new Content())
  }

  /** Whether the client has its answer, as that to a WebSocket: then what is told of it to middlewares. */
  get upgraded(): HttpServerResponse.HttpServerResponse | undefined {
    return (this.original ?? this).content?.isUpgraded === true ? upgradedResponse : undefined
  }

  private get bytes(): Effect.Effect<Uint8Array, HttpServerError> {
    return (this.shared.bytes ??= cached(
      Effect.withFiber((fiber) => {
        const size = fiber.getRef(HttpIncomingMessage.MaxBodySize)
        const limit = size === undefined ? Number.POSITIVE_INFINITY : Number(size)
        return Effect.mapError(this.http2.bytes(limit), this.toError)
      })
    ))
  }

  get text(): Effect.Effect<string, HttpServerError> {
    return Effect.map(this.bytes, (bytes) => decoder.decode(bytes))
  }

  get json(): Effect.Effect<Schema.Json, HttpServerError> {
    return Effect.flatMap(this.text, (text) =>
      Effect.try({
        try: (): Schema.Json => (text === "" ? null : (JSON.parse(text) as Schema.Json)),
        catch: this.toError
      })
    )
  }

  get urlParamsBody(): Effect.Effect<UrlParams.UrlParams, HttpServerError> {
    return Effect.flatMap(this.bytes, (bytes) =>
      Effect.try({
        // A "?" at the beginning is a part of the form, which URLSearchParams would take away.
        try: () => UrlParams.fromInput(new URLSearchParams(formDecoder.decode(bytes).replace(/^\?/, "%3F"))),
        catch: this.toError
      })
    )
  }

  get arrayBuffer(): Effect.Effect<ArrayBuffer, HttpServerError> {
    return Effect.map(this.bytes, (bytes) => new Uint8Array(bytes).buffer)
  }

  get stream(): Stream.Stream<Uint8Array, HttpServerError> {
    const { bytes } = this.shared
    return bytes === undefined ? Stream.mapError(this.http2.body, this.toError) : Stream.fromEffect(bytes)
  }

  get multipart(): PersistedMultipart {
    return (this.shared.multipart ??= cached(
      BodyMultipart.persisted(BodyMultipart.fromBody(this.http2.body), this.headers)
    ))
  }

  get multipartStream(): Stream.Stream<Multipart.Part, Multipart.MultipartError> {
    return BodyMultipart.stream(BodyMultipart.fromBody(this.http2.body), this.headers)
  }

  get upgrade(): Effect.Effect<Socket.Socket, HttpServerError> {
    return this.upgradeWith({})
  }

  upgradeWith(options: {
    readonly headers?: Headers.Input | undefined
  }): Effect.Effect<Socket.Socket, HttpServerError> {
    const { http2, shared } = this
    if (!isWebSocket(http2)) return this.refuse("not an upgradeable ServerRequest")
    if (Object.keys(Headers.fromInput(options.headers)).length > 0)
      return this.refuse("WebSocket upgrades do not support custom response headers")
    return (shared.socket ??= upgrade({
      http2,
      target: targetOf(http2),
      headers: toHeaders(http2),
      onUpgraded: () => {
        shared.isUpgraded = true
      }
    }))
  }

  private refuse(description: string): Effect.Effect<never, HttpServerError> {
    return Effect.fail(new HttpServerError({ reason: new RequestParseError({ request: this, description }) }))
  }

  private readonly toError = (cause: unknown): HttpServerError => {
    const isTooLarge = Http2Error.isStreamError(cause) && cause.limit === "bytes"
    return new HttpServerError({
      reason: new RequestParseError({ request: this, reason: isTooLarge ? "BodyTooLarge" : "Parse", cause })
    })
  }

  override toString(): string {
    return `ServerRequest(${this.method} ${UrlParams.redactUrl(this.url)})`
  }

  toJSON(): unknown {
    return HttpIncomingMessage.inspect(this, {
      _id: "HttpServerRequest",
      method: this.method,
      url: UrlParams.redactUrl(this.originalUrl)
    })
  }
}

// On the prototype, not on every request.
Object.defineProperties(ServerRequest.prototype, {
  [HttpServerRequest.TypeId]: { value: HttpServerRequest.TypeId },
  [HttpIncomingMessage.TypeId]: { value: HttpIncomingMessage.TypeId }
})

/** The request target: :path, and :authority of a CONNECT. */
const targetOf = ({ authority, path }: Http2ServerRequest): string => (path === "" ? authority : path)

export const make = (http2: Http2ServerRequest): ServerRequest =>
  new ServerRequest(http2, targetOf(http2), undefined, undefined)

export const isServerRequest = (request: HttpServerRequest.HttpServerRequest): request is ServerRequest =>
  request instanceof ServerRequest
