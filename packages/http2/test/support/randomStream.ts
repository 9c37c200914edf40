/** Streams at random, out of the public constructors and operators, whose effects and finalizers leave a trace, and which can be stopped at each effect. */
import * as Cause from "effect/Cause"
import * as Channel from "effect/Channel"
import * as Chunk from "effect/Chunk"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as fc from "effect/FastCheck"
import * as FiberId from "effect/FiberId"
import * as Option from "effect/Option"
import * as Sink from "effect/Sink"
import * as Stream from "effect/Stream"

export class Service extends Context.Tag("test/Service")<Service, number>() {}

/** One run of a Stream: what happened, and the effect at which it stops. */
export class World {
  readonly log: Array<string> = []
  readonly stopped = Deferred.unsafeMake<void>(FiberId.none)
  private effects = 0
  private names = 0

  constructor(private readonly stopAt: number) {}

  note(event: string): void {
    this.log.push(event)
  }

  /** Names for nodes, in the order in which they are built. */
  name(kind: string): string {
    return `${kind}${this.names++}`
  }

  /** An effect that can be interrupted: the one with the number `stopAt` never ends. */
  tick<A>(event: string, value: A): Effect.Effect<A> {
    return Effect.suspend(() => {
      this.note(event)
      const number = this.effects++
      if (number === this.stopAt) return Effect.zipRight(Deferred.succeed(this.stopped, undefined), Effect.never)
      return number % 2 === 0 ? Effect.succeed(value) : Effect.as(Effect.yieldNow(), value)
    })
  }

  finalizer(name: string): (exit: Exit.Exit<unknown, unknown>) => Effect.Effect<void> {
    return (exit) => Effect.sync(() => this.note(`finally ${name} ${show(exit)}`))
  }
}

/**
 * An exit, without what two runs cannot have in common: values, who interrupted, and how often. Effect runs a Stream in a fiber of its own, whose
 * interruption is in the cause several times.
 */
export const show = (exit: Exit.Exit<unknown, unknown>): string =>
  Exit.isSuccess(exit) ? "success" : showCause(exit.cause)

const showCause = (cause: Cause.Cause<unknown>): string => {
  const reasons = Cause.reduce(cause, [] as ReadonlyArray<string>, (all, next) => {
    switch (next._tag) {
      case "Fail":
        return Option.some([...all, `fail(${String(next.error)})`])
      case "Die":
        return Option.some([...all, `die(${next.defect instanceof Error ? next.defect.message : String(next.defect)})`])
      case "Interrupt":
        return all.includes("interrupt") ? Option.none() : Option.some([...all, "interrupt"])
      default:
        return Option.none()
    }
  })
  return reasons.join(" then ")
}

export type Numbers = Stream.Stream<number, string, Service>

/** How to build a Stream in a world. */
export interface Plan {
  readonly text: string
  readonly build: (world: World) => Numbers
}

const plan = (text: string, build: (world: World) => Numbers): Plan => ({ text, build })

const small = fc.integer({ min: 0, max: 3 })

const leaves: ReadonlyArray<fc.Arbitrary<Plan>> = [
  fc
    .array(fc.integer({ min: 0, max: 9 }), { maxLength: 4 })
    .map((numbers) => plan(`[${numbers.join()}]`, () => Stream.fromIterable(numbers))),
  fc
    .array(fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 3 }), { maxLength: 4 })
    .map((chunks) =>
      plan(`chunks(${JSON.stringify(chunks)})`, () => Stream.fromChunks(...chunks.map(Chunk.unsafeFromArray)))
    ),
  fc.constant(plan("empty", () => Stream.empty)),
  small.map((n) => plan(`effect(${n})`, (world) => Stream.fromEffect(world.tick(world.name("effect"), n)))),
  fc.constant(plan("fail", () => Stream.fail("no"))),
  fc.constant(plan("die", () => Stream.die("defect"))),
  fc.constant(
    plan("throw", () =>
      Stream.suspend(() => {
        throw new Error("suspended")
      })
    )
  ),
  fc.constant(
    plan("failLater", (world) =>
      Stream.fromEffect(Effect.zipRight(world.tick(world.name("fail"), 0), Effect.fail("later")))
    )
  ),
  fc.constant(plan("interrupt", () => Stream.fromEffect(Effect.interrupt))),
  small.map((n) =>
    plan(`pulls(${n})`, (world) => {
      const name = world.name("pull")
      return Stream.unfoldEffect(0, (at) =>
        world.tick(`${name}.${at}`, at < n ? Option.some([at, at + 1] as const) : Option.none())
      )
    })
  ),
  small.map((n) =>
    plan(`unfold(${n})`, () => Stream.unfold(0, (at) => (at < n ? Option.some([at, at + 1]) : Option.none())))
  ),
  small.map((n) =>
    plan(`chunkPulls(${n})`, (world) => {
      const name = world.name("chunk")
      let left = n
      return Stream.repeatEffectChunkOption(
        Effect.suspend(() =>
          left-- > 0
            ? world.tick(name, Chunk.make(left, left))
            : Effect.zipRight(world.tick(name, 0), Effect.fail(Option.none()))
        )
      )
    })
  ),
  small.map((n) =>
    plan(`bracket(${n})`, (world) => {
      const name = world.name("bracket")
      const acquire = Effect.sync(() => world.note(`${name} acquire`)).pipe(Effect.as(n))
      return Stream.acquireRelease(acquire, (_, exit) => world.finalizer(name)(exit))
    })
  ),
  fc.constant(
    plan("badBracket", (world) =>
      Stream.acquireRelease(Effect.fail("refused"), (_, exit) => world.finalizer("never")(exit))
    )
  ),
  small.map((n) =>
    plan(`scoped(${n})`, (world) => {
      const name = world.name("scoped")
      return Stream.scoped(
        Effect.as(
          Effect.addFinalizer((exit) => world.finalizer(name)(exit)),
          n
        )
      )
    })
  ),
  fc.constant(plan("service", () => Stream.fromEffect(Service))),
  small.map((n) =>
    plan(`channel(${n})`, (world) => {
      const name = world.name("channel")
      const loop = (at: number): Channel.Channel<Chunk.Chunk<number>, unknown, never, unknown, void> =>
        at === n
          ? Channel.void
          : Channel.flatMap(Channel.fromEffect(world.tick(`${name}.${at}`, at)), (value) =>
              Channel.flatMap(Channel.write(Chunk.of(value)), () => loop(at + 1))
            )
      return Stream.fromChannel(Channel.suspend(() => loop(0)))
    })
  )
]

