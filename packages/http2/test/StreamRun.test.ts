/** The runner of Streams that knows their nodes. */
import { describe, it } from "@effect/vitest"
import * as Channel from "effect/Channel"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Stream from "effect/Stream"
import { expect } from "vitest"
import { areNodesKnown, type Constructors, facts } from "../src/internal/streamRun/nodes.js"
import * as StreamRun from "../src/StreamRun.js"
import { streamCases } from "./support/streamCases.js"

describe("the nodes of a Channel", () => {
  it("are as the runner knows them", () => {
    expect(facts.filter((fact) => !fact.holds(Channel)).map((fact) => fact.name)).toEqual([])
    expect(areNodesKnown).toBe(true)
  })

  // Each fact does not hold where the constructor builds another node.
  const other = (): typeof Channel.void => Channel.suspend(() => Channel.void)
  const broken: Readonly<Record<string, Record<string, unknown>>> = {
    BracketOut: { acquireReleaseOut: other },
    Bridge: { embedInput: other },
    ConcatAll: { concatMapWithCustom: other },
    Emit: { write: other },
    Ensuring: { ensuringWith: other },
    Fail: { failCauseSync: other },
    Fold: { foldCauseChannel: other },
    FromEffect: { fromEffect: other },
    PipeTo: { pipeTo: other },
    Provide: { provideContext: other },
    Read: { readWithCause: other },
    Succeed: { sync: other },
    SucceedNow: { void: other() },
    Suspend: { suspend: () => Channel.void }
  }

  it.each(facts.map((fact) => [fact.name, fact] as const))("%s, where it differs, is found out", (name, fact) => {
    const channel = { ...Channel, ...broken[name] } as Constructors
    expect(facts.filter((fact) => !fact.holds(channel)).map((fact) => fact.name)).toEqual([fact.name])
  })
})

streamCases("a run", StreamRun)

it.live(
  "100,000 operators, one inside another, are no depth of the stack",
  () =>
    Effect.gen(function* () {
      let released = 0
      const acquired = Stream.ensuring(
        Stream.succeed(0),
        Effect.sync(() => released++)
      )
      let mapped: Stream.Stream<number> = acquired
      let nested: Stream.Stream<number> = acquired
      let chained: Stream.Stream<number> = acquired
      for (let i = 0; i < 100_000; i++) {
        mapped = Stream.map(mapped, (n) => n + 1)
        nested = Stream.flatMap(nested, (n) => Stream.succeed(n + 1))
        chained = Stream.concat(chained, Stream.succeed(1))
      }
      for (const stream of [mapped, nested, chained]) {
        expect(yield* StreamRun.fold(stream, 0, (a, b) => a + b)).toBe(100_000)
      }
      expect(released).toBe(3)
    }),
  120_000
)

describe("a finalizer that fails", () => {
  it.effect("in the middle fails the Stream there, and every effect runs once", () =>
    Effect.gen(function* () {
      let effects = 0
      const stream = Stream.fromEffect(Effect.sync(() => ++effects)).pipe(
        Stream.ensuring(Effect.die("broken")),
        Stream.concat(Stream.make(2)),
        Stream.map((n) => n)
      )
      expect(yield* Effect.exit(StreamRun.collect(stream))).toEqual(Exit.die("broken"))
      const caught = Stream.catchAllCause(stream, () => Stream.make(3))
      expect([...(yield* StreamRun.collect(caught))]).toEqual([2, 3])
      expect(effects).toBe(2)
    })
  )
})
