/**
 * Runs a Stream at the price of the effects that are in it. `Stream.runFold` and its kind start a fiber, a scope and deferreds for each run, and an effect for
 * each step between two operators: for a small Stream hundreds of steps of the fiber. The functions of this module mean the same, for every Stream,
 * and do what is not an effect in plain JavaScript.
 *
 * Elements, the way it ends, and the finalizers and their order are those of Effect's own run. The effects of the Stream run in the fiber that runs it, with its
 * context and its FiberRefs, as in `Stream.toPull`; a Stream that has none yields as often as a fiber does (`FiberRef.currentMaxOpsBeforeYield`).
 * Where the installed version of Effect builds Streams otherwise than is known here, Effect runs them.
 *
 * @since 0.1.0
 */
import { concat } from "@effect-http2/engine/octets"
import * as Text from "@effect-http2/engine/text"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import { dual } from "effect/Function"
import type * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { drive, pullIn } from "./internal/streamRun/drive.js"

/**
 * Folds all elements into one value, as `Stream.runFold` does.
 *
 * @example
 * ```ts
 * import * as StreamRun from "@effect-http2/http2/StreamRun"
 * import * as Stream from "effect/Stream"
 *
 * // Effect<number>: 6
 * const sum = StreamRun.fold(Stream.make(1, 2, 3), 0, (total, n) => total + n)
 * ```
 *
 * @since 0.1.0
 * @category destructors
 */
export const fold: {
  <S, A>(initial: S, f: (state: S, element: A) => S): <E, R>(self: Stream.Stream<A, E, R>) => Effect.Effect<S, E, R>
  <A, E, R, S>(self: Stream.Stream<A, E, R>, initial: S, f: (state: S, element: A) => S): Effect.Effect<S, E, R>
} = dual(
  3,
  <A, E, R, S>(self: Stream.Stream<A, E, R>, initial: S, f: (state: S, element: A) => S): Effect.Effect<S, E, R> =>
    Effect.suspend(() => {
      let state = initial
      return drive(
        Stream.toChannel(self),
        (chunk) => {
          const elements = Chunk.toReadonlyArray(chunk)
          for (let i = 0; i < elements.length; i++) state = f(state, elements[i] as A)
          return undefined
        },
        () => Effect.succeed(state)
      )
    })
)

/**
 * Folds all elements into one value by an effect for each, one after another, as `Stream.runFoldEffect` does.
 *
 * @since 0.1.0
 * @category destructors
 */
export const foldEffect: {
  <S, A, E2, R2>(
    initial: S,
    f: (state: S, element: A) => Effect.Effect<S, E2, R2>
  ): <E, R>(self: Stream.Stream<A, E, R>) => Effect.Effect<S, E | E2, R | R2>
  <A, E, R, S, E2, R2>(
    self: Stream.Stream<A, E, R>,
    initial: S,
    f: (state: S, element: A) => Effect.Effect<S, E2, R2>
  ): Effect.Effect<S, E | E2, R | R2>
} = dual(
  3,
  <A, E, R, S, E2, R2>(
    self: Stream.Stream<A, E, R>,
    initial: S,
    f: (state: S, element: A) => Effect.Effect<S, E2, R2>
  ): Effect.Effect<S, E | E2, R | R2> =>
    Effect.suspend(() => {
      let state = initial
      const keep = (next: S): void => {
        state = next
      }
      return drive(
        Stream.toChannel(self),
        (chunk) => Effect.forEach(chunk, (element) => Effect.map(f(state, element), keep), { discard: true }),
        () => Effect.succeed(state)
      )
    })
)

/**
 * Runs an effect for each element, one after another, as `Stream.runForEach` does.
 *
 * @since 0.1.0
 * @category destructors
 */
