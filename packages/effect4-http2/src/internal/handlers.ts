/**
 * Handlers to fibers: one for each request, in the stream's own scope, interrupted when the stream is reset or the connection lost; what a
 * handler gives, fails or dies with becomes the response. A handler whose effect is already a value needs no fiber.
 *
 * One for each connection. Made by Http2Server.ts, called by the streams of the server's role.
 */
import { Listeners } from "@effect-http2/engine/listeners"
import type { Handler } from "@effect-http2/engine/server/handler"
import * as Failures from "@effect-http2/engine/server/handlerFailures"
import type { ServerStream } from "@effect-http2/engine/server/serverStream"
import type { Running } from "@effect-http2/engine/stream/stream"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import { type Http2ServerResponse, isHttp2ServerResponse } from "../Http2ServerResponse.js"
import * as Respond from "./respond.js"
import { closeStreamScope } from "./streamScope.js"
import { behindStep } from "./wake.js"

/** What a handler gives. */
type Answer<R> = Effect.Effect<Http2ServerResponse, unknown, R>

/** What the server runs for a stream. */
export type StreamHandler<R> = (stream: ServerStream) => Answer<R | Scope.Scope>

/** A handler that waits for something. */
class RunningHandler implements Running {
  constructor(
    readonly stream: ServerStream,
    readonly fiber: Fiber.Fiber<void>,
    private readonly annotations: Context.Context<never> | undefined
  ) {}

  interrupt(): void {
    behindStep(() => this.fiber.interruptUnsafe(undefined, this.annotations))
  }
}

/** How handlers are run. */
export interface HandlersConfig<R> {
  /** What the cause says of a handler whose stream is gone. */
  readonly abortAnnotations: Context.Context<never> | undefined
  /** Whether handlers can be interrupted from their first step on. */
  readonly isInterruptible: boolean
  /** The context of a handler, in place of the server's with the scope. */
  readonly contextOf: ((stream: ServerStream, scope: Scope.Closeable) => Context.Context<R | Scope.Scope>) | undefined
}

/** Fibers are uninterruptible but for the handler and the body, so that what follows them always runs. */
const uninterruptible = { uninterruptible: true }

export class Handlers<R> implements Handler {
  /** Handlers that run, those of streams that are gone among them. */
  private readonly running = new Set<RunningHandler>()
  private readonly whenFinished = new Listeners()
  private hasToldOfPeer = false

  constructor(
    private readonly context: Context.Context<R>,
    private readonly handler: StreamHandler<R>,
    private readonly config: HandlersConfig<R>
  ) {}

  handle(stream: ServerStream): void {
    const answer = this.answerOf(stream)
    if (!isExit(answer) || !this.respondNow(stream, answer)) this.fork(stream, answer)
  }

  private answerOf(stream: ServerStream): Answer<R | Scope.Scope> {
    try {
      const effect = this.handler(stream)
      return Effect.isEffect(effect) ? effect : Effect.die(Failures.wrongType("no Effect", effect))
    } catch (defect) {
      return Effect.die(defect)
    }
  }

  /** A value needs no fiber, unless its body has to be run. */
  private respondNow(stream: ServerStream, exit: Exit.Exit<Http2ServerResponse, unknown>): boolean {
    if (Exit.isFailure(exit) || !isHttp2ServerResponse(exit.value)) return false
    const { body, trailers } = exit.value
    if ((body !== undefined && !(body instanceof Uint8Array)) || trailers !== undefined) return false
    try {
      stream.respond(exit.value)
      stream.handlerEnded()
    } catch (error) {
      this.fork(stream, Effect.fail(error))
    }
    return true
  }

  private fork(stream: ServerStream, answer: Answer<R | Scope.Scope>): void {
    const scope = Scope.makeUnsafe()
    const { abortAnnotations, contextOf, isInterruptible } = this.config
    const context = contextOf?.(stream, scope) ?? Context.add(this.context, Scope.Scope, scope)
    const program = Effect.matchCauseEffect(isInterruptible ? Effect.interruptible(answer) : answer, {
      onFailure: (cause) => this.failed(stream, scope, cause),
      onSuccess: (response) => this.succeeded(stream, scope, response)
    })
    stream.handlerStarted()
    const fiber = Effect.runForkWith(context)(program, uninterruptible)
    if (fiber.pollUnsafe() !== undefined) return stream.handlerEnded()
    const running = new RunningHandler(stream, fiber, abortAnnotations)
    this.running.add(running)
    fiber.addObserver(() => this.ended(running))
    stream.handlerWaits(running)
  }

