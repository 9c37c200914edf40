/**
 * The tree that a Channel of Effect is: the fourteen kinds of node that `Channel`'s constructors build. They are internals of Effect; `facts` states each
 * thing that the runner relies on, as a check that builds the node with the public constructor. Where one does not hold, `areNodesKnown` is false and
 * Effect runs every Stream itself.
 */
import * as Cause from "effect/Cause"
import * as Channel from "effect/Channel"
import * as ChildExecutorDecision from "effect/ChildExecutorDecision"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import type * as SingleProducerAsyncInput from "effect/SingleProducerAsyncInput"
import type * as UpstreamPullRequest from "effect/UpstreamPullRequest"
import * as PullStrategy from "effect/UpstreamPullStrategy"

/** An effect of a Channel, its types forgotten. */
export type AnyEffect = Effect.Effect<unknown, unknown>

export type AnyExit = Exit.Exit<unknown, unknown>

/** A node, or an Effect, which stands for a Channel that runs it. */
export type Node = Primitive | AnyEffect

export type Primitive =
  | BracketOut
  | Bridge
  | ConcatAll
  | Emit
  | Ensuring
  | Fail
  | Fold
  | FromEffect
  | PipeTo
  | Provide
  | Read
  | Succeed
  | SucceedNow
  | Suspend

export interface BracketOut {
  readonly _tag: "BracketOut"
  acquire(): AnyEffect
  finalizer(resource: unknown, exit: AnyExit): AnyEffect
}

export interface Bridge {
  readonly _tag: "Bridge"
  readonly input: Producer
  readonly channel: Node
}

export type Producer = SingleProducerAsyncInput.AsyncInputProducer<unknown, unknown, unknown>

export interface ConcatAll {
  readonly _tag: "ConcatAll"
  combineInners(done: unknown, next: unknown): unknown
  combineAll(inner: unknown, outer: unknown): unknown
  onPull(request: UpstreamPullRequest.UpstreamPullRequest<unknown>): PullStrategy.UpstreamPullStrategy<unknown>
  onEmit(element: unknown): ChildExecutorDecision.ChildExecutorDecision
  value(): Node
  k(element: unknown): Node
}

export interface Emit {
  readonly _tag: "Emit"
  readonly out: unknown
}

export interface Ensuring {
  readonly _tag: "Ensuring"
  readonly channel: Node
  finalizer(exit: AnyExit): AnyEffect
}

export interface Fail {
  readonly _tag: "Fail"
  error(): Cause.Cause<unknown>
}

export interface Fold {
  readonly _tag: "Fold"
  readonly channel: Node
  readonly k: Continuation
}

export interface FromEffect {
  readonly _tag: "FromEffect"
  effect(): AnyEffect
}

export interface PipeTo {
  readonly _tag: "PipeTo"
  left(): Node
  right(): Node
}

export interface Provide {
  readonly _tag: "Provide"
  context(): Context.Context<unknown>
  readonly inner: Node
}

export interface Read {
  readonly _tag: "Read"
  more(element: unknown): Node
  readonly done: Continuation
}

export interface Succeed {
  readonly _tag: "Succeed"
  evaluate(): unknown
}

export interface SucceedNow {
  readonly _tag: "SucceedNow"
  readonly terminal: unknown
}

export interface Suspend {
  readonly _tag: "Suspend"
  channel(): Node
}

/** What follows a node, by how the node ended. */
export interface Continuation {
  readonly _tag: "ContinuationK"
  onSuccess(done: unknown): Node
  onHalt(cause: Cause.Cause<unknown>): Node
  onExit(exit: AnyExit): Node
}

/** A Channel as the tree that it is. The cast is what `facts` verifies. */
export const nodeOf = (channel: object): Node => channel as Node

/** The constructors that the facts are checked with: `Channel` of Effect, and in tests one that differs. */
export type Constructors = Pick<
  typeof Channel,
  | "acquireReleaseOut"
  | "concatMapWithCustom"
  | "embedInput"
  | "ensuringWith"
  | "failCauseSync"
  | "flatMap"
  | "foldCauseChannel"
  | "fromEffect"
  | "pipeTo"
  | "provideContext"
  | "readWithCause"
  | "suspend"
  | "sync"
  | "void"
  | "write"
>

export interface Fact {
  readonly name: string
  readonly holds: (channel: Constructors) => boolean
}

/** Whether `node` is of kind `tag` and has each of `fields` as it is given there. */
const has = (node: object, tag: string, fields: Readonly<Record<string, unknown>>): boolean =>
  "_tag" in node &&
  node._tag === tag &&
  Object.entries(fields).every(([name, value]) => Object.is(Reflect.get(node, name), value))

