/**
 * `effect-http2 get URL...`: requests over HTTP/2, those of an origin at once on one connection.
 */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import type * as Headers from "@effect-http2/http2/Headers"
import type * as Http2ClientResponse from "@effect-http2/http2/Http2ClientResponse"
import type * as Http2Client from "@effect-http2/http2/Http2Client"
import type { Http2Error } from "@effect-http2/http2/Http2Error"
import type * as Http2Push from "@effect-http2/http2/Http2Push"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { readFile } from "node:fs/promises"
import { performance } from "node:perf_hooks"
import { unmark } from "../arguments.js"
import * as Content from "../content.js"
import {
  type ContentError,
  describe,
  type Failure,
  Failures,
  InputError,
  type OutputError,
  RedirectError,
  StatusError,
  TimeoutError
} from "../failure.js"
import { Output, type OutputTo } from "../output.js"
import * as Connections from "./connections.js"
import * as GetOptions from "./getOptions.js"
import * as RequestBody from "./requestBody.js"
import * as Sinks from "./sinks.js"

const MAX_REDIRECTS = 50

type Field = readonly [name: string, value: string]

/** What all requests of one command share. */
interface Run {
  readonly options: GetOptions.GetOptions
  readonly connections: Connections.Connections
  readonly requestBody: RequestBody.RequestBody
  readonly turns: Sinks.Turns
  readonly output: OutputTo
  readonly progress: Sinks.Progress
}

/** A request, as redirects change it. */
interface Wanted {
  readonly url: URL
  readonly method: string
  readonly body: RequestBody.RequestBody
  readonly headers: ReadonlyArray<Field>
}

interface Answered {
  readonly url: URL
  readonly response: Http2ClientResponse.Http2ClientResponse
  readonly redirects: ReadonlyArray<string>
  /** Heads as `-i` shows them: of redirects, interim responses, and the last. */
  readonly heads: string
  /** Until the last head had come. */
  readonly milliseconds: number
}

const compressedFields: ReadonlyArray<Field> = [["accept-encoding", Content.acceptEncoding]]

/** What is sent unless `-H` says something else, and what `-H` says. */
const fieldsOf = ({ body, headers }: Wanted, { compressed, without }: GetOptions.GetOptions): ReadonlyArray<Field> => {
  const usual: ReadonlyArray<Field> = [
    ["user-agent", "effect-http2"],
    ["accept", "*/*"],
    ...(compressed ? compressedFields : []),
    ...body.headers
  ]
  const given = new Set(headers.map(([name]) => name))
  // Of `host`, which the request says by :authority, as of any other field: what the user says goes out.
  return [...usual.filter(([name]) => !given.has(name) && !without.has(name)), ...headers]
}

const headText = (status: number, headers: Headers.Headers): string =>
  `HTTP/2 ${status}\r\n${[...headers].map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`

const credentials = new Set(["authorization", "cookie", "proxy-authorization"])

/** RFC 9110 §15.4: whether the next request is a GET whatever this one was. */
const becomesGet = (status: number, method: string): boolean =>
  status === 303 ? method !== "HEAD" && method !== "GET" : (status === 301 || status === 302) && method === "POST"

/** Where a response of 3xx points to, as a request; undefined where it points nowhere. */
const nextOf = (wanted: Wanted, status: number, location: string | undefined): Wanted | RedirectError | undefined => {
  if (![301, 302, 303, 307, 308].includes(status) || location === undefined) return undefined
  const { href } = wanted.url
  if (!URL.canParse(location, href)) {
    return new RedirectError({ url: href, reason: `it redirects to ${JSON.stringify(location)}, which is no URL` })
  }
  const url = new URL(location, href)
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    return new RedirectError({ url: href, reason: `it redirects to ${url.protocol}, which is not http: or https:` })
  }
  // RFC 9110 §15.4: what was meant for one origin is not told to another.
  const headers =
    url.origin === wanted.url.origin ? wanted.headers : wanted.headers.filter(([name]) => !credentials.has(name))
  return becomesGet(status, wanted.method)
    ? {
        url,
        method: "GET",
        body: { body: undefined, headers: [] },
        headers: headers.filter(([name]) => !name.startsWith("content-"))
      }
    : { ...wanted, url, headers }
}

