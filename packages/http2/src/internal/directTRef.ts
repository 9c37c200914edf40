/**
 * TRefs of numbers, read and written without a transaction where that is exact. STM in Effect runs a transaction to its end synchronously,
 * so outside of one nothing can see a write happen; a TRef on which no transaction waits can be written like a variable. Where one
 * waits, the write is a real transaction, so that the waiting one wakes.
 *
 * The shortcut reads two internal fields of TRef. They are checked once, when this module loads; where they are not as expected, every
 * access is a plain transaction. Called by FlowControl alone.
 */
import * as Effect from "effect/Effect"
import * as STM from "effect/STM"
import * as TRef from "effect/TRef"

interface Versioned {
  readonly value: number
}

interface Internals {
  versioned: Versioned
  readonly todos: { readonly size: number }
}

const run = <A>(stm: STM.STM<A>): A => Effect.runSync(STM.commit(stm))

const isObject = (u: unknown): u is object => typeof u === "object" && u !== null

const hasInternals = (ref: object): ref is Internals =>
  "versioned" in ref &&
  isObject(ref.versioned) &&
  "value" in ref.versioned &&
  typeof ref.versioned.value === "number" &&
  "todos" in ref &&
  ref.todos instanceof Map

interface Constructors {
  readonly ref: new (value: number) => TRef.TRef<number> & Internals
  readonly versioned: new (value: number) => Versioned
}

/** What `TRef.make` constructs, where constructing it by hand and writing it by hand is seen by transactions as it should be. */
const probe = (): Constructors | undefined => {
  try {
    const sample: object = run(TRef.make(1))
    if (!hasInternals(sample)) return undefined
    // The two casts are what the rest of this function verifies.
    const constructors = {
      ref: sample.constructor as Constructors["ref"],
      versioned: sample.versioned.constructor as Constructors["versioned"]
    }
    const ref = new constructors.ref(2)
    if (!hasInternals(ref) || run(TRef.get(ref)) !== 2) return undefined
    ref.versioned = new constructors.versioned(3)
    if (run(TRef.get(ref)) !== 3) return undefined
    run(TRef.set(ref, 4))
    return ref.versioned.value === 4 && ref.todos.size === 0 ? constructors : undefined
  } catch {
    return undefined
  }
}

const constructors = probe()

/** Whether the shortcut is in use. */
export const isDirect = constructors !== undefined

export const make: (value: number) => TRef.TRef<number> =
  constructors === undefined ? (value) => run(TRef.make(value)) : (value) => new constructors.ref(value)

export const get: (ref: TRef.TRef<number>) => number =
  constructors === undefined
    ? (ref) => run(TRef.get(ref))
    : (ref) => (ref instanceof constructors.ref ? ref.versioned.value : run(TRef.get(ref)))

export const set: (ref: TRef.TRef<number>, value: number) => void =
  constructors === undefined
    ? (ref, value) => run(TRef.set(ref, value))
    : (ref, value) => {
        if (ref instanceof constructors.ref && ref.todos.size === 0) ref.versioned = new constructors.versioned(value)
        else run(TRef.set(ref, value))
      }
