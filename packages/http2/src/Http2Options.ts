/**
 * What can be set on a connection, in both roles: the engine's options, with durations as Effect has them.
 *
 * @since 0.1.0
 */
import * as Options from "@effect-http2/engine/Options"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { type ConnectionError, isConnectionError } from "./Http2Error.js"

/**
 * The options of a connection, none of which has to be given. Sizes are octets.
 *
 * @since 0.1.0
 * @category models
 */
export type Http2Options = {
  readonly [K in keyof Options.Options]?: K extends Options.Time ? Duration.DurationInput : number
} & {
  /**
   * Whether what happens is measured, as metrics of Effect over all connections of the process: `http.server.request.duration` and the others that the README
   * lists. Default true.
   */
  readonly metrics?: boolean | undefined
}

export {
  /**
   * The defaults, durations in milliseconds.
   *
   * @since 0.1.0
   * @category constants
   */
  defaults,
  /**
   * The options with every default filled in and durations in milliseconds.
   *
   * @since 0.1.0
   * @category models
   */
  type Options as Resolved,
  /**
   * The settings that a connection with these options announces in its preface.
   *
   * @since 0.1.0
   * @category conversions
   */
  toSettings
} from "@effect-http2/engine/Options"

/** A size as it is, a time in milliseconds; NaN for what is neither. */
const toNumber = (name: keyof Options.Options, value: unknown): number => {
  if (!Options.isTime(name)) return typeof value === "number" ? value : Number.NaN
  return Option.getOrElse(Option.map(Duration.decodeUnknown(value), Duration.toMillis), () => Number.NaN)
}

/**
 * Fills in the defaults. Throws a `ConnectionError` of origin `User` for a value that cannot be. Keys that are not options are left alone.
 *
 * @since 0.1.0
 * @category constructors
 */
export const unsafeResolve = (options: Http2Options = {}): Options.Options => Options.resolve(options, toNumber)

/**
 * Fills in the defaults. Fails with a `ConnectionError` of origin `User` for a value that cannot be. Keys that are not options are left alone.
 *
 * @since 0.1.0
 * @category constructors
 */
export const resolve = (options?: Http2Options): Effect.Effect<Options.Options, ConnectionError> =>
  Effect.suspend(() => {
    try {
      return Effect.succeed(unsafeResolve(options))
    } catch (error) {
      return isConnectionError(error) ? Effect.fail(error) : Effect.die(error)
    }
  })
