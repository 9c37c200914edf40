/** The body that `-d` and `--data-binary` say. */
import * as NodeStream from "@effect/platform-node/NodeStream"
import * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import { createReadStream } from "node:fs"
import { readFile, stat } from "node:fs/promises"
import { InputError } from "../failure.js"
import type { Part } from "./getOptions.js"

/** What is sent, as often as it is asked for, and the fields that say what it is. */
export interface RequestBody {
  readonly body: Uint8Array | Stream.Stream<Uint8Array, InputError> | undefined
  readonly headers: ReadonlyArray<readonly [name: string, value: string]>
}

/** Files up to this many octets are read before the request is sent, larger ones while it is. */
const READ_WHOLE = 1_048_576

const attempt = <A>(source: string, run: () => Promise<A>): Effect.Effect<A, InputError> =>
  Effect.tryPromise({ try: run, catch: (cause) => new InputError({ source, cause }) })

const stdin = attempt("stdin", async () => {
  const chunks: Array<Buffer> = []
  for await (const chunk of process.stdin) chunks.push(Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk)))
  return Buffer.concat(chunks)
})

const withoutEndsOfLines = (octets: Uint8Array): Uint8Array =>
  octets.filter((octet) => octet !== 0x0a && octet !== 0x0d && octet !== 0)

const read = (part: Part): Effect.Effect<Uint8Array, InputError> => {
  if (part._tag === "Text") return Effect.succeed(Buffer.from(part.text))
  const { keepsLines, path } = part
  return Effect.map(path === "-" ? stdin : attempt(path, () => readFile(path)), (octets) =>
    keepsLines ? octets : withoutEndsOfLines(octets)
  )
}

const lengthOf = (octets: number): readonly [string, string] => ["content-length", String(octets)]

const form = ["content-type", "application/x-www-form-urlencoded"] as const

/** A file that is sent as it is read: its length, where it is a file that has one. */
const large = (part: Part | undefined): Effect.Effect<{ readonly path: string; readonly size: number } | undefined> =>
  part?._tag === "File" && part.keepsLines && part.path !== "-"
    ? Effect.promise(async () => {
        const stats = await stat(part.path).catch(() => undefined)
        return stats?.isFile() === true && stats.size > READ_WHOLE ? { path: part.path, size: stats.size } : undefined
      })
    : Effect.succeed(undefined)

export const make = (parts: ReadonlyArray<Part>): Effect.Effect<RequestBody, InputError> =>
  Effect.gen(function* () {
    if (parts.length === 0) return { body: undefined, headers: [] }
    const file = parts.length === 1 ? yield* large(parts[0]) : undefined
    if (file !== undefined) {
      const { path, size } = file
      const body = NodeStream.fromReadable<InputError, Uint8Array>(
        () => createReadStream(path),
        (cause) => new InputError({ source: path, cause })
      )
      return { body, headers: [form, lengthOf(size)] }
    }
    const octets = yield* Effect.forEach(parts, read)
    const body = Buffer.concat(octets.flatMap((octets, index) => (index === 0 ? [octets] : [Buffer.from("&"), octets])))
    return { body, headers: [form, lengthOf(body.length)] }
  })
