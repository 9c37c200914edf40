/** What the command line of `get` says. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { flag, toOptions, value, values } from "../arguments.js"
import { UsageError } from "../failure.js"

export const definitions = {
  request: value("request", "X", "METHOD", "The method. Default: GET, with -d POST, with -I HEAD"),
  data: values(
    "data",
    "d",
    "DATA",
    "POST DATA, as a form unless -H says another content-type; @FILE is a file's content without its ends of lines, @- that of stdin; several are joined by &"
  ),
  dataBinary: values("data-binary", undefined, "DATA", "As -d, and nothing is left out of files"),
  headers: values(
    "header",
    "H",
    "'NAME: VALUE'",
    "One more field; 'NAME:' leaves out one of ours, 'NAME;' sends it empty"
  ),
  include: flag("include", "i", "Head and trailers of the response in the output, too"),
  head: flag("head", "I", "The head alone, by HEAD"),
  output: values("output", "o", "FILE", "Into FILE and not to stdout; the first for the first URL, and so on"),
  remoteName: flag("remote-name", "O", "Into files of the names that the URLs end in, here"),
  location: flag("location", "L", "Follow redirects, up to 50; credentials go to their own origin alone"),
  insecure: flag("insecure", "k", "Accept any certificate"),
  cacert: value("cacert", undefined, "FILE", "Trust these authorities, in PEM, and no others"),
  silent: flag("silent", "s", "No progress, and no line for an error"),
  showError: flag("show-error", "S", "With -s, errors all the same"),
  verbose: flag("verbose", "v", "Every frame sent (>) and received (<) on stderr, with time and stream"),
  maxTime: value("max-time", "m", "TIME", 'Give up after so long: seconds, or "500 millis". Default: never'),
  compressed: flag("compressed", undefined, "Ask for compressed content, and decode it"),
  push: flag("push", "p", "Take what the server pushes, and show it behind the body"),
  json: flag(
    "json",
    undefined,
    "For each URL a line of JSON in place of the body; with -v frames as lines of JSON, too"
  )
} as const

export const options = toOptions(definitions)

/** A part of a request's body: what the command line says, or the file that it names. */
export type Part =
  | { readonly _tag: "Text"; readonly text: string }
  | { readonly _tag: "File"; readonly path: string; readonly keepsLines: boolean }

export interface Target {
  readonly url: URL
  /** Undefined: stdout. */
  readonly file: string | undefined
}

export interface GetOptions {
  readonly targets: ReadonlyArray<Target>
  readonly method: string
  readonly parts: ReadonlyArray<Part>
  /** Names in lower case. */
  readonly headers: ReadonlyArray<readonly [name: string, value: string]>
  /** Names of fields of ours that are left out. */
  readonly without: ReadonlySet<string>
  readonly include: boolean
  readonly location: boolean
  readonly insecure: boolean
  readonly cacert: string | undefined
  readonly silent: boolean
  readonly showError: boolean
  readonly verbose: boolean
  readonly maxTime: Duration.Duration | undefined
  readonly compressed: boolean
  readonly push: boolean
  readonly json: boolean
}

/** What `@effect/cli` has made of the command line. */
export interface Given {
  readonly request: string | undefined
  readonly data: ReadonlyArray<string>
  readonly dataBinary: ReadonlyArray<string>
  readonly headers: ReadonlyArray<string>
  readonly include: boolean
  readonly head: boolean
  readonly output: ReadonlyArray<string>
  readonly remoteName: boolean
  readonly location: boolean
  readonly insecure: boolean
  readonly cacert: string | undefined
  readonly silent: boolean
  readonly showError: boolean
  readonly verbose: boolean
  readonly maxTime: string | undefined
  readonly compressed: boolean
  readonly push: boolean
  readonly json: boolean
  readonly urls: ReadonlyArray<string>
}

const refuse = (command: string, reason: string): Effect.Effect<never, UsageError> =>
  Effect.fail(new UsageError({ command, reason }))

/** `foo` and `foo:8443/bar` are of `https:`. */
export const parseUrl = (command: string, text: string): Effect.Effect<URL, UsageError> =>
  Effect.suspend(() => {
    const whole = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `https://${text}`
    if (!URL.canParse(whole)) return refuse(command, `${JSON.stringify(text)} is not a URL`)
    const url = new URL(whole)
    return url.protocol === "http:" || url.protocol === "https:"
      ? Effect.succeed(url)
      : refuse(command, `${url.protocol} is not http: or https:`)
  })

