/** The same as `drive`, by Effect's own executor: where the tree of a Channel is not as `nodes` says. Called by drive.ts. */
import * as Channel from "effect/Channel"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"

/** A Channel that reads nothing. */
export type Source<Out, E, Done, R> = Channel.Channel<Out, unknown, E, unknown, Done, unknown, R>

export const drive = <Out, E, Done, R, B, E2, R2, E3, R3>(
  channel: Source<Out, E, Done, R>,
  onElement: (element: Out) => Effect.Effect<unknown, E2, R2> | undefined,
  onDone: (done: Done) => Effect.Effect<B, E3, R3>,
  scope?: Scope.Scope
): Effect.Effect<B, E | E2 | E3, R | R2 | R3> => {
  const run = (scope: Scope.Scope): Effect.Effect<B, E | E2 | E3, R | R2 | R3> =>
    Effect.flatMap(Channel.toPullIn(channel, scope), (pull) => {
      const loop: Effect.Effect<B, E | E2 | E3, R | R2 | R3> = Effect.flatMap(pull, (next) => {
        if (Either.isLeft(next)) return onDone(next.left)
        const wait = onElement(next.right)
        return wait === undefined ? loop : Effect.flatMap(wait, () => loop)
      })
      return loop
    })
  return scope === undefined ? Effect.scopedWith(run) : run(scope)
}

export const pullIn = <Out, E, Done, R>(
  channel: Source<Out, E, Done, R>,
  scope: Scope.Scope
): Effect.Effect<Effect.Effect<Out, Option.Option<E>, R>, never, R> =>
  Effect.map(Channel.toPullIn(channel, scope), (pull) =>
    Effect.flatMap(
      Effect.mapError(pull, Option.some),
      Either.match({
        onLeft: () => Effect.fail(Option.none()),
        onRight: (element) => Effect.succeed(element)
      })
    )
  )
