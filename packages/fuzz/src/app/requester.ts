/**
 * The user of the client under test: asks for what it wishes, each in a fiber of its own, and notes what it gets.
 */
import type * as Http2Client from "@effect-http2/http2/Http2Client"
import type * as Http2Error from "@effect-http2/http2/Http2Error"
import type { Push } from "@effect-http2/http2/Http2Push"
import type { Body } from "@effect-http2/http2/Http2ServerResponse"
import type { Http2IncomingMessage } from "@effect-http2/http2/Http2IncomingMessage"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { Pairs } from "@effect-http2/testkit/fieldBlock"
import { piecesOf } from "./handler.js"
import { differsAt, pattern } from "./pattern.js"

export interface Wish {
  /** Names it: part of its path. */
  readonly n: number
  readonly method: string
  readonly authority: string
  readonly fields: Pairs
  readonly body: "none" | "octets" | "stream"
  readonly length: number
  readonly piece: number
  /** ms between two pieces, of either body. */
  readonly pause: number
  readonly trailers: Pairs | undefined
  /** How the response is read: whole, by `collect`; as it comes; with pauses; not at all. */
  readonly read: "whole" | "stream" | "slow" | "none"
  readonly isTunnel: boolean
}

/** What came of a wish. */
export class Got {
  status = 0
  fields: Pairs = []
  readonly informational: Array<number> = []
  length = 0
  /** Where the body differs from its stream's pattern, -1 where it does not. */
  differsAt = -1
  trailers: Pairs | undefined = undefined
  /** Undefined while it is not over. */
  outcome: "whole" | Http2Error.Http2Error | undefined = undefined
}

export const pathOf = (n: number): string => `/r/${n}`
export const tunnelAuthority = (n: number): string => `r${n}.test:1`

/** The number in a request's pseudo-header fields, -1 where there is none. */
export const numberOf = (pairs: Pairs): number => {
  const pseudo = new Map(pairs)
  const text = pseudo.get(":path") ?? pseudo.get(":authority") ?? ""
  return Number(/^(?:\/r\/|r)(\d+)/.exec(text)?.[1] ?? -1)
}

const bodyOf = ({ body, length, n, pause, piece }: Wish): Body =>
  body === "none" ? undefined : body === "octets" ? pattern(n, 0, length) : piecesOf(n, length, piece, pause)

const note = (got: Got, id: number, octets: Uint8Array): void => {
  if (got.differsAt < 0) got.differsAt = differsAt(id, got.length, octets)
  got.length += octets.length
}

const noting =
  (got: Got) =>
  (effect: Effect.Effect<void, Http2Error.Http2Error>): Effect.Effect<void> =>
    Effect.match(effect, {
      onFailure: (error) => {
        got.outcome = error
      },
      onSuccess: () => {
        got.outcome = "whole"
      }
    })

/** Grants a wish. Never fails: what comes of it is noted. */
export const grant = (client: Http2Client.Http2Client, wish: Wish, got: Got): Effect.Effect<void> =>
  (wish.isTunnel
    ? tunnel(client, wish, got)
    : wish.read === "whole"
      ? collect(client, wish, got)
      : read(client, wish, got)
  ).pipe(noting(got))

const requestOf = (wish: Wish, got: Got) => ({
  method: wish.method,
  path: pathOf(wish.n),
  authority: wish.authority,
  headers: wish.fields,
  body: bodyOf(wish),
  ...(wish.trailers === undefined ? {} : { trailers: wish.trailers }),
  onInformational: (status: number) => {
    got.informational.push(status)
  }
})

const noteHead = (
  got: Got,
  response: { readonly status: number; readonly headers: Iterable<readonly [string, string]> }
) => {
  got.status = response.status
  got.fields = [...response.headers]
}

/** `collect` does not say on which stream it was: the fields do. */
const streamOf = (got: Got): number => Number(new Map(got.fields).get("x-id") ?? 0)

const collect = (client: Http2Client.Http2Client, wish: Wish, got: Got): Effect.Effect<void, Http2Error.Http2Error> =>
  Effect.map(client.collect(requestOf(wish, got)), (response) => {
    noteHead(got, response)
    note(got, streamOf(got), response.body)
    got.trailers = [...response.trailers]
  })

const read = (client: Http2Client.Http2Client, wish: Wish, got: Got): Effect.Effect<void, Http2Error.Http2Error> =>
  Effect.scoped(
    Effect.flatMap(client.request(requestOf(wish, got)), (response) => {
      noteHead(got, response)
      if (wish.read === "none") return Effect.asVoid(Effect.succeed(response))
      return readBody(response, wish, got, streamOf(got))
    })
  )

const readBody = (
  message: Http2IncomingMessage,
  wish: { readonly read: Wish["read"]; readonly pause: number },
  got: Got,
  id: number
): Effect.Effect<void, Http2Error.Http2Error> =>
  Stream.runForEach(message.body, (octets) => {
    note(got, id, octets)
    return wish.read === "slow" ? Effect.sleep(Math.max(1, wish.pause)) : Effect.void
  }).pipe(
    Effect.zipRight(message.trailers),
    Effect.map((trailers) => {
      got.trailers = [...trailers]
    })
  )

/** What the user does with a push: reads it, with pauses or without, gives it up, or leaves it alone. */
export type PushUse = "stream" | "slow" | "cancel" | "nothing"

export const useOf = (streamId: number): PushUse =>
  (["stream", "slow", "cancel", "nothing"] as const)[(streamId >> 1) % 4] ?? "nothing"

/** Never fails: what comes of it is noted. */
export const usePush = (push: Push, got: Got): Effect.Effect<void> => {
  const use = useOf(push.streamId)
  if (use === "nothing") return Effect.void
  if (use === "cancel") return push.cancel
  return Effect.scoped(
    Effect.flatMap(push.response, (response) => {
      noteHead(got, response)
      return readBody(response, { read: use, pause: 3 }, got, push.streamId)
    })
  ).pipe(noting(got))
}

/** Sends what the wish has, and reads until the other side ends. */
const tunnel = (client: Http2Client.Http2Client, wish: Wish, got: Got): Effect.Effect<void, Http2Error.Http2Error> =>
  Effect.scoped(
    Effect.gen(function* () {
      const { response, tunnel } = yield* client.tunnel({ authority: tunnelAuthority(wish.n), headers: wish.fields })
      noteHead(got, response)
      const write = Effect.zipRight(
        Stream.runForEach(piecesOf(wish.n, wish.length, wish.piece, wish.pause), (octets) => tunnel.write(octets)),
        tunnel.end
      )
      const isOpen = response.status >= 200 && response.status < 300
      yield* isOpen
        ? Effect.all([write, readBody(response, wish, got, streamOf(got))], { concurrency: 2, discard: true })
        : readBody(response, wish, got, streamOf(got))
    })
  )