  private ended(running: RunningHandler): void {
    this.running.delete(running)
    if (this.running.size === 0) this.whenFinished.notify()
    running.stream.handlerEnded()
  }

  private succeeded(stream: ServerStream, scope: Scope.Closeable, response: Http2ServerResponse): Effect.Effect<void> {
    if (!stream.isSending) return closeStreamScope(stream, scope, Exit.void)
    if (stream.isTunnel) {
      stream.sendEnd(undefined)
      return closeStreamScope(stream, scope, Exit.void)
    }
    // By the handler itself.
    if (stream.hasResponded) return closeStreamScope(stream, scope, Exit.void)
    // Types do not see everything, and a response of the platform looks much the same.
    if (!isHttp2ServerResponse(response)) {
      const defect = Failures.wrongType("an Effect of something else", response)
      return this.failed(stream, scope, Cause.die(defect))
    }
    let rest: Effect.Effect<void, unknown> | undefined
    try {
      rest = Respond.begin(stream, response)
    } catch (error) {
      return this.failed(stream, scope, Cause.fail(error))
    }
    if (rest === undefined) return closeStreamScope(stream, scope, Exit.void)
    return Effect.matchCauseEffect(Effect.interruptible(rest), {
      onFailure: (cause) => this.failed(stream, scope, cause),
      onSuccess: () => closeStreamScope(stream, scope, Exit.void)
    })
  }

  /** A response of 500 or, once headers are out, RST_STREAM(INTERNAL_ERROR); nothing where the stream is over. */
  private failed(stream: ServerStream, scope: Scope.Closeable, cause: Cause.Cause<unknown>): Effect.Effect<void> {
    const finalize = closeStreamScope(stream, scope, Exit.failCause(cause))
    if (Cause.hasInterruptsOnly(cause)) {
      Respond.breakOffBy(stream, cause)
      return finalize
    }
    // What the stream itself failed with is told to the peer already, and is not the handler's.
    if (stream.error !== undefined && Cause.squash(cause) === stream.error) return finalize
    const isOfPeer = Failures.isCausedByPeer(Respond.errorsOf(cause), stream)
    if (stream.hasResponded) Respond.breakOffBy(stream, cause)
    else if (stream.isSending) Failures.respondError(stream)
    const what = `the ${Failures.describe(stream)}`
    const tell = isOfPeer
      ? this.tellOfPeer(stream, what, cause)
      : Effect.logError(`Unhandled failure of ${what}`, cause)
    return Effect.andThen(tell, finalize)
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
    return Effect.callback((resume) => {
      if (this.running.size === 0) resume(Effect.void)
      else this.whenFinished.add(() => resume(Effect.void))
    })
  }

  /** Interrupts every handler and waits for its end, up to `timeout`. What runs on then is said in the log, and left alone. */
  shutdown(timeout: Duration.Input): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (this.running.size === 0) return Effect.void
      const fibers = Array.from(this.running, ({ fiber }) => fiber)
      const abandoned = Effect.suspend(() => Effect.forEach(this.running, logAbandoned, { discard: true }))
      return Effect.andThen(awaitUpTo(Fiber.interruptAll(fibers), timeout), abandoned)
    })
  }
}

/** Waits for `effect` no longer than `duration`, also where the waiting fiber cannot be interrupted. */
const awaitUpTo = (effect: Effect.Effect<void>, duration: Duration.Input): Effect.Effect<void> =>
  Effect.flatMap(Effect.forkDetach(Effect.timeoutOption(effect, duration)), (fiber) =>
    Effect.asVoid(Fiber.await(fiber))
  )

/** Whether it is a value already. */
const isExit = <A, E>(effect: Effect.Effect<A, E, unknown>): effect is Exit.Exit<A, E> => Exit.isExit(effect)

const logAbandoned = ({ stream }: RunningHandler): Effect.Effect<void> =>
  Effect.logWarning(`The ${Failures.describe(stream)} did not end in time, and is abandoned`)
