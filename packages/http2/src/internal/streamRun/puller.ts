/**
 * One Channel that runs, in plain JavaScript: `step` goes on until it has emitted, is over, needs an effect, or needs what another one emits. Who runs the
 * steps, and the effects, is `Reading`; nothing here knows of a fiber. The order of everything is that of Effect's own executor
 * (`effect/src/internal/channel/channelExecutor.ts`), with two differences: it has no effect where there is nothing to wait for, and a finalizer
 * runs also where another one failed or the fiber was interrupted between two effects.
 */
import * as Cause from "effect/Cause"
import * as Channel from "effect/Channel"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as UpstreamPullRequest from "effect/UpstreamPullRequest"
import { forkBridge } from "./bridge.js"
import { Concatenation } from "./concatenation.js"
import {
  CloseParts,
  Ensured,
  inOrder,
  Release,
  RestoreContext,
  RestoreInput,
  StopBridge,
  type Finalizer
} from "./finalizers.js"
import {
  nodeOf,
  type AnyEffect,
  type AnyExit,
  type Bridge,
  type BracketOut,
  type Continuation,
  type Node,
  type PipeTo,
  type Primitive,
  type Read
} from "./nodes.js"
import {
  BROKEN,
  CONTINUE,
  DONE,
  EFFECT,
  EMIT,
  FAILED,
  GUARD,
  READ,
  YIELD,
  type Afterwards,
  type Run,
  type Running,
  type Step
} from "./steps.js"

const nothing = nodeOf(Channel.void)

const failure = (cause: Cause.Cause<unknown>): Node => nodeOf(Channel.failCause(cause))

export class Puller implements Running {
  out: unknown = undefined
  exit: AnyExit | undefined = undefined
  source: Running | undefined = undefined
  effect: AnyEffect = Effect.void
  afterwards: Afterwards | undefined = undefined
  failure: Cause.Cause<unknown> = Cause.empty

  private current: Node | undefined
  private reading: Read | undefined = undefined
  private readonly stack: Array<Continuation | Finalizer> = []
  private concatenation: Concatenation | undefined = undefined
  /** Finalizers that were taken off the stack and have not run to their end. */
  private finalizing: AnyEffect | undefined = undefined
  /** Finalizers of children of a `ConcatAll` that are over: they run when the next child begins. */
  private closing: AnyEffect | undefined = undefined

  /** `closesInto` is the one that runs the finalizers of our children, where it is not us: its upstream are we. */
  constructor(
    channel: Node,
    private readonly run: Run,
    public input: Running | undefined,
    public context: Context.Context<unknown> | undefined,
    private readonly closesInto: Puller | undefined
  ) {
    this.current = channel
  }

  provided(effect: AnyEffect): AnyEffect {
    return this.context === undefined ? effect : Effect.provide(effect, this.context)
  }

  step(): Step {
    for (;;) {
      if (this.concatenation !== undefined) {
        const step = this.stepConcatenation(this.concatenation)
        if (step !== CONTINUE) return step
        continue
      }
      const node = this.current
      if (node === undefined) return DONE
      if (this.run.left-- <= 0) return YIELD
      try {
        const step = Effect.isEffect(node) ? this.ask(node) : this.stepNode(node)
        if (step !== CONTINUE) return step
      } catch (error) {
        this.current = failure(Cause.die(error))
      }
    }
  }

