/** Runs the command as a process: until it ends, or a signal ends it. Called by `main.ts`. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Cli from "./cli.js"
import { INTERRUPTED } from "./failure.js"

export const start = (args: ReadonlyArray<string>): void => {
  const program = Effect.map(Cli.main(args), (code) => {
    process.exitCode = code
  })
  NodeRuntime.runMain(program, {
    disableErrorReporting: true,
    teardown: (exit, onExit) => onExit(Exit.isSuccess(exit) ? 0 : INTERRUPTED)
  })
}