const send = (
  { connections, options }: Run,
  wanted: Wanted,
  onInformational: (status: number, headers: Headers.Headers) => void
): Effect.Effect<Http2ClientResponse.Http2ClientResponse, Http2Error, Scope.Scope> =>
  Effect.flatMap(connections.to(wanted.url), (client) =>
    client.request({
      method: wanted.method,
      scheme: wanted.url.protocol.slice(0, -1),
      authority: wanted.url.host,
      path: wanted.url.pathname + wanted.url.search,
      headers: fieldsOf(wanted, options),
      body: wanted.body.body,
      onInformational
    })
  )

/** The response to the last of the requests that one URL leads to. */
const answer = (run: Run, url: URL): Effect.Effect<Answered, Http2Error | RedirectError, Scope.Scope> =>
  Effect.gen(function* () {
    const startedAt = performance.now()
    const { headers, location, method } = run.options
    const redirects: Array<string> = []
    let heads = ""
    let wanted: Wanted = { url, method, body: run.requestBody, headers }
    while (true) {
      const response: Http2ClientResponse.Http2ClientResponse = yield* send(run, wanted, (status, headers) => {
        heads += headText(status, headers)
      })
      heads += headText(response.status, response.headers)
      const next = location ? nextOf(wanted, response.status, response.headers.get("location")) : undefined
      if (next instanceof RedirectError) return yield* Effect.fail(next)
      if (next === undefined) {
        return { url: wanted.url, response, redirects, heads, milliseconds: performance.now() - startedAt }
      }
      if (redirects.length === MAX_REDIRECTS) {
        return yield* Effect.fail(
          new RedirectError({ url: url.href, reason: `${MAX_REDIRECTS} redirects, and it is not at an end` })
        )
      }
      // What a redirect says besides is for nobody, and goes back to the window.
      yield* response.forEach(() => Effect.void)
      redirects.push(next.url.href)
      wanted = next
    }
  })

const roundToMicroseconds = (milliseconds: number): number => Math.round(milliseconds * 1000) / 1000

/** One URL, until its response is whole. */
const transfer = (
  run: Run,
  { file, url }: GetOptions.Target,
  index: number
): Effect.Effect<void, Failure, Scope.Scope> =>
  Effect.gen(function* () {
    const startedAt = performance.now()
    const { compressed, include, json, silent, verbose } = run.options
    const answered = yield* answer(run, url)
    const { headers, status } = answered.response
    const kept = new Sinks.Kept(url.href)
    const toFile = file === undefined ? undefined : yield* Sinks.toFile(file)
    const inner = toFile ?? (json ? kept : Sinks.toStdout(run.output, run.turns, index))
    const shows = !silent && !verbose && (file !== undefined || !run.output.isTerminal)
    const sink = new Sinks.Counted(inner, shows ? run.progress : undefined)
    // An empty response leaves an empty file.
    if (toFile !== undefined) yield* toFile.open
    if (include && !json) yield* inner.write(Buffer.from(answered.heads))
    const encoding = compressed && run.options.method !== "HEAD" ? headers.get("content-encoding") : undefined
    const body: Stream.Stream<Uint8Array, Http2Error | ContentError> =
      encoding === undefined ? answered.response.body : Content.decode(answered.response.body, encoding, url.href)
    yield* Stream.runForEach(body, (octets): Effect.Effect<void, OutputError | ContentError> => sink.write(octets))
    const trailers = yield* answered.response.trailers
    if (json) {
      yield* run.turns.awaitTurn(index)
      yield* run.output.writeJson({
        url: url.href,
        ...(answered.redirects.length === 0 ? {} : { redirects: answered.redirects }),
        status,
        headers: [...headers],
        ...(trailers.fields.length === 0 ? {} : { trailers: [...trailers] }),
        octets: sink.octets,
        milliseconds: {
          head: roundToMicroseconds(answered.milliseconds),
          whole: roundToMicroseconds(performance.now() - startedAt)
        },
        ...(file === undefined ? kept.json : { file })
      })
    } else if (include && trailers.fields.length > 0) {
      yield* inner.write(Buffer.from(`\r\n${[...trailers].map(([name, value]) => `${name}: ${value}\r\n`).join("")}`))
    }
    if (status < 200 || status >= 300) return yield* Effect.fail(new StatusError({ url: url.href, status }))
  })

