/** A server's handler and a client, joined in memory. */
import * as Http2Client from "@effect-http2/effect4-http2/Http2Client"
import type * as Http2Connection from "@effect-http2/effect4-http2/Http2Connection"
import * as Http2Server from "@effect-http2/effect4-http2/Http2Server"
import * as Http2Stats from "@effect-http2/effect4-http2/Http2Stats"
import * as MemoryTransport from "@effect-http2/effect4-http2/MemoryTransport"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { expect } from "vitest"

export interface Engines {
  readonly client: Http2Client.Http2Client
  readonly server: Http2Connection.Http2Connection
  readonly serverStats: Http2Stats.Http2Stats
  readonly clientStats: Http2Stats.Http2Stats
}

export interface Options {
  readonly server?: Http2Server.ServerOptions
  readonly client?: Http2Client.ClientOptions
  readonly transport?: MemoryTransport.Options
}

/** Runs `use` with a client that talks to `handler`. When it is done and all is closed, nothing may be left. */
export const engines = Effect.fnUntraced(function* <EH, A, E>(
  handler: Http2Server.Handler<EH, Scope.Scope>,
  use: (engines: Engines) => Effect.Effect<A, E, Scope.Scope>,
  options: Options = {}
) {
  const serverStats = Http2Stats.make()
  const clientStats = Http2Stats.make()
  let both: ReadonlyArray<Http2Connection.Http2Connection> = []
  const result = yield* Effect.scoped(
    Effect.gen(function* () {
      const [near, far] = yield* MemoryTransport.make(options.transport)
      const server = yield* Http2Server.make(far, handler, { stats: serverStats, ...options.server })
      const client = yield* Http2Client.make(near, { authority: "test", stats: clientStats, ...options.client })
      both = [server, client.connection]
      return yield* Effect.scoped(use({ client, server, serverStats, clientStats }))
    })
  )
  for (const stats of [serverStats, clientStats]) {
    const { activeHandlers, activeStreams, connections } = Http2Stats.snapshot(stats)
    expect({ activeHandlers, activeStreams, connections }).toEqual({
      activeHandlers: 0,
      activeStreams: 0,
      connections: 0
    })
  }
  expect(both.map((connection) => connection.unreadOctets)).toEqual([0, 0])
  return result
})

/** After this turn of the event loop: what was put off to its end has happened. */
export const nextTurn: Effect.Effect<void> = Effect.promise(() => new Promise<void>((resolve) => setImmediate(resolve)))

/** Lets the event loop turn until `condition` holds; dies when it still does not after many turns. */
export const eventually = Effect.fnUntraced(function* (condition: () => boolean) {
  for (let turns = 0; turns < 2000; turns++) {
    if (condition()) return
    yield* nextTurn
  }
  return yield* Effect.die(new Error(`never: ${condition.toString()}`))
})

/** `octets` in pieces of `size`, each to be pulled by itself. */
export const inPieces = (octets: Uint8Array, size: number): Stream.Stream<Uint8Array> =>
  Stream.fromIterable(
    Array.from({ length: Math.ceil(octets.length / size) }, (_, index) =>
      octets.subarray(index * size, (index + 1) * size)
    )
  ).pipe(Stream.rechunk(1))
