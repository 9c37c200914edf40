/**
 * What a new connection speaks. TLS has agreed on it by ALPN; on a plain port the first octets tell (RFC 9113 §3.3): a client of HTTP/2
 * begins with its preface, and no request of HTTP/1.1 does. Called by port.ts and front.ts for every connection.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Net from "node:net"
import * as Tls from "node:tls"

/** Undefined: the client went away, or said too little for too long. */
export type Protocol = "h2" | "http/1.1" | undefined

/** RFC 9113 §3.4. */
const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "latin1")

/** "h2" or "http/1.1", or undefined where more octets are needed to tell. */
export const protocolOf = (octets: Uint8Array): Protocol => {
  const length = Math.min(octets.length, preface.length)
  for (let i = 0; i < length; i++) if (octets[i] !== preface[i]) return "http/1.1"
  return length === preface.length ? "h2" : undefined
}

/** What came first on a connection, and what that is. */
export interface First<A> {
  readonly octets: Uint8Array
  /** Undefined where it is too little to tell, and no more came. */
  readonly is: A | undefined
}

/** Reads as little as `tell` needs, and puts it back. */
export const readFirst = <A>(
  socket: Net.Socket,
  timeout: Duration.DurationInput,
  tell: (octets: Uint8Array) => A | undefined
): Effect.Effect<First<A>> =>
  Effect.async((resume) => {
    let octets: Buffer = Buffer.alloc(0)
    const stop = (): void => {
      clearTimeout(timer)
      socket.off("readable", onReadable)
      socket.off("end", onGone)
      socket.off("close", onGone)
    }
    const done = (is: A | undefined): void => {
      stop()
      if (octets.length > 0) socket.unshift(octets)
      resume(Effect.succeed({ octets, is }))
    }
    const onGone = (): void => done(undefined)
    const timer = setTimeout(onGone, Math.min(Duration.toMillis(timeout), 0x7fffffff))
    const onReadable = (): void => {
      for (let chunk: unknown = socket.read(); chunk instanceof Uint8Array; chunk = socket.read()) {
        octets = Buffer.concat([octets, chunk])
      }
      const is = tell(octets)
      if (is !== undefined) done(is)
    }
    socket.on("readable", onReadable)
    socket.on("end", onGone)
    socket.on("close", onGone)
    return Effect.sync(stop)
  })

/** What the client of `socket` speaks. What is too little for HTTP/2 is for HTTP/1.1 to refuse. */
export const sniff = (socket: Net.Socket, timeout: Duration.DurationInput): Effect.Effect<Protocol> =>
  socket instanceof Tls.TLSSocket
    ? Effect.succeed(socket.alpnProtocol === "h2" ? "h2" : "http/1.1")
    : Effect.map(readFirst(socket, timeout, protocolOf), ({ is, octets }) =>
        is === undefined && octets.length > 0 && socket.readableEnded ? "http/1.1" : is
      )
