/**
 * The skin of Effect 4 in the hands of tests that are written for the one of Effect 3: what passes from one to the other, effects, Streams, causes, and the
 * objects of both APIs, is turned into what the other side runs. Names are the same on both sides, so that objects are looked through, and not listed.
 *
 * `up` is what the skin gives to a test, `down` is what a test gives to the skin.
 */
import { Headers } from "@effect-http2/engine/Headers"
import { capture } from "@effect-http2/http2/InterruptibleRuntime"
import * as Http2ServerResponse from "@effect-http2/http2/Http2ServerResponse"
import * as Http2ServerResponse4 from "@effect-http2/effect4-http2/Http2ServerResponse"
import * as Cause from "effect/Cause"
import * as Chunk from "effect/Chunk"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FiberId from "effect/FiberId"
import * as FiberRef from "effect/FiberRef"
import * as FiberRefs from "effect/FiberRefs"
import * as Option from "effect/Option"
import * as Runtime from "effect/Runtime"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { Pull as Pull4 } from "effect4/Pull"
import * as Cause4 from "effect4/Cause"
import * as Clock4 from "effect4/Clock"
import * as Context4 from "effect4/Context"
import * as Duration4 from "effect4/Duration"
import * as Effect4 from "effect4/Effect"
import * as Exit4 from "effect4/Exit"
import * as Logger4 from "effect4/Logger"
import * as References4 from "effect4/References"
import * as Scheduler4 from "effect4/Scheduler"
import * as Scope4 from "effect4/Scope"
import * as Stream4 from "effect4/Stream"

type NonEmpty<A> = readonly [A, ...Array<A>]

/** What differs in name. */
const names: Readonly<Record<string, string>> = {
  unsafeRequest: "requestUnsafe",
  unsafeCancel: "cancelUnsafe",
  unsafeReprioritize: "reprioritizeUnsafe",
  unsafeBytes: "bytesUnsafe",
  unsafeLeaveScopeOpen: "leaveScopeOpenUnsafe",
  unsafeRespond: "respondUnsafe"
}

const isObject = (value: unknown): value is object =>
  (typeof value === "object" && value !== null) || typeof value === "function"

const isPlain = (value: object): boolean => Object.getPrototypeOf(value) === Object.prototype

/** What both sides share: values of the engine, of hpack, of the language. */
const isShared = (value: object): boolean =>
  value instanceof Headers ||
  value instanceof Error ||
  ArrayBuffer.isView(value) ||
  value instanceof Set ||
  value instanceof Map ||
  value instanceof Promise

export class Bridge {
  private readonly seen = new WeakMap<object, unknown>()
  /** What the skin runs in: the clock and the log of the test. */
  readonly context: Context4.Context<never>
  /** What the effects of the test run in: what they fail with is the skin's to tell. */
  private readonly untold: Runtime.Runtime<never>

  constructor(runtime: Runtime.Runtime<never>) {
    this.untold = Runtime.setFiberRef(runtime, FiberRef.unhandledErrorLogLevel, Option.none())
    const run = <A>(effect: Effect.Effect<A>): A => Runtime.runSync(runtime)(effect)
    const clock = run(Effect.clock)
    const now = () => clock.unsafeCurrentTimeMillis()
    const nanos = () => clock.unsafeCurrentTimeNanos()
    const sleepMillis = (millis: number) => this.effectDown(clock.sleep(Duration.millis(millis)))
    const clock4: Clock4.Clock = {
      currentTimeMillisUnsafe: now,
      currentTimeMillis: Effect4.sync(now),
      currentTimeNanosUnsafe: nanos,
      currentTimeNanos: Effect4.sync(nanos),
      monotonicTimeNanosUnsafe: nanos,
      monotonicTimeNanos: Effect4.sync(nanos),
      sleep: (duration) => sleepMillis(Duration4.toMillis(duration))
    }
    const levels = { Debug: Effect.logDebug, Warn: Effect.logWarning, Error: Effect.logError } as const
    const logger = Logger4.make<unknown, void>(({ cause, logLevel, message }) => {
      const log = logLevel in levels ? levels[logLevel as keyof typeof levels] : Effect.logInfo
      const messages: ReadonlyArray<unknown> = Array.isArray(message) ? message : [message]
      run(log(...messages, this.causeUp(cause)))
    })
    // Fibers of both take turns in one queue.
    const scheduler = FiberRefs.getOrDefault(runtime.fiberRefs, FiberRef.currentScheduler)
    const dispatcher: Scheduler4.SchedulerDispatcher = {
      scheduleTask: (task, priority) => scheduler.scheduleTask(task, priority),
      flush: () => undefined
    }
    const plain = new Scheduler4.MixedScheduler()
    const scheduler4: Scheduler4.Scheduler = {
      executionMode: "async",
      shouldYield: (fiber) => plain.shouldYield(fiber),
      makeDispatcher: () => dispatcher
    }
    // The host's timer is for the host's clock alone.
    const withClock = now() > 1e12 ? Context4.empty() : Context4.make(Clock4.Clock, clock4)
    this.context = withClock.pipe(
      Context4.add(Logger4.CurrentLoggers, new Set([logger])),
      Context4.add(References4.MinimumLogLevel, "All"),
      Context4.add(Scheduler4.Scheduler, scheduler4)
    )
  }

