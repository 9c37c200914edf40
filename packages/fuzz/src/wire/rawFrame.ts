/**
 * Frames as octets, written and read without the engine's code, so that its mistakes are not repeated here. Nothing is checked.
 */
import { concat, ofText, readUint32, uint32 } from "./octets.js"

export const Type = {
  DATA: 0,
  HEADERS: 1,
  PRIORITY: 2,
  RST_STREAM: 3,
  SETTINGS: 4,
  PUSH_PROMISE: 5,
  PING: 6,
  GOAWAY: 7,
  WINDOW_UPDATE: 8,
  CONTINUATION: 9,
  ALTSVC: 10,
  ORIGIN: 12,
  PRIORITY_UPDATE: 16
} as const

export const ACK = 0x01
export const END_STREAM = 0x01
export const END_HEADERS = 0x04
export const PADDED = 0x08
export const PRIORITY = 0x20

export const Code = {
  NO_ERROR: 0,
  PROTOCOL_ERROR: 1,
  INTERNAL_ERROR: 2,
  FLOW_CONTROL_ERROR: 3,
  SETTINGS_TIMEOUT: 4,
  STREAM_CLOSED: 5,
  FRAME_SIZE_ERROR: 6,
  REFUSED_STREAM: 7,
  CANCEL: 8,
  COMPRESSION_ERROR: 9,
  CONNECT_ERROR: 10,
  ENHANCE_YOUR_CALM: 11
} as const

export const Setting = {
  HEADER_TABLE_SIZE: 1,
  ENABLE_PUSH: 2,
  MAX_CONCURRENT_STREAMS: 3,
  INITIAL_WINDOW_SIZE: 4,
  MAX_FRAME_SIZE: 5,
  MAX_HEADER_LIST_SIZE: 6,
  ENABLE_CONNECT_PROTOCOL: 8,
  NO_RFC7540_PRIORITIES: 9
} as const

export const MAX_WINDOW = 0x7fffffff
export const HEADER = 9

export const preface: Uint8Array = ofText("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")

export interface RawFrame {
  readonly type: number
  readonly flags: number
  /** Without the reserved bit. */
  readonly streamId: number
  readonly payload: Uint8Array
}

/** `length` is what the header says where that is not the truth; `streamId` may have the reserved bit. */
export const frame = (
  type: number,
  flags: number,
  streamId: number,
  payload: Uint8Array = new Uint8Array(0),
  length = payload.length
): Uint8Array => {
  const octets = new Uint8Array(HEADER + payload.length)
  octets[0] = length >>> 16
  octets[1] = length >>> 8
  octets[2] = length
  octets[3] = type
  octets[4] = flags
  octets.set(uint32(streamId), 5)
  octets.set(payload, HEADER)
  return octets
}

export const settings = (entries: ReadonlyArray<readonly [id: number, value: number]>): Uint8Array => {
  const payload = new Uint8Array(entries.length * 6)
  entries.forEach(([id, value], index) => {
    payload[index * 6] = id >>> 8
    payload[index * 6 + 1] = id
    payload.set(uint32(value), index * 6 + 2)
  })
  return frame(Type.SETTINGS, 0, 0, payload)
}

export const settingsAck: Uint8Array = frame(Type.SETTINGS, ACK, 0)

export const entriesOf = (payload: Uint8Array): ReadonlyArray<readonly [id: number, value: number]> => {
  const entries: Array<readonly [number, number]> = []
  for (let at = 0; at + 6 <= payload.length; at += 6) {
    entries.push([((payload[at] ?? 0) << 8) | (payload[at + 1] ?? 0), readUint32(payload, at + 2)])
  }
  return entries
}

export const ping = (payload: Uint8Array, isAck = false): Uint8Array => frame(Type.PING, isAck ? ACK : 0, 0, payload)
export const rstStream = (id: number, code: number): Uint8Array => frame(Type.RST_STREAM, 0, id, uint32(code))
export const windowUpdate = (id: number, increment: number): Uint8Array =>
  frame(Type.WINDOW_UPDATE, 0, id, uint32(increment))
export const goAway = (lastId: number, code: number, debug: Uint8Array = new Uint8Array(0)): Uint8Array =>
  frame(Type.GOAWAY, 0, 0, concat([uint32(lastId, code), debug]))

/** The five octets of RFC 7540's priority; `weight` from 1. */
export const prioritySpec = (dependency: number, weight: number, isExclusive: boolean): Uint8Array =>
  concat([uint32(isExclusive ? dependency | 0x80000000 : dependency), Uint8Array.of(weight - 1)])

/** `payload` with `padding` zeros behind it, as DATA, HEADERS and PUSH_PROMISE have it under PADDED. */
export const padded = (payload: Uint8Array, padding: number): Uint8Array =>
  concat([Uint8Array.of(padding), payload, new Uint8Array(padding)])

/** What stands in a frame of a type that may be padded, without the padding; undefined where that is too long. */
export const unpadded = ({ flags, payload }: RawFrame): Uint8Array | undefined => {
  if ((flags & PADDED) === 0) return payload
  const padding = payload[0] ?? 256
  return padding + 1 > payload.length ? undefined : payload.subarray(1, payload.length - padding)
}

export const nameOf = (type: number): string =>
  Object.entries(Type).find(([, value]) => value === type)?.[0] ?? `0x${type.toString(16)}`

export const codeName = (code: number): string =>
  Object.entries(Code).find(([, value]) => value === code)?.[0] ?? `0x${code.toString(16)}`

/** A frame in one line. */
export const show = ({ flags, payload, streamId, type }: RawFrame): string => {
  const hex = Buffer.from(payload.subarray(0, 24)).toString("hex")
  return `${nameOf(type)} stream=${streamId} flags=0x${flags.toString(16)} length=${payload.length} ${hex}`
}

/** Octets to frames, in any cutting. */
export class FrameReader {
  private parts: Array<Uint8Array> = []
  /** Octets in `parts`, and how many the frame at their start needs at least. */
  left = 0
  private needed = HEADER

  /** `skip`: octets before the first frame. */
  constructor(private skip = 0) {}

  read(octets: Uint8Array): ReadonlyArray<RawFrame> {
    const skipped = Math.min(this.skip, octets.length)
    this.skip -= skipped
    if (octets.length > skipped) this.parts.push(octets.subarray(skipped))
    this.left += octets.length - skipped
    return this.left < this.needed ? none : this.parse()
  }

  private parse(): ReadonlyArray<RawFrame> {
    const all = concat(this.parts)
    const frames: Array<RawFrame> = []
    let at = 0
    this.needed = HEADER
    while (all.length - at >= HEADER) {
      const length = ((all[at] ?? 0) << 16) | ((all[at + 1] ?? 0) << 8) | (all[at + 2] ?? 0)
      this.needed = HEADER + length
      if (all.length - at < this.needed) break
      frames.push({
        type: all[at + 3] ?? 0,
        flags: all[at + 4] ?? 0,
        streamId: readUint32(all, at + 5) & 0x7fffffff,
        payload: all.subarray(at + HEADER, at + this.needed)
      })
      at += this.needed
      this.needed = HEADER
    }
    this.left = all.length - at
    this.parts = this.left === 0 ? [] : [all.subarray(at)]
    return frames
  }
}

const none: ReadonlyArray<RawFrame> = []
