/**
 * The response of the `HttpClient` over what a connection of either protocol gave. Made by execute.ts when the head has come.
 *
 * It owns the rest of its body: reading it to the end, leaving its Stream early and a read that fails end the exchange. `HttpClient.make`, which wraps it, gives
 * the exchange up where a read is interrupted, and where nobody reads at all.
 */
import type { Protocol, SentRequest } from "@effect-http2/node/client/exchange"
import * as Effect from "effect/Effect"
import * as Cookies from "effect/http/Cookies"
import type * as Headers from "effect/http/Headers"
import * as HttpClientError from "effect/http/HttpClientError"
import type * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as HttpIncomingMessage from "effect/http/HttpIncomingMessage"
import * as UrlParams from "effect/http/UrlParams"
import * as Inspectable from "effect/Inspectable"
import * as Option from "effect/Option"
import { type Pipeable, pipeArguments } from "effect/Pipeable"
import type * as Schema from "effect/Schema"
import type * as Socket from "effect/socket/Socket"
import * as Stream from "effect/Stream"
import { decodeError } from "./clientErrors.js"
import type { Incoming, ReadError } from "./incoming.js"
import { Defect } from "./requestBody.js"

type Read<A> = Effect.Effect<A, HttpClientError.HttpClientError>

/** A body up to this many octets that has arrived with its head is taken out of the connection at once: then nothing is open. */
const small = 65_536

const decoder = new TextDecoder()

/** U+FEFF is a part of a form. */
const formDecoder = new TextDecoder("utf-8", { ignoreBOM: true })

export class ClientResponse extends Inspectable.Class implements HttpClientResponse.HttpClientResponse, Pipeable {
  readonly [HttpClientResponse.TypeId]: typeof HttpClientResponse.TypeId = HttpClientResponse.TypeId
  readonly [HttpIncomingMessage.TypeId]: typeof HttpIncomingMessage.TypeId = HttpIncomingMessage.TypeId
  /** The whole body, once it is known. */
  private octets: Uint8Array | undefined
  private reading: Read<Uint8Array> | undefined = undefined
  private isRead = false
  private knownHeaders: Headers.Headers | undefined = undefined
  private knownCookies: Cookies.Cookies | undefined = undefined

  constructor(
    readonly request: HttpClientRequest.HttpClientRequest,
    private readonly asked: URL,
    private readonly incoming: Incoming,
    private readonly exchange: SentRequest,
    /** The connection of a 101. */
    private readonly upgraded: Effect.Effect<Socket.Socket> | undefined
  ) {
    super()
    this.octets = incoming.takeOctets(small)
  }

  get url(): string {
    const { hash, href } = this.asked
    return hash === "" ? href.replace(/#$/, "") : href.slice(0, -hash.length)
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
    return Option.fromUndefinedOr(this.incoming.remoteAddress)
  }

  get protocol(): Protocol {
    return this.incoming.protocol
  }

  get trailers(): Read<Headers.Headers> {
    return Effect.catch(this.incoming.trailers, (cause) => this.failed(cause))
  }

  get stream(): Stream.Stream<Uint8Array, HttpClientError.HttpClientError> {
    return Stream.suspend(() => {
      const { octets } = this
      if (octets !== undefined) return octets.length === 0 ? Stream.empty : Stream.succeed(octets)
      if (this.isRead) return Stream.fail(this.readTwice())
      this.isRead = true
      return Stream.ensuring(
        Stream.catch(this.incoming.body, (cause) => Stream.fromEffect(this.failed(cause))),
        Effect.sync(() => this.exchange.cancel())
      )
    })
  }

  get text(): Read<string> {
    return this.read((octets) => decoder.decode(octets))
  }

  get json(): Read<Schema.Json> {
    return Effect.flatMap(this.text, (text) =>
      Effect.try({
        try: (): Schema.Json => (text === "" ? null : (JSON.parse(text) as Schema.Json)),
        catch: (cause) => this.decodeError(cause)
      })
    )
  }

  get urlParamsBody(): Read<UrlParams.UrlParams> {
    // "?" is a part of a form, and not what stands before a query.
    return this.read((octets) =>
      UrlParams.fromInput(new URLSearchParams(formDecoder.decode(octets).replace(/^\?/, "%3F")))
    )
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

  get upgrade(): Read<Socket.Socket> {
    return (
      this.upgraded ??
      Effect.suspend(() =>
        Effect.fail(
          new HttpClientError.HttpClientError({
            reason: new HttpClientError.StatusCodeError({
              request: this.request,
              response: this,
              description: "expected 101 Switching Protocols"
            })
          })
        )
      )
    )
  }

  toJSON(): unknown {
    return HttpIncomingMessage.inspect(this, {
      _id: "effect/http/HttpClientResponse",
      request: this.request.toJSON(),
      status: this.status
    })
  }

  pipe(): unknown {
    // eslint-disable-next-line prefer-rest-params -- What `pipeArguments` takes.
    return pipeArguments(this, arguments)
  }

  /** The whole body, within the limit that the reader's context sets. */
  private read<A>(decode: (octets: Uint8Array) => A): Read<A> {
    return Effect.withFiber((fiber) => {
      const limit = Number(fiber.getRef(HttpIncomingMessage.MaxBodySize) ?? Number.POSITIVE_INFINITY)
      const { octets } = this
      if (octets === undefined) return Effect.map(this.whole(limit), decode)
      return octets.length <= limit ? Effect.succeed(decode(octets)) : Effect.fail(this.tooLong(limit))
    })
  }

  private whole(limit: number): Read<Uint8Array> {
    if (this.reading !== undefined) return this.reading
    if (this.isRead) return Effect.fail(this.readTwice())
    this.isRead = true
    const octets = this.incoming.takeOctets(limit)
    if (octets !== undefined) {
      this.octets = octets
      return Effect.succeed(octets)
    }
    const reading = this.incoming.bytes(limit).pipe(
      Effect.catch((cause) => this.failed(cause)),
      Effect.tap((octets) =>
        Effect.sync(() => {
          this.octets = octets
        })
      ),
      Effect.onError(() => Effect.sync(() => this.exchange.cancel()))
    )
    return (this.reading = Effect.runSync(Effect.cached(reading)))
  }

  /** The rest of the request, or of the response, has failed; a defect in the body of the request is one here too. */
  private failed(error: ReadError): Read<never> {
    const decodeError = this.decodeError(error)
    const { cause } = decodeError
    return cause instanceof Defect ? Effect.failCause(cause.cause) : Effect.fail(decodeError)
  }

  private decodeError(cause: unknown): HttpClientError.HttpClientError {
    return decodeError(this, cause)
  }

  private readTwice(): HttpClientError.HttpClientError {
    return this.decodeError(new TypeError("the body was read already"))
  }

  private tooLong(limit: number): HttpClientError.HttpClientError {
    return this.decodeError(new RangeError(`the body is longer than ${limit} octets`))
  }
}
