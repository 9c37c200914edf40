/** What failures leave: lines in the log, and parts of bodies. */
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Stream from "effect/Stream"
import { concat } from "./wire.js"

/** What is logged, in place of printing it. */
export const logged = (): { readonly lines: ReadonlyArray<string>; readonly layer: Layer.Layer<never> } => {
  const lines: Array<string> = []
  const logger = Logger.make<unknown, void>(({ cause, logLevel, message }) => {
    lines.push(`${logLevel.label} ${String(message)} ${cause.toString()}`)
  })
  return { lines, layer: Logger.replace(Logger.defaultLogger, logger) }
}

/** What a body gave before it failed, and how it failed. */
export const readUntilFailure = <E>(body: Stream.Stream<Uint8Array, E>) =>
  Effect.gen(function* () {
    const parts: Array<Uint8Array> = []
    const error = yield* Effect.flip(Stream.runForEach(body, (part) => Effect.sync(() => parts.push(part))))
    return { error, octets: concat(parts) }
  })
