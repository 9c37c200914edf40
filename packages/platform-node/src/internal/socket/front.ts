/**
 * The front of a plain port that speaks HTTP/2 alone: who comes with something else is told so in what they speak, and the log says who came with what.
 */
import * as Effect from "effect/Effect"
import type * as Net from "node:net"
import * as Tls from "node:tls"
import { type Keeper, protocolOf, readFirst } from "./sniff.js"

type Spoken = "h2" | "http/1.x" | "tls" | "something else"

const requestLine = /^[!#$%&'*+.^_`|~\w-]+ \S+ HTTP\/1\.\d\r?\n/
/** The most of a request line that is waited for. */
const longestLine = 4096

/** Undefined where more octets are needed. Whatever is neither HTTP/1.x nor TLS, the engine refuses (RFC 9113 §3.4). */
const tell = (octets: Uint8Array): Spoken | undefined => {
  const protocol = protocolOf(octets)
  if (protocol !== "http/1.1") return protocol
  // The record of a TLS handshake (RFC 8446 §5.1).
  if (octets[0] === 0x16) return octets.length < 2 ? undefined : octets[1] === 3 ? "tls" : "something else"
  const text = Buffer.from(octets.buffer, octets.byteOffset, Math.min(octets.length, longestLine)).toString("latin1")
  if (requestLine.test(text)) return "http/1.x"
  const isWhole = text.includes("\n") || octets.length >= longestLine
  return isWhole || !/^[A-Z]{1,20}( |$)/.test(text) ? "something else" : undefined
}

const plainText =
  "This port speaks HTTP/2 only, without TLS: connect with prior knowledge (curl --http2-prior-knowledge). Browsers speak HTTP/2 over https: only.\n"
const tlsText = "This port speaks HTTP/2 only: connect with ALPN h2 (curl --http2).\n"

/** RFC 9110 §15.6.6: the response says what is spoken here. */
const versionNotSupported = (text: string, isHead: boolean): string =>
  [
    "HTTP/1.1 505 HTTP Version Not Supported",
    "Content-Type: text/plain; charset=utf-8",
    `Content-Length: ${text.length}`,
    "Connection: close",
    "",
    isHead ? "" : text
  ].join("\r\n")

/** handshake_failure, fatal (RFC 8446 §6). */
const alert = Buffer.from([0x15, 3, 1, 0, 2, 2, 40])

/** How long a client may take to go that was told to. */
const closeTimeout = 1000

/** Sends `last` and completes when the client has gone. What it still sends is read: otherwise the system would take the answer back. */
const dismiss = (socket: Net.Socket, last: Uint8Array | string): Effect.Effect<void> =>
  Effect.async((resume) => {
    if (socket.destroyed) return resume(Effect.void)
    const timer = setTimeout(() => socket.destroy(), closeTimeout)
    socket.once("close", () => {
      clearTimeout(timer)
      resume(Effect.void)
    })
    socket.resume()
    socket.end(last)
  })

/** For a TLS connection without ALPN, at a port that asks for h2. */
export const dismissTls = (socket: Tls.TLSSocket): void => {
  Effect.runFork(dismiss(socket, versionNotSupported(tlsText, false)))
}

const names = { "http/1.x": "HTTP/1.x", tls: "a TLS handshake", "something else": "something else" } as const

const log = (socket: Net.Socket, spoken: keyof typeof names, octets: Uint8Array): Effect.Effect<void> =>
  Effect.suspend(() => {
    const { remoteAddress, remotePort } = socket
    const who = remoteAddress === undefined ? "a client" : `${remoteAddress}:${remotePort}`
    const start = JSON.stringify(Buffer.from(octets).toString("latin1", 0, 40))
    return Effect.logDebug(`${who} sent ${names[spoken]} to a port that speaks HTTP/2 only: ${start}`)
  })

/** What `http2Only` needs of the listener's connections. */
export interface Connections extends Keeper {
  readonly run: (socket: Net.Socket, effect: Effect.Effect<void>) => void
  /** Runs what logs. */
  readonly tell: (log: Effect.Effect<void>) => void
}

/** Calls `serve` where the client speaks HTTP/2, which it has to show within `timeout`, in ms. */
export const http2Only = (
  socket: Net.Socket,
  timeout: number,
  connections: Connections,
  keeper: Keeper,
  serve: () => void
): void => {
  // By ALPN.
  if (socket instanceof Tls.TLSSocket) return serve()
  readFirst(socket, timeout, keeper, tell, ({ is, octets }) => {
    switch (is) {
      case "h2":
        return serve()
      case "http/1.x": {
        const isHead = Buffer.from(octets).toString("latin1", 0, 5) === "HEAD "
        const last = dismiss(socket, versionNotSupported(plainText, isHead))
        return connections.run(socket, Effect.zipRight(log(socket, is, octets), last))
      }
      case "tls":
        return connections.run(socket, Effect.zipRight(log(socket, is, octets), dismiss(socket, alert)))
      case "something else":
        connections.tell(log(socket, is, octets))
        return serve()
      case undefined:
        if (octets.length > 0) serve()
        else socket.destroy()
    }
  })
}
