/** What a runner of Streams has to do, whichever it is: by our own one, and by the way behind it. */
import { describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Channel from "effect/Channel"
import * as ChildExecutorDecision from "effect/ChildExecutorDecision"
import * as Chunk from "effect/Chunk"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FiberRef from "effect/FiberRef"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as UpstreamPullRequest from "effect/UpstreamPullRequest"
import * as UpstreamPullStrategy from "effect/UpstreamPullStrategy"
import { expect } from "vitest"
import type * as StreamRun from "../../src/StreamRun.js"

class Service extends Context.Tag("test/Service")<Service, string>() {}

type Any = Stream.Stream<unknown, unknown>

const logged = Effect.sync(() => undefined)

/** A Stream whose children take turns as `strategy` and `decide` say. */
const turns = (
  strategy: (
    request: UpstreamPullRequest.UpstreamPullRequest<number>
  ) => UpstreamPullStrategy.UpstreamPullStrategy<Chunk.Chunk<number>>,
  decide: (chunk: Chunk.Chunk<number>) => ChildExecutorDecision.ChildExecutorDecision
): Any =>
  Stream.fromChannel(
    Channel.concatMapWithCustom(
      Channel.writeAll(1, 2, 3),
      (n) => Channel.writeAll(Chunk.of(n * 10), Chunk.of(n * 10 + 1), Chunk.of(n * 10 + 2)),
      () => undefined,
      () => undefined,
      strategy,
      decide
    )
  )

/** Streams that end of themselves, and are to give what Effect gives. */
const ending: Readonly<Record<string, () => Any>> = {
  async: () =>
    Stream.async<number>((emit) => {
      void emit
        .chunk(Chunk.make(1, 2))
        .then(() => emit.single(3))
        .then(() => emit.end())
    }),
  asyncScoped: () =>
    Stream.asyncScoped<number>((emit) =>
      Effect.as(
        Effect.sync(() => void emit.single(1).then(() => emit.end())),
        undefined
      )
    ),
  merge: () => Stream.merge(Stream.make(1), Stream.empty),
  "mergeAll, sums": () =>
    Stream.scan(Stream.mergeAll([Stream.make(1), Stream.make(2)], { concurrency: 2 }), 0, (a, b) => a + b).pipe(
      Stream.drop(2)
    ),
  "flatMap, at once": () => Stream.flatMap(Stream.make(1), (n) => Stream.make(n, n), { concurrency: 4 }),
  "flatMap, the latest": () => Stream.flatMap(Stream.make(1), (n) => Stream.make(n, n), { switch: true }),
  buffer: () => Stream.buffer(Stream.range(1, 20), { capacity: 2 }),
  zipWith: () => Stream.zip(Stream.range(1, 9).pipe(Stream.rechunk(2)), Stream.make("a", "b", "c")),
  "mapEffect, at once": () =>
    Stream.mapEffect(Stream.range(1, 9), (n) => Effect.as(Effect.yieldNow(), n), { concurrency: 3 }),
  interruptWhen: () => Stream.interruptWhen(Stream.make(1, 2), Effect.never),
  "interruptWhen it fails": () => Stream.interruptWhen(Stream.never, Effect.fail("stop")),
  "broadcast of one": () =>
    Stream.unwrapScoped(Effect.map(Stream.broadcast(Stream.range(1, 5), 1, 8), ([only]) => only)),
  aggregate: () => Stream.debounce(Stream.make(1, 2, 3), "0 millis"),
  partition: () =>
    Stream.unwrapScoped(
      Effect.map(
        Stream.partition(Stream.range(1, 6), (n) => n % 2 === 0),
        ([odd]) => odd
      )
    ),
  provideServiceStream: () =>
    Stream.fromEffect(Service).pipe(
      Stream.concat(Stream.provideService(Stream.fromEffect(Service), Service, "inner")),
      Stream.concat(Stream.fromEffect(Service)),
      Stream.provideService(Service, "outer")
    ),
  mapInputContext: () =>
    Stream.mapInputContext(Stream.fromEffect(Service), (context: Context.Context<never>) =>
      Context.add(context, Service, "made")
    ),
  "children in turn": () =>
    turns(
      UpstreamPullRequest.match({
        onPulled: () => UpstreamPullStrategy.PullAfterAllEnqueued(Option.none()),
        onNoUpstream: () => UpstreamPullStrategy.PullAfterAllEnqueued(Option.none())
      }),
      () => ChildExecutorDecision.Yield()
    ),
  "children in turn, separated": () =>
    turns(
      UpstreamPullRequest.match({
        onPulled: (n) => UpstreamPullStrategy.PullAfterNext(Option.some(Chunk.of(-n))),
        onNoUpstream: (waiting) => UpstreamPullStrategy.PullAfterAllEnqueued(Option.some(Chunk.of(waiting * 100)))
      }),
      (chunk) => (Chunk.unsafeHead(chunk) % 2 === 0 ? ChildExecutorDecision.Yield() : ChildExecutorDecision.Continue())
    ),
  "children that are closed": () =>
    turns(
      () => UpstreamPullStrategy.PullAfterNext(Option.none()),
      (chunk) =>
        Chunk.unsafeHead(chunk) % 10 === 1 ? ChildExecutorDecision.Close(0) : ChildExecutorDecision.Continue()
    ),
  "a Channel that is an Effect": () =>
    Stream.fromChannel(Channel.zipRight(Effect.succeed(1), Channel.write(Chunk.of(1)))),
  "reading where there is nothing to read": () =>
    Stream.fromChannel(
      Channel.readWith({ onInput: () => Channel.void, onFailure: () => Channel.void, onDone: () => Channel.void })
    ),
  "a defect in a child's constructor": () =>
    Stream.flatMap(Stream.make(1), (): Any => {
      throw new Error("constructor")
    }).pipe(Stream.catchAllCause(() => Stream.make("caught")))
}

export const streamCases = (name: string, run: typeof StreamRun): void => {
  describe(name, () => {
    it.live.each(Object.entries(ending))("%s, as Effect", ([, stream]) =>
      Effect.gen(function* () {
        const outcome = (exit: Exit.Exit<unknown, unknown>) =>
          Exit.match(exit, { onFailure: (cause) => Cause.pretty(cause).split("\n")[0], onSuccess: JSON.stringify })
        const expected = yield* Effect.exit(Stream.runCollect(stream()))
        expect(outcome(yield* Effect.exit(run.collect(stream())))).toEqual(outcome(expected))
      })
    )

    it.effect("fold, foldEffect, forEach, drain, bytes and text take all elements, called either way", () =>
      Effect.gen(function* () {
        const numbers = Stream.rechunk(Stream.range(1, 5), 2)
        expect(yield* run.fold(numbers, 0, (a, b) => a + b)).toBe(15)
        expect(yield* numbers.pipe(run.fold("", (a, b) => a + b))).toBe("12345")
        expect(yield* run.foldEffect(numbers, 0, (a, b) => Effect.succeed(a + b))).toBe(15)
        expect(yield* numbers.pipe(run.foldEffect(1, (a, b) => Effect.succeed(a * b)))).toBe(120)
        const seen: Array<unknown> = []
        const see = (value: unknown) => Effect.sync(() => seen.push(value))
        yield* run.forEach(numbers, see)
        yield* numbers.pipe(run.forEachChunk((chunk) => see(Chunk.size(chunk))))
        yield* run.drain(Stream.tap(numbers, see))
        expect(seen).toEqual([1, 2, 3, 4, 5, 2, 2, 1, 1, 2, 3, 4, 5])
        const octets = Stream.encodeText(Stream.make("h", "é", "llo"))
        expect(yield* run.bytes(octets)).toEqual(new TextEncoder().encode("héllo"))
        expect(yield* run.text(octets)).toBe("héllo")
        expect(yield* run.text(Stream.empty)).toBe("")
      })
    )

    it.effect("fails with what the Stream or the function fails with", () =>
      Effect.gen(function* () {
        expect(yield* Effect.exit(run.drain(Stream.fail("no")))).toEqual(Exit.fail("no"))
        expect(yield* Effect.exit(run.forEach(Stream.make(1, 2), () => Effect.fail("no")))).toEqual(Exit.fail("no"))
        expect(yield* Effect.exit(run.foldEffect(Stream.make(1), 0, () => Effect.fail("no")))).toEqual(Exit.fail("no"))
        const defect = (): never => {
          throw new Error("defect")
        }
        expect(yield* Effect.exit(run.fold(Stream.make(1), 0, defect))).toEqual(Exit.die(new Error("defect")))
        expect(yield* Effect.exit(run.drain(Stream.suspend((): Stream.Stream<never> => defect())))).toEqual(
          Exit.die(new Error("defect"))
        )
      })
    )

    it.effect("runs as often as it is run", () =>
      Effect.gen(function* () {
        let opened = 0
        const stream = Stream.acquireRelease(
          Effect.sync(() => ++opened),
          () => logged
        )
        const twice = run.collect(stream)
        expect([...(yield* twice), ...(yield* twice)]).toEqual([1, 2])
      })
    )

    it.effect("acquires without being interrupted, and releases", () =>
      Effect.gen(function* () {
        const log: Array<string> = []
        const acquiring = yield* Deferred.make<void>()
        const goOn = yield* Deferred.make<void>()
        const acquire = Effect.zipRight(Deferred.succeed(acquiring, undefined), Deferred.await(goOn))
        const stream = Stream.acquireRelease(acquire, (_, exit) => Effect.sync(() => log.push(`released ${exit._tag}`)))
        const fiber = yield* Effect.fork(run.drain(Stream.concat(stream, Stream.never)))
        yield* Deferred.await(acquiring)
        const interruption = yield* Effect.fork(Fiber.interrupt(fiber))
        yield* Effect.yieldNow()
        expect(log).toEqual([])
        yield* Deferred.succeed(goOn, undefined)
        expect(Exit.isInterrupted(yield* Fiber.join(interruption))).toBe(true)
        expect(log).toEqual(["released Failure"])
      })
    )

    it.effect("fails with the defect of a finalizer at its end, and runs the others", () =>
      Effect.gen(function* () {
        const log: Array<string> = []
        const stream = Stream.make(1).pipe(
          Stream.ensuring(Effect.sync(() => log.push("inner"))),
          Stream.ensuring(Effect.die("broken")),
          Stream.ensuring(Effect.sync(() => log.push("outer")))
        )
        expect(yield* Effect.exit(run.drain(stream))).toEqual(Exit.die("broken"))
        expect(log).toEqual(["inner", "outer"])
      })
    )

    it.scoped("toPull keeps what is acquired until the scope is closed", () =>
      Effect.gen(function* () {
        const log: Array<string> = []
        const scope = yield* Scope.make()
        const stream = Stream.acquireRelease(Effect.succeed(1), () => Effect.sync(() => log.push("released")))
        const pull = yield* Scope.extend(run.toPull(Stream.concat(stream, Stream.fail("later"))), scope)
        expect(Chunk.toReadonlyArray(yield* pull)).toEqual([1])
        expect(log).toEqual([])
        expect(yield* Effect.flip(pull)).toEqual(Option.some("later"))
        yield* Scope.close(scope, Exit.void)
        expect(log).toEqual(["released"])
        const end = yield* run.toPull(Stream.empty)
        expect(yield* Effect.flip(end)).toEqual(Option.none())
        expect(yield* Effect.flip(end)).toEqual(Option.none())
      })
    )

    it.scoped("toPull goes on after a pull that was interrupted", () =>
      Effect.gen(function* () {
        const gates = [Effect.never, Effect.succeed(7)]
        const pull = yield* run.toPull(
          Stream.map(Stream.fromEffect(Effect.suspend(() => gates.shift() ?? Effect.never)), (n) => n)
        )
        const first = yield* Effect.fork(pull)
        yield* Effect.yieldNow()
        yield* Fiber.interrupt(first)
        expect(Chunk.toReadonlyArray(yield* pull)).toEqual([7])
      })
    )

    it.live("holds any depth of operators", () =>
      Effect.gen(function* () {
        const depth = 5_000
        let released = 0
        let mapped: Stream.Stream<number> = Stream.ensuring(
          Stream.succeed(0),
          Effect.sync(() => released++)
        )
        let nested = mapped
        let chained = mapped
        for (let i = 0; i < depth; i++) {
          mapped = Stream.map(mapped, (n) => n + 1)
          nested = Stream.flatMap(nested, (n) => Stream.succeed(n + 1))
          chained = Stream.concat(chained, Stream.succeed(1))
        }
        for (const stream of [mapped, nested, chained]) {
          expect(yield* run.fold(stream, 0, (a, b) => a + b)).toBe(depth)
        }
        expect(released).toBe(3)
      })
    )

    it.effect("sees FiberRefs, log spans and spans as they are where it runs", () =>
      Effect.gen(function* () {
        const ref = FiberRef.unsafeMake("outside")
        const seen = Stream.fromEffect(
          Effect.all([FiberRef.get(ref), Effect.map(Effect.currentSpan, (span) => span.name)])
        )
        const effect = run
          .collect(Stream.map(seen, (all) => all.join()))
          .pipe(Effect.withSpan("outer"), Effect.locally(ref, "inside"))
        expect(Chunk.toReadonlyArray(yield* effect)).toEqual(["inside,outer"])
        const inner = run.collect(Stream.withSpan(seen, "inner")).pipe(Effect.withSpan("outer"))
        expect(Chunk.toReadonlyArray(yield* inner)).toEqual([["outside", "inner"]])
        yield* run.drain(Stream.fromEffect(FiberRef.set(ref, "set by it")))
        expect(yield* FiberRef.get(ref)).toBe("set by it")
      })
    )

    it.live("lets others run while it asks for no effect, and can be interrupted", () =>
      Effect.gen(function* () {
        let steps = 0
        const endless = Stream.repeatValue(0).pipe(
          Stream.rechunk(1),
          Stream.map(() => steps++)
        )
        const fiber = yield* Effect.fork(run.drain(endless))
        while (steps < 5_000) yield* Effect.yieldNow()
        yield* Fiber.interrupt(fiber)
        const before = steps
        yield* Effect.yieldNow()
        expect(steps).toBe(before)
      })
    )
  })
}
