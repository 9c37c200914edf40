/** A server's bodies that wait for windows, and the order in which they go once these open. */
import type * as Frame from "@effect-http2/http2/Frame"
import * as Http2ServerResponse from "@effect-http2/http2/Http2ServerResponse"
import type * as Http2Server from "@effect-http2/http2/Http2Server"
import * as Settings from "@effect-http2/http2/Settings"
import * as Effect from "effect/Effect"
import { type Peer, server } from "./peer.js"
import { filled, get, headers, settings, windowUpdate } from "./wire.js"

export const frameSize = 16_384
export const initialWindow = (size: number) => settings([Settings.Id.INITIAL_WINDOW_SIZE, size])

/** A request whose path is its id. */
export const request = (id: number, priority?: string) =>
  headers(id, [
    ...get.slice(0, 3),
    [":path", `/${id}`],
    ...(priority === undefined ? [] : [["priority", priority] as const])
  ])

/** The ids of DATA frames in their order, from the `from`th frame on; a run of one id is written once. */
export const order = ({ frames }: Peer, from = 0): ReadonlyArray<number> => {
  const ids = frames.slice(from).flatMap((frame) => (frame._tag === "Data" ? [frame.streamId] : []))
  return ids.filter((id, i) => id !== ids[i - 1])
}

/** Three frames. */
export const body = filled(3 * frameSize)
export const large = () => Effect.succeed(Http2ServerResponse.make({ body }))

/** Opens the windows of all, which have been closed until now. */
export const openWindows = (peer: Peer) =>
  Effect.gen(function* () {
    yield* peer.send(windowUpdate(0, 10_000_000), initialWindow(1_000_000))
    yield* peer.barrier(0x77)
    // Its answer goes out in front of what waits: behind another one all that could be sent is there.
    yield* peer.barrier(0x78)
  })

/** The order in which the bodies go, of requests that have all been answered before any of them could be sent. */
export const orderOf = (
  frames: ReadonlyArray<Frame.Frame>,
  handler: Http2Server.Handler<never, never> = large,
  options: Http2Server.ServerOptions = {}
) =>
  Effect.gen(function* () {
    const { peer } = yield* server(handler, options)
    yield* peer.send(initialWindow(0), ...frames)
    yield* peer.barrier(1)
    yield* openWindows(peer)
    return order(peer)
  })
