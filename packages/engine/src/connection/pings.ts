/**
 * PINGs that we sent and that are not acknowledged (RFC 9113 §6.7), with who waits for them and since when. Called by the connection, for
 * round-trip times, keep-alive, closing and streams that were reset.
 */
import { writeUint32 } from "../octets.js"

interface Outstanding {
  readonly sentAt: number
  readonly onAcknowledged: (roundTrip: number) => void
}

/** The first four octets of our PINGs, so that they can be told in a capture; the others count. */
const mark = 0x65683270

export class Pings {
  /** There while some are out: most connections have none. */
  private outstanding: Map<number, Outstanding> | undefined = undefined
  private count = 0

  /** The payload of a new PING. `onAcknowledged` gets the round-trip time in ms; it is not called when the connection ends before. */
  begin(now: number, onAcknowledged: (roundTrip: number) => void): Uint8Array {
    this.count = (this.count + 1) >>> 0
    this.outstanding ??= new Map()
    this.outstanding.set(this.count, { sentAt: now, onAcknowledged })
    const payload = new Uint8Array(8)
    writeUint32(payload, 0, mark)
    writeUint32(payload, 4, this.count)
    return payload
  }

  /** Takes an acknowledgement. False where it answers no PING of ours. */
  acknowledge(payload: Uint8Array, now: number): boolean {
    const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength)
    if (view.getUint32(0) !== mark) return false
    const key = view.getUint32(4)
    const ping = this.outstanding?.get(key)
    if (ping === undefined) return false
    this.outstanding?.delete(key)
    if (this.isEmpty) this.outstanding = undefined
    ping.onAcknowledged(now - ping.sentAt)
    return true
  }

  /** When the oldest outstanding PING was sent, infinity where there is none. */
  get oldest(): number {
    for (const ping of this.outstanding?.values() ?? []) return ping.sentAt
    return Number.POSITIVE_INFINITY
  }

  get isEmpty(): boolean {
    return this.outstanding === undefined || this.outstanding.size === 0
  }

  clear(): void {
    this.outstanding = undefined
  }
}
