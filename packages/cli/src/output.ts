/** What the commands write: the results, whose reader may be slow or gone, and what is said beside them. Used by every command. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type { Writable } from "node:stream"
import { OutputError } from "./failure.js"

/** Where a command writes to. */
export interface Streams {
  readonly stdout: Writable & { readonly isTTY?: boolean }
  readonly stderr: Writable & { readonly isTTY?: boolean }
}

/** Output over `streams`, whose errors nobody else needs to hear of: `write` does. */
export class OutputTo {
  constructor(private readonly streams: Streams) {
    streams.stdout.on("error", () => {})
    streams.stderr.on("error", () => {})
  }

  /** Whether results are read by a person. */
  get isTerminal(): boolean {
    return this.streams.stdout.isTTY === true
  }

  /** Waits until the chunk is written, so that a slow reader of ours slows the peer down. */
  write(chunk: Uint8Array | string): Effect.Effect<void, OutputError> {
    return Effect.async((resume) => {
      this.streams.stdout.write(chunk, (cause) => {
        resume(cause ? Effect.fail(new OutputError({ target: "stdout", cause })) : Effect.void)
      })
    })
  }

  /** A value as a line of JSON. */
  writeJson(value: unknown): Effect.Effect<void, OutputError> {
    return this.write(`${JSON.stringify(value)}\n`)
  }

  /** A line for who watches: not waited for. */
  tell(line: string): void {
    this.streams.stderr.write(`${line}\n`)
  }

  /** Shows how long work goes on, in one line that is written over; nothing where stderr is no terminal. Nothing at all ends that line. */
  progress(line = ""): void {
    if (this.streams.stderr.isTTY === true) this.streams.stderr.write(`\r\u001b[2K${line}`)
  }
}

/** That of the command that runs; by itself the process's own. */
export class Output extends Context.Reference<Output>()("@effect-http2/cli/Output", {
  defaultValue: () => new OutputTo(process)
}) {}
