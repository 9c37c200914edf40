/**
 * One request of the platform as one asynchronous effect. What becomes of it until its head is there, is the `ClientRequest` of `@effect-http2/node`. Made by
 * execute.ts.
 */
import type * as Http2Error from "@effect-http2/http2/Http2Error"
import { ClientRequest, type Wish } from "@effect-http2/node/client/clientRequest"
import type { Body, OnInformational as OnFields, SentRequest, Target } from "@effect-http2/node/client/exchange"
import type { TraceFields } from "@effect-http2/node/client/traceFields"
import * as Headers from "@effect/platform/Headers"
import * as HttpClientError from "@effect/platform/HttpClientError"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Effect from "effect/Effect"
import type * as FiberRefs from "effect/FiberRefs"
import { requestFailed } from "./clientErrors.js"
import { ClientResponse } from "./clientResponse.js"
import type { ClientPools } from "./pool/skin.js"
import type { Incoming } from "./wire/incoming.js"
import { dispose, isReplayable, toBody } from "./wire/requestBody.js"

/** Called for each informational response (1xx) as it arrives. */
export type OnInformational = (response: { readonly status: number; readonly headers: Headers.Headers }) => void

const onFields = (onInformational: OnInformational | undefined): OnFields | undefined =>
  onInformational === undefined
    ? undefined
    : ({ headers, status }) => onInformational({ status, headers: Headers.fromInput(headers) })

type Response = Effect.Effect<ClientResponse, HttpClientError.RequestError>

/** A class, as all that is made for each request: V8 may put what a literal makes where it stays for long. */
export class PlatformRequest implements Wish<Incoming> {
  readonly method: string
  readonly headers: Headers.Headers
  readonly onInformational: OnFields | undefined
  readonly isUpgrade = false
  private resume: ((response: Response) => void) | undefined = undefined
  private sent: SentRequest | undefined = undefined

  constructor(
    private readonly request: HttpClientRequest.HttpClientRequest,
    readonly target: Target,
    private readonly client: ClientPools,
    readonly trace: TraceFields | undefined,
    /** Ends the request and its response, where they belong to a scope. */
    private readonly signal: AbortSignal | undefined,
    onInformational: OnInformational | undefined,
    /** What a body that is a Stream runs with. */
    private fiberRefs: FiberRefs.FiberRefs | undefined
  ) {
    this.method = request.method
    this.headers = request.headers
    this.onInformational = onFields(onInformational)
  }

  /** Sends the request, once, and succeeds with the head of its response. Interruption gives it up at once. */
  get response(): Response {
    return Effect.async((resume) => {
      this.resume = resume
      const sent = new ClientRequest(this, this.client.pools.of(this.target.origin))
      this.sent = sent
      const { signal } = this
      if (signal?.aborted === true) this.onAbort()
      else signal?.addEventListener("abort", this.onAbort, { once: true })
      sent.start()
      return Effect.sync(() => sent.cancel())
    })
  }

  get isReplayable(): boolean {
    return isReplayable(this.request.body)
  }

  toBody(): Body | Http2Error.StreamError {
    return toBody(this.request.body, this.client.fork, this.fiberRefs)
  }

  dispose(): void {
    dispose(this.request.body)
  }

  /** The response is made when the fiber goes on: what the same read has brought of the body is there then. */
  onResponse(incoming: Incoming, sent: SentRequest): void {
    this.settle(Effect.sync(() => new ClientResponse(this.request, this.trace, incoming, sent)))
  }

  /** The platform of version 3 has no word for the connection of a 101. */
  onUpgrade(_: Incoming, connection: { destroy(): void }): void {
    connection.destroy()
  }

  onFailure(error: Http2Error.Http2Error): void {
    this.settle(requestFailed(this.request, error))
  }

  /**
   * The fiber has what it waits for. It is held no longer, nor is its span: who gives the rest of the exchange up where nobody holds the response holds this,
   * and both of them hold the response, as their result.
   */
  private settle(response: Response): void {
    const { resume } = this
    this.resume = undefined
    this.fiberRefs = undefined
    resume?.(response)
  }

  private readonly onAbort = (): void => {
    this.sent?.cancel()
    this.settle(
      Effect.fail(
        new HttpClientError.RequestError({
          request: this.request,
          reason: "Transport",
          cause: this.signal?.reason,
          description: "the scope of the request was closed"
        })
      )
    )
  }
}