  // ------------------------------------------------------------------ causes

  private causeUp(cause: Cause4.Cause<unknown>): Cause.Cause<unknown> {
    let all: Cause.Cause<unknown> = Cause.empty
    for (const reason of cause.reasons) {
      const one = Cause4.isFailReason(reason)
        ? Cause.fail(reason.error)
        : Cause4.isDieReason(reason)
          ? Cause.die(reason.defect)
          : Cause.interrupt(FiberId.none)
      all = Cause.isEmptyType(all) ? one : Cause.sequential(all, one)
    }
    return all
  }

  private causeDown(cause: Cause.Cause<unknown>): Cause4.Cause<unknown> {
    const reasons = [
      ...[...Cause.failures(cause)].map(Cause4.makeFailReason),
      ...[...Cause.defects(cause)].map(Cause4.makeDieReason)
    ]
    return Cause4.fromReasons(reasons.length > 0 ? reasons : [Cause4.makeInterruptReason()])
  }

  // ------------------------------------------------------------------ effects

  /** `effect` as an effect of the test, in whose scope it acquires what it does. */
  effectUp<A, E>(
    effect: Effect4.Effect<A, E>,
    up: (value: A) => unknown = (value) => this.up(value)
  ): Effect.Effect<unknown, unknown> {
    return Effect.flatMap(Effect.context<never>(), (context) => {
      const scope = Context.getOption(
        context as Context.Context<unknown>,
        Scope.Scope as Context.Tag<unknown, Scope.Scope>
      )
      if (Option.isNone(scope)) return this.run(effect, up)
      const inner = Scope4.makeUnsafe()
      const close = Effect.suspend(() => {
        const rest = Scope4.closeUnsafe(inner, Exit4.void)
        return rest === undefined ? Effect.void : Effect.orDie(this.run(rest, () => undefined))
      })
      return Effect.zipRight(Scope.addFinalizer(scope.value, close), this.run(Scope4.provide(effect, inner), up))
    })
  }

  private run<A, E>(effect: Effect4.Effect<A, E>, up: (value: A) => unknown): Effect.Effect<unknown, unknown> {
    return Effect.async<unknown, unknown>((resume) => {
      const fiber = Effect4.runForkWith(this.context)(effect)
      fiber.addObserver((exit) =>
        resume(Exit4.isSuccess(exit) ? Effect.sync(() => up(exit.value)) : Effect.failCause(this.causeUp(exit.cause)))
      )
      return Effect.async<void>((done) => {
        fiber.addObserver(() => done(Effect.void))
        fiber.interruptUnsafe()
      })
    })
  }

  effectDown<A, E>(effect: Effect.Effect<A, E>): Effect4.Effect<A> {
    const exit: unknown = effect
    if (Exit.isExit(exit) && Exit.isSuccess(exit)) return Effect4.succeed(exit.value as A)
    const ran = Effect4.callback<A, unknown>((resume) => {
      const fiber = Runtime.runFork(this.untold)(effect)
      fiber.addObserver((exit) =>
        resume(Exit.isSuccess(exit) ? Effect4.succeed(exit.value) : Effect4.failCause(this.causeDown(exit.cause)))
      )
      return Effect4.callback<void, unknown>((done) => {
        // What is not interrupted may fail with something else, which is in the cause beside the interruption.
        fiber.addObserver((exit) =>
          done(
            Exit.isSuccess(exit) || Cause.isInterruptedOnly(exit.cause)
              ? Effect4.void
              : Effect4.failCause(this.causeDown(exit.cause))
          )
        )
        fiber.unsafeInterruptAsFork(FiberId.none)
      }) as Effect4.Effect<void>
    })
    // Its failures are not to be seen in types, as those of what a test gives are not.
    return ran as Effect4.Effect<A>
  }

  // ------------------------------------------------------------------ streams

  private streamUp<A, E>(stream: Stream4.Stream<A, E>): Stream.Stream<unknown, unknown> {
    return Stream.unwrapScoped(
      Effect.gen(this, function* () {
        const scope = Scope4.makeUnsafe()
        yield* Effect.addFinalizer((exit) =>
          Effect.orDie(this.effectUp(Scope4.close(scope, Exit.isSuccess(exit) ? Exit4.void : Exit4.die("over"))))
        )
        const pull = (yield* this.effectUp(Scope4.provide(Stream4.toPull(stream), scope), (pull) => pull)) as Pull4<
          ReadonlyArray<A>,
          E
        >
        const next = Effect.mapError(
          Effect.map(
            this.effectUp(pull, (chunk) => chunk.map((value) => this.up(value))),
            (chunk) => Chunk.fromIterable(chunk as Iterable<unknown>)
          ),
          (error) => (Cause4.isDone(error) ? Option.none() : Option.some(error))
        )
        return Stream.repeatEffectChunkOption(next)
      })
    )
  }

