/** A client's engine on what looks like a connection over TLS, whose server speaks of origins. */
import { Origin } from "@effect-http2/http2/ExtensionFrame"
import type * as Http2Client from "@effect-http2/http2/Http2Client"
import type { Peer } from "@effect-http2/http2/Transport"
import * as Effect from "effect/Effect"
import { client } from "./peer.js"

export const tls = {
  version: "TLSv1.3",
  cipher: "TLS_AES_128_GCM_SHA256",
  alpnProtocol: "h2",
  serverName: "Example.COM",
  authorized: true
}
export const secure = { local: undefined, remote: { host: "192.0.2.1", port: 443 }, tls } satisfies Peer
export const plain = { ...secure, tls: undefined } satisfies Peer
export const own = "https://example.com"
export const other = "https://other.example"

/** A client with a request on stream 1, `authority` as it says, over TLS unless it says otherwise. */
export const asked = (options: Http2Client.ClientOptions & { readonly at?: Peer } = {}, authority = "example.com") =>
  Effect.gen(function* () {
    const made = yield* client({ authority: "example.com", ...options, transport: { peer: options.at ?? secure } })
    const answer = yield* Effect.fork(Effect.either(made.client.collect({ authority })))
    yield* made.peer.await("Headers")
    return { ...made, answer, connection: made.client.connection }
  })

export const says = (...origins: ReadonlyArray<string>): Origin => new Origin(0, 0, origins)
export const setOf = (set: ReadonlySet<string> | undefined): ReadonlyArray<string> | undefined =>
  set === undefined ? undefined : [...set]
