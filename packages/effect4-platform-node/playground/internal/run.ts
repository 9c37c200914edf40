/** How the programs of this folder run, and end: as those of Effect 3 do. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Cause from "effect/Cause"
import * as Config from "effect/Config"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Runtime from "effect/Runtime"
import * as Schema from "effect/Schema"

/** A port, from an environment variable. */
export const port = (name: string, otherwise: number): Config.Config<number> =>
  Config.schema(
    Schema.FiniteFromString.check(
      Schema.isInt({ message: `${name}: a port from 0 to 65535` }),
      Schema.isBetween({ minimum: 0, maximum: 65_535 }, { message: `${name}: a port from 0 to 65535` })
    ),
    name
  ).pipe(Config.withDefault(otherwise))

/** Every failure says what it is in one line; those of the configuration have more. */
const fail = (error: Error): Effect.Effect<void> =>
  Console.error(String(error).replaceAll(/\s*\n\s*/g, " ")).pipe(
    Effect.andThen(
      Effect.sync(() => {
        process.exitCode = 1
      })
    )
  )

/** A program that was told to end, and has ended, exits with 0: the default teardown of Effect 4 says 130. */
const teardown: Runtime.Teardown = (exit, onExit) => {
  if (Exit.isFailure(exit) && Cause.hasInterruptsOnly(exit.cause)) return onExit(0)
  return Runtime.defaultTeardown(exit, onExit)
}

/** SIGINT and SIGTERM interrupt the program; its servers drain, then the process exits with 0. */
export const run = (program: Effect.Effect<void, Error>): void =>
  NodeRuntime.runMain(Effect.catch(program, fail), { teardown })