  streamDown<A, E>(stream: Stream.Stream<A, E>): Stream4.Stream<A> {
    const opened = Effect4.gen({ self: this }, function* () {
      const scope = yield* this.effectDown(Scope.make())
      const pull = yield* this.effectDown(Scope.extend(Stream.toPull(stream), scope))
      return { scope, pull: this.pullDown(pull) }
    })
    return Stream4.unwrap(
      Effect4.map(
        Effect4.acquireRelease(opened, ({ scope }, exit) =>
          this.effectDown(Scope.close(scope, Exit4.isSuccess(exit) ? Exit.void : Exit.die("over")))
        ),
        ({ pull }) => Stream4.fromPull(Effect4.succeed(pull))
      )
    )
  }

  private pullDown<A, E>(pull: Effect.Effect<Chunk.Chunk<A>, Option.Option<E>>): Pull4<NonEmpty<A>> {
    const next: Pull4<NonEmpty<A>> = Effect4.matchCauseEffect(this.effectDown(pull), {
      onSuccess: (chunk) => {
        const [first, ...rest] = chunk
        return first === undefined ? next : Effect4.succeed([first, ...rest] as const)
      },
      onFailure: (cause) => {
        const error: unknown = Cause4.squash(cause)
        if (Option.isOption(error)) {
          return Option.isNone(error) ? Cause4.done() : (Effect4.fail(error.value) as Effect4.Effect<never>)
        }
        return Effect4.failCause(cause)
      }
    })
    return next
  }

  // ------------------------------------------------------------------ everything

  up(value: unknown): unknown {
    if (!isObject(value) || isShared(value)) return value
    if (Effect4.isEffect(value)) return this.effectUp(value as Effect4.Effect<unknown, unknown>)
    if (Stream4.isStream(value)) return this.streamUp(value as Stream4.Stream<unknown, unknown>)
    if (Duration4.isDuration(value)) return Duration.millis(Duration4.toMillis(value))
    if (Array.isArray(value)) return value.map((element) => this.up(element))
    if (typeof value === "function") {
      return (...given: ReadonlyArray<unknown>) =>
        this.up((value as (...given: ReadonlyArray<unknown>) => unknown)(...given.map((one) => this.down(one))))
    }
    const before = this.seen.get(value)
    if (before !== undefined) return before
    const through = new Proxy(value, {
      get: (target, name) => {
        const property: unknown = Reflect.get(target, typeof name === "string" ? (names[name] ?? name) : name, target)
        return typeof property === "function" ? this.up(property.bind(target)) : this.up(property)
      }
    })
    this.seen.set(value, through)
    this.seen.set(through, value)
    return through
  }

  down(value: unknown): unknown {
    if (!isObject(value) || isShared(value)) return value
    const original = this.seen.get(value)
    if (original !== undefined) return original
    if (Effect.isEffect(value))
      return Effect4.map(this.effectDown(value as Effect.Effect<unknown, unknown>), (a) => this.down(a))
    if (Stream.StreamTypeId in value) return this.streamDown(value as Stream.Stream<unknown, unknown>)
    if (Cause.isCause(value)) return this.causeDown(value)
    if (Duration.isDuration(value)) return Duration4.millis(Duration.toMillis(value))
    if (typeof value === "function") {
      return (...given: ReadonlyArray<unknown>) =>
        this.down((value as (...given: ReadonlyArray<unknown>) => unknown)(...given.map((one) => this.up(one))))
    }
    if (Http2ServerResponse.isHttp2ServerResponse(value)) return this.responseDown(value)
    if (!isPlain(value)) return isListener(value) ? this.listenerDown(value) : value
    return Object.fromEntries(
      Object.entries(value).map(([name, property]) => [names[name] ?? name, this.down(property)])
    )
  }

  private listenerDown(listener: Listener): Listener {
    return {
      onResponse: (response) => listener.onResponse(this.up(response)),
      onFailure: (error) => listener.onFailure(error)
    }
  }

  /** A response as it is, whatever is wrong with it. */
  private responseDown({ body, headers, status, trailers }: Http2ServerResponse.Http2ServerResponse): unknown {
    const body4 = body === undefined || body instanceof Uint8Array ? body : this.streamDown(body)
    const trailers4 = trailers === undefined ? undefined : this.effectDown(trailers)
    return Http2ServerResponse4.makeUnsafe(status, headers, body4, trailers4)
  }
}

/** What `make` gives, in the runtime and the scope of the test that asks for it. What types the test sees is for who names them. */
export const bridged = <A, E, R>(make: (bridge: Bridge) => unknown): Effect.Effect<A, E, R> =>
  Effect.flatMap(capture(), (runtime) => {
    const bridge = new Bridge(runtime)
    // Its scope is the one that `effectUp` gives.
    return bridge.effectUp(make(bridge) as Effect4.Effect<unknown, unknown>)
  }) as Effect.Effect<A, E, R>

interface Listener {
  onResponse(response: unknown): void
  onFailure(error: unknown): void
}

const isListener = (value: object): value is Listener => "onResponse" in value && "onFailure" in value
