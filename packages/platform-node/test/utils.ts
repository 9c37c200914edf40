/**
 * What the tests of the sockets share: bytes to compare, readers and writers that respect back-pressure, and the check that nothing is left
 * behind.
 */
import type { TransportError } from "@effect-http2/http2/Http2Error"
import type { Transport } from "@effect-http2/http2/Transport"
import { it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { EventEmitter } from "node:events"
import type * as Http2 from "node:http2"
import * as Net from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect } from "vitest"
import * as Certificate from "@effect-http2/testkit/certificate"

/** One for the whole file that imports this: making a key takes a while. */
export const certificate = await Certificate.make()

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

let paths = 0
/** A path for a unix socket that nobody uses yet. */
export const socketPath = (): string => join(tmpdir(), `effect-http2-${process.pid}-${++paths}.sock`)

export const once = (emitter: EventEmitter, event: string): Effect.Effect<void> =>
  Effect.async((resume) => {
    const listener = () => resume(Effect.void)
    emitter.once(event, listener)
    return Effect.sync(() => emitter.off(event, listener))
  })

export const drained = (transport: Transport): Effect.Effect<void> =>
  Effect.async((resume) => transport.onDrain(() => resume(Effect.void)))

export const collect = (transport: Transport): Effect.Effect<Buffer, TransportError> =>
  Effect.map(Stream.runCollect(transport.incoming), (chunks) => Buffer.concat(Chunk.toReadonlyArray(chunks)))

/** Waits while more than 256 KiB are pending. */
export const writeAll = (transport: Transport, chunks: ReadonlyArray<Uint8Array>): Effect.Effect<boolean> =>
  Effect.suspend(() => {
    const taken = transport.write(chunks)
    return transport.pendingOctets() > 256 * 1024 ? Effect.as(drained(transport), taken) : Effect.succeed(taken)
  })

export const echo = (transport: Transport): Effect.Effect<void, TransportError> =>
  Effect.zipRight(
    Stream.runForEachChunk(transport.incoming, (chunk) => writeAll(transport, Chunk.toReadonlyArray(chunk))),
    transport.end
  )

/** A server of Node's own, at a free port of 127.0.0.1, which is closed with all its sockets at the end of the scope. */
export const serve = <S extends Net.Server>(
  server: S
): Effect.Effect<S & { readonly port: number }, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.async<S & { readonly port: number }>((resume) => {
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
      Effect.async<void>((resume) => {
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

/** The next socket that a server accepts: of a plain one at its connection, of a TLS one after the handshake. */
export const nextSocket = <T extends Net.Socket = Net.Socket>(
  server: Net.Server,
  event: "connection" | "secureConnection" = "connection"
): Effect.Effect<T> => Effect.async((resume) => void server.once(event, (socket: T) => resume(Effect.succeed(socket))))

/** Both ends of a plain connection, bare. */
export const socketPair: Effect.Effect<readonly [client: Net.Socket, server: Net.Socket], never, Scope.Scope> =
  Effect.gen(function* () {
    const server = yield* serve(Net.createServer({ allowHalfOpen: true }))
    const client = yield* Effect.acquireRelease(
      Effect.sync(() => Net.connect({ port: server.port, host: "127.0.0.1", allowHalfOpen: true })),
      (socket) => Effect.sync(() => socket.destroy())
    )
    client.on("error", () => {})
    return [client, yield* nextSocket(server)]
  })

const resources = (): ReadonlyMap<string, number> => {
  const counts = new Map<string, number>()
  for (const name of process.getActiveResourcesInfo()) {
    if (/TCP|TLS|Pipe|Timeout|AddrInfo/.test(name)) counts.set(name, (counts.get(name) ?? 0) + 1)
  }
  return counts
}

/** Node gives handles back some turns of the event loop after their 'close' events. */
const nothingLeft = (before: ReadonlyMap<string, number>): Effect.Effect<void> =>
  Effect.async((resume) => {
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
  it.live(name, () =>
    Effect.suspend(() => {
      const before = resources()
      return Effect.scoped(test()).pipe(
        Effect.zipRight(nothingLeft(before)),
        Effect.zipRight(Effect.sync(() => expect(uncaught).toEqual([])))
      )
    })
  )
