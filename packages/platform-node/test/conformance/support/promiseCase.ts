/** A client that takes pushes, and promises as a server without any code of ours makes them. */
import type * as Http2Push from "@effect-http2/http2/Http2Push"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as U from "../../utils.js"
import * as C from "./clientCase.js"
import type * as Block from "@effect-http2/testkit/fieldBlock"
import * as Raw from "@effect-http2/testkit/rawFrame"
import { nothingLeft, request, type Way } from "./serverCase.js"

export const authority = "own.test"
export const options = { enablePush: true, authority }
/** Promises that say `http` do without TLS. */
export const plain: ReadonlyArray<Way> = ["together", "apart"]

/** Fields of a promised request. */
export const promiseOf = (changes: Readonly<Record<string, string | undefined>> = {}): Buffer =>
  request({ ":path": "/style.css", ":authority": authority, ...changes })

export const promise = (changes?: Readonly<Record<string, string | undefined>>, id = 2, on = 1): Buffer =>
  Raw.pushPromise(on, id, promiseOf(changes))

export interface Pushed {
  readonly method: string
  readonly path: string
  readonly streamId: number
  readonly associatedStreamId: number
  readonly status: number
  readonly body: string
  readonly trailers: ReadonlyArray<Block.Pair>
}

export const read = (push: Http2Push.Push) =>
  Effect.scoped(
    Effect.gen(function* () {
      const response = yield* push.response
      const body = yield* response.text()
      const { fields } = yield* response.trailers
      const { associatedStreamId, method, path, streamId } = push
      const trailers = fields.map(({ name, value }) => [name, value] as const)
      return { method, path, streamId, associatedStreamId, status: response.status, body, trailers }
    })
  )

/** The next promise, and the whole of its response. */
export const nextPush = ({ client }: C.Run) =>
  client.pushes.pipe(
    Stream.take(1),
    Stream.runCollect,
    Effect.map((pushes) => Chunk.unsafeGet(pushes, 0))
  )

/** A client that takes pushes and has asked for something. At the end the connection goes on, and nothing is left. */
export const asked = (
  title: string,
  test: (run: C.Run) => Effect.Effect<unknown, unknown>,
  given: Parameters<typeof C.open>[1] = {}
): void =>
  U.check(title, () =>
    Effect.gen(function* () {
      const [client, peer, stats] = yield* C.open(false, { ...options, ...given })
      yield* C.shake(peer)
      const run = yield* C.ask(client, peer)
      yield* test(run)
      if (peer.log.some((line) => line.startsWith("PUSH_PROMISE"))) yield* peer.fail("a client cannot push")
      peer.end()
      return stats
    }).pipe(Effect.scoped, Effect.flatMap(nothingLeft))
  )
