/** Handlers that push, and what a client without any code of ours sees of it. */
import type * as Http2Push from "@effect-http2/http2/Http2Push"
import * as Http2ServerResponse from "@effect-http2/http2/Http2ServerResponse"
import type * as Http2Server from "@effect-http2/http2/Http2Server"
import type * as Http2ServerRequest from "@effect-http2/http2/Http2ServerRequest"
import type * as Http2Stats from "@effect-http2/http2/Http2Stats"
import type * as NodeHttp2 from "@effect-http2/platform-node/NodeHttp2"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as U from "../../utils.js"
import * as Raw from "@effect-http2/testkit/rawFrame"
import type * as RawPeer from "@effect-http2/testkit/rawPeer"
import * as S from "./serverCase.js"

const { Type } = Raw

export type Handler = Http2Server.Handler<unknown, never>
/** As a program may have it that is not checked by the compiler. */
export type Promised = Omit<Http2Push.PromisedRequest, "method"> & { readonly method?: string }

export const attempt = (request: Http2ServerRequest.Http2ServerRequest, promise: Promised): Effect.Effect<string> =>
  Effect.match(request.push(promise as Http2Push.PromisedRequest), {
    onFailure: (error) => `${error._tag} ${error.origin} ${"section" in error ? error.section : ""}`,
    onSuccess: () => "pushed"
  })

export const misuse = (section: string): string => `Http2StreamError User ${section}`

/** `/` pushes `promises` and says in its body what came of each; what is promised is answered at once, `/hang` never. */
export const pushing =
  (...promises: ReadonlyArray<Promised>): Handler =>
  (request) => {
    if (request.path === "/hang") return Effect.never
    if (request.path !== "/") return Effect.succeed(Http2ServerResponse.text(`This is ${request.path}`))
    return Effect.map(
      Effect.forEach(promises, (promise) => attempt(request, promise)),
      (outcomes) => Http2ServerResponse.text(outcomes.join(), { headers: { link: "</style.css>; rel=preload" } })
    )
  }

export const css: Promised = { path: "/style.css" }
export const hang: Promised = { path: "/hang" }

export type Test = (peer: RawPeer.RawPeer, stats: Http2Stats.Http2Stats) => Effect.Effect<unknown, unknown, Scope.Scope>

/** A test with a client that has shaken hands, at whose end the connection goes on, and nothing is left behind it. */
export const check = (
  title: string,
  handler: Handler,
  test: Test,
  options: NodeHttp2.ServeOptions & { readonly settings?: ReadonlyArray<readonly [number, number]> } = {}
): void =>
  U.check(title, () =>
    Effect.gen(function* () {
      const [peer, stats] = yield* S.open(handler, options)
      yield* S.shake(peer, ...(options.settings ?? []))
      yield* test(peer, stats)
      yield* S.goOn(peer)
      peer.end()
      yield* S.nothingLeft(stats)
    })
  )

/** Whether a frame ends the response on `id`. */
export const ends =
  (id: number) =>
  ({ flags, streamId, type }: Raw.RawFrame): boolean =>
    streamId === id && (type === Type.DATA || type === Type.HEADERS) && (flags & Raw.END_STREAM) !== 0

/** Frames up to the end of the response on `id`. */
export const upToEnd = (peer: RawPeer.RawPeer, id: number): Effect.Effect<ReadonlyArray<Raw.RawFrame>> =>
  peer.until(`the end of ${id}`, ends(id))

export const textOf = (frames: ReadonlyArray<Raw.RawFrame>, id: number): string =>
  frames
    .filter(({ streamId, type }) => streamId === id && type === Type.DATA)
    .map(({ payload }) => payload.toString("latin1"))
    .join("")

/** Asks on `id`, and gives what the handler says came of its promises. No frame of PUSH_PROMISE may come. */
export const asked = (
  peer: RawPeer.RawPeer,
  id = 1,
  headers: Uint8Array = Raw.headers(id, S.get)
): Effect.Effect<string> =>
  Effect.gen(function* () {
    yield* peer.send(headers)
    const frames = yield* upToEnd(peer, id)
    if (frames.some(({ type }) => type === Type.PUSH_PROMISE)) return yield* peer.fail("nothing should be promised")
    return textOf(frames, id)
  })

export const isResponse = ({ streamId, type }: Raw.RawFrame): boolean =>
  streamId !== 0 && (type === Type.HEADERS || type === Type.DATA || type === Type.PUSH_PROMISE)

/** Type, stream and flags of each frame of requests and responses. */
export const shape = (frames: ReadonlyArray<Raw.RawFrame>): ReadonlyArray<readonly [number, number, number]> =>
  frames.filter(isResponse).map(({ flags, streamId, type }) => [type, streamId, flags] as const)

export const promisedId = ({ payload }: Raw.RawFrame): number => payload.readUInt32BE(0)
