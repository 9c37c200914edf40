/**
 * The front of a plain port that speaks HTTP/2 alone: who comes with something else is told so in what they speak, and the log says who came with what.
 */
import type * as Net from "node:net"
import { protocolOf } from "./sniff.js"

export type Spoken = "h2" | "http/1.x" | "tls" | "something else"

const requestLine = /^[!#$%&'*+.^_`|~\w-]+ \S+ HTTP\/1\.\d\r?\n/
/** The most of a request line that is waited for. */
const longestLine = 4096

/** What a client has begun with; undefined where more octets are needed. Whatever is neither HTTP/1.x nor TLS, the engine refuses (RFC 9113 §3.4). */
export const spokenIn = (octets: Uint8Array): Spoken | undefined => {
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

/** Sends `last` and calls `done` when the client has gone. What it still sends is read: otherwise the system would take the answer back. */
export const dismiss = (socket: Net.Socket, last: Uint8Array | string, done: () => void): void => {
  if (socket.destroyed) return done()
  const timer = setTimeout(() => socket.destroy(), closeTimeout)
  socket.once("close", () => {
    clearTimeout(timer)
    done()
  })
  socket.resume()
  socket.end(last)
}

/** For a TLS connection without ALPN, at a port that asks for h2. */
export const dismissTls = (socket: Net.Socket): void => dismiss(socket, versionNotSupported(tlsText, false), () => {})

/** What is answered to who does not speak HTTP/2, the last of its connection; undefined where the engine refuses it. */
export const answerTo = (spoken: Spoken | undefined, octets: Uint8Array): Uint8Array | string | undefined => {
  switch (spoken) {
    case "http/1.x":
      return versionNotSupported(plainText, Buffer.from(octets).toString("latin1", 0, 5) === "HEAD ")
    case "tls":
      return alert
    default:
      return undefined
  }
}

const names = { "http/1.x": "HTTP/1.x", tls: "a TLS handshake", "something else": "something else" } as const

/** Who came with what, for the log; undefined for HTTP/2, and for who said nothing that can be told. */
export const describeFirst = (
  socket: Net.Socket,
  spoken: Spoken | undefined,
  octets: Uint8Array
): string | undefined => {
  if (spoken === undefined || spoken === "h2") return undefined
  const { remoteAddress, remotePort } = socket
  const who = remoteAddress === undefined ? "a client" : `${remoteAddress}:${remotePort}`
  const start = JSON.stringify(Buffer.from(octets).toString("latin1", 0, 40))
  return `${who} sent ${names[spoken]} to a port that speaks HTTP/2 only: ${start}`
}
