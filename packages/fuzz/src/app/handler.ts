/**
 * The handler of the server under test: does what the path says, and notes what it received.
 */
import type * as Http2Error from "@effect-http2/http2/Http2Error"
import * as Headers from "@effect-http2/http2/Headers"
import * as Http2ServerResponse from "@effect-http2/http2/Http2ServerResponse"
import type * as Http2Server from "@effect-http2/http2/Http2Server"
import type * as Http2ServerRequest from "@effect-http2/http2/Http2ServerRequest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as Behaviour from "./behaviour.js"
import { differsAt, pattern } from "./pattern.js"

/** A request as a handler got it. */
export interface Received {
  readonly method: string
  readonly path: string
  readonly authority: string
  readonly fields: ReadonlyArray<readonly [string, string]>
  /** Octets of the body so far. */
  length: number
  /** Where the body differs from the stream's pattern, -1 where it does not. */
  differsAt: number
  trailers: ReadonlyArray<readonly [string, string]> | undefined
  /** How reading ended: undefined while it did not, or where nobody reads. */
  outcome: "whole" | Http2Error.Http2Error | undefined
}

export const trailersOf = (id: number): ReadonlyArray<readonly [string, string]> => [
  ["x-end", String(id)],
  ["x-sum", "abc"]
]

const informationalFields = Headers.make([["link", "</style.css>; rel=preload"]])

type Body = Stream.Stream<Uint8Array, Http2Error.Http2Error>

/** The body in pieces, with pauses. */
export const piecesOf = (id: number, length: number, piece: number, pause: number): Stream.Stream<Uint8Array> =>
  Stream.unfoldEffect(0, (from) => {
    if (from >= length) return Effect.succeedNone
    const octets = pattern(id, from, Math.min(piece, length - from))
    const next = Effect.succeedSome([octets, from + octets.length] as const)
    return pause > 0 ? Effect.delay(next, pause) : next
  }).pipe(Stream.rechunk(1))

export const makeHandler =
  (inbox: Map<number, Received>): Http2Server.Handler<unknown, never> =>
  (request) => {
    const { id } = request.stream
    const behaviour = Behaviour.ofPath(request.path)
    const received: Received = {
      method: request.method,
      path: request.path,
      authority: request.authority,
      fields: [...request.headers],
      length: 0,
      differsAt: -1,
      trailers: undefined,
      outcome: undefined
    }
    inbox.set(id, received)
    return request.method === "CONNECT" ? tunnel(request, received) : respond(request, behaviour, received)
  }

const note = (received: Received, id: number, octets: Uint8Array): void => {
  if (received.differsAt < 0) received.differsAt = differsAt(id, received.length, octets)
  received.length += octets.length
}

/** The body as it comes, noted. */
const watched = (request: Http2ServerRequest.Http2ServerRequest, received: Received): Body =>
  Stream.tap(request.body, (octets) => Effect.sync(() => note(received, request.stream.id, octets))).pipe(
    Stream.tapError((error) =>
      Effect.sync(() => {
        received.outcome = error
      })
    )
  )

const readAll = (
  request: Http2ServerRequest.Http2ServerRequest,
  behaviour: Behaviour.Behaviour,
  received: Received
): Effect.Effect<void, Http2Error.Http2Error> => {
  const { pause, read } = behaviour
  if (read === "none") return Effect.void
  const all =
    read === "whole"
      ? Effect.map(request.bytes(), (octets) => note(received, request.stream.id, octets))
      : Stream.runForEach(request.body, (octets) => {
          note(received, request.stream.id, octets)
          return read === "slow" ? Effect.sleep(Math.max(1, pause)) : Effect.void
        })
  return finishing(Effect.asVoid(all), request, received)
}

const finishing = (
  all: Effect.Effect<void, Http2Error.Http2Error>,
  request: Http2ServerRequest.Http2ServerRequest,
  received: Received
): Effect.Effect<void, Http2Error.Http2Error> =>
  Effect.zipRight(all, request.trailers).pipe(
    Effect.tapBoth({
      onFailure: (error) =>
        Effect.sync(() => {
          received.outcome = error
        }),
      onSuccess: (trailers) =>
        Effect.sync(() => {
          received.trailers = [...trailers]
          received.outcome = "whole"
        })
    }),
    Effect.asVoid
  )

const responseOf = (
  request: Http2ServerRequest.Http2ServerRequest,
  behaviour: Behaviour.Behaviour,
  received: Received
): Http2ServerResponse.Http2ServerResponse => {
  const { body, hasTrailers, length, pause, piece, status } = behaviour
  const { id } = request.stream
  const octets: Http2ServerResponse.Body =
    body === "octets"
      ? pattern(id, 0, length)
      : body === "echo"
        ? echo(request, received)
        : piecesOf(id, length, piece, pause)
  return Http2ServerResponse.make({
    status,
    headers: [["x-id", String(id)]],
    body: octets,
    ...(hasTrailers ? { trailers: trailersOf(id) } : {})
  })
}

const echo = (request: Http2ServerRequest.Http2ServerRequest, received: Received): Body =>
  Stream.concat(
    watched(request, received),
    Stream.execute(Effect.suspend(() => finishing(Effect.void, request, received)))
  )

const respond = (
  request: Http2ServerRequest.Http2ServerRequest,
  behaviour: Behaviour.Behaviour,
  received: Received
): Effect.Effect<Http2ServerResponse.Http2ServerResponse, unknown> => {
  const { body, informational, pushes, readsFirst } = behaviour
  const { id } = request.stream
  if (body === "octets" && informational === 0 && pushes === 0 && behaviour.read === "none") {
    return Effect.succeed(responseOf(request, behaviour, received))
  }
  return Effect.gen(function* () {
    for (let n = 0; n < pushes; n++) yield* push(request, Behaviour.pushed(behaviour, n))
    for (let i = 0; i < informational; i++) yield* request.informational(103, informationalFields)
    if (body === "never") return yield* Effect.never
    if (body === "fail") return yield* Effect.fail(`asked for on ${id}`)
    const response = responseOf(request, behaviour, received)
    if (body === "echo") return response
    if (!readsFirst) yield* request.respond(response)
    yield* readAll(request, behaviour, received)
    return response
  })
}

/** Nobody minds where the client does not take it. */
const push = (request: Http2ServerRequest.Http2ServerRequest, behaviour: Behaviour.Behaviour): Effect.Effect<void> =>
  Effect.ignore(request.push({ path: Behaviour.toPath(behaviour), headers: [["x-pushed", String(request.stream.id)]] }))

/** Sends back what comes. */
const tunnel = (
  request: Http2ServerRequest.Http2ServerRequest,
  received: Received
): Effect.Effect<Http2ServerResponse.Http2ServerResponse, unknown> =>
  Effect.gen(function* () {
    const tunnel = yield* request.tunnel()
    yield* Stream.runForEach(tunnel.incoming, (octets) => {
      note(received, request.stream.id, octets)
      return tunnel.write(octets)
    })
    received.outcome = "whole"
    yield* tunnel.end
    return Http2ServerResponse.empty()
  })
