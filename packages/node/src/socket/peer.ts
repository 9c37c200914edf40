/**
 * What is known of the two ends of a socket, read once, while it is open: Node forgets it when the socket closes. Called by
 * `socketOutput`.
 */
import type { Address, Peer, TlsInfo } from "@effect-http2/engine/Peer"
import type * as Net from "node:net"
import * as Tls from "node:tls"

const address = (host: string | undefined, port: number | undefined): Address | undefined =>
  host === undefined ? undefined : { host, port }

const nonEmpty = (value: unknown): string | undefined => (typeof value === "string" && value !== "" ? value : undefined)

const tlsInfo = (socket: Tls.TLSSocket): TlsInfo => ({
  version: socket.getProtocol() ?? "unknown",
  cipher: socket.getCipher()?.standardName ?? "unknown",
  alpnProtocol: nonEmpty(socket.alpnProtocol),
  // Missing from @types/node: the name asked for, or false.
  serverName: nonEmpty(Reflect.get(socket, "servername")),
  authorized: socket.authorized
})

/** The path of a unix socket, which only who connects or listens knows: `remote` of a client, `local` of a server. */
export interface Path {
  readonly remote?: string
  readonly local?: string
}

export const peerOf = (socket: Net.Socket, path?: Path): Peer => ({
  remote: address(path?.remote ?? socket.remoteAddress, socket.remotePort),
  local: address(path?.local ?? socket.localAddress, socket.localPort),
  tls: socket instanceof Tls.TLSSocket ? tlsInfo(socket) : undefined
})
