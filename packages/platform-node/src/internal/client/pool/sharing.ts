/**
 * The open connections of a client that requests to other origins may go over (RFC 9113 §9.1.1, RFC 8336 §2.4): those of HTTP/2 over TLS, whose
 * certificate is good for the other host, and whose server says that it answers for it, or is where the other host is. One for all pools of a client.
 */
import * as Effect from "effect/Effect"
import { addressesOf, plain } from "./addresses.js"
import type { Http2Place } from "../wire/http2Connection.js"
import type { Resolved } from "./options.js"
import type { Origin } from "../wire/target.js"

/** Connections that have a place for a request. */
export interface Candidates {
  /** One whose Origin Set has the origin. */
  readonly sure: Http2Place | undefined
  /** Those that do, if the host has their address. */
  readonly byAddress: ReadonlyArray<Http2Place>
}

const nobody: Candidates = { sure: undefined, byAddress: [] }

export class Sharing {
  private readonly places = new Set<Http2Place>()

  constructor(private readonly options: Resolved) {}

  add(place: Http2Place): void {
    if (!place.origin.isTls) return
    this.places.add(place)
    this.originsChanged(place)
  }

  remove(place: Http2Place): void {
    if (!this.places.delete(place)) return
    for (const other of this.places) if (other.surpassedBy === place) other.surpass(this.better(other))
  }

  /** Connections that `origin` may be asked over; not those that `isKnown` is true of. */
  candidates(origin: Origin, isKnown: (place: Http2Place) => boolean): Candidates {
    if (!origin.isTls || this.places.size === 0) return nobody
    const byAddress: Array<Http2Place> = []
    for (const place of this.places) {
      if (place.isOwnOf(origin) || isKnown(place) || place.places() <= 0) continue
      if (place.isSurpassedFor(origin) || !this.mayCarry(place, origin)) continue
      if (place.originSet !== undefined) return { sure: place, byAddress: [] }
      if (place.isDirect && place.origin.port === origin.port) byAddress.push(place)
    }
    return { sure: undefined, byAddress }
  }

  /** Whether its server may answer for `origin`, as far as Origin Set and certificate tell, and both are reached the same way. */
  private mayCarry(place: Http2Place, origin: Origin): boolean {
    const { proxy } = this.options
    const isSameWay = proxy === undefined || proxy.proxyOf(place.origin)?.href === proxy.proxyOf(origin)?.href
    return isSameWay && place.serves(origin) && place.identity.isValidFor(origin.host)
  }

  /** One of `places` that is connected to an address of the host. */
  atAddress(origin: Origin, places: ReadonlyArray<Http2Place>): Effect.Effect<Http2Place | undefined> {
    const { connectTimeout = "10 seconds", lookup } = this.options
    return Effect.map(addressesOf(origin.host, lookup, connectTimeout), (addresses) =>
      places.find(
        (place) =>
          place.remoteAddress !== undefined && addresses.includes(plain(place.remoteAddress)) && place.serves(origin)
      )
    )
  }

  /** What the server of `place` says that it answers for has changed. */
  originsChanged(place: Http2Place): void {
    if (!this.places.has(place)) return
    place.surpass(this.better(place))
    for (const other of this.places) {
      if (other.surpassedBy === place || this.isBetter(place, other)) {
        other.surpass(this.better(other))
        other.changed()
      }
    }
  }

  private better(place: Http2Place): Http2Place | undefined {
    for (const other of this.places) if (this.isBetter(other, place)) return other
    return undefined
  }

  /** Whether `place` can stand in for `other`: its Origin Set has all that the other one has, and more (RFC 8336 §2.4). */
  private isBetter(place: Http2Place, other: Http2Place): boolean {
    const { originSet } = place
    const less = other.originSet
    if (originSet === undefined || less === undefined || less.size >= originSet.size) return false
    for (const origin of less) if (!originSet.has(origin)) return false
    return this.mayCarry(place, other.origin)
  }
}
