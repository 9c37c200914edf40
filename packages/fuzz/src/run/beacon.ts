/**
 * What the fuzzer is doing, in memory that the thread that watches it shares: a count that moves with every input, and the input as text. A fuzzer that
 * never comes back can still be told by it.
 */
const mostText = 4_194_304

export interface Memory {
  readonly numbers: SharedArrayBuffer
  readonly text: SharedArrayBuffer
}

export const makeMemory = (): Memory => ({
  numbers: new SharedArrayBuffer(8),
  text: new SharedArrayBuffer(mostText)
})

export class Beacon {
  private readonly numbers: Int32Array
  private readonly octets: Uint8Array

  constructor(memory: Memory) {
    this.numbers = new Int32Array(memory.numbers)
    this.octets = new Uint8Array(memory.text)
  }

  /** The fuzzer goes on with another input; without a text, with the same one. */
  move(text?: string): void {
    if (text !== undefined) {
      const { written } = new TextEncoder().encodeInto(text, this.octets)
      Atomics.store(this.numbers, 1, written)
    }
    Atomics.add(this.numbers, 0, 1)
  }

  get count(): number {
    return Atomics.load(this.numbers, 0)
  }

  get text(): string {
    return Buffer.from(this.octets.slice(0, Atomics.load(this.numbers, 1))).toString("utf8")
  }
}
