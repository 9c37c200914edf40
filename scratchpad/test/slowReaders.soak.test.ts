/** A thousand readers that do not read, on one connection, and what else that connection still does. */
import type { Http2Error } from "@effect-http2/http2/Http2Error"
import * as NodeHttp2 from "@effect-http2/platform-node/NodeHttp2"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { describe, expect, it } from "vitest"
import { period } from "../plain/pattern.js"
import { settled, stats, toMiB, until } from "./support/observe.js"
import { usePlayground } from "./support/suite.js"

const length = 10 * 1024 * 1024
const readers = 1000
const streamWindow = 10_000

describe.each(["http", "https"] as const)("1,000 slow readers on one connection over %s", (scheme) => {
  const server = usePlayground()

  const run = <A>(effect: Effect.Effect<A, Http2Error, Scope.Scope>): Promise<A> =>
    Effect.runPromise(Effect.scoped(effect))

  it("do not delay /hello on it, and can read on afterwards", async () => {
    const before = await stats(server)
    await run(
      Effect.gen(function* () {
        const client = yield* NodeHttp2.connect(server[scheme], {
          tls: { rejectUnauthorized: false },
          // The connection never blocks; every stream does, at its own window.
          connectionWindowSize: 2 * readers * streamWindow,
          initialWindowSize: streamWindow
        })
        const { connection } = client
        // The server's limit on streams is known behind its SETTINGS.
        yield* connection.ping
        const scope = yield* Scope.make()
        const responses = yield* Effect.forEach(
          Array.from({ length: readers }),
          () => client.request({ path: `/bytes/${length}` }),
          { concurrency: "unbounded" }
        ).pipe(Scope.extend(scope))
        // Every window is used up when the octets of all windows lie here unread; a PING is a round trip.
        while (connection.unreadOctets < readers * streamWindow) yield* connection.ping
        const hello = yield* Effect.scoped(
          Effect.flatMap(client.request({ path: "/hello" }), (response) => response.text())
        )
        expect(hello).toBe("Hello World!")
        // All are still there, and still blocked: it was not their end that let /hello through.
        expect(connection.unreadOctets).toBe(readers * streamWindow)
        expect(connection.activeStreams).toBe(readers)
        const during = yield* Effect.promise(() => stats(server))
        expect(during).toMatchObject({ activeStreams: readers + 1, activeHandlers: readers + 1 })
        expect(toMiB(during.heapUsed - before.heapUsed)).toBeLessThan(150)
        for (const index of [0, 500, 999]) {
          let position = 0
          let wrong = 0
          const { body } = responses[index] ?? expect.fail("no response")
          yield* Stream.runForEach(body, (chunk) =>
            Effect.sync(() => {
              for (const octet of chunk) if (octet !== position++ % period) wrong++
            })
          )
          expect({ position, wrong }).toEqual({ position: length, wrong: 0 })
        }
        expect(connection.unreadOctets).toBe((readers - 3) * streamWindow)
        yield* Scope.close(scope, Exit.void)
        // Whoever may open a thousand streams may also give them all up.
        yield* connection.ping
        const again = yield* Effect.scoped(
          Effect.flatMap(client.request({ path: "/hello" }), (response) => response.text())
        )
        expect(again).toBe("Hello World!")
        expect({ streams: connection.activeStreams, unread: connection.unreadOctets }).toEqual({
          streams: 0,
          unread: 0
        })
      })
    )
    await until(server, ({ activeHandlers }) => activeHandlers === 1)
    await settled(server, server.sockets)
    const { handlersInterrupted } = await stats(server)
    expect(handlersInterrupted - before.handlersInterrupted).toBe(readers - 3)
  }, 60_000)
})