/** Seconds, or a duration as Effect writes it. */
export const parseTime = (
  command: string,
  option: string,
  text: string
): Effect.Effect<Duration.Duration, UsageError> =>
  Effect.suspend(() => {
    if (/^\d+(\.\d+)?$/.test(text)) return Effect.succeed(Duration.seconds(Number(text)))
    const duration = Duration.decodeUnknown(text)
    return duration._tag === "Some"
      ? Effect.succeed(duration.value)
      : refuse(command, `${option} ${JSON.stringify(text)} is not a time: seconds, or "500 millis"`)
  })

/** A whole number from `least` on. */
export const parseCount = (
  command: string,
  option: string,
  text: string,
  least: number
): Effect.Effect<number, UsageError> => {
  const count = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN
  return count >= least
    ? Effect.succeed(count)
    : refuse(command, `${option} ${JSON.stringify(text)} is not a whole number from ${least} on`)
}

type Header =
  | { readonly _tag: "Field"; readonly name: string; readonly value: string }
  | { readonly _tag: "Without"; readonly name: string }

const parseHeader = (command: string, text: string): Effect.Effect<Header, UsageError> => {
  const found = /^([^:;\s]+)\s*(?:(:)([\s\S]*)|;\s*)$/.exec(text)
  const name = found?.[1]?.toLowerCase()
  if (found === null || name === undefined) {
    return refuse(command, `the header ${JSON.stringify(text)} is not of the form 'NAME: VALUE'`)
  }
  const value = (found[3] ?? "").trim()
  return Effect.succeed(
    found[2] !== undefined && value === "" ? { _tag: "Without", name } : { _tag: "Field", name, value }
  )
}

/** What `-H` says, of any command. */
export const parseHeaders = (
  command: string,
  given: ReadonlyArray<string>
): Effect.Effect<Pick<GetOptions, "headers" | "without">, UsageError> =>
  Effect.map(
    Effect.forEach(given, (text) => parseHeader(command, text)),
    (parsed) => ({
      headers: parsed.flatMap((each) => (each._tag === "Field" ? [[each.name, each.value] as const] : [])),
      without: new Set(parsed.flatMap((each) => (each._tag === "Without" ? [each.name] : [])))
    })
  )

const toPart =
  (keepsLines: boolean) =>
  (text: string): Part =>
    text.startsWith("@") ? { _tag: "File", path: text.slice(1), keepsLines } : { _tag: "Text", text }

/** The name that the path of a URL ends in, as it is written there: it can have no slash, and is no `..`. */
const remoteName = (url: URL): Effect.Effect<string, UsageError> => {
  const name = url.pathname.slice(url.pathname.lastIndexOf("/") + 1)
  return name === "" ? refuse("get", `-O: ${url.href} ends in no file's name; -o FILE gives one`) : Effect.succeed(name)
}

const toTarget =
  ({ output, remoteName: byName }: Given) =>
  (url: URL, index: number): Effect.Effect<Target, UsageError> => {
    const file = output[index]
    if (file !== undefined) return Effect.succeed({ url, file: file === "-" ? undefined : file })
    return byName ? Effect.map(remoteName(url), (file) => ({ url, file })) : Effect.succeed({ url, file: undefined })
  }

export const parse = (given: Given): Effect.Effect<GetOptions, UsageError> =>
  Effect.gen(function* () {
    if (given.urls.length === 0) return yield* refuse("get", "which URL?")
    if (given.output.length > given.urls.length) return yield* refuse("get", "there are more -o than URLs")
    const urls = yield* Effect.forEach(given.urls, (text) => parseUrl("get", text))
    const targets = yield* Effect.forEach(urls, toTarget(given))
    const files = targets.flatMap(({ file }) => file ?? [])
    const twice = files.find((file, index) => files.indexOf(file) !== index)
    if (twice !== undefined) return yield* refuse("get", `two URLs go into one file, ${twice}`)
    const parts = [...given.data.map(toPart(false)), ...given.dataBinary.map(toPart(true))]
    if (given.head && parts.length > 0) return yield* refuse("get", "HEAD (-I) sends no data (-d)")
    return {
      ...given,
      targets,
      parts,
      ...(yield* parseHeaders("get", given.headers)),
      include: given.include || given.head,
      method: given.request ?? (given.head ? "HEAD" : parts.length > 0 ? "POST" : "GET"),
      maxTime: given.maxTime === undefined ? undefined : yield* parseTime("get", "-m", given.maxTime)
    }
  })