export const forEach: {
  <A, X, E2, R2>(
    f: (element: A) => Effect.Effect<X, E2, R2>
  ): <E, R>(self: Stream.Stream<A, E, R>) => Effect.Effect<void, E | E2, R | R2>
  <A, E, R, X, E2, R2>(
    self: Stream.Stream<A, E, R>,
    f: (element: A) => Effect.Effect<X, E2, R2>
  ): Effect.Effect<void, E | E2, R | R2>
} = dual(
  2,
  <A, E, R, X, E2, R2>(
    self: Stream.Stream<A, E, R>,
    f: (element: A) => Effect.Effect<X, E2, R2>
  ): Effect.Effect<void, E | E2, R | R2> =>
    drive(
      Stream.toChannel(self),
      (chunk) => (chunk.length === 1 ? f(Chunk.unsafeHead(chunk)) : Effect.forEach(chunk, f, { discard: true })),
      done
    )
)

/**
 * Runs an effect for each Chunk that the Stream emits, one after another, as `Stream.runForEachChunk` does.
 *
 * @since 0.1.0
 * @category destructors
 */
export const forEachChunk: {
  <A, X, E2, R2>(
    f: (chunk: Chunk.Chunk<A>) => Effect.Effect<X, E2, R2>
  ): <E, R>(self: Stream.Stream<A, E, R>) => Effect.Effect<void, E | E2, R | R2>
  <A, E, R, X, E2, R2>(
    self: Stream.Stream<A, E, R>,
    f: (chunk: Chunk.Chunk<A>) => Effect.Effect<X, E2, R2>
  ): Effect.Effect<void, E | E2, R | R2>
} = dual(
  2,
  <A, E, R, X, E2, R2>(
    self: Stream.Stream<A, E, R>,
    f: (chunk: Chunk.Chunk<A>) => Effect.Effect<X, E2, R2>
  ): Effect.Effect<void, E | E2, R | R2> => drive(Stream.toChannel(self), f, done)
)

/**
 * Runs the Stream for its effects, as `Stream.runDrain` does.
 *
 * @since 0.1.0
 * @category destructors
 */
export const drain = <A, E, R>(self: Stream.Stream<A, E, R>): Effect.Effect<void, E, R> =>
  drive(Stream.toChannel(self), ignore, done)

/**
 * All elements, as `Stream.runCollect` gives them.
 *
 * @since 0.1.0
 * @category destructors
 */
export const collect = <A, E, R>(self: Stream.Stream<A, E, R>): Effect.Effect<Chunk.Chunk<A>, E, R> =>
  Effect.map(gather(self), Chunk.unsafeFromArray)

/**
 * All octets, in one array. There is no limit: where the Stream is a body of a peer's, use what its message offers.
 *
 * @since 0.1.0
 * @category destructors
 */
export const bytes = <E, R>(self: Stream.Stream<Uint8Array, E, R>): Effect.Effect<Uint8Array, E, R> =>
  Effect.map(gather(self), concat)

/**
 * All octets as UTF-8 text; what is not UTF-8 becomes U+FFFD. There is no limit, see `bytes`.
 *
 * @since 0.1.0
 * @category destructors
 */
export const text = <E, R>(self: Stream.Stream<Uint8Array, E, R>): Effect.Effect<string, E, R> =>
  Effect.map(bytes(self), Text.fromOctets)

/**
 * An effect that gives the next Chunk each time that it runs and fails with none at the end, as `Stream.toPull`: finalizers run when the scope is closed.
 *
 * @since 0.1.0
 * @category destructors
 */
export const toPull = <A, E, R>(
  self: Stream.Stream<A, E, R>
): Effect.Effect<Effect.Effect<Chunk.Chunk<A>, Option.Option<E>, R>, never, R | Scope.Scope> =>
  Effect.scopeWith((scope) => pullIn(Stream.toChannel(self), scope))

const ignore = (): undefined => undefined

const done = (): Effect.Effect<void> => Effect.void

const gather = <A, E, R>(self: Stream.Stream<A, E, R>): Effect.Effect<Array<A>, E, R> =>
  Effect.suspend(() => {
    const all: Array<A> = []
    return drive(
      Stream.toChannel(self),
      (chunk) => {
        const elements = Chunk.toReadonlyArray(chunk)
        for (let i = 0; i < elements.length; i++) all.push(elements[i] as A)
        return undefined
      },
      () => Effect.succeed(all)
    )
  })
