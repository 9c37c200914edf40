/** How a command ends where it fails: each kind of failure has an exit code, and says in one line what was tried and what to do. Used by every command. */
import type { Http2Error } from "@effect-http2/http2/Http2Error"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"

/** The command line cannot be understood. */
export class UsageError extends Data.TaggedError("UsageError")<{
  readonly command: string | undefined
  readonly reason: string
}> {
  override get message(): string {
    return `${this.reason}; effect-http2${this.command === undefined ? "" : ` ${this.command}`} --help tells more`
  }
}

/** The response is whole, and not what was hoped for. */
export class StatusError extends Data.TaggedError("StatusError")<{ readonly url: string; readonly status: number }> {
  override get message(): string {
    const where = this.status >= 300 && this.status < 400 ? "; -L follows where it points to" : ""
    return `${this.url}: the response is whole, and its status is ${this.status}${where}`
  }
}

/** It took longer than `-m` allows. */
export class TimeoutError extends Data.TaggedError("TimeoutError")<{ readonly timeout: Duration.Duration }> {
  override get message(): string {
    return `no whole response within ${Duration.format(this.timeout)}; -m allows more`
  }
}

/** What there is to say cannot be written: whoever reads our output has gone, a file cannot be opened, the disk is full. */
export class OutputError extends Data.TaggedError("OutputError")<{
  readonly target: string
  readonly cause: unknown
}> {
  override get message(): string {
    return `${this.target} cannot be written: ${reasonOf(this.cause)}`
  }
}

/** A port that cannot be had. */
export class ListenError extends Data.TaggedError("ListenError")<{
  readonly address: string
  readonly cause: unknown
}> {
  override get message(): string {
    return `${this.address} cannot be listened at: ${reasonOf(this.cause)}; -p takes another port`
  }
}

/** A file or a folder that the command line names cannot be read. */
export class InputError extends Data.TaggedError("InputError")<{ readonly source: string; readonly cause: unknown }> {
  override get message(): string {
    return `${this.source} cannot be read: ${reasonOf(this.cause)}`
  }
}

/** The content of a response is not what its content-encoding says. */
export class ContentError extends Data.TaggedError("ContentError")<{
  readonly url: string
  readonly encoding: string
  readonly reason: string
}> {
  override get message(): string {
    return `${this.url}: the content cannot be decoded as ${this.encoding}: ${this.reason}`
  }
}

/** One response points to the next, and to the next. */
export class RedirectError extends Data.TaggedError("RedirectError")<{
  readonly url: string
  readonly reason: string
}> {
  override get message(): string {
    return `${this.url}: ${this.reason}`
  }
}

/** What has failed, in order; the first says how the command ends. */
export class Failures extends Data.TaggedError("Failures")<{
  readonly failures: ReadonlyArray<Failure>
  /** Whether nothing is said of it. */
  readonly isSilent: boolean
}> {}

export type Failure =
  | UsageError
  | StatusError
  | TimeoutError
  | OutputError
  | InputError
  | ListenError
  | ContentError
  | RedirectError
  | Http2Error

/** Of every command. The README and `--help` say the same. */
export const exitCodes: { readonly [Tag in Failure["_tag"]]: number } = {
  StatusError: 1,
  UsageError: 2,
  Http2TransportError: 3,
  ListenError: 3,
  Http2ConnectionError: 4,
  Http2StreamError: 4,
  TimeoutError: 5,
  OutputError: 6,
  InputError: 7,
  ContentError: 8,
  RedirectError: 9
}

/** A defect: not of the user's making. */
export const BUG = 70

/** SIGINT or SIGTERM. */
export const INTERRUPTED = 130

export const exitCodesText =
  "exit codes: 0 all went well, 1 a whole response of another status than 2xx, 2 usage, 3 no connection or a broken one, or a port that cannot be had, " +
  "4 an HTTP/2 error, 5 timeout, 6 the output cannot be written, 7 a file cannot be read, 8 content that cannot be decoded, 9 a redirect that leads nowhere, " +
  "70 a bug, 130 interrupted"

const reasonOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause))

const isFailure = (error: unknown): error is Failure =>
  typeof error === "object" && error !== null && "_tag" in error && String(error._tag) in exitCodes

/** What was tried and what went wrong, in one line, and the exit code for it. */
export const describe = (error: unknown): { readonly tag: string; readonly line: string; readonly code: number } => {
  const tag = isFailure(error) ? error._tag : "Defect"
  const line = `${tag}: ${reasonOf(error)}`.replace(/\s*\n\s*/g, " | ")
  return { tag, line, code: isFailure(error) ? exitCodes[error._tag] : BUG }
}
