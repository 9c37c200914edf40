/** The playground's routes: a request in, an Effect of a response out. Used by `server.ts`. */
import type * as Headers from "@effect-http2/http2/Headers"
import type { Http2Error } from "@effect-http2/http2/Http2Error"
import * as Http2ServerResponse from "@effect-http2/http2/Http2ServerResponse"
import type * as Http2ServerRequest from "@effect-http2/http2/Http2ServerRequest"
import * as Http2Stats from "@effect-http2/http2/Http2Stats"
import * as Clock from "effect/Clock"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import { createHash } from "node:crypto"
import * as Page from "./page.js"
import * as Pattern from "./pattern.js"

type Answer = Effect.Effect<Http2ServerResponse.Http2ServerResponse, Http2Error>
type Handle = (request: Http2ServerRequest.Http2ServerRequest) => Answer

/** What a route does with each method it knows, and how it refuses the others. */
interface Route {
  readonly handlers: ReadonlyMap<string, Handle>
  readonly notAllowed: Answer
}

/** The largest body of `/bytes/N`, 10 GiB. */
const maxBytes = 10 * 1024 ** 3
const maxDelayMillis = 60_000

const route = (handlers: { readonly GET?: Handle; readonly POST?: Handle }): Route => {
  // HEAD is GET whose content the engine leaves out (RFC 9110 §9.3.2).
  const all = Object.entries({ ...handlers, ...(handlers.GET === undefined ? {} : { HEAD: handlers.GET }) })
  return {
    handlers: new Map(all),
    notAllowed: Effect.succeed(
      Http2ServerResponse.text("405 Method Not Allowed\n", {
        status: 405,
        headers: { allow: all.map(([method]) => method).join(", ") }
      })
    )
  }
}

const withoutQuery = (path: string): string => {
  const query = path.indexOf("?")
  return query === -1 ? path : path.slice(0, query)
}

const notFound: Answer = Effect.succeed(Http2ServerResponse.text("404 Not Found\n", { status: 404 }))

const badRequest = (reason: string): Answer =>
  Effect.succeed(Http2ServerResponse.text(`400 Bad Request: ${reason}\n`, { status: 400 }))

/** Always the same response: made once, and no fiber is needed to give it out. */
const constant = (response: Http2ServerResponse.Http2ServerResponse): Handle => {
  const answer: Answer = Effect.succeed(response)
  return () => answer
}

const home: Handle = constant(
  Http2ServerResponse.text(Page.html, { headers: { "content-type": "text/html; charset=utf-8" } })
)

const count = (request: Http2ServerRequest.Http2ServerRequest): Effect.Effect<number, Http2Error> =>
  Stream.runFold(request.body, 0, (length, chunk) => length + chunk.length)

const posted: Handle = (request) =>
  Effect.map(count(request), (length) => Http2ServerResponse.text(`Thank you for ${length} bytes.\n`))

const hello: Handle = constant(Http2ServerResponse.text("Hello World!", { headers: { "content-type": "text/plain" } }))

/** The number that a path ends in, or undefined where it is none or above `most`. */
const numberAfter = (prefix: string, path: string, most: number): number | undefined => {
  const digits = withoutQuery(path).slice(prefix.length)
  const value = /^\d{1,11}$/.test(digits) ? Number(digits) : Number.NaN
  return value <= most ? value : undefined
}

const bytes: Handle = ({ path }) => {
  const length = numberAfter("/bytes/", path, maxBytes)
  if (length === undefined) return badRequest(`/bytes/N takes a whole number from 0 to ${maxBytes}`)
  return Effect.succeed(
    Http2ServerResponse.make({
      headers: { "content-type": "application/octet-stream", "content-length": String(length) },
      body: Pattern.stream(length)
    })
  )
}

const delay: Handle = ({ path }) => {
  const millis = numberAfter("/delay/", path, maxDelayMillis)
  if (millis === undefined) return badRequest(`/delay/MS takes a whole number from 0 to ${maxDelayMillis}`)
  return Effect.succeed(Http2ServerResponse.text(`${millis} ms later.\n`)).pipe(Effect.delay(millis))
}

