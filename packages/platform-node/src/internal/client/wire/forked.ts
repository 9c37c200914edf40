/**
 * Effects that a pool begins and does not wait for. Called by pool/skin.ts and http2Connection.ts.
 */
import * as Http2Error from "@effect-http2/http2/Http2Error"
import type { Cancel } from "@effect-http2/node/client/exchange"
import { closed } from "@effect-http2/node/client/poolErrors"
import * as Cause from "effect/Cause"
import type * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"

/** Forks with what the client was made with. */
export type Fork = <A, E>(effect: Effect.Effect<A, E>) => Fiber.RuntimeFiber<A, E>

/** Why a connection that is being opened did not come about. */
const fromCause = (cause: Cause.Cause<Http2Error.Http2Error>): Http2Error.Http2Error => {
  if (Cause.isInterruptedOnly(cause)) return closed()
  const error = Cause.squash(cause)
  return Http2Error.isHttp2Error(error)
    ? error
    : new Http2Error.TransportError({ reason: "Connect", description: "dialling failed", cause: error })
}

/** Begins `effect`, and tells `done` what came of it, behind an interruption too. */
export const begin = <A>(
  fork: Fork,
  effect: Effect.Effect<A, Http2Error.Http2Error>,
  done: (outcome: A | Http2Error.Http2Error) => void
): Cancel => {
  const fiber = fork(effect)
  fiber.addObserver((exit) => done(Exit.isSuccess(exit) ? exit.value : fromCause(exit.cause)))
  return interrupting(fiber)
}

export const interrupting =
  (fiber: Fiber.RuntimeFiber<unknown, unknown>): Cancel =>
  () =>
    fiber.unsafeInterruptAsFork(FiberId.none)
