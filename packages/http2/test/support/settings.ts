/** An engine whose settings are changed in mid-connection, in either role, and its peer. */
import type * as Http2Connection from "@effect-http2/http2/Http2Connection"
import type * as Http2Error from "@effect-http2/http2/Http2Error"
import * as Frame from "@effect-http2/http2/Frame"
import * as Http2ServerResponse from "@effect-http2/http2/Http2ServerResponse"
import type * as Http2Server from "@effect-http2/http2/Http2Server"
import type * as Settings from "@effect-http2/http2/Settings"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { client, type Peer, server } from "./peer.js"
import { block, concat, get, type Pairs } from "./wire.js"

export interface Side {
  readonly peer: Peer
  readonly connection: Http2Connection.Http2Connection
  readonly failure: Effect.Effect<Http2Error.Http2Error>
}

export const answer = () => Effect.succeed(Http2ServerResponse.text("answer"))
const never = () => Effect.never

/** Both roles, with their preface read and acknowledged. */
export const sides: Readonly<Record<string, Effect.Effect<Side, Http2Error.Http2Error, Scope.Scope>>> = {
  "a server": Effect.tap(server(answer), ({ peer }) => peer.barrier(0x50)),
  "a client": Effect.tap(
    Effect.map(client(), (side) => ({ ...side, connection: side.client.connection })),
    ({ peer }) => peer.barrier(0x50)
  )
}

export const settingsSent = (peer: Peer) =>
  peer.frames.flatMap((frame) => (frame._tag === "Settings" && !frame.ack ? [frame.entries] : [])).slice(1)

/** Sends `changes`; hands over a fiber that waits for their acknowledgement, once the peer has them. */
export const update = ({ connection, peer }: Pick<Side, "connection" | "peer">, changes: Partial<Settings.Settings>) =>
  Effect.zipLeft(
    Effect.fork(connection.updateSettings(changes)),
    peer.await("Settings", (frame) => !frame.ack && frame.entries.length > 0)
  )

/** A server whose settings are changed, and whose handler never answers but at `/ok`. */
export const serverWith = (
  options: Http2Server.ServerOptions,
  handler: Http2Server.Handler<unknown, Scope.Scope> = never
) =>
  Effect.tap(
    server((request) => (request.path === "/ok" ? answer() : handler(request)), options),
    ({ peer }) => peer.barrier(0x50)
  )

export const okRequest: Pairs = [...get.slice(0, 3), [":path", "/ok"]]

/** Another request is answered. */
export const goesOn = (peer: Peer, streamId: number, prefix: ReadonlyArray<number> = []) =>
  Effect.gen(function* () {
    const fragment = concat([Uint8Array.from(prefix), block(okRequest)])
    yield* peer.send(new Frame.Headers(streamId, true, true, fragment, undefined))
    yield* peer.await("Data", (frame) => frame.streamId === streamId && frame.endStream)
  })