  private stepNode(node: Primitive): Step {
    switch (node._tag) {
      case "Fold":
        this.stack.push(node.k)
        this.current = node.channel
        return CONTINUE
      case "Emit":
        this.out = node.out
        this.current = nothing
        return EMIT
      case "Read":
        this.reading = node
        this.source = this.input
        return READ
      case "SucceedNow":
        return this.succeed(node.terminal)
      case "Succeed":
        return this.succeed(node.evaluate())
      case "Suspend":
        this.current = node.channel()
        return CONTINUE
      case "FromEffect":
        return this.ask(node.effect())
      case "Fail":
        return this.halt(node.error())
      case "PipeTo":
        return this.pipe(node)
      case "ConcatAll":
        this.concatenation = new Concatenation(node, new Puller(node.value(), this.run, this.input, this.context, this))
        this.current = undefined
        return CONTINUE
      case "Provide": {
        const before = this.context
        this.context = node.context()
        this.current = node.inner
        this.stack.push(new RestoreContext(before))
        return CONTINUE
      }
      case "Ensuring":
        if (!this.run.isGuarded) return GUARD
        this.stack.push(new Ensured(node))
        this.current = node.channel
        return CONTINUE
      case "BracketOut":
        return this.run.isGuarded ? this.acquire(node) : GUARD
      case "Bridge":
        return this.bridge(node)
    }
  }

  private pipe(node: PipeTo): Step {
    const left = new Puller(node.left(), this.run, this.input, this.context, this.closesInto)
    this.stack.push(new RestoreInput(this.input))
    this.input = left
    this.current = node.right()
    return CONTINUE
  }

  private ask(effect: AnyEffect): Step {
    this.effect = this.provided(effect)
    this.afterwards = undefined
    return EFFECT
  }

  private askAndThen(effect: AnyEffect, afterwards: Afterwards): Step {
    this.effect = effect
    this.afterwards = afterwards
    return EFFECT
  }

  private acquire(node: BracketOut): Step {
    return this.askAndThen(this.provided(node.acquire()), {
      onFailure: (cause) => {
        this.current = failure(cause)
        return CONTINUE
      },
      onSuccess: (resource) => {
        this.stack.push(new Release(node, resource))
        this.current = nodeOf(Channel.write(resource))
        return CONTINUE
      }
    })
  }

  /** The input is pushed into the bridge by a fiber of its own; from there the Channel takes it by effects. */
  private bridge(node: Bridge): Step {
    const { input } = this
    if (input === undefined) {
      this.current = node.channel
      return CONTINUE
    }
    if (!this.run.isGuarded) return GUARD
    return this.askAndThen(
      Effect.map(forkBridge(node.input, input, this.run), (fiber) => {
        this.input = undefined
        this.stack.push(new StopBridge(fiber, input))
        this.current = node.channel
      }),
      {
        onFailure: (cause) => this.fail(FAILED, cause),
        onSuccess: () => CONTINUE
      }
    )
  }

  private fail<S extends typeof BROKEN | typeof FAILED>(step: S, cause: Cause.Cause<unknown>): S {
    this.failure = cause
    return step
  }

  /** The node is over: what follows it is next. `broken` is what becomes of a finalizer that fails. */
  succeed(value: unknown, broken: typeof BROKEN | typeof FAILED = BROKEN): Step {
    const { stack } = this
    const top = stack[stack.length - 1]
    if (top === undefined) return this.end(Exit.succeed(value))
    if (top._tag !== "ContinuationK") return this.unwind(Exit.succeed(value), broken)
    stack.pop()
    this.current = top.onSuccess(value)
    return CONTINUE
  }

  halt(cause: Cause.Cause<unknown>, broken: typeof BROKEN | typeof FAILED = BROKEN): Step {
    const { stack } = this
    const top = stack[stack.length - 1]
    if (top === undefined) return this.end(Exit.failCause(cause))
    if (top._tag !== "ContinuationK") return this.unwind(Exit.failCause(cause), broken)
    stack.pop()
    try {
      this.current = top.onHalt(cause)
    } catch (error) {
      this.current = failure(Cause.die(error))
    }
    return CONTINUE
  }

  private end(exit: AnyExit): Step {
    this.exit = exit
    this.current = undefined
    return DONE
  }

  /** What follows where an effect lies between: what it throws is no longer thrown by a node. */
  settle(exit: AnyExit, broken: typeof BROKEN | typeof FAILED = BROKEN): Step {
    try {
      return Exit.isSuccess(exit) ? this.succeed(exit.value, broken) : this.halt(exit.cause, broken)
    } catch (error) {
      return this.fail(broken, Cause.die(error))
    }
  }

