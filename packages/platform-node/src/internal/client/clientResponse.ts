/**
 * The platform's response over what a connection of either protocol gave. Made by execute.ts when the head has come.
 *
 * It owns the rest of its body: reading it to the end, leaving its Stream early, interruption of a read, and, where nobody reads at all, the garbage
 * collector, end the exchange.
 */
import type * as Http2Error from "@effect-http2/http2/Http2Error"
import type { Protocol, SentRequest } from "@effect-http2/node/client/exchange"
import type { TraceFields } from "@effect-http2/node/client/traceFields"
import * as Cookies from "@effect/platform/Cookies"
import * as Headers from "@effect/platform/Headers"
import type * as HttpClientError from "@effect/platform/HttpClientError"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as HttpIncomingMessage from "@effect/platform/HttpIncomingMessage"
import * as UrlParams from "@effect/platform/UrlParams"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Inspectable from "effect/Inspectable"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { decodeError } from "./clientErrors.js"
import type { Incoming } from "./wire/incoming.js"
import { Defect } from "./wire/requestBody.js"

type Read<A> = Effect.Effect<A, HttpClientError.ResponseError>

const registry = new FinalizationRegistry<SentRequest>((exchange) => exchange.cancel())

/** A body up to this many octets that has arrived with its head is taken out of the connection at once: then nothing is open. */
const small = 65_536

const decoder = new TextDecoder()

export class ClientResponse extends Inspectable.Class implements HttpClientResponse.HttpClientResponse {
  /** The whole body, once it is known. */
  private octets: Uint8Array | undefined
  private reading: Read<Uint8Array> | undefined = undefined
  private isRead = false
  private knownHeaders: Headers.Headers | undefined = undefined
  private knownCookies: Cookies.Cookies | undefined = undefined
  private sent: HttpClientRequest.HttpClientRequest | undefined = undefined

  constructor(
    private readonly asked: HttpClientRequest.HttpClientRequest,
    private readonly trace: TraceFields | undefined,
    private readonly incoming: Incoming,
    private readonly exchange: SentRequest
  ) {
    super()
    this.octets = incoming.takeOctets(small)
    if (this.octets === undefined) registry.register(this, exchange, this)
  }

  get [HttpClientResponse.TypeId](): HttpClientResponse.TypeId {
    return HttpClientResponse.TypeId
  }

  get [HttpIncomingMessage.TypeId](): HttpIncomingMessage.TypeId {
    return HttpIncomingMessage.TypeId
  }

  /** As it went out: with the fields of the trace. */
  get request(): HttpClientRequest.HttpClientRequest {
    if (this.trace === undefined) return this.asked
    return (this.sent ??= HttpClientRequest.setHeaders(this.asked, Headers.fromInput(this.trace.entries)))
  }

  get status(): number {
    return this.incoming.status
  }

  get headers(): Headers.Headers {
    return (this.knownHeaders ??= this.incoming.headers)
  }

  get cookies(): Cookies.Cookies {
    return (this.knownCookies ??= Cookies.fromSetCookie(this.incoming.setCookies))
  }

  get remoteAddress(): Option.Option<string> {
    return Option.fromNullable(this.incoming.remoteAddress)
  }

  get protocol(): Protocol {
    return this.incoming.protocol
  }

  get trailers(): Read<Headers.Headers> {
    return Effect.catchAll(this.incoming.trailers, (cause) => this.failed(cause))
  }

  get stream(): Stream.Stream<Uint8Array, HttpClientError.ResponseError> {
    return Stream.suspend(() => {
      const { octets } = this
      if (octets !== undefined) return octets.length === 0 ? Stream.empty : Stream.make(octets)
      if (this.isRead) return Stream.fail(this.readTwice())
      this.take()
      return Stream.ensuring(
        Stream.catchAll(this.incoming.body, (cause) => this.failed(cause)),
        Effect.sync(() => this.exchange.cancel())
      )
    })
  }

  get text(): Read<string> {
    return this.read((octets) => decoder.decode(octets))
  }

  get json(): Read<unknown> {
    return Effect.flatMap(this.text, (text) => {
      if (text === "") return Effect.succeed(null)
      try {
        return Effect.succeed<unknown>(JSON.parse(text))
      } catch (cause) {
        return Effect.fail(this.decodeError(cause))
      }
    })
  }

  get urlParamsBody(): Read<UrlParams.UrlParams> {
    return Effect.map(this.text, (text) => UrlParams.fromInput(new URLSearchParams(text)))
  }

  get arrayBuffer(): Read<ArrayBuffer> {
    return this.read((octets) => new Uint8Array(octets).buffer)
  }

  get formData(): Read<FormData> {
    const type = this.headers["content-type"]
    const headers: Record<string, string> = type === undefined ? {} : { "content-type": type }
    return Effect.flatMap(
      this.read((octets) => new Uint8Array(octets)),
      (octets) =>
        Effect.tryPromise({
          try: () => new Response(octets, { headers }).formData(),
          catch: (cause) => this.decodeError(cause)
        })
    )
  }

  toJSON(): unknown {
    return HttpIncomingMessage.inspect(this, {
      _id: "@effect/platform/HttpClientResponse",
      request: this.request.toJSON(),
      status: this.status
    })
  }

  /** The whole body, within the limit that the reader's context sets. */
  private read<A>(decode: (octets: Uint8Array) => A): Read<A> {
    return Effect.withFiberRuntime((fiber) => {
      const most = Context.get(fiber.currentContext, HttpIncomingMessage.MaxBodySize)
      const limit = Option.isSome(most) ? Number(most.value) : Number.POSITIVE_INFINITY
      const { octets } = this
      if (octets === undefined) return Effect.map(this.whole(limit), decode)
      return octets.length <= limit ? Effect.succeed(decode(octets)) : Effect.fail(this.tooLong(limit))
    })
  }

  private whole(limit: number): Read<Uint8Array> {
    if (this.reading !== undefined) return this.reading
    if (this.isRead) return Effect.fail(this.readTwice())
    this.take()
    const bytes = this.incoming.takeOctets(limit)
    if (bytes !== undefined) {
      this.octets = bytes
      return Effect.succeed(bytes)
    }
    const reading = this.incoming.bytes(limit).pipe(
      Effect.catchAll((cause) => this.failed(cause)),
      Effect.tap((octets) => {
        this.octets = octets
      }),
      Effect.onError(() => Effect.sync(() => this.exchange.cancel()))
    )
    return (this.reading = Effect.runSync(Effect.cached(reading)))
  }

  /** From now on a reader owns the body. */
  private take(): void {
    this.isRead = true
    registry.unregister(this)
  }

  /** The rest of the request, or of the response, has failed; a defect in the body of the request is one here too. */
  private failed(error: Http2Error.Http2Error): Read<never> {
    const decodeError = this.decodeError(error)
    const { cause } = decodeError
    return cause instanceof Defect ? Effect.failCause(cause.cause) : Effect.fail(decodeError)
  }

  private decodeError(cause: unknown): HttpClientError.ResponseError {
    return decodeError(this.request, this, cause)
  }

  private readTwice(): HttpClientError.ResponseError {
    return this.decodeError(new TypeError("the body was read already"))
  }

  private tooLong(limit: number): HttpClientError.ResponseError {
    return this.decodeError(new RangeError(`the body is longer than ${limit} octets`))
  }
}
