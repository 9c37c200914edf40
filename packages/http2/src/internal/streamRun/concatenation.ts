/** The state of a `ConcatAll` that runs: the upstream, whose elements become children, and the children that wait for their turn. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as UpstreamPullStrategy from "effect/UpstreamPullStrategy"
import { inOrder } from "./finalizers.js"
import type { AnyEffect, AnyExit, ConcatAll } from "./nodes.js"
import type { Running } from "./steps.js"

export class Concatenation {
  /** The child that is pulled; the upstream is pulled where there is none. */
  child: Running | undefined = undefined
  /** Children in the order in which they have their turn; undefined stands for the upstream. */
  private queue: Array<Running | undefined> = []
  /** An element to be emitted before anything else. */
  private separator: Option.Option<unknown> = Option.none()
  /** How the upstream has ended, where children go on without it. */
  upstreamExit: AnyExit | undefined = undefined
  /** What the children have ended with, combined. */
  private lastDone: unknown = undefined

  constructor(
    readonly node: ConcatAll,
    readonly upstream: Running
  ) {}

  takeSeparator(): Option.Option<unknown> {
    const { separator } = this
    if (Option.isSome(separator)) this.separator = Option.none()
    return separator
  }

  /** Whether children wait that go on without the upstream. */
  get hasWaiting(): boolean {
    return this.waiting > 0
  }

  get waiting(): number {
    let children = 0
    for (const child of this.queue) if (child !== undefined) children++
    return children
  }

  get isDrained(): boolean {
    return this.queue.length === 0
  }

  /** The next child becomes the one that is pulled; false where it is the upstream's turn. */
  advance(): boolean {
    this.child = this.queue.shift()
    return this.child !== undefined
  }

  /** The child that is pulled has to wait for its turn. */
  yieldChild(child: Running): void {
    this.queue.push(child)
    this.child = undefined
  }

  /** The child is over. */
  childDone(done: unknown): void {
    this.lastDone = this.lastDone === undefined ? done : this.node.combineInners(this.lastDone, done)
    this.child = undefined
  }

  /** The upstream is over, the children that wait are not. */
  drain(exit: AnyExit): void {
    this.upstreamExit = exit
    this.queue.unshift(undefined)
  }

  /** What it ends with, where the upstream ended with `done`. */
  combined(done: unknown): unknown {
    return this.node.combineAll(this.lastDone, done)
  }

  /** The turn of the upstream comes again as `strategy` says. */
  schedule(strategy: UpstreamPullStrategy.UpstreamPullStrategy<unknown>): void {
    this.separator = strategy.emitSeparator
    if (this.upstreamExit !== undefined && !this.hasWaiting) return
    if (strategy._tag === "PullAfterNext") this.queue.unshift(undefined)
    else this.queue.push(undefined)
  }

  /** Closes the children that wait, and then the upstream. As in Effect, what fails there does not change how the Stream ends. */
  closeWaiting(exit: AnyExit): AnyEffect | undefined {
    const parts = this.queue.filter((child) => child !== undefined)
    return unfailing([...parts, this.upstream], exit)
  }

  close(exit: AnyExit): AnyEffect | undefined {
    const { child } = this
    if (child === undefined) return this.closeWaiting(exit)
    return inOrder([() => unfailing([child], exit), () => this.closeWaiting(exit)])
  }
}

const unfailing = (parts: ReadonlyArray<Running>, exit: AnyExit): AnyEffect | undefined => {
  const effect = inOrder(parts.map((part) => () => part.close(exit)))
  return effect === undefined ? undefined : Effect.exit(effect)
}
