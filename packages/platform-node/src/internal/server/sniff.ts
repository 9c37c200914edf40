/**
 * What a new connection speaks. TLS has agreed on it by ALPN; on a plain port the first octets tell (RFC 9113 §3.3): a client of HTTP/2
 * begins with its preface, and no request of HTTP/1.1 does. Called by port.ts for every connection.
 */
import type * as Duration from "effect/Duration"
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

/** Reads as little as tells, and puts it back. */
const sniffPlain = (socket: Net.Socket): Effect.Effect<Protocol> =>
  Effect.async((resume) => {
    let octets: Buffer = Buffer.alloc(0)
    const stop = (): void => {
      socket.off("readable", onReadable)
      socket.off("end", onGone)
      socket.off("close", onGone)
    }
    const done = (protocol: Protocol): void => {
      stop()
      if (octets.length > 0) socket.unshift(octets)
      resume(Effect.succeed(protocol))
    }
    const onGone = (): void => done(octets.length > 0 ? "http/1.1" : undefined)
    const onReadable = (): void => {
      for (let chunk: unknown = socket.read(); chunk instanceof Uint8Array; chunk = socket.read()) {
        octets = Buffer.concat([octets, chunk])
      }
      const protocol = protocolOf(octets)
      if (protocol !== undefined) done(protocol)
    }
    socket.on("readable", onReadable)
    socket.on("end", onGone)
    socket.on("close", onGone)
    return Effect.sync(stop)
  })

/** What the client of `socket` speaks. */
export const sniff = (socket: Net.Socket, timeout: Duration.DurationInput): Effect.Effect<Protocol> =>
  socket instanceof Tls.TLSSocket
    ? Effect.succeed(socket.alpnProtocol === "h2" ? "h2" : "http/1.1")
    : Effect.map(Effect.timeoutOption(sniffPlain(socket), timeout), (protocol) =>
        protocol._tag === "Some" ? protocol.value : undefined
      )
