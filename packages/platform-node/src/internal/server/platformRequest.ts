/**
 * What an `HttpServerRequest` of ours is over either protocol: the readers that follow from its text and its headers, and how it shows itself. Extended by
 * serverRequest.ts and http1/http1Request.ts, which say where head and body come from.
 */
import * as Cookies from "@effect/platform/Cookies"
import type * as FileSystem from "@effect/platform/FileSystem"
import type * as Headers from "@effect/platform/Headers"
import * as HttpIncomingMessage from "@effect/platform/HttpIncomingMessage"
import type { HttpMethod } from "@effect/platform/HttpMethod"
import * as HttpServerError from "@effect/platform/HttpServerError"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import type * as Multipart from "@effect/platform/Multipart"
import type * as Path from "@effect/platform/Path"
import type * as Socket from "@effect/platform/Socket"
import * as UrlParams from "@effect/platform/UrlParams"
import * as Effect from "effect/Effect"
import * as Inspectable from "effect/Inspectable"
import type * as Option from "effect/Option"
import type { ReadonlyRecord } from "effect/Record"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"

export type RequestError = HttpServerError.RequestError
export type PersistedMultipart = Effect.Effect<
  Multipart.Persisted,
  Multipart.MultipartError,
  Scope.Scope | FileSystem.FileSystem | Path.Path
>

export abstract class PlatformRequest extends Inspectable.Class implements HttpServerRequest.HttpServerRequest {
  declare readonly [HttpServerRequest.TypeId]: HttpServerRequest.TypeId
  declare readonly [HttpIncomingMessage.TypeId]: HttpIncomingMessage.TypeId
  private cachedCookies: ReadonlyRecord<string, string> | undefined = undefined

  constructor(readonly url: string) {
    super()
  }

  abstract readonly source: object
  abstract get originalUrl(): string
  abstract get method(): HttpMethod
  abstract get headers(): Headers.Headers
  /** The same, to be read only. */
  abstract get sharedHeaders(): Headers.Headers
  abstract get remoteAddress(): Option.Option<string>
  abstract get text(): Effect.Effect<string, RequestError>
  abstract get arrayBuffer(): Effect.Effect<ArrayBuffer, RequestError>
  abstract get stream(): Stream.Stream<Uint8Array, RequestError>
  abstract get multipart(): PersistedMultipart
  abstract get multipartStream(): Stream.Stream<Multipart.Part, Multipart.MultipartError>
  abstract get upgrade(): Effect.Effect<Socket.Socket, RequestError>
  abstract modify(options: {
    readonly url?: string | undefined
    readonly headers?: Headers.Headers | undefined
    readonly remoteAddress?: string | undefined
  }): HttpServerRequest.HttpServerRequest

  /** What becomes of an error that reading the body meets. */
  protected abstract toError(): (cause: unknown) => RequestError

  get cookies(): ReadonlyRecord<string, string> {
    return (this.cachedCookies ??= Cookies.parseHeader(this.sharedHeaders["cookie"] ?? ""))
  }

  get json(): Effect.Effect<unknown, RequestError> {
    return Effect.tryMap(this.text, {
      try: (text): unknown => (text === "" ? null : JSON.parse(text)),
      catch: this.toError()
    })
  }

  get urlParamsBody(): Effect.Effect<UrlParams.UrlParams, RequestError> {
    return Effect.tryMap(this.text, {
      try: (text) => UrlParams.fromInput(new URLSearchParams(text)),
      catch: this.toError()
    })
  }

  /** What `upgrade` is where none was asked for. */
  protected get noUpgrade(): Effect.Effect<never, RequestError> {
    return Effect.fail(
      new HttpServerError.RequestError({
        request: this,
        reason: "Decode",
        description: "not an upgradeable ServerRequest"
      })
    )
  }

  override toString(): string {
    return `ServerRequest(${this.method} ${this.url})`
  }

  toJSON(): unknown {
    return HttpIncomingMessage.inspect(this, {
      _id: "@effect/platform/HttpServerRequest",
      method: this.method,
      url: this.originalUrl
    })
  }
}

// On the prototype, not on every request.
Object.defineProperties(PlatformRequest.prototype, {
  [HttpServerRequest.TypeId]: { value: HttpServerRequest.TypeId },
  [HttpIncomingMessage.TypeId]: { value: HttpIncomingMessage.TypeId }
})
