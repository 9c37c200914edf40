/**
 * The `HttpClient` over the pools. Called by `NodeHttp2Client`.
 */
import type * as Http2Error from "@effect-http2/effect4-http2/Http2Error"
import { ClientRequest, type Wish } from "@effect-http2/node/client/clientRequest"
import type { Body, OnInformational as OnFields, SentRequest, Target } from "@effect-http2/node/client/exchange"
import { basicAuthorization, toOrigin } from "@effect-http2/node/client/origin"
import type { Pools } from "@effect-http2/node/client/pools"
import * as NodeSocket from "@effect/platform-node/NodeSocket"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as Headers from "effect/http/Headers"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientError from "effect/http/HttpClientError"
import type * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as Socket from "effect/socket/Socket"
import * as Net from "node:net"
import type { Duplex } from "node:stream"
import { requestFailed } from "./clientErrors.js"
import { ClientResponse } from "./clientResponse.js"
import { decoded, withAcceptEncoding } from "./contentDecoding.js"
import type { Incoming } from "./incoming.js"
import { dispose, isReplayable, toBody } from "./requestBody.js"

/** Called for each informational response (1xx) as it arrives. */
export type OnInformational = (response: { readonly status: number; readonly headers: Headers.Headers }) => void

/** Who hears of informational responses. */
export const CurrentOnInformational = Context.Reference<OnInformational | undefined>(
  "@effect-http2/effect4-platform-node/NodeHttp2Client/CurrentOnInformational",
  { defaultValue: () => undefined }
)

type Resume = (response: Effect.Effect<ClientResponse, HttpClientError.HttpClientError>) => void

const toTarget = (url: URL): Target => ({
  url,
  origin: toOrigin(url),
  path: `${url.pathname}${url.search}`,
  authorization: basicAuthorization(url)
})

/** An Error where the URL is none that this client has. */
const targetOf = (url: URL): Target | Error => {
  if (url.protocol !== "https:" && url.protocol !== "http:")
    return new TypeError(`not an http: or https: URL: ${url.href}`)
  try {
    return toTarget(url)
  } catch (error) {
    return error instanceof Error ? error : new TypeError(String(error))
  }
}

/** Whose form it is, the encoder says with its boundary. */
const headersOf = ({ body, headers }: HttpClientRequest.HttpClientRequest, decompress: boolean): Headers.Headers => {
  const sent = body._tag === "FormData" ? Headers.remove(headers, "content-type") : headers
  return decompress ? withAcceptEncoding(sent) : sent
}

/** Ends a connection behind what was written to it. */
const closeBehind = (connection: Duplex): void => {
  if (connection instanceof Net.Socket) return connection.destroySoon()
  connection.once("finish", () => connection.destroy())
  connection.end()
}

const openError = (): Socket.SocketError =>
  new Socket.SocketError({
    reason: new Socket.SocketOpenError({
      kind: "Unknown",
      cause: new Error("the connection was closed before it was read")
    })
  })

/** The connection of a 101; its octets wait until they are read. It is closed with the scope of its reader, and of the request. */
const toSocket = (connection: Duplex): Effect.Effect<Socket.Socket> => {
  connection.on("error", () => undefined)
  return NodeSocket.fromDuplex(
    Effect.acquireRelease(
      Effect.suspend(() => (connection.destroyed ? Effect.fail(openError()) : Effect.succeed(connection))),
      (connection) => Effect.sync(() => closeBehind(connection))
    )
  )
}

const onFields = (onInformational: OnInformational | undefined): OnFields | undefined =>
  onInformational === undefined
    ? undefined
    : ({ headers, status }) => onInformational({ status, headers: Headers.fromInput(headers) })

/** A class, as all that is made for each request: V8 may put what a literal makes where it stays for long. */
class ClientWish implements Wish<Incoming> {
  readonly method: string
  readonly headers: Headers.Headers
  readonly trace = undefined
  readonly onInformational: OnFields | undefined
  readonly isUpgrade: boolean
  /** What a body that is a Stream runs in: the span of the request is in it. */
  private context: Context.Context<never>

