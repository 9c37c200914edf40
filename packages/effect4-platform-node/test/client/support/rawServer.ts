/** A server in the hands of a test: what it does with each connection is a script of octets. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Net from "node:net"
import * as Tls from "node:tls"
import { certificate, type Event, makeEvent, serve } from "./servers.js"

/** Plays one connection of the server; called once the first octets of the client are there, with them. */
export type Script = (socket: Net.Socket, first: Buffer) => void

export interface RawServer {
  readonly url: string
  /** Connections so far. */
  readonly dials: () => number
  /** The connection, counted from 1, has closed. */
  readonly closed: (connection: number) => Effect.Effect<void>
}

/** A server of HTTP/1.1 that answers each request, which has no body, with "honest". */
export const honest: Script = (socket) => {
  const answer = (): void => void socket.write("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhonest")
  socket.on("data", answer)
  answer()
}

/** The first connections play `scripts`, one each, and all that come later `next`. */
export const rawServer = (
  scripts: ReadonlyArray<Script>,
  { isTls = false, next = honest }: { readonly isTls?: boolean; readonly next?: Script } = {}
): Effect.Effect<RawServer, never, Scope.Scope> =>
  Effect.gen(function* () {
    const closed: Array<Event<void>> = scripts.map(() => makeEvent())
    let dials = 0
    const onSocket = (socket: Net.Socket): void => {
      const script = scripts[dials] ?? next
      const event = closed[dials++]
      socket.on("error", () => undefined)
      socket.on("close", () => event?.happen())
      // What comes later is read, and dropped where the script does not want it.
      socket.once("data", (first: Buffer) => {
        script(socket, first)
        socket.resume()
      })
    }
    const server = yield* serve(isTls ? Tls.createServer(certificate, onSocket) : Net.createServer(onSocket))
    return {
      url: `${isTls ? "https" : "http"}://localhost:${server.port}`,
      dials: () => dials,
      closed: (connection) => closed[connection - 1]?.happened ?? Effect.die(new Error("no such connection"))
    }
  })

/** Writes what `piece` gives for as long as the other end reads: without end, unless that closes the connection. */
export const withoutEnd =
  (beginning: string, piece: () => Uint8Array | string): Script =>
  (socket) => {
    const go = (): void => {
      while (!socket.destroyed && socket.write(piece()));
    }
    socket.on("drain", go)
    socket.write(beginning)
    go()
  }

/** Writes `octets`. */
export const says =
  (octets: string): Script =>
  (socket) =>
    void socket.write(octets, "latin1")

/** Writes `octets` one by one. */
export const dribbles =
  (octets: string): Script =>
  (socket) => {
    let sent = 0
    const go = (): void => {
      if (socket.destroyed || sent === octets.length) return
      socket.write(octets.charAt(sent++), "latin1", () => setImmediate(go))
    }
    go()
  }
