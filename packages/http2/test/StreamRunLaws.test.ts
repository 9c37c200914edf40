/** Every Stream is run by `StreamRun` as Effect runs it: the same Chunks, the same exit, the same effects and finalizers in the same order. */
import { describe, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as fc from "effect/FastCheck"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { expect } from "vitest"
import * as StreamRun from "../src/StreamRun.js"
import { concurrentPlans, type Numbers, type Plan, plans, Service, show, World } from "./support/randomStream.js"

/** `STREAM_RUNS=5000` for a long run. */
const fixed = { seed: 7540, numRuns: Number(process.env["STREAM_RUNS"] ?? 200) }

type Run = (stream: Numbers, world: World) => Effect.Effect<unknown, string, Service>

/** The log of a run, which is interrupted when it comes to the effect `stopAt`. */
const observe = async (plan: Plan, run: Run, stopAt: number): Promise<ReadonlyArray<string>> => {
  const world = new World(stopAt)
  const program = Effect.suspend(() => run(plan.build(world), world)).pipe(Effect.provideService(Service, 5))
  const fiber = Effect.runFork(program)
  const stopped = await Effect.runPromise(
    Effect.raceFirst(Effect.as(Fiber.await(fiber), false), Effect.as(Deferred.await(world.stopped), true))
  )
  const exit = await Effect.runPromise(stopped ? Fiber.interrupt(fiber) : Fiber.await(fiber))
  return [...world.log, `exit ${show(exit)}`]
}

/**
 * `actual` without finalizers that `expected` lacks: Effect loses those of a child of `flatMap` that is over, where the Stream is left before its upstream
 * has given the next element.
 */
const withoutLost = (actual: ReadonlyArray<string>, expected: ReadonlyArray<string>): ReadonlyArray<string> => {
  let at = 0
  return actual.filter((event) => {
    if (event.startsWith("finally") && !expected.includes(event, at)) return false
    at++
    return true
  })
}

/** How often each name appears in events of the form of `pattern`. */
const counts = (log: ReadonlyArray<string>, pattern: RegExp): Readonly<Record<string, number>> => {
  const names = log.flatMap((event) => pattern.exec(event)?.[1] ?? [])
  return Object.fromEntries(names.map((name) => [name, names.filter((other) => other === name).length]))
}

const note = (world: World, chunk: Chunk.Chunk<number>): void =>
  world.note(`chunk ${Chunk.toReadonlyArray(chunk).join()}`)

const same = (ours: (n: number) => Run, effects: (n: number) => Run): Promise<void> =>
  fc.assert(
    fc.asyncProperty(
      plans,
      fc.integer({ min: -1, max: 12 }),
      fc.integer({ min: 0, max: 5 }),
      async (plan, stopAt, n) => {
        const expected = await observe(plan, effects(n), stopAt)
        const actual = await observe(plan, ours(n), stopAt)
        expect(withoutLost(actual, expected).join("\n"), plan.text).toBe(expected.join("\n"))
        expect(counts(actual, /^finally (\w+).*/), plan.text).toMatchObject(counts(actual, /^(\w+) acquire/))
      }
    ),
    fixed
  )

describe("any Stream", { timeout: 120_000 }, () => {
  it("gives its Chunks to an effect, to its end or to where it is interrupted", () => {
    const consume = (world: World) => (chunk: Chunk.Chunk<number>) => Effect.sync(() => note(world, chunk))
    return same(
      () => (stream, world) => StreamRun.forEachChunk(stream, consume(world)),
      () => (stream, world) => Stream.runForEachChunk(stream, consume(world))
    )
  })

  it("is closed where its consumer is interrupted, fails or dies", () => {
    const consume = (n: number, world: World) => {
      let left = n
      return (chunk: Chunk.Chunk<number>) => {
        note(world, chunk)
        if (left-- > 0) return world.tick("consumed", undefined)
        if (n % 3 === 0) throw new Error("consumer")
        return n % 3 === 1 ? Effect.fail("consumer") : Effect.die("consumer")
      }
    }
    return same(
      (n) => (stream, world) => StreamRun.forEachChunk(stream, consume(n, world)),
      (n) => (stream, world) => Stream.runForEachChunk(stream, consume(n, world))
    )
  })

  it("is pulled Chunk by Chunk, and closed with the scope", () => {
    type ToPull = (
      stream: Numbers
    ) => Effect.Effect<Effect.Effect<Chunk.Chunk<number>, Option.Option<string>, Service>, never, Service | Scope.Scope>
    const pullSome =
      (toPull: ToPull) =>
      (n: number): Run =>
      (stream, world) =>
        Effect.gen(function* () {
          const pull = yield* toPull(stream)
          for (let i = 0; i < n; i++) note(world, yield* pull)
          world.note("enough")
        }).pipe(
          Effect.catchAll((end) =>
            Option.isSome(end) ? Effect.fail(end.value) : Effect.sync(() => world.note("end"))
          ),
          Effect.scoped
        )
    return same(pullSome(StreamRun.toPull), pullSome(Stream.toPull))
  })

  it("folds to the same value", () => {
    const keep = (world: World) => (exit: Exit.Exit<unknown, unknown>) =>
      Effect.sync(() => world.note(JSON.stringify(Exit.isSuccess(exit) ? exit.value : null)))
    const sum = (total: number, value: number) => total * 3 + value
    return same(
      () => (stream, world) => Effect.onExit(StreamRun.fold(stream, 1, sum), keep(world)),
      () => (stream, world) => Effect.onExit(Stream.runFold(stream, 1, sum), keep(world))
    )
  })

  it("with operators that run fibers gives the same elements and ends the same way", () => {
    const outcome = async (
      plan: Plan,
      collect: (stream: Numbers) => Effect.Effect<Chunk.Chunk<number>, string, Service>
    ) => {
      const world = new World(-1)
      const program = Effect.suspend(() => collect(plan.build(world))).pipe(
        Effect.provideService(Service, 5),
        Effect.exit
      )
      const exit = await Effect.runPromise(program)
      return Exit.isSuccess(exit) ? Chunk.toReadonlyArray(exit.value).join() : show(exit)
    }
    return fc.assert(
      fc.asyncProperty(concurrentPlans, async (plan) => {
        expect(await outcome(plan, StreamRun.collect), plan.text).toBe(await outcome(plan, Stream.runCollect))
      }),
      fixed
    )
  })
})
