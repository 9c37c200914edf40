/**
 * Whether the certificate that a server has shown is good for other hosts than the one that was connected to, by the checks that a new connection
 * would do (RFC 9113 §9.1.1). The chain was verified in the handshake; what is left is the name. Made for each connection of a client.
 */
import type * as Net from "node:net"
import * as Tls from "node:tls"
import type { TlsOptions } from "./connect.js"

/** How many hosts are remembered. */
const remembered = 1024

export class Identity {
  private readonly known = new Map<string, boolean>()

  constructor(
    private readonly socket: Net.Socket,
    private readonly tls: TlsOptions | true | undefined
  ) {}

  isValidFor(host: string): boolean {
    const known = this.known.get(host)
    if (known !== undefined) return known
    if (this.known.size >= remembered) this.known.clear()
    const isValid = this.check(host)
    this.known.set(host, isValid)
    return isValid
  }

  /** `isValidFor` the host of an origin of https. */
  readonly isAuthoritative = (origin: string): boolean =>
    URL.canParse(origin) && origin.startsWith("https:") && this.isValidFor(hostOf(new URL(origin)))

  private check(host: string): boolean {
    const { socket } = this
    const { checkServerIdentity = Tls.checkServerIdentity, servername } = typeof this.tls === "object" ? this.tls : {}
    // A name of the user's own choice is not the host's: what was checked says nothing about other hosts.
    if (!(socket instanceof Tls.TLSSocket) || !socket.authorized || servername !== undefined) return false
    try {
      return checkServerIdentity(host, socket.getPeerCertificate(true)) === undefined
    } catch {
      // As in a handshake: a check that throws has not passed.
      return false
    }
  }
}

/** The host of `url`, an address of IPv6 without its brackets. */
export const hostOf = (url: URL): string => url.hostname.replace(/^\[|\]$/g, "")
