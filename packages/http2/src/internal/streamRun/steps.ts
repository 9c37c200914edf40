/** What a step of a Channel comes to. */

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