  /** Runs the finalizers down to the next continuation. Where there is none the Channel is over, and they run when it is closed. */
  private unwind(exit: AnyExit, broken: typeof BROKEN | typeof FAILED): Step {
    const { stack } = this
    let bottom = stack.length
    while (bottom > 0 && stack[bottom - 1]?._tag === "Finalizer") bottom--
    if (bottom === 0) return this.end(exit)
    const effect = this.finalize(bottom, exit)
    if (effect === undefined) return this.settle(exit, broken)
    this.current = undefined
    this.finalizing = effect
    return this.askAndThen(effect, {
      onFailure: (cause) => {
        this.finalizing = undefined
        return this.fail(broken, cause)
      },
      onSuccess: () => {
        this.finalizing = undefined
        return this.settle(exit, broken)
      }
    })
  }

  /** Takes all above `bottom` off the stack and runs what is a finalizer, from the top. */
  private finalize(bottom: number, exit: AnyExit): AnyEffect | undefined {
    const { stack } = this
    while (stack.length > bottom) {
      const effect = this.finalizeTop(exit)
      if (effect === undefined) continue
      const rest = stack.splice(bottom).reverse()
      const parts = rest.map((entry) => () => (entry._tag === "Finalizer" ? entry.run(this, exit) : undefined))
      return inOrder([() => effect, ...parts])
    }
    return undefined
  }

  private finalizeTop(exit: AnyExit): AnyEffect | undefined {
    const top = this.stack.pop()
    return top?._tag === "Finalizer" ? top.run(this, exit) : undefined
  }

  close(exit: AnyExit): AnyEffect | undefined {
    const isClean =
      this.stack.length === 0 &&
      this.concatenation === undefined &&
      this.finalizing === undefined &&
      this.closing === undefined
    // One inside another may be more than the stack of JavaScript holds: the fiber's holds them.
    return isClean || !this.run.isGuarded ? undefined : Effect.suspend(() => this.closeNow(exit) ?? Effect.void)
  }

  private closeNow(exit: AnyExit): AnyEffect | undefined {
    const { concatenation, finalizing, closing } = this
    this.concatenation = undefined
    this.finalizing = undefined
    this.closing = undefined
    return inOrder([() => closing, () => concatenation?.close(exit), () => finalizing, () => this.finalize(0, exit)])
  }

  receive(element: unknown): Step {
    const { concatenation } = this
    if (concatenation === undefined) return this.receiveInput(element)
    const { child } = concatenation
    return child === undefined
      ? this.receiveFromUpstream(concatenation, element)
      : this.receiveFromChild(concatenation, child, element)
  }

  receiveExit(exit: AnyExit): Step {
    const { concatenation, reading } = this
    if (concatenation === undefined) {
      if (reading !== undefined) this.current = reading.done.onExit(exit)
      return CONTINUE
    }
    const { child } = concatenation
    return child === undefined ? this.upstreamEnded(concatenation, exit) : this.childEnded(concatenation, child, exit)
  }

  private receiveInput(element: unknown): Step {
    const { reading } = this
    if (reading === undefined) return CONTINUE
    try {
      this.current = reading.more(element)
    } catch (error) {
      this.current = reading.done.onExit(Exit.die(error))
    }
    return CONTINUE
  }

  private stepConcatenation(concatenation: Concatenation): Step {
    const separator = concatenation.takeSeparator()
    if (Option.isSome(separator)) {
      this.out = separator.value
      return EMIT
    }
    if (concatenation.child !== undefined) return this.readFrom(concatenation.child)
    const { isDrained, upstreamExit } = concatenation
    if (!isDrained) concatenation.advance()
    if (concatenation.child !== undefined) return this.readFrom(concatenation.child)
    if (upstreamExit === undefined) return this.readFrom(concatenation.upstream)
    if (isDrained) return this.endConcatenation(upstreamExit, BROKEN, [(exit) => concatenation.upstream.close(exit)])
    concatenation.schedule(concatenation.node.onPull(UpstreamPullRequest.NoUpstream(concatenation.waiting)))
    return CONTINUE
  }