/** What is shown of a pushed response, once it is whole. */
const describePush = (push: Http2Push.Push): Effect.Effect<string> =>
  Effect.scoped(
    Effect.gen(function* () {
      const response = yield* push.response
      return `${response.status}\n${yield* response.text()}`
    })
  ).pipe(
    Effect.catchAll((error) => Effect.succeed(error.message)),
    Effect.map((outcome) => `\nPushed ${push.method} ${push.path}: ${outcome}\n`)
  )

/** Takes what is pushed from now on; what comes back waits for all of it, and shows it. */
const takePushes = (client: Http2Client.Http2Client, output: OutputTo): Effect.Effect<Effect.Effect<void, Failure>> =>
  Effect.map(
    Effect.fork(Stream.runCollect(Stream.mapEffect(client.pushes, describePush, { concurrency: "unbounded" }))),
    (pushes) =>
      Effect.gen(function* () {
        // Promises come before the end of what they come with; that of their stream is the connection's.
        yield* client.connection.shutdown
        yield* Effect.forEach(yield* Fiber.join(pushes), (text) => output.write(text), { discard: true })
      })
  )

const get = (options: GetOptions.GetOptions): Effect.Effect<ReadonlyArray<Failure>, Failure, Scope.Scope> =>
  Effect.gen(function* () {
    const { cacert, targets } = options
    const ca =
      cacert === undefined
        ? undefined
        : yield* Effect.tryPromise({
            try: () => readFile(cacert, "utf8"),
            catch: (cause) => new InputError({ source: cacert, cause })
          })
    const requestBody = yield* RequestBody.make(options.parts)
    const connections = yield* Connections.make(options, ca)
    const turns = yield* Sinks.Turns.make(targets.length)
    const output = yield* Output
    const progress = new Sinks.Progress(output)
    const run: Run = { options, connections, requestBody, turns, output, progress }
    const origins = new Map(targets.map(({ url }) => [url.origin, url]))
    const showPushes = options.push
      ? yield* Effect.forEach(origins.values(), (url) =>
          Effect.flatMap(connections.to(url), (client) => takePushes(client, output))
        )
      : []
    const outcomes = yield* Effect.forEach(
      targets,
      (target, index) =>
        Effect.scoped(transfer(run, target, index)).pipe(
          Effect.either,
          Effect.tap((outcome) =>
            Either.isLeft(outcome) && options.json && outcome.left._tag !== "StatusError"
              ? Effect.zipRight(turns.awaitTurn(index), Effect.ignore(writeFailure(output, target.url, outcome.left)))
              : Effect.void
          ),
          // Behind a failure, too: those behind it have their turn.
          Effect.ensuring(Effect.fork(turns.end(index)))
        ),
      { concurrency: Connections.CONCURRENCY }
    )
    yield* Effect.forEach(showPushes, (show) => show, { discard: true })
    if (options.verbose) yield* connections.settle
    return outcomes.flatMap((outcome) => (Either.isLeft(outcome) ? [outcome.left] : []))
  })

const writeFailure = (output: OutputTo, url: URL, failure: Failure): Effect.Effect<void, OutputError> => {
  const { code, tag } = describe(failure)
  return output.writeJson({ url: url.href, error: { tag, message: failure.message, code } })
}

const withTimeout = (
  options: GetOptions.GetOptions,
  effect: Effect.Effect<ReadonlyArray<Failure>, Failure>
): Effect.Effect<ReadonlyArray<Failure>, Failure> => {
  const { maxTime } = options
  return maxTime === undefined
    ? effect
    : Effect.timeoutFail(effect, { duration: maxTime, onTimeout: () => new TimeoutError({ timeout: maxTime }) })
}

const urls = Args.text({ name: "URL" }).pipe(
  Args.withDescription("foo is https://foo; http: is HTTP/2 with prior knowledge"),
  Args.repeated,
  Args.map((all) => all.map(unmark))
)

export const command = Command.make("get", { ...GetOptions.options, urls }, (given) =>
  Effect.gen(function* () {
    const options = yield* GetOptions.parse(given)
    const output = yield* Output
    const failures = yield* Effect.scoped(get(options)).pipe(
      (effect) => withTimeout(options, effect),
      Effect.catchAll((failure) => Effect.succeed([failure]))
    )
    output.progress()
    if (failures.length > 0) {
      return yield* Effect.fail(new Failures({ failures, isSilent: options.silent && !options.showError }))
    }
  })
).pipe(
  Command.withDescription(
    "Requests over HTTP/2, those to one origin at once on one connection, with the habits of curl. The bodies go to stdout, in the order of the URLs."
  )
)