const call = (node: object, method: string): unknown => {
  const f: unknown = Reflect.get(node, method)
  return typeof f === "function" ? Reflect.apply(f, node, []) : undefined
}

const field = (node: object, name: string): object => {
  const value: unknown = Reflect.get(node, name)
  return typeof value === "object" && value !== null ? value : {}
}

/** Whether `continuation` goes to these functions, by themselves and by `onExit`. */
const goesOn = (continuation: object, onSuccess: unknown, onHalt: unknown): boolean =>
  has(continuation, "ContinuationK", { onSuccess, onHalt }) && "onExit" in continuation

const empty = Channel.void
const toEmpty = (): typeof empty => empty
const ignore = (): undefined => undefined
const release = (): Effect.Effect<void> => Effect.void
const decide = (): ChildExecutorDecision.ChildExecutorDecision => ChildExecutorDecision.Continue()
const strategy = PullStrategy.PullAfterNext(Option.none())
const pull = (): typeof strategy => strategy
const cause = Cause.fail("probe")
const toCause = (): typeof cause => cause
const context = Context.empty()
const producer: SingleProducerAsyncInput.AsyncInputProducer<unknown, unknown, unknown> = {
  awaitRead: release,
  done: release,
  emit: release,
  error: release
}

/** All that is relied on beyond the public types. */
export const facts: ReadonlyArray<Fact> = [
  {
    name: "BracketOut",
    holds: (channel: Constructors): boolean => {
      const node = channel.acquireReleaseOut(Effect.void, release)
      return has(node, "BracketOut", { finalizer: release }) && call(node, "acquire") === Effect.void
    }
  },
  {
    name: "Bridge",
    holds: (channel) => has(channel.embedInput(empty, producer), "Bridge", { input: producer, channel: empty })
  },
  {
    name: "ConcatAll",
    holds: (channel: Constructors): boolean => {
      const k = toEmpty
      const node = channel.concatMapWithCustom(empty, k, ignore, toCause, pull, decide)
      return (
        has(node, "ConcatAll", { combineInners: ignore, combineAll: toCause, onPull: pull, onEmit: decide, k }) &&
        call(node, "value") === empty
      )
    }
  },
  {
    name: "Emit",
    holds: (channel) => has(channel.write(7), "Emit", { out: 7 })
  },
  {
    name: "Ensuring",
    holds: (channel) => has(channel.ensuringWith(empty, release), "Ensuring", { channel: empty, finalizer: release })
  },
  {
    name: "Fail",
    holds: (channel) => has(channel.failCauseSync(toCause), "Fail", { error: toCause })
  },
  {
    name: "Fold",
    holds: (channel: Constructors): boolean => {
      const node = channel.foldCauseChannel(empty, { onFailure: toEmpty, onSuccess: toEmpty })
      const mapped = channel.flatMap(empty, toEmpty)
      return (
        has(node, "Fold", { channel: empty }) &&
        goesOn(field(node, "k"), toEmpty, toEmpty) &&
        has(mapped, "Fold", { channel: empty }) &&
        has(field(mapped, "k"), "ContinuationK", { onSuccess: toEmpty })
      )
    }
  },
  {
    name: "FromEffect",
    holds: (channel: Constructors): boolean => {
      const node = channel.fromEffect(Effect.void)
      return has(node, "FromEffect", {}) && call(node, "effect") === Effect.void
    }
  },
  {
    name: "PipeTo",
    holds: (channel: Constructors): boolean => {
      const right = Channel.write(1)
      const node = channel.pipeTo(empty, right)
      return has(node, "PipeTo", {}) && call(node, "left") === empty && call(node, "right") === right
    }
  },
  {
    name: "Provide",
    holds: (channel: Constructors): boolean => {
      const node = channel.provideContext(empty, context)
      return has(node, "Provide", { inner: empty }) && call(node, "context") === context
    }
  },
  {
    name: "Read",
    holds: (channel: Constructors): boolean => {
      const onDone = (): typeof empty => empty
      const node = channel.readWithCause({ onInput: toEmpty, onFailure: toEmpty, onDone })
      return has(node, "Read", { more: toEmpty }) && goesOn(field(node, "done"), onDone, toEmpty)
    }
  },
  {
    name: "Succeed",
    holds: (channel) => has(channel.sync(ignore), "Succeed", { evaluate: ignore })
  },
  {
    name: "SucceedNow",
    holds: (channel) => "terminal" in channel.void && has(channel.void, "SucceedNow", { terminal: undefined })
  },
  {
    name: "Suspend",
    holds: (channel) => has(channel.suspend(toEmpty), "Suspend", { channel: toEmpty })
  }
]

/** Whether the tree of every Channel is as this module says. */
export const areNodesKnown = ((): boolean => {
  try {
    return facts.every((fact) => fact.holds(Channel))
  } catch {
    return false
  }
})()
