/**
 * Where every decision of a run comes from: first those that are given, then a generator, or zeros. What was decided is kept, so that
 * any run can be had again, cut down, or changed in one place. Each decision that is 0 is the plainest one.
 */

/** A number of 32 bits that the one before it leads to: splitmix32. */
const mix = (state: number): number => {
  let z = state
  z = Math.imul(z ^ (z >>> 16), 0x21f0aaad)
  z = Math.imul(z ^ (z >>> 15), 0x735a2d97)
  return (z ^ (z >>> 15)) >>> 0
}

export class Choices {
  /** What was decided so far. */
  readonly made: Array<number> = []
  private at = 0
  private state: number

  private constructor(
    private readonly given: ReadonlyArray<number>,
    seed: number | undefined
  ) {
    this.isEndless = seed !== undefined
    this.state = seed ?? 0
  }

  private readonly isEndless: boolean

  /** Decisions of a generator, the same for the same seed. */
  static ofSeed(seed: number): Choices {
    return new Choices([], seed)
  }

  /** Decisions made before, and zeros behind them. */
  static of(given: ReadonlyArray<number>): Choices {
    return new Choices(given, undefined)
  }

  /** Decisions made before, and a generator's behind them. */
  static from(given: ReadonlyArray<number>, seed: number): Choices {
    return new Choices(given, seed)
  }

  /** Whether all that was given is used up. */
  get isExhausted(): boolean {
    return this.at >= this.given.length
  }

  private draw(): number {
    const given = this.given[this.at++]
    if (given !== undefined) return given
    if (!this.isEndless) return 0
    this.state = (this.state + 0x9e3779b9) >>> 0
    return mix(this.state)
  }

  /** One of 0 to `bound` - 1. */
  below(bound: number): number {
    const value = bound <= 1 ? 0 : this.draw() % bound
    if (bound > 1) this.made.push(value)
    return value
  }

  /** One of `least` to `most`. */
  between(least: number, most: number): number {
    return least + this.below(most - least + 1)
  }

  /** True once in `n` times; false is 0. */
  once(n: number): boolean {
    return this.below(n) === n - 1
  }

  pick<A>(from: readonly [A, ...ReadonlyArray<A>]): A {
    return from[this.below(from.length)] ?? from[0]
  }

  /** One of `from`, which is not empty. */
  one<A>(from: ReadonlyArray<A>): A {
    const chosen = from[this.below(from.length)]
    if (chosen === undefined) throw new Error("nothing to choose from")
    return chosen
  }

  /** A size from 0 to `most`: small ones, and those next to a power of two and to `most`, come more often. */
  size(most: number): number {
    switch (this.below(4)) {
      case 0:
        return Math.min(most, this.below(8))
      case 1:
        return Math.min(most, Math.max(0, 2 ** this.below(17) + this.below(3) - 1))
      case 2:
        return Math.max(0, most - this.below(3))
      default:
        return this.below(most + 1)
    }
  }

  octets(length: number): Uint8Array {
    const octets = new Uint8Array(length)
    for (let i = 0; i < length; i++) octets[i] = this.below(256)
    return octets
  }
}
