/**
 * The connections of other origins that a pool sends requests over, beside its own. Made by pool.ts where connections are to be reused.
 */
import * as Effect from "effect/Effect"
import type { Http2Place, PlaceUser } from "../wire/http2Connection.js"
import type { Place } from "../wire/message.js"
import type { Sharing } from "./sharing.js"
import type { Origin } from "../wire/target.js"

export class Borrowing implements PlaceUser {
  private readonly places = new Set<Http2Place>()

  constructor(
    private readonly origin: Origin,
    private readonly sharing: Sharing,
    /** One may have a place again, or is gone. */
    private readonly onChange: (isGone: boolean) => void
  ) {}

  get isEmpty(): boolean {
    return this.places.size === 0
  }

  /** Whether one is being asked whether it lives. */
  get isUnsure(): boolean {
    for (const place of this.places) if (place.isProbing) return true
    return false
  }

  /** One that takes a request now. */
  find(unwanted: Place | undefined): Http2Place | undefined {
    for (const place of this.places) {
      if (place === unwanted || place.places() <= 0) continue
      // What its server says may have changed since.
      if (place.serves(this.origin) && !place.isSurpassedFor(this.origin) && place.owner.isReady(place)) return place
    }
    return undefined
  }

  /** Finds one more: at once where that can be told at once, undefined where there is none, else after a look at the host's addresses. */
  borrow(): true | Effect.Effect<boolean> | undefined {
    const { byAddress, sure } = this.sharing.candidates(this.origin, (place) => this.places.has(place))
    if (sure !== undefined) return this.add(sure)
    if (byAddress.length === 0) return undefined
    return Effect.map(this.sharing.atAddress(this.origin, byAddress), (place) => place !== undefined && this.add(place))
  }

  private add(place: Http2Place): true {
    this.places.add(place)
    place.lendTo(this)
    return true
  }

  capacity(place: Http2Place): void {
    const isGone = place.isDraining || !place.serves(this.origin)
    if (isGone) this.places.delete(place)
    if (isGone) place.takeBack(this)
    this.onChange(isGone)
  }
}
