/** What the tests on sockets share: servers of Node's own, octets to compare, and the check that nothing is left behind. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import type { EventEmitter } from "node:events"
import type * as Http2 from "node:http2"
import type * as Net from "node:net"
import { expect, it } from "vitest"
import { certificate } from "./run.js"

export { certificate }

/** Numbers from 0 to 1, the same in every run. */
export const makeRandom = (seed: number) => () => {
  seed = (seed + 0x6d2b79f5) | 0
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed)
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296
}

export const randomBytes = (size: number, seed = 1): Buffer => {
  const random = makeRandom(seed)
  const bytes = Buffer.allocUnsafe(size)
  for (let i = 0; i < size; i++) bytes[i] = random() * 256
  return bytes
}

export const once = (emitter: EventEmitter, event: string): Effect.Effect<void> =>
  Effect.callback((resume) => {
    const listener = () => resume(Effect.void)
    emitter.once(event, listener)
    return Effect.sync(() => emitter.off(event, listener))
  })

/** A server of Node's own, at a free port of 127.0.0.1, which is closed with all its sockets at the end of the scope. */
export const serve = <S extends Net.Server>(
  server: S
): Effect.Effect<S & { readonly port: number }, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.callback<S & { readonly port: number }>((resume) => {
      server.on("tlsClientError", () => {})
      server.listen(0, "127.0.0.1", () => {
        const address = server.address()
        if (address === null || typeof address === "string") throw new Error("no port")
        resume(Effect.succeed(Object.assign(server, { port: address.port })))
      })
      const sockets = new Set<Net.Socket>()
      server.on("connection", (socket: Net.Socket) => {
        sockets.add(socket)
        socket.on("error", () => {})
        socket.on("close", () => sockets.delete(socket))
      })
      server.on("shutdown", () => sockets.forEach((socket) => socket.destroy()))
    }),
    (server) =>
      Effect.callback<void>((resume) => {
        server.close(() => resume(Effect.void))
        server.emit("shutdown")
      })
  )

export type StreamHandler = (stream: Http2.ServerHttp2Stream, headers: Http2.IncomingHttpHeaders) => void

/** `server`, whose streams `handler` gets. That sessions and streams fail is nothing to a server of a test. */
export const onStream = <S extends Http2.Http2Server | Http2.Http2SecureServer>(
  server: S,
  handler: StreamHandler
): S => {
  server.on("session", (session) => session.on("error", () => {}))
  server.on("stream", (stream, headers) => {
    stream.on("error", () => {})
    handler(stream, headers)
  })
  return server
}

/** Time by the test's clock, second by second, between which the event loop brings what it has: octets do not wait for the clock. */
export const advance = Effect.fnUntraced(function* (seconds: number) {
  for (let i = 0; i < seconds; i++) {
    yield* TestClock.adjust("1 second")
    for (let turns = 0; turns < 20; turns++) yield* turn
  }
})

export const turn: Effect.Effect<void> = Effect.callback((resume) => {
  setImmediate(() => resume(Effect.void))
})

// The first pipe of Node's opens it: no test's.
void process.stdout

const resources = (): ReadonlyMap<string, number> => {
  const counts = new Map<string, number>()
  for (const name of process.getActiveResourcesInfo()) {
    if (/TCP|TLS|Pipe|Timeout|AddrInfo/.test(name)) counts.set(name, (counts.get(name) ?? 0) + 1)
  }
  return counts
}

/** Node gives handles back some turns of the event loop after their 'close' events. */
const nothingLeft = (before: ReadonlyMap<string, number>): Effect.Effect<void> =>
  Effect.callback((resume) => {
    const look = (turns: number): void => {
      const left = [...resources()].filter(([name, count]) => count > (before.get(name) ?? 0))
      if (left.length > 0 && turns > 0) return void setImmediate(look, turns - 1)
      resume(Effect.sync(() => expect(left).toEqual([])))
    }
    look(100_000)
  })

const uncaught: Array<unknown> = []
process.on("uncaughtExceptionMonitor", (error) => uncaught.push(error))

/** A test on real sockets, after which no socket, pipe or timer may be left. */
export const check = <E>(name: string, test: () => Effect.Effect<unknown, E, Scope.Scope>): void =>
  it(name, () =>
    Effect.runPromise(
      Effect.suspend(() => {
        const before = resources()
        return Effect.scoped(test()).pipe(
          Effect.andThen(nothingLeft(before)),
          Effect.andThen(Effect.sync(() => expect(uncaught).toEqual([])))
        )
      })
    )
  )