  private readFrom(source: Running): Step {
    this.source = source
    return READ
  }

  private receiveFromChild(concatenation: Concatenation, child: Running, element: unknown): Step {
    const decision = concatenation.node.onEmit(element)
    switch (decision._tag) {
      case "Continue":
        break
      case "Close":
        this.childDone(concatenation, child, decision.value)
        break
      case "Yield":
        concatenation.yieldChild(child)
        break
    }
    this.out = element
    return EMIT
  }

  private childEnded(concatenation: Concatenation, child: Running, exit: AnyExit): Step {
    if (Exit.isSuccess(exit)) {
      this.childDone(concatenation, child, exit.value)
      return CONTINUE
    }
    return this.endConcatenation(exit, FAILED, [
      (exit) => concatenation.closeWaiting(exit),
      (exit) => child.close(exit)
    ])
  }

  private childDone(concatenation: Concatenation, child: Running, done: unknown): void {
    concatenation.childDone(done)
    const effect = child.close(Exit.succeed(done))
    if (effect !== undefined) this.closeLater(effect)
  }

  private receiveFromUpstream(concatenation: Concatenation, element: unknown): Step {
    return this.closeChildren(() => this.startChild(concatenation, element))
  }

  private startChild(concatenation: Concatenation, element: unknown): Step {
    const child = new Puller(concatenation.node.k(element), this.run, this.input, this.context, this.closesInto)
    concatenation.schedule(concatenation.node.onPull(UpstreamPullRequest.Pulled(element)))
    concatenation.child = child
    return CONTINUE
  }

  private upstreamEnded(concatenation: Concatenation, exit: AnyExit): Step {
    if (concatenation.hasWaiting) {
      return this.closeChildren(() => {
        concatenation.drain(exit)
        return CONTINUE
      })
    }
    const end = Exit.isSuccess(exit) ? Exit.succeed(concatenation.combined(exit.value)) : exit
    return this.endConcatenation(end, FAILED, [(exit) => concatenation.upstream.close(exit)])
  }

  /** The node is over; its `parts` are closed on the way to what follows it. */
  private endConcatenation(
    exit: AnyExit,
    broken: typeof BROKEN | typeof FAILED,
    parts: ReadonlyArray<(exit: AnyExit) => AnyEffect | undefined>
  ): Step {
    const { closing } = this
    this.closing = undefined
    this.concatenation = undefined
    if (this.run.isGuarded) this.stack.push(new CloseParts(exit, [() => closing, ...parts]))
    return this.settle(exit, broken)
  }

  private closeLater(effect: AnyEffect): void {
    const before = this.closing
    this.closing = before === undefined ? effect : inOrder([() => before, () => effect])
  }

  /** Runs the finalizers of the children that are over, and then `next`. */
  private closeChildren(next: () => Step): Step {
    const effect = this.takeClosing()
    return effect === undefined
      ? next()
      : this.askAndThen(effect, { onFailure: (cause) => this.fail(FAILED, cause), onSuccess: next })
  }

  /** The finalizers of children that are over, where the upstream is pulled and they are ours to run: once, where the effect runs. */
  takeClosing(): AnyEffect | undefined {
    const { closing, concatenation, closesInto } = this
    if (closing === undefined || concatenation === undefined || concatenation.child !== undefined) return undefined
    if (closesInto === undefined) return Effect.suspend(() => this.runClosing())
    this.closing = undefined
    closesInto.closeLater(closing)
    return undefined
  }

  private runClosing(): AnyEffect {
    const { closing } = this
    this.closing = undefined
    return closing ?? Effect.void
  }
}
