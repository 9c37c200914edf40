/**
 * What a client keeps of what its server says about origins: the Origin Set (RFC 8336 §2.3). A listener hears of its changes and of alternative services
 * (RFC 7838 §4). Each connection of a client has one. originFrames.ts calls it for what arrives, clientRequest.ts for 421.
 */
import * as ErrorCode from "../ErrorCode.js"
import type { Origin } from "../ExtensionFrame.js"
import { ConnectionError } from "../Http2Error.js"
import type { Peer } from "../Peer.js"
import { isAltSvcValue, isH2 } from "./announcements.js"
import * as AsciiOrigin from "./asciiOrigin.js"
import type { ExtensionLimits } from "../frame/extensionPayload.js"
import { Listeners } from "../listeners.js"
import type { OriginListener, OriginOptions } from "./originModels.js"

/** Octets of an ALTSVC frame beyond which it is not looked at. */
const mostAltSvc = 4096

/** Flags of ORIGIN that would change what it means (RFC 8336 §2.2). */
const critical = 0x0f

export class Origins {
  /** Undefined until an ORIGIN frame has come. */
  set: Set<string> | undefined = undefined
  /** How often the set has changed. */
  version = 0
  readonly whenChanged = new Listeners()

  constructor(
    private readonly options: OriginOptions,
    private readonly peer: Peer,
    /** The origin of requests that say nothing else. */
    private readonly usual: string | undefined,
    private readonly listener: OriginListener
  ) {}

  /** The origin that the connection was made for: the name in SNI, or the address, and the port (RFC 8336 §2.3). */
  private get own(): string | undefined {
    const { origin } = this.options
    if (origin !== undefined) return AsciiOrigin.parse(origin)
    const { remote, tls } = this.peer
    const host = tls?.serverName ?? remote?.host
    if (tls === undefined || host === undefined) return this.usual
    return AsciiOrigin.ofHost(host, remote?.port) ?? this.usual
  }

  /** What is decoded: ORIGIN where it has a meaning on this connection, ALTSVC where the listener takes it. */
  limits(maxOrigins: number): ExtensionLimits {
    const isTold = this.listener.onAltSvc !== undefined && this.options.isProxy !== true
    return { altSvc: isTold ? mostAltSvc : 0, origins: this.isListening ? maxOrigins : 0, priority: 0 }
  }

  /** Whether an ORIGIN frame on this connection can mean something (RFC 8336 §2.2). */
  private get isListening(): boolean {
    return isH2(this.peer) && this.options.isProxy !== true
  }

  /** Whether this one does. */
  accepts({ flags, streamId }: Origin): boolean {
    return streamId === 0 && (flags & critical) === 0 && this.isListening
  }

  /** Adds to the set, up to `most` origins; what is none is passed over, each by itself. False where nothing has changed. */
  extend(entries: ReadonlyArray<string>, most: number): boolean {
    const { own } = this
    const isFirst = this.set === undefined
    const set = (this.set ??= new Set(own === undefined ? [] : [own]))
    const before = set.size
    for (const entry of entries) {
      // The set has no bound in the RFC (§4): an origin that is left out gets a connection of its own.
      if (set.size >= most) break
      const origin = AsciiOrigin.parse(entry)
      if (origin !== undefined) set.add(origin)
    }
    if (!isFirst && set.size === before) return false
    this.changed(set)
    return true
  }

  /** 421: the server does not answer for `origin` here (RFC 8336 §2.3). */
  misdirected(origin: string | undefined): void {
    const { set } = this
    if (set !== undefined && origin !== undefined && set.delete(origin)) this.changed(set)
  }

  /**
   * Whether the server may speak for `origin`: the set has it, if there is one, and so does the certificate (RFC 8336 §2.4). Throws what the option of
   * this name throws.
   */
  isAuthoritative(origin: string): boolean {
    return this.allows(origin) && (origin === this.own || this.options.isAuthoritative?.(origin) === true)
  }

  /** Whether a server that says `value` of alternatives is listened to (RFC 7838 §4). */
  hears(value: string): boolean {
    return this.options.isProxy !== true && isAltSvcValue(value)
  }

  /** Whether the set allows for `origin`, with which the client has asked for something here. */
  allows(origin: string): boolean {
    return this.set === undefined || this.set.has(origin)
  }

  tell(origin: string, value: string): void {
    guarded("onAltSvc", () => this.listener.onAltSvc?.({ origin, value }))
  }

  private changed(set: ReadonlySet<string>): void {
    this.version++
    guarded("onOriginSet", () => this.listener.onOriginSet?.(set))
    this.whenChanged.notify()
  }

  /** The connection has ended: there are no more changes. */
  close(): void {
    this.whenChanged.notify()
  }
}

/** What a callback throws is its user's, and ends the connection. */
export const guarded = <A>(name: string, run: () => A): A => {
  try {
    return run()
  } catch (cause) {
    const description = `${name} has thrown`
    throw new ConnectionError({
      code: ErrorCode.INTERNAL_ERROR,
      origin: "User",
      reason: "UserCode",
      description,
      processed: "unknown",
      cause
    })
  }
}
