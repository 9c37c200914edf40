/** A client's engine on what looks like a connection over TLS, whose server speaks of origins. */
import { Origin } from "@effect-http2/http2/ExtensionFrame"
import type * as Http2Client from "@effect-http2/http2/Http2Client"
import * as ErrorCode from "@effect-http2/http2/ErrorCode"
import * as Frame from "@effect-http2/http2/Frame"
import type { Peer as Address } from "@effect-http2/http2/Transport"
import * as Effect from "effect/Effect"
import { client, type Peer } from "./peer.js"
import { headers, ok } from "./wire.js"

export const tls = {
  version: "TLSv1.3",
  cipher: "TLS_AES_128_GCM_SHA256",
  alpnProtocol: "h2",
  serverName: "Example.COM",
  authorized: true
}
export const secure = { local: undefined, remote: { host: "192.0.2.1", port: 443 }, tls } satisfies Address
export const plain = { ...secure, tls: undefined } satisfies Address
export const own = "https://example.com"
export const other = "https://other.example"

/** A client with a request on stream 1, `authority` as it says, over TLS unless it says otherwise. */
export const asked = (
  options: Http2Client.ClientOptions & { readonly at?: Address; readonly listener?: Http2Client.ClientListener } = {},
  authority = "example.com"
) =>
  Effect.gen(function* () {
    const made = yield* client({ authority: "example.com", ...options, transport: { peer: options.at ?? secure } })
    const answer = yield* Effect.fork(Effect.either(made.client.collect({ authority })))
    yield* made.peer.await("Headers")
    return { ...made, answer, connection: made.client.connection }
  })

export const says = (...origins: ReadonlyArray<string>): Origin => new Origin(0, 0, origins)
export const setOf = (set: ReadonlySet<string> | undefined): ReadonlyArray<string> | undefined =>
  set === undefined ? undefined : [...set]

/** The server answers stream 1 and ends the connection cleanly. */
export const leave = (peer: Peer): Effect.Effect<void> =>
  Effect.zipRight(
    peer.send(headers(1, ok), new Frame.GoAway(1, ErrorCode.NO_ERROR, new Uint8Array(0))),
    peer.scripted.end
  )