type Operator = (self: Plan) => fc.Arbitrary<Plan>

/** An operator on one Stream, and perhaps a number. */
const unary =
  (text: string, build: (stream: Numbers, n: number, world: World) => Numbers): Operator =>
  (self) =>
    small.map((n) => plan(`${self.text}.${text}(${n})`, (world) => build(self.build(world), n, world)))

const operators: ReadonlyArray<Operator> = [
  unary("map", (stream, n) => Stream.map(stream, (value) => value + n)),
  unary("mapThrows", (stream, n) =>
    Stream.map(stream, (value) => {
      if (value === n) throw new Error("mapped")
      return value
    })
  ),
  unary("filter", (stream, n) => Stream.filter(stream, (value) => value !== n)),
  unary("mapEffect", (stream, n, world) => {
    const name = world.name("mapEffect")
    return Stream.mapEffect(stream, (value) => world.tick(`${name} ${value}`, value + n))
  }),
  unary("mapEffectFails", (stream, n, world) => {
    const name = world.name("mapFails")
    return Stream.mapEffect(stream, (value) =>
      Effect.flatMap(world.tick(`${name} ${value}`, value), (value) =>
        value === n ? Effect.fail("mapEffect") : Effect.succeed(value)
      )
    )
  }),
  unary("tap", (stream, _n, world) => {
    const name = world.name("tap")
    return Stream.tap(stream, (value) => world.tick(`${name} ${value}`, value))
  }),
  unary("take", (stream, n) => Stream.take(stream, n)),
  unary("takeUntil", (stream, n) => Stream.takeUntil(stream, (value) => value === n)),
  unary("takeWhile", (stream, n) => Stream.takeWhile(stream, (value) => value !== n)),
  unary("drop", (stream, n) => Stream.drop(stream, n)),
  unary("rechunk", (stream, n) => Stream.rechunk(stream, n + 1)),
  unary("grouped", (stream, n) => Stream.flattenChunks(Stream.grouped(stream, n + 1))),
  unary("scan", (stream, n) => Stream.scan(stream, n, (a, b) => a + b)),
  unary("intersperse", (stream, n) => Stream.intersperse(stream, n)),
  unary("zipWithIndex", (stream) => Stream.map(Stream.zipWithIndex(stream), ([value, index]) => value * 10 + index)),
  unary("changes", (stream) => Stream.changes(stream)),
  unary("ensuring", (stream, _n, world) => Stream.ensuringWith(stream, world.finalizer(world.name("ensuring")))),
  unary("onError", (stream, _n, world) => {
    const name = world.name("onError")
    return Stream.onError(stream, (cause) => Effect.sync(() => world.note(`finally ${name} ${showCause(cause)}`)))
  }),
  unary("onStart", (stream, _n, world) => Stream.onStart(stream, world.tick(world.name("onStart"), 0))),
  unary("catchAllCause", (stream, n) =>
    Stream.catchAllCause(stream, (cause) => Stream.make(n, showCause(cause).length))
  ),
  unary("either", (stream, n) =>
    Stream.map(Stream.either(stream), (either) => (either._tag === "Left" ? n : either.right))
  ),
  unary("provide", (stream, n) => Stream.provideService(stream, Service, n * 100)),
  unary("provideAgain", (stream, n) =>
    Stream.concat(Stream.provideService(stream, Service, n * 1000), Stream.fromEffect(Service))
  ),
  unary("unwrap", (stream, _n, world) => Stream.unwrap(world.tick(world.name("unwrap"), stream))),
  unary("unwrapScoped", (stream, _n, world) => {
    const name = world.name("unwrapScoped")
    return Stream.unwrapScoped(
      Effect.as(
        Effect.addFinalizer((exit) => world.finalizer(name)(exit)),
        stream
      )
    )
  }),
  unary("flatMapSmall", (stream, n, world) => {
    const name = world.name("inner")
    return Stream.flatMap(stream, (value) =>
      Stream.ensuringWith(Stream.make(value, value + n), (exit) =>
        Effect.sync(() => world.note(`finally ${name} ${value} ${show(exit)}`))
      )
    )
  }),
  unary("flatMapBracket", (stream, n, world) => {
    const name = world.name("resource")
    return Stream.flatMap(stream, (value) =>
      Stream.map(
        Stream.acquireRelease(
          Effect.sync(() => world.note(`${name} acquire`)),
          (_, exit) => world.finalizer(name)(exit)
        ),
        () => value + n
      )
    )
  }),
  unary("flatMapThrows", (stream, n) =>
    Stream.flatMap(stream, (value) => {
      if (value === n) throw new Error("flatMap")
      return Stream.make(value)
    })
  ),
  unary("transduce", (stream, n) => Stream.transduce(stream, Sink.map(Sink.collectAllN<number>(n + 1), Chunk.size))),
  unary("repeatTwice", (stream) => Stream.concat(stream, stream)),
  unary("span", (stream) => Stream.withSpan(stream, "span")),
  unary("encoded", (stream) =>
    stream.pipe(
      Stream.map((value) => `${value}\n`),
      Stream.encodeText,
      Stream.decodeText(),
      Stream.splitLines,
      Stream.map(Number)
    )
  ),
  unary("catchAll", (stream, n, world) => {
    const name = world.name("caught")
    return Stream.catchAll(stream, (error) => Stream.fromEffect(world.tick(`${name} ${error}`, n)))
  })
]

