/**
 * A client for one request: `npm run get -- URL`. `--help` tells its options and exit codes.
 */
import * as FrameLog from "@effect-http2/http2/FrameLog"
import * as Http2Client from "@effect-http2/http2/Http2Client"
import type * as Http2ClientRequest from "@effect-http2/http2/Http2ClientRequest"
import type { Http2Error } from "@effect-http2/http2/Http2Error"
import type * as Http2Push from "@effect-http2/http2/Http2Push"
import * as NodeTransport from "@effect-http2/platform-node/NodeTransport"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as FrameText from "./internal/frameText.js"
import * as GetOptions from "./internal/getOptions.js"

class StatusError extends Data.TaggedError("StatusError")<{ readonly status: number }> {
  override get message(): string {
    return `the response is whole, and its status is ${this.status}`
  }
}

class TimeoutError extends Data.TaggedError("TimeoutError")<{ readonly timeout: Duration.Duration }> {
  override get message(): string {
    return `no whole response within ${Duration.format(this.timeout)}`
  }
}

class OutputError extends Data.TaggedError("OutputError")<{ readonly cause: Error }> {
  override get message(): string {
    return this.cause.message
  }
}

type GetError = GetOptions.UsageError | StatusError | TimeoutError | OutputError | Http2Error

const exitCodes: { readonly [Tag in GetError["_tag"]]: number } = {
  StatusError: 1,
  UsageError: 2,
  Http2TransportError: 3,
  Http2ConnectionError: 4,
  Http2StreamError: 4,
  TimeoutError: 5,
  OutputError: 6
}

/** Whoever reads our output may go away: `write` hears of it, and nobody else needs to. */
process.stdout.on("error", () => {})

/** Waits until the chunk is written, so that a slow reader of ours slows the peer down. */
const write = (chunk: Uint8Array | string): Effect.Effect<void, OutputError> =>
  Effect.async((resume) => {
    process.stdout.write(chunk, (cause) => {
      resume(cause ? Effect.fail(new OutputError({ cause })) : Effect.void)
    })
  })

const logFrames = FrameLog.inspect((direction, frame, fields) => {
  process.stderr.write(`${direction === "sent" ? ">" : "<"} ${FrameText.format(frame, fields)}\n`)
}, "client")

const connect = (options: GetOptions.Options): Effect.Effect<Http2Client.Http2Client, Http2Error, Scope.Scope> => {
  const { insecure, push, url, verbose } = options
  const isTls = url.protocol === "https:"
  return NodeTransport.connect({
    host: url.hostname.replace(/^\[|\]$/g, ""),
    port: Number(url.port) || (isTls ? 443 : 80),
    ...(isTls ? { tls: { rejectUnauthorized: !insecure } } : {})
  }).pipe(
    Effect.map((transport) => (verbose ? logFrames(transport) : transport)),
    Effect.flatMap((transport) =>
      Http2Client.make(transport, { gracefulShutdownTimeout: "1 second", enablePush: push })
    )
  )
}

/** What is sent unless `-H` says something else. */
const defaultHeaders = (data: string | undefined): ReadonlyArray<readonly [name: string, value: string]> => [
  ["user-agent", "effect-http2-get"],
  ["accept", "*/*"],
  ...(data === undefined ? [] : ([["content-type", "application/x-www-form-urlencoded"]] as const))
]

const toRequest = ({ data, headers, url }: GetOptions.Options): Http2ClientRequest.Http2ClientRequest => {
  const given = new Set(headers.map(([name]) => name))
  return {
    method: data === undefined ? "GET" : "POST",
    scheme: url.protocol.slice(0, -1),
    authority: url.host,
    path: url.pathname + url.search,
    headers: [...defaultHeaders(data).filter(([name]) => !given.has(name)), ...headers],
    body: data
  }
}

/** What is shown of a pushed response, once it is whole. */
const describe = (push: Http2Push.Push): Effect.Effect<string> =>
  Effect.scoped(
    Effect.gen(function* () {
      const response = yield* push.response
      return `${response.status}\n${yield* response.text()}`
    })
  ).pipe(
    Effect.catchAll((error) => Effect.succeed(error.message)),
    Effect.map((outcome) => `\nPushed ${push.method} ${push.path}: ${outcome}\n`)
  )

/** The status, once the whole body is written. */
const transfer = (options: GetOptions.Options): Effect.Effect<number, Http2Error | OutputError, Scope.Scope> =>
  Effect.gen(function* () {
    const client = yield* connect(options)
    const pushes = options.push
      ? yield* Effect.fork(Stream.runCollect(Stream.mapEffect(client.pushes, describe, { concurrency: "unbounded" })))
      : undefined
    const response = yield* client.request(toRequest(options))
    yield* Stream.runForEach(response.body, write)
    if (pushes !== undefined) {
      // Promises come before the end of what they come with; that of their stream is the connection's.
      yield* client.connection.shutdown
      yield* Effect.forEach(yield* Fiber.join(pushes), write)
    }
    return response.status
  })

const get = (options: GetOptions.Options): Effect.Effect<void, GetError> =>
  transfer(options).pipe(
    Effect.timeoutFail({ duration: options.timeout, onTimeout: () => new TimeoutError({ timeout: options.timeout }) }),
    // What the peer still has to say after the response is part of what -v shows.
    Effect.tap(Effect.sleep("300 millis")),
    Effect.scoped,
    Effect.filterOrFail(
      (status) => status >= 200 && status < 300,
      (status) => new StatusError({ status })
    ),
    Effect.asVoid
  )

/** One line on stderr, and the exit code for it. */
const report = (code: number, line: string): Effect.Effect<void> =>
  Effect.sync(() => {
    process.exitCode = code
    process.stderr.write(`${line.replace(/\s*\n\s*/g, " | ")}\n`)
  })

const program = GetOptions.parse(process.argv.slice(2)).pipe(
  Effect.flatMap((options) => (options === "help" ? write(GetOptions.help) : get(options))),
  Effect.catchAll((error) => report(exitCodes[error._tag], `${error._tag}: ${error.message}`)),
  Effect.catchAllDefect((defect) => report(70, `Defect: ${String(defect)}`))
)

NodeRuntime.runMain(program, {
  disableErrorReporting: true,
  teardown: (exit, onExit) => onExit(Exit.isSuccess(exit) ? 0 : 130)
})
