/** What a step of a Channel comes to, and what whoever runs the steps sees of a Channel that runs. */
import type * as Cause from "effect/Cause"
import type * as Context from "effect/Context"
import type { AnyEffect, AnyExit } from "./nodes.js"

/** More steps can follow at once. */
export const CONTINUE = 0
/** An element is in `out`. */
export const EMIT = 1
/** The Channel is over; how is in `exit`. */
export const DONE = 2
/** The effect in `effect` has to be run. */
export const EFFECT = 3
/** An element, or the end, of `source` is needed. */
export const READ = 4
/** It has run for long: others should have their turn. */
export const YIELD = 5
/** From here on there is something to finalize: whoever runs the Channel has to make sure that it is closed. */
export const GUARD = 6
/** A finalizer failed, for the reason in `failure`: whoever reads the Channel sees it fail. */
export const BROKEN = 7
/** The run as a whole has failed, for the reason in `failure`. */
export const FAILED = 8

export type Step =
  | typeof CONTINUE
  | typeof EMIT
  | typeof DONE
  | typeof EFFECT
  | typeof READ
  | typeof YIELD
  | typeof GUARD
  | typeof BROKEN
  | typeof FAILED

/** What all Channels of one run have in common. */
export class Run {
  /** Whether the run will be closed, so that finalizers may be taken in charge. */
  isGuarded = false
  /** Steps until others have their turn. */
  left: number

  constructor(private readonly maxSteps: number) {
    this.left = maxSteps
  }

  yielded(): void {
    this.left = this.maxSteps
  }
}

/** What becomes of an effect of the Channel's own: it acquires, or finalizes, and is not interrupted. */
export interface Afterwards {
  readonly onSuccess: (value: unknown) => Step
  readonly onFailure: (cause: Cause.Cause<unknown>) => Step
}

/** A Channel that runs: `Puller`, seen by those who step it, read from it, finalize it. */
export interface Running {
  /** The element that was emitted. */
  out: unknown
  /** How the Channel has ended. */
  readonly exit: AnyExit | undefined
  /** The one whose element or end is needed. */
  readonly source: Running | undefined
  /** The effect that is needed. Its result is that of the node, unless there is `afterwards`. */
  readonly effect: AnyEffect
  readonly afterwards: Afterwards | undefined
  /** Why a finalizer or the run failed. */
  failure: Cause.Cause<unknown>
  /** What it reads from. */
  input: Running | undefined
  /** What its effects are provided with, where that is not the fiber's context. */
  context: Context.Context<unknown> | undefined

  step(): Step
  /** What `source` has emitted. */
  receive(element: unknown): Step
  /** How `source` has ended. */
  receiveExit(exit: AnyExit): Step
  /** What follows an effect of a node: what it throws is no longer thrown by a node. */
  settle(exit: AnyExit): Step
  /** The finalizers of children that are over, where the upstream is pulled and they are ours to run: once, where the effect runs. */
  takeClosing(): AnyEffect | undefined
  provided(effect: AnyEffect): AnyEffect
  /** Ends the Channel where it is, and runs its finalizers: undefined where there are none. To be run once, and not interrupted. */
  close(exit: AnyExit): AnyEffect | undefined
}
