/**
 * Flow-control windows (RFC 9113 §5.2, §6.9): the engine's Window as a TRef, one number that the engine counts in and that transactions read and wait on.
 *
 * STM in Effect runs a transaction to its end synchronously, so outside of one nothing can see a write happen: a TRef on which no transaction waits can be
 * read and written like a variable. Where one waits, the write is a real transaction, so that the waiting one wakes. The shortcut uses two internal fields
 * of TRef. They are checked when this module loads; where they are not as expected, every access is a plain transaction.
 *
 * Made for each connection and stream by Http2Connection.ts; given to users by Http2Stream.ts, as FlowControl.ts shows it.
 */
import type { Window } from "@effect-http2/engine/flow/window"
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

const make: (value: number) => TRef.TRef<number> =
  constructors === undefined ? (value) => run(TRef.make(value)) : (value) => new constructors.ref(value)

const get: (ref: TRef.TRef<number>) => number =
  constructors === undefined
    ? (ref) => run(TRef.get(ref))
    : (ref) => (ref instanceof constructors.ref ? ref.versioned.value : run(TRef.get(ref)))

const set: (ref: TRef.TRef<number>, value: number) => void =
  constructors === undefined
    ? (ref, value) => run(TRef.set(ref, value))
    : (ref, value) => {
        if (ref instanceof constructors.ref && ref.todos.size === 0) ref.versioned = new constructors.versioned(value)
        else run(TRef.set(ref, value))
      }

/** A window whose number is a TRef's. Users hold it as `FlowControl.Window`, which has nothing to write it with. */
export class TRefWindow implements Window {
  constructor(private readonly ref: TRef.TRef<number>) {}

  /** What may still be sent, in a transaction. */
  get available(): STM.STM<number> {
    return TRef.get(this.ref)
  }

  get octets(): number {
    return get(this.ref)
  }

  set octets(octets: number) {
    set(this.ref, octets)
  }
}

/** A window of `size` octets. */
export const makeWindow = (size: number): TRefWindow => new TRefWindow(make(size))

/** The window that `makeWindow` has made. */
export const windowOf = (window: Window): TRefWindow => {
  if (window instanceof TRefWindow) return window
  throw new Error("the window is another skin's")
}
