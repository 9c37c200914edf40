/**
 * Handlers to fibers: one for each request, in the stream's own scope, interrupted when the stream is reset or the connection lost; what a
 * handler gives, fails or dies with becomes the response. A handler whose effect is already a value needs no fiber.
 *
 * One for each connection. Made by Http2Server.ts, called by the streams of the server's role.
 */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import type * as FiberId from "effect/FiberId"
import * as Runtime from "effect/Runtime"
import * as Scope from "effect/Scope"
import { type Http2ServerResponse, isHttp2ServerResponse } from "../Http2ServerResponse.js"
import { Listeners } from "@effect-http2/engine/listeners"
import { Http2ServerRequest } from "../Http2ServerRequest.js"
import * as Respond from "./respond.js"
import type { Handler } from "@effect-http2/engine/server/handler"
import * as Failures from "@effect-http2/engine/server/handlerFailures"
import type { ServerStream } from "@effect-http2/engine/server/serverStream"
import type { Running } from "@effect-http2/engine/stream/stream"
import { StreamScope } from "./streamScope.js"

/** What the server runs for a stream. */
export type StreamHandler<R> = (stream: ServerStream) => Effect.Effect<Http2ServerResponse, unknown, R | Scope.Scope>

/** A handler that waits for something. */
class RunningHandler implements Running {
  constructor(
    readonly stream: ServerStream,
    readonly fiber: Fiber.RuntimeFiber<void>,
    private readonly abortFiberId: FiberId.FiberId
  ) {}

  interrupt(): void {
    this.fiber.unsafeInterruptAsFork(this.abortFiberId)
  }
}

/** How handlers are run. */
export interface HandlersConfig<R> {
  /** Who interrupts a handler whose stream is gone. */
  readonly abortFiberId: FiberId.FiberId
  /** Whether handlers can be interrupted from their first step on. */
  readonly isInterruptible: boolean
  /** The context of a handler, in place of the runtime's with the scope. */
  readonly contextOf: ((stream: ServerStream, scope: Scope.Scope) => Context.Context<R | Scope.Scope>) | undefined
}

export class Handlers<R> implements Handler {
  /** Handlers that run, those of streams that are gone among them. */
  private running: Set<RunningHandler> | undefined = undefined
  private readonly whenFinished = new Listeners()
  private hasToldOfPeer = false

  constructor(
    /** Trimmed. Its fibers are uninterruptible but for the handler and the body, so that what follows them always runs. */
    private readonly runtime: Runtime.Runtime<R>,
    private readonly handler: StreamHandler<R>,
    private readonly config: HandlersConfig<R>
  ) {}

  handle(stream: ServerStream): void {
    const effect = this.effectOf(stream)
    const exit = exitOf(effect)
    if (exit !== undefined && this.respondNow(stream, exit)) return
    this.fork(stream, effect)
  }

  private effectOf(stream: ServerStream): Effect.Effect<Http2ServerResponse, unknown, R | Scope.Scope> {
    try {
      const effect = this.handler(stream)
      return Effect.isEffect(effect) ? effect : Effect.die(Failures.wrongType("no Effect", effect))
    } catch (defect) {
      return Effect.die(defect)
    }
  }

  /** A value needs no fiber, unless its body has to be run. */
  private respondNow(stream: ServerStream, exit: Exit.Exit<Http2ServerResponse, unknown>): boolean {
    if (Exit.isFailure(exit)) return false
    const response = exit.value
    if (!isHttp2ServerResponse(response)) return false
    if ((response.body !== undefined && !(response.body instanceof Uint8Array)) || response.trailers !== undefined) {
      return false
    }
    try {
      stream.respond(response)
      stream.handlerEnded()
      return true
    } catch (error) {
      this.fork(stream, Effect.fail(error))
      return true
    }
  }

  private fork(stream: ServerStream, effect: Effect.Effect<Http2ServerResponse, unknown, R | Scope.Scope>): void {
    const scope = new StreamScope()
    const { contextOf, isInterruptible } = this.config
    const runtime = Runtime.make({
      context: contextOf?.(stream, scope) ?? Context.add(this.runtime.context, Scope.Scope, scope),
      fiberRefs: this.runtime.fiberRefs,
      runtimeFlags: this.runtime.runtimeFlags
    })
    const program = Effect.matchCauseEffect(isInterruptible ? Effect.interruptible(effect) : effect, {
      onFailure: (cause) => this.failed(stream, scope, cause),
      onSuccess: (response) => this.succeeded(stream, scope, response)
    })
    stream.handlerStarted()
    const fiber = Runtime.runFork(runtime)(program)
    if (fiber.unsafePoll() !== null) return stream.handlerEnded()
    const running = new RunningHandler(stream, fiber, this.config.abortFiberId)
    this.running ??= new Set()
    this.running.add(running)
    fiber.addObserver(() => this.ended(running))
    stream.handlerWaits(running)
  }

  private ended(running: RunningHandler): void {
    this.running?.delete(running)
    if (this.isFinished) this.whenFinished.notify()
    running.stream.handlerEnded()
  }

