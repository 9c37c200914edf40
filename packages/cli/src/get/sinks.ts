/** Where a response goes: to stdout in its turn, into a file, or into a line of JSON. */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Scope from "effect/Scope"
import * as FileSystem from "node:fs/promises"
import { performance } from "node:perf_hooks"
import { ContentError, OutputError } from "../failure.js"
import type { OutputTo } from "../output.js"

export interface Sink {
  readonly write: (octets: Uint8Array) => Effect.Effect<void, OutputError | ContentError>
}

/** Takes turns: what is written for one URL comes behind all that is written for those before it. */
export class Turns {
  private readonly turns: ReadonlyArray<Deferred.Deferred<void>>

  constructor(turns: ReadonlyArray<Deferred.Deferred<void>>) {
    this.turns = turns
  }

  static make(count: number): Effect.Effect<Turns> {
    return Effect.map(
      Effect.all(Array.from({ length: count }, () => Deferred.make<void>())),
      (turns) => new Turns(turns)
    )
  }

  /** Completes when all before `index` have ended. */
  awaitTurn(index: number): Effect.Effect<void> {
    const before = this.turns[index - 1]
    return before === undefined ? Effect.void : Deferred.await(before)
  }

  /** Nothing more comes of `index`; it waits for its turn first, so that its end is that of all before it. */
  end(index: number): Effect.Effect<void> {
    const own = this.turns[index]
    return own === undefined
      ? Effect.void
      : Effect.zipRight(this.awaitTurn(index), Effect.asVoid(Deferred.succeed(own, undefined)))
  }
}

export const toStdout = (output: OutputTo, turns: Turns, index: number): Sink => ({
  write: (octets) => Effect.zipRight(turns.awaitTurn(index), output.write(octets))
})

/** The file is opened, and emptied, with the first octets; closed with the scope. */
export const toFile = (
  path: string
): Effect.Effect<Sink & { readonly open: Effect.Effect<void, OutputError> }, never, Scope.Scope> =>
  Effect.map(Effect.scope, (scope) => {
    const attempt = <A>(run: () => Promise<A>): Effect.Effect<A, OutputError> =>
      Effect.tryPromise({ try: run, catch: (cause) => new OutputError({ target: path, cause }) })
    let file: FileSystem.FileHandle | undefined = undefined
    const open = Effect.suspend(() =>
      file !== undefined
        ? Effect.succeed(file)
        : Effect.tap(
            attempt(() => FileSystem.open(path, "w")),
            (opened) => {
              file = opened
              return Scope.addFinalizer(
                scope,
                Effect.promise(() => opened.close())
              )
            }
          )
    )
    return {
      open: Effect.asVoid(open),
      write: (octets) =>
        Effect.flatMap(open, (file) =>
          attempt(async () => {
            for (let written = 0; written < octets.length;) {
              written += (await file.write(octets, written)).bytesWritten
            }
          })
        )
    }
  })

/** What a line of JSON can hold of a body. */
const LARGEST = 268_435_456

/** Keeps what is written. */
export class Kept implements Sink {
  private readonly chunks: Array<Uint8Array> = []
  private length = 0

  constructor(private readonly url: string) {}

  write(octets: Uint8Array): Effect.Effect<void, ContentError> {
    return Effect.suspend(() => {
      this.length += octets.length
      if (this.length > LARGEST) {
        const reason = `it is longer than ${LARGEST} octets, which no line of JSON holds; -o FILE takes it`
        return Effect.fail(new ContentError({ url: this.url, encoding: "JSON", reason }))
      }
      this.chunks.push(octets)
      return Effect.void
    })
  }

  /** As text where it is UTF-8, else in base64. */
  get json(): { readonly body: string } | { readonly bodyBase64: string } {
    const whole = Buffer.concat(this.chunks)
    try {
      return { body: new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(whole) }
    } catch {
      return { bodyBase64: whole.toString("base64") }
    }
  }
}

const REFRESH = 100

/** What has come of all URLs together, shown while it comes. */
export class Progress {
  private total = 0
  private shownAt = 0

  constructor(private readonly output: OutputTo) {}

  add(octets: number): void {
    this.total += octets
    const now = performance.now()
    if (now - this.shownAt < REFRESH) return
    this.shownAt = now
    this.output.progress(`${(this.total / 1_048_576).toFixed(1)} MiB`)
  }
}

/** Counts what passes. */
export class Counted {
  octets = 0

  constructor(
    private readonly sink: Sink,
    private readonly progress: Progress | undefined
  ) {}

  write(octets: Uint8Array): Effect.Effect<void, OutputError | ContentError> {
    return Effect.suspend(() => {
      this.octets += octets.length
      this.progress?.add(octets.length)
      return this.sink.write(octets)
    })
  }
}