type Combination = (left: Plan, right: Plan) => Plan

const binary =
  (text: string, build: (left: Numbers, right: Numbers, world: World) => Numbers): Combination =>
  (left, right) =>
    plan(`${text}(${left.text}, ${right.text})`, (world) => build(left.build(world), right.build(world), world))

const combinations: ReadonlyArray<Combination> = [
  binary("concat", (left, right) => Stream.concat(left, right)),
  binary("orElse", (left, right) => Stream.orElse(left, () => right)),
  binary("flatMap", (left, right) => Stream.flatMap(left, (value) => Stream.map(right, (other) => value * 10 + other))),
  binary("cross", (left, right) => Stream.crossWith(left, right, (a, b) => a * 10 + b)),
  binary("catchAllCause", (left, right) => Stream.catchAllCause(left, () => right)),
  binary("onDone", (left, right) => Stream.concat(left, Stream.drain(right)))
]

/** Those that run both sides in fibers: what happens first is not told. */
const concurrent: ReadonlyArray<Combination> = [
  binary("zip", (left, right) => Stream.zipWith(left, right, (a, b) => a * 10 + b)),
  binary("zipAll", (left, right) =>
    Stream.map(Stream.zipAll(left, { other: right, defaultSelf: -1, defaultOther: -2 }), ([a, b]) => a * 10 + b)
  ),
  binary("interleave", (left, right) => Stream.interleave(left, right)),
  binary("buffer", (left, right) => Stream.concat(Stream.buffer(left, { capacity: 2 }), right)),
  binary("bufferChunks", (left, right) => Stream.concat(Stream.bufferChunks(left, { capacity: 2 }), right)),
  binary("parallel", (left, right) =>
    Stream.concat(
      Stream.mapEffect(left, (value) => Effect.as(Effect.yieldNow(), value), { concurrency: 3 }),
      right
    )
  )
]

/** Plans of a depth that grows with chance. */
const plansOf = (combinations: ReadonlyArray<Combination>): fc.Arbitrary<Plan> =>
  fc.letrec<{ plan: Plan }>((tie) => ({
    plan: fc.oneof(
      { depthSize: "medium", maxDepth: 6, withCrossShrink: true },
      fc.oneof(...leaves),
      ...[1, 2, 3].map(() =>
        fc.tuple(tie("plan"), fc.constantFrom(...operators)).chain(([self, operator]) => operator(self))
      ),
      fc
        .tuple(tie("plan"), tie("plan"), fc.constantFrom(...combinations))
        .map(([left, right, combine]) => combine(left, right))
    )
  })).plan

export const plans = plansOf(combinations)

export const concurrentPlans = plansOf([...combinations, ...concurrent])
