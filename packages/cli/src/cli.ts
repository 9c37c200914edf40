/** The command `effect-http2`: what it can do, and how it ends. Run by `start.ts`. */
import * as CliConfig from "@effect/cli/CliConfig"
import * as Command from "@effect/cli/Command"
import * as HelpDoc from "@effect/cli/HelpDoc"
import * as ValidationError from "@effect/cli/ValidationError"
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { stripVTControlCharacters } from "node:util"
import { type Definitions, normalize } from "./arguments.js"
import { describe, exitCodesText, Failures, UsageError } from "./failure.js"
import * as Get from "./get/get.js"
import * as GetOptions from "./get/getOptions.js"
import * as Serve from "./serve/serve.js"
import { Output, type OutputTo } from "./output.js"

/** What each command takes. */
const definitions: ReadonlyMap<string, Definitions> = new Map<string, Definitions>([
  ["get", GetOptions.definitions],
  ["serve", Serve.definitions]
])

const root = Command.make("effect-http2").pipe(
  Command.withDescription("HTTP/2 from the command line."),
  Command.withSubcommands([Get.command, Serve.command])
)

/** Help goes to stdout, in colours where that is a terminal; what `@effect/cli` says of a mistake, over many lines, is said in one, by `report`. */
const withConsole = <A, E, R>(effect: Effect.Effect<A, E, R>, output: OutputTo): Effect.Effect<A, E, R> =>
  Effect.consoleWith((console) =>
    Effect.withConsole(effect, {
      ...console,
      [Console.TypeId]: Console.TypeId,
      log: (...parts) => {
        const text = parts.map(String).join(" ")
        return Effect.ignore(
          output.write(`${output.isTerminal ? text : stripVTControlCharacters(text)}
`)
        )
      },
      error: () => Effect.void
    })
  )

const run = Command.run(root, {
  name: "effect-http2",
  version: "0.1.0",
  footer: HelpDoc.p(exitCodesText)
})

const usageOf = (error: ValidationError.ValidationError): UsageError =>
  new UsageError({
    command: undefined,
    reason: stripVTControlCharacters(HelpDoc.toAnsiText(error.error)).trim()
  })

/** One line for each failure, and the exit code for the first. */
const report = (output: OutputTo, error: unknown): number => {
  const failures = error instanceof Failures ? error.failures : [error]
  const described = failures.map(describe)
  if (!(error instanceof Failures && error.isSilent)) for (const { line } of described) output.tell(line)
  return described[0]?.code ?? 0
}

/** Arguments as `@effect/cli` reads them, behind the name of a command. */
const prepare = (args: ReadonlyArray<string>): Effect.Effect<ReadonlyArray<string>, UsageError> =>
  Effect.suspend(() => {
    const [command, ...given] = args
    if (command === undefined) return Effect.succeed(["--help"])
    const known = definitions.get(command)
    if (known === undefined) {
      return command.startsWith("-")
        ? Effect.succeed(args)
        : Effect.fail(
            new UsageError({
              command: undefined,
              reason: `${JSON.stringify(command)} is none of the commands ${[...definitions.keys()].join(", ")}`
            })
          )
    }
    const normalized = normalize(command, known, given)
    return normalized instanceof UsageError ? Effect.fail(normalized) : Effect.succeed([command, ...normalized])
  })

const environment = Layer.merge(
  NodeContext.layer,
  CliConfig.layer({ isCaseSensitive: true, autoCorrectLimit: 0, showTypes: false })
)

/** Runs the command that `args` say, those behind the program's name, and succeeds with the exit code: what went wrong was said. */
export const main = (args: ReadonlyArray<string>): Effect.Effect<number> =>
  Effect.flatMap(Output, (output) =>
    prepare(args).pipe(
      Effect.flatMap((prepared) => run(["node", "effect-http2", ...prepared])),
      (effect) => withConsole(effect, output),
      Effect.as(0),
      Effect.catchAll((error) =>
        Effect.sync(() => report(output, ValidationError.isValidationError(error) ? usageOf(error) : error))
      ),
      Effect.catchAllDefect((defect) => Effect.sync(() => report(output, defect))),
      Effect.provide(environment)
    )
  )