  constructor(
    private readonly request: HttpClientRequest.HttpClientRequest,
    readonly target: Target,
    fiber: Fiber.Fiber<unknown, unknown>,
    private readonly decompress: boolean,
    private resume: Resume | undefined
  ) {
    this.method = request.method
    this.headers = headersOf(request, decompress)
    this.context = fiber.context
    this.onInformational = onFields(fiber.getRef(CurrentOnInformational))
    this.isUpgrade = request.headers["upgrade"] !== undefined
  }

  get isReplayable(): boolean {
    return isReplayable(this.request.body)
  }

  toBody(): Body | Http2Error.StreamError {
    return toBody(this.request.body, this.context)
  }

  dispose(): void {
    dispose(this.request.body)
  }

  /** Behind the read that has brought the head: what it has brought of the body is there then, and a connection that has done with it is free again. */
  onResponse(incoming: Incoming, sent: SentRequest): void {
    queueMicrotask(() => this.answered(incoming, sent, undefined))
  }

  onUpgrade(incoming: Incoming, connection: Duplex, sent: SentRequest): void {
    this.answered(incoming, sent, toSocket(connection))
  }

  private answered(incoming: Incoming, sent: SentRequest, upgraded: Effect.Effect<Socket.Socket> | undefined): void {
    const read = this.decompress ? decoded(incoming, this.method) : incoming
    this.settle(Effect.succeed(new ClientResponse(this.request, this.target.url, read, sent, upgraded)))
  }

  onFailure(error: Http2Error.Http2Error): void {
    this.settle(requestFailed(this.request, error))
  }

  /** The scope of the request is closed. */
  onAbort(reason: unknown): void {
    this.settle(Effect.fail(scopeClosed(this.request, reason)))
  }

  /**
   * The fiber has what it waits for. It is held no longer, nor is its span: who gives the rest of the exchange up where nobody holds the response holds this,
   * and both of them hold the response, as their result.
   */
  private settle(response: Effect.Effect<ClientResponse, HttpClientError.HttpClientError>): void {
    const { resume } = this
    this.resume = undefined
    this.context = Context.empty()
    resume?.(response)
  }
}

const invalidUrl = (request: HttpClientRequest.HttpClientRequest, cause: Error): HttpClientError.HttpClientError =>
  new HttpClientError.HttpClientError({ reason: new HttpClientError.InvalidUrlError({ request, cause }) })

const scopeClosed = (request: HttpClientRequest.HttpClientRequest, cause: unknown): HttpClientError.HttpClientError =>
  new HttpClientError.HttpClientError({
    reason: new HttpClientError.TransportError({ request, cause, description: "the scope of the request was closed" })
  })

/** Sends each request, once, and succeeds with the head of its response. Interruption gives it up at once, and so does the signal, at any time. */
export const makeClient = (pools: Pools<Incoming>, decompress: boolean): HttpClient.HttpClient =>
  HttpClient.make((request, url, signal, fiber) => {
    const target = targetOf(url)
    if (target instanceof Error) {
      dispose(request.body)
      return Effect.fail(invalidUrl(request, target))
    }
    return Effect.callback((resume) => {
      const wish = new ClientWish(request, target, fiber, decompress, resume)
      const sent = new ClientRequest(wish, pools.of(target.origin))
      endWith(signal, wish, sent)
      return Effect.sync(() => sent.cancel())
    })
  })

/** Sends the request, unless its scope is closed, with which it ends. The signal is held while the response is open: what listens to it holds no fiber. */
const endWith = (signal: AbortSignal, wish: ClientWish, sent: ClientRequest<Incoming>): void => {
  const onAbort = (): void => {
    sent.cancel()
    wish.onAbort(signal.reason)
  }
  if (signal.aborted) return onAbort()
  signal.addEventListener("abort", onAbort, { once: true })
  sent.start()
}