  private succeeded(stream: ServerStream, scope: StreamScope, response: Http2ServerResponse): Effect.Effect<void> {
    if (!stream.isSending) return close(stream, scope, Exit.void)
    if (stream.isTunnel) {
      stream.sendEnd(undefined)
      return close(stream, scope, Exit.void)
    }
    // By the handler itself.
    if (stream.hasResponded) return close(stream, scope, Exit.void)
    if (!isHttp2ServerResponse(response)) {
      return this.failed(stream, scope, Cause.die(Failures.wrongType("an Effect of something else", response)))
    }
    let rest: Effect.Effect<void, unknown> | undefined
    try {
      rest = Respond.begin(stream, response, scope)
    } catch (error) {
      return this.failed(stream, scope, Cause.fail(error))
    }
    if (rest === undefined) return close(stream, scope, Exit.void)
    return Effect.matchCauseEffect(Effect.interruptible(rest), {
      onFailure: (cause) => this.failed(stream, scope, cause),
      onSuccess: () => close(stream, scope, Exit.void)
    })
  }

  /** A response of 500 or, once headers are out, RST_STREAM(INTERNAL_ERROR); nothing where the stream is over. */
  private failed(stream: ServerStream, scope: StreamScope, cause: Cause.Cause<unknown>): Effect.Effect<void> {
    const finalize = close(stream, scope, Exit.failCause(cause))
    if (Cause.isInterruptedOnly(cause)) {
      Respond.breakOff(stream, cause)
      return finalize
    }
    // What the stream itself failed with is told to the peer already, and is not the handler's.
    if (stream.error !== undefined && isCausedBy(cause, stream.error)) return finalize
    const isOfPeer = Respond.isCausedByPeer(cause, stream)
    if (stream.hasResponded) Respond.breakOff(stream, cause)
    else if (stream.isSending) Failures.respondError(stream)
    const what = `the ${Failures.describe(stream)}`
    if (isOfPeer) return Effect.zipRight(this.tellOfPeer(stream, what, cause), finalize)
    return Effect.zipRight(Effect.logError(`Unhandled failure of ${what}`, cause), finalize)
  }

  /** A log that the peer can write to is a way to fill a disk: once a connection, and for whoever looks. */
  private tellOfPeer(stream: ServerStream, what: string, cause: Cause.Cause<unknown>): Effect.Effect<void> {
    stream.owner.stats.failuresByPeer++
    if (this.hasToldOfPeer) return Effect.void
    this.hasToldOfPeer = true
    return Effect.logDebug(`The client made ${what} fail; others of this connection are counted, not told`, cause)
  }

  /** Completes once no handler runs. */
  get finished(): Effect.Effect<void> {
    return Effect.async((resume) => this.onFinished(() => resume(Effect.void)))
  }

  get isFinished(): boolean {
    return this.running === undefined || this.running.size === 0
  }

  /** Calls `listener` once no handler runs, at once where none does. */
  onFinished(listener: () => void): void {
    if (this.isFinished) listener()
    else this.whenFinished.add(listener)
  }

  /** Interrupts every handler and waits for its end, up to `timeout`. What runs on then is said in the log, and left alone. */
  shutdown(timeout: Duration.DurationInput): Effect.Effect<void> {
    return Effect.suspend(() => {
      const { running } = this
      if (running === undefined || running.size === 0) return Effect.void
      const abandoned = Effect.suspend(() => Effect.forEach(running, logAbandoned, { discard: true }))
      return Effect.zipRight(awaitUpTo(Fiber.interruptAll([...running].map(({ fiber }) => fiber)), timeout), abandoned)
    })
  }
}

/** Waits for `effect` no longer than `duration`, also where the waiting fiber cannot be interrupted. */
const awaitUpTo = (effect: Effect.Effect<unknown>, duration: Duration.DurationInput): Effect.Effect<void> =>
  Effect.flatMap(Effect.forkDaemon(Effect.interruptible(Effect.timeoutOption(effect, duration))), (fiber) =>
    Effect.asVoid(Fiber.await(fiber))
  )

const logAbandoned = ({ stream }: RunningHandler): Effect.Effect<void> =>
  Effect.logWarning(`The ${Failures.describe(stream)} did not end in time, and is abandoned`)

/** The effect as the value that it is, where it is one. */
const exitOf = <A, E>(effect: Effect.Effect<A, E, unknown>): Exit.Exit<A, E> | undefined =>
  Exit.isExit(effect) ? (effect as Exit.Exit<A, E>) : undefined

const isCausedBy = (cause: Cause.Cause<unknown>, error: unknown): boolean =>
  Cause.isFailure(cause) && Cause.squash(cause) === error

const close = (stream: ServerStream, scope: StreamScope, exit: Exit.Exit<unknown, unknown>): Effect.Effect<void> =>
  scope.isEmpty || leavesScopeOpen(stream) ? Exit.void : scope.close(exit)

/** Whether somebody else closes the scope, as `Http2ServerRequest.unsafeLeaveScopeOpen` says. */
const leavesScopeOpen = ({ attachment }: ServerStream): boolean =>
  attachment instanceof Http2ServerRequest && attachment.leavesScopeOpen
