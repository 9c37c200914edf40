/** The playground's routes: a request in, an Effect of a response out. Used by `server.ts`. */
import type { Http2Error } from "@effect-http2/effect4-http2/Http2Error"
import * as Http2ServerResponse from "@effect-http2/effect4-http2/Http2ServerResponse"
import type * as Http2ServerRequest from "@effect-http2/effect4-http2/Http2ServerRequest"
import * as Http2Stats from "@effect-http2/effect4-http2/Http2Stats"
import * as Page from "@effect-http2/scratchpad/page"
import * as Pattern from "@effect-http2/scratchpad/pattern"
import { bytesOf, delayOf, find, route, texts, tick, toRecord, type Routes } from "@effect-http2/scratchpad/routing"
import * as Clock from "effect/Clock"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import { createHash } from "node:crypto"

type Answer = Effect.Effect<Http2ServerResponse.Http2ServerResponse, Http2Error>
type Handle = (request: Http2ServerRequest.Http2ServerRequest) => Answer

const refusal = (status: number, text: string, headers?: { readonly allow: string }): Answer =>
  Effect.succeed(Http2ServerResponse.text(text, { status, headers }))

const notFound = refusal(404, texts.notFound)

/** Always the same response: made once, and no fiber is needed to give it out. */
const constant = (response: Http2ServerResponse.Http2ServerResponse): Handle => {
  const answer: Answer = Effect.succeed(response)
  return () => answer
}

const home: Handle = constant(
  Http2ServerResponse.text(Page.html, { headers: { "content-type": "text/html; charset=utf-8" } })
)

const count = (request: Http2ServerRequest.Http2ServerRequest): Effect.Effect<number, Http2Error> =>
  Stream.runFold(
    request.body,
    () => 0,
    (length, chunk) => length + chunk.length
  )

const posted: Handle = (request) =>
  Effect.map(count(request), (length) => Http2ServerResponse.text(texts.posted(length)))

const hello: Handle = constant(Http2ServerResponse.text(texts.hello, { headers: { "content-type": "text/plain" } }))

/** Pieces that all share one buffer, each made when it is asked for. */
const pattern = (length: number): Stream.Stream<Uint8Array> =>
  Stream.unfold(0, (offset) => {
    const piece = Pattern.pieceAt(offset, length)
    return Effect.succeed(piece === undefined ? undefined : ([piece, offset + piece.length] as const))
  })

const bytes: Handle = ({ path }) => {
  const length = bytesOf(path)
  if (length === undefined) return refusal(400, texts.badBytes)
  return Effect.succeed(
    Http2ServerResponse.make({
      headers: { "content-type": "application/octet-stream", "content-length": String(length) },
      body: pattern(length)
    })
  )
}

const delay: Handle = ({ path }) => {
  const millis = delayOf(path)
  if (millis === undefined) return refusal(400, texts.badDelay)
  return Effect.delay(Effect.succeed(Http2ServerResponse.text(texts.delayed(millis))), millis)
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
    ).pipe(Effect.map(() => Http2ServerResponse.jsonUnsafe({ length, sha256: hash.digest("hex") })))
  })

const encoder = new TextEncoder()

/** The same for everyone, made anew for each reader. */
const ticks = Stream.fromEffectSchedule(Clock.currentTimeMillis, Schedule.spaced("1 second")).pipe(
  Stream.zipWithIndex,
  Stream.map(([millis, id]) => encoder.encode(tick(id, millis)))
)

const events: Handle = ({ stream }) =>
  Effect.succeed(
    Http2ServerResponse.make({
      headers: { "content-type": "text/event-stream", "cache-control": "no-store" },
      // A server that is stopping does not wait for a body without an end.
      body: Stream.takeUntil(ticks, () => stream.isDraining)
    })
  )

const headers: Handle = ({ authority, headers, method, path, scheme }) =>
  Effect.sync(() => Http2ServerResponse.jsonUnsafe({ method, path, scheme, authority, headers: toRecord(headers) }))

class PlannedFailure extends Data.TaggedError("PlannedFailure") {
  override get message(): string {
    return texts.failure
  }
}

const fail: Handle = constant(
  Http2ServerResponse.make({
    headers: { "content-type": "text/plain" },
    body: Stream.concat(
      Stream.succeed(encoder.encode(texts.beforeFailure)),
      // Some clients throw away what they have when a reset comes right behind it.
      Stream.fromEffect(Effect.delay(Effect.fail(new PlannedFailure()), "100 millis"))
    )
  })
)

const hang: Handle = () => Effect.never

/** What the client would ask for next, before it can know. */
const push: Handle = (request) =>
  Effect.map(request.canPush ? Effect.as(request.push({ path: "/hello" }), true) : Effect.succeed(false), (was) =>
    Http2ServerResponse.text(texts.pushed(was))
  )

const statistics =
  (stats: Http2Stats.Http2Stats): Handle =>
  () =>
    Effect.sync(() =>
      Http2ServerResponse.jsonUnsafe({ ...Http2Stats.snapshot(stats), heapUsed: process.memoryUsage().heapUsed })
    )

/** The handler of all routes; `/stats` reads `stats`. */
export const make = (stats: Http2Stats.Http2Stats): Handle => {
  const routes: Routes<Handle> = {
    exact: new Map([
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
    ]),
    prefixed: [
      ["/bytes/", route({ GET: bytes })],
      ["/delay/", route({ GET: delay })]
    ]
  }
  return (request) => {
    const found = find(routes, request.path)
    if (found === undefined) return notFound
    const handle = found.handlers.get(request.method)
    return handle === undefined ? refusal(405, texts.notAllowed, { allow: found.allow }) : handle(request)
  }
}