const echo: Handle = (request) =>
  Effect.sync(() => {
    let length = 0
    return Http2ServerResponse.make({
      headers: {
        "content-type": request.headers.get("content-type") ?? "application/octet-stream",
        trailer: "x-echo-bytes"
      },
      body: Stream.map(request.body, (chunk) => {
        length += chunk.length
        return chunk
      }),
      trailers: Effect.sync(() => ({ "x-echo-bytes": String(length) }))
    })
  })

const upload: Handle = (request) =>
  Effect.suspend(() => {
    const hash = createHash("sha256")
    let length = 0
    return Stream.runForEach(request.body, (chunk) =>
      Effect.sync(() => {
        hash.update(chunk)
        length += chunk.length
      })
    ).pipe(Effect.map(() => Http2ServerResponse.unsafeJson({ length, sha256: hash.digest("hex") })))
  })

const encoder = new TextEncoder()

/** The same for everyone, made anew for each reader. */
const ticks = Stream.repeatEffectWithSchedule(Clock.currentTimeMillis, Schedule.spaced("1 second")).pipe(
  Stream.zipWithIndex,
  Stream.map(([millis, id]) => {
    const data = JSON.stringify({ tick: id, time: new Date(millis).toISOString() })
    return encoder.encode(`id: ${id}\ndata: ${data}\n\n`)
  })
)

const events: Handle = ({ stream }) =>
  Effect.succeed(
    Http2ServerResponse.make({
      headers: { "content-type": "text/event-stream", "cache-control": "no-store" },
      // A server that is stopping does not wait for a body without an end.
      body: Stream.takeUntil(ticks, () => stream.isDraining)
    })
  )

const toRecord = (headers: Headers.Headers): { readonly [name: string]: string | ReadonlyArray<string> } =>
  Object.fromEntries(
    headers.fields.map(({ name }) => {
      const values = headers.getAll(name)
      return [name, values.length > 1 ? values : (values[0] ?? "")]
    })
  )

const headers: Handle = ({ authority, headers, method, path, scheme }) =>
  Effect.sync(() => Http2ServerResponse.unsafeJson({ method, path, scheme, authority, headers: toRecord(headers) }))

class PlannedFailure extends Data.TaggedError("PlannedFailure") {
  override get message(): string {
    return "this body fails after its first chunk, as /fail always does"
  }
}

const fail: Handle = constant(
  Http2ServerResponse.make({
    headers: { "content-type": "text/plain" },
    body: Stream.concat(
      Stream.succeed(encoder.encode("The first chunk, and no second one.\n")),
      // Some clients throw away what they have when a reset comes right behind it.
      Stream.fromEffect(Effect.delay(Effect.fail(new PlannedFailure()), "100 millis"))
    )
  })
)

const hang: Handle = () => Effect.never

/** What the client would ask for next, before it can know. */
const push: Handle = (request) =>
  Effect.map(request.canPush ? Effect.as(request.push({ path: "/hello" }), "") : Effect.succeed("not "), (not) =>
    Http2ServerResponse.text(`/hello was ${not}pushed.\n`)
  )

const statistics =
  (stats: Http2Stats.Http2Stats): Handle =>
  () =>
    Effect.sync(() =>
      Http2ServerResponse.unsafeJson({ ...Http2Stats.snapshot(stats), heapUsed: process.memoryUsage().heapUsed })
    )

const prefixed: ReadonlyArray<readonly [prefix: string, route: Route]> = [
  ["/bytes/", route({ GET: bytes })],
  ["/delay/", route({ GET: delay })]
]

/** The handler of all routes; `/stats` reads `stats`. */
export const make = (stats: Http2Stats.Http2Stats): Handle => {
  const exact: ReadonlyMap<string, Route> = new Map([
    ["/", route({ GET: home, POST: posted })],
    ["/hello", route({ GET: hello })],
    ["/echo", route({ POST: echo })],
    ["/upload", route({ POST: upload })],
    ["/events", route({ GET: events })],
    ["/headers", route({ GET: headers })],
    ["/fail", route({ GET: fail })],
    ["/hang", route({ GET: hang })],
    ["/push", route({ GET: push })],
    ["/stats", route({ GET: statistics(stats) })]
  ])
  return (request) => {
    const found =
      exact.get(request.path) ??
      exact.get(withoutQuery(request.path)) ??
      prefixed.find(([prefix]) => request.path.startsWith(prefix))?.[1]
    if (found === undefined) return notFound
    const handle = found.handlers.get(request.method)
    return handle === undefined ? found.notAllowed : handle(request)
  }
}
