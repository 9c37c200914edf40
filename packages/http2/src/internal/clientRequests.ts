/**
 * Requests of a client: what its user asks for, sent, as an effect or with a listener. Called by Http2Client.ts.
 */
import type { ClientRequest, ResponseListener } from "@effect-http2/engine/client/clientRequest"
import type { ClientStream } from "@effect-http2/engine/client/clientStream"
import * as Prepare from "@effect-http2/engine/client/prepare"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as FiberRef from "effect/FiberRef"
import type * as FiberStatus from "effect/FiberStatus"
import type * as Runtime from "effect/Runtime"
import * as RuntimeFlags from "effect/RuntimeFlags"
import * as Scope from "effect/Scope"
import type { Http2ClientRequest } from "../Http2ClientRequest.js"
import * as Http2Error from "../Http2Error.js"
import { Held } from "./finalizers.js"
import { encodeBody, toTrailers } from "./outgoingMessage.js"
import { forkBody } from "./sendBody.js"

/** What follows the head; `runtime` is what fibers run in that send it. */
const contentOf = (request: Http2ClientRequest, runtime: Runtime.Runtime<never>): Prepare.Content => {
  const body = encodeBody(request.body)
  const trailers = toTrailers(request.trailers)
  const octets = body instanceof Uint8Array ? body : undefined
  const isWhole = (body === undefined || octets !== undefined) && trailers === undefined
  return {
    hasBody: body !== undefined,
    octets,
    hasTrailers: trailers !== undefined,
    sendRest: isWhole
      ? undefined
      : (stream) => forkBody(runtime, stream, body instanceof Uint8Array ? undefined : body, trailers)
  }
}

/** A request that can be sent, or why it cannot: an error of origin `User`. */
export const prepare = (
  request: Http2ClientRequest,
  defaults: Prepare.Defaults & { readonly runtime: Runtime.Runtime<never> },
  tunnel?: Prepare.TunnelKind
): ClientRequest | Http2Error.StreamError => {
  try {
    return Prepare.prepare(request, contentOf(request, defaults.runtime), defaults, tunnel)
  } catch (error) {
    if (Http2Error.isStreamError(error)) return error
    throw error
  }
}

/**
 * A request whose response a fiber waits for. What the fiber is resumed with is always the same value, and this is a class, not a literal: V8 allocates
 * literals of which the first hundred survive in its old generation for good, and all that they refer to, dead or alive, follows them there.
 */
class AwaitedRequest extends Held implements ResponseListener {
  private resume: ((outcome: Effect.Effect<void, Http2Error.Http2Error>) => void) | undefined = undefined

  constructor(readonly request: ClientRequest) {
    super()
  }

  /** Sends the request; completes when the head of the response is there. */
  readonly sent = (resume: (outcome: Effect.Effect<void, Http2Error.Http2Error>) => void): void => {
    this.resume = resume
    this.request.start(this)
  }

  onResponse(): void {
    this.resume?.(Effect.void)
  }

  onFailure(error: Http2Error.Http2Error): void {
    this.resume?.(Effect.fail(error))
  }

  onDone(): void {
    this.letGo()
  }

  protected override release(): void {
    this.request.unsafeCancel()
  }
}

/** Tells the listener that a user gave to `unsafeRequest`, in the terms of this package. */
export class UserListener<Response> implements ResponseListener {
  constructor(
    private readonly listener: {
      onResponse(response: Response): void
      onFailure(error: Http2Error.Http2Error): void
    },
    private readonly toResponse: (stream: ClientStream) => Response
  ) {}

  onResponse(stream: ClientStream): void {
    this.listener.onResponse(this.toResponse(stream))
  }

  onFailure(error: Http2Error.Http2Error): void {
    this.listener.onFailure(error)
  }
}

/** `effect`, interruptible where `status` is. */
const restored = <A, E>(status: FiberStatus.Running, effect: Effect.Effect<A, E>): Effect.Effect<A, E> =>
  RuntimeFlags.interruption(status.runtimeFlags) ? Effect.interruptible(effect) : effect

/**
 * Sends the request, and goes on with its stream when the head of the response is there. Interruption until then gives the request up at once; `use` cannot
 * be interrupted. One mask, since a request is short.
 */
const send = <A>(
  awaited: AwaitedRequest,
  status: FiberStatus.Running,
  use: (stream: ClientStream) => Effect.Effect<A, Http2Error.Http2Error>
): Effect.Effect<A, Http2Error.Http2Error> =>
  Effect.uninterruptible(
    Effect.matchCauseEffect(restored(status, Effect.async(awaited.sent)), {
      onFailure: (cause) => {
        awaited.request.unsafeCancel()
        awaited.letGo()
        return Effect.failCause(cause)
      },
      onSuccess: () => use(answered(awaited.request))
    })
  )

/** Sends the request; succeeds with what `use` makes of its stream. The end of the scope gives up what the response has left. */
export const sendScoped = <A>(
  make: () => ClientRequest | Http2Error.StreamError,
  use: (stream: ClientStream) => A
): Effect.Effect<A, Http2Error.Http2Error, Scope.Scope> =>
  Effect.withFiberRuntime((fiber, status) => {
    const request = make()
    if (Http2Error.isStreamError(request)) return Effect.fail(request)
    const scope = Context.unsafeGet(fiber.getFiberRef(FiberRef.currentContext), Scope.Scope)
    const awaited = new AwaitedRequest(request)
    // The finalizer stands before the request goes out: there is no moment in which it could be forgotten.
    const sent = send(awaited, status, (stream) => Effect.succeed(use(stream)))
    return awaited.hold(scope) ? sent : heldForGood(awaited, scope, sent)
  })

/** `sent` behind a finalizer that stays in `scope`. One that is closed runs it at once: what is sent would be nobody's. */
const heldForGood = <A>(
  { request }: AwaitedRequest,
  scope: Scope.Scope,
  sent: Effect.Effect<A, Http2Error.Http2Error>
): Effect.Effect<A, Http2Error.Http2Error> => {
  let isOver = false
  const giveUp = Effect.sync(() => {
    isOver = true
    request.unsafeCancel()
  })
  return Effect.flatMap(Scope.addFinalizer(scope, giveUp), () =>
    isOver ? Effect.fail(Http2Error.usageError(0, undefined, "the scope of the request is closed")) : sent
  )
}

/** Sends the request; succeeds with what `whole` makes of it once it is there, else with what `rest` gives, whose failure or interruption gives it up. */
export const sendWhole = <A>(
  make: () => ClientRequest | Http2Error.StreamError,
  whole: (stream: ClientStream) => A | undefined,
  rest: (stream: ClientStream) => Effect.Effect<A, Http2Error.Http2Error>
): Effect.Effect<A, Http2Error.Http2Error> =>
  Effect.withFiberRuntime((_fiber, status) => {
    const request = make()
    if (Http2Error.isStreamError(request)) return Effect.fail(request)
    return send(new AwaitedRequest(request), status, (stream) => {
      const value = whole(stream)
      if (value !== undefined) return Effect.succeed(value)
      return Effect.onError(restored(status, rest(stream)), () => cancel(request))
    })
  })

const answered = ({ stream }: ClientRequest): ClientStream => {
  if (stream === undefined) throw new Error("the request was not sent")
  return stream
}

/** Nobody wants the response, or the rest of it, any more. */
const cancel = (request: ClientRequest): Effect.Effect<void> => Effect.sync(() => request.unsafeCancel())
