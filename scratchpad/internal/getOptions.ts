/** What the command line of `get.ts` says. */
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { parseArgs } from "node:util"

export const help = `usage: get [options] URL

One request over HTTP/2: http: with prior knowledge, https: with ALPN. The body goes to stdout.

  -d, --data DATA        POST DATA instead of GET
  -H, --header 'N: V'    one more field, may be repeated
  -k, --insecure         accept any certificate
  -p, --push             take what the server pushes, and show it behind the body
  -v, --verbose          every frame sent (>) and received (<) on stderr
      --timeout TIME     give up after so long: seconds, or "500 millis"; 10 seconds unless said
  -h, --help             this text

exit codes: 0 a whole 2xx response, 1 a whole response of another status, 2 usage, 3 no connection or a broken one,
            4 an HTTP/2 error, 5 timeout, 6 stdout cannot be written, 70 a bug, 130 interrupted
`

export interface Options {
  readonly url: URL
  readonly data: string | undefined
  readonly headers: ReadonlyArray<readonly [name: string, value: string]>
  readonly insecure: boolean
  readonly push: boolean
  readonly verbose: boolean
  readonly timeout: Duration.Duration
}

export class UsageError extends Data.TaggedError("UsageError")<{ readonly reason: string }> {
  override get message(): string {
    return `${this.reason}; --help tells more`
  }
}

/** Thrown to be caught by `parse`, which is the only caller. */
const refuse = (reason: string): never => {
  throw new UsageError({ reason })
}

const parseUrl = (text: string): URL => {
  const url = URL.canParse(text) ? new URL(text) : refuse(`${text} is not a URL`)
  return url.protocol === "http:" || url.protocol === "https:" ? url : refuse(`${url.protocol} is not http: or https:`)
}

const parseHeader = (text: string): readonly [string, string] => {
  const colon = text.indexOf(":", 1)
  if (colon === -1) return refuse(`the header ${text} has no colon`)
  return [text.slice(0, colon).trim().toLowerCase(), text.slice(colon + 1).trim()]
}

const parseTimeout = (text: string): Duration.Duration => {
  const duration = /^\d+(\.\d+)?$/.test(text)
    ? Option.some(Duration.seconds(Number(text)))
    : Duration.decodeUnknown(text)
  return Option.getOrElse(duration, () => refuse(`${text} is not a time`))
}

const parseOrThrow = (args: ReadonlyArray<string>): Options | "help" => {
  const { positionals, values } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      data: { type: "string", short: "d" },
      header: { type: "string", short: "H", multiple: true },
      help: { type: "boolean", short: "h" },
      insecure: { type: "boolean", short: "k" },
      push: { type: "boolean", short: "p" },
      timeout: { type: "string" },
      verbose: { type: "boolean", short: "v" }
    }
  })
  if (values.help === true) return "help"
  const [url, ...rest] = positionals
  if (url === undefined) return refuse("which URL?")
  if (rest.length > 0) return refuse(`one URL at a time, not ${positionals.join(" ")}`)
  return {
    url: parseUrl(url),
    data: values.data,
    headers: (values.header ?? []).map(parseHeader),
    insecure: values.insecure ?? false,
    push: values.push ?? false,
    verbose: values.verbose ?? false,
    timeout: parseTimeout(values.timeout ?? "10")
  }
}

/** Reads the arguments behind the program's name. */
export const parse = (args: ReadonlyArray<string>): Effect.Effect<Options | "help", UsageError> =>
  Effect.try({
    try: () => parseOrThrow(args),
    catch: (error) =>
      error instanceof UsageError
        ? error
        : new UsageError({ reason: error instanceof Error ? error.message : String(error) })
  })
