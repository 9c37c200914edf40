/**
 * Frames as octets, written and read without any code of the engine, so that a mistake there is not made here too. Nothing is checked: what a test asks
 * for goes out, right or wrong.
 */
import { concat, type Octets, octets, readUint32, toHex, uint32, view } from "./octets.js"

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
/** A field block in one frame, and the stream goes on; or it ends. */
export const OPEN = END_HEADERS
export const WHOLE = END_HEADERS | END_STREAM

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

export type SettingsEntry = readonly [id: number, value: number]

export const MAX_WINDOW = 0x7fffffff
/** Octets of a frame's header. */
export const HEADER = 9

export const preface = octets("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")

/** `length` is what the header says where that is not the truth; `streamId` may have the reserved bit. */
export const frame = (type: number, flags: number, streamId: number, payload: Octets = "", length?: number): Buffer => {
  const body = payload instanceof Uint8Array ? payload : octets(payload)
  const written = Buffer.allocUnsafe(HEADER + body.length)
  written.writeUIntBE(length ?? body.length, 0, 3)
  written[3] = type
  written[4] = flags
  written.writeUInt32BE(streamId >>> 0, 5)
  written.set(body, HEADER)
  return written
}

export const data = (id: number, payload: Octets, flags = 0): Buffer => frame(Type.DATA, flags, id, payload)
export const headers = (id: number, block: Octets, flags: number = WHOLE): Buffer =>
  frame(Type.HEADERS, flags, id, block)
export const continuation = (id: number, block: Octets, flags: number = END_HEADERS): Buffer =>
  frame(Type.CONTINUATION, flags, id, block)
export const rstStream = (id: number, code: number): Buffer => frame(Type.RST_STREAM, 0, id, uint32(code))
export const ping = (payload: Octets, flags = 0): Buffer => frame(Type.PING, flags, 0, payload)
export const goAway = (lastId: number, code: number, debug: Octets = ""): Buffer =>
  frame(Type.GOAWAY, 0, 0, concat([uint32(lastId, code), octets(debug)]))
export const windowUpdate = (id: number, increment: number): Buffer =>
  frame(Type.WINDOW_UPDATE, 0, id, uint32(increment))
export const settingsAck = frame(Type.SETTINGS, ACK, 0)

export const settings = (...entries: ReadonlyArray<SettingsEntry>): Buffer => {
  const payload = Buffer.alloc(entries.length * 6)
  entries.forEach(([id, value], index) => {
    payload.writeUInt16BE(id, index * 6)
    payload.writeUInt32BE(value >>> 0, index * 6 + 2)
  })
  return frame(Type.SETTINGS, 0, 0, payload)
}

/** What a SETTINGS frame says; octets of an entry that is cut short are left out. */
export const entriesOf = (payload: Uint8Array): ReadonlyArray<SettingsEntry> => {
  const entries: Array<SettingsEntry> = []
  for (let at = 0; at + 6 <= payload.length; at += 6) {
    entries.push([((payload[at] ?? 0) << 8) | (payload[at + 1] ?? 0), readUint32(payload, at + 2)])
  }
  return entries
}

/** The five octets of RFC 7540's priority; `weight` from 1. */
export const priorityFields = (dependency: number, weight = 16, exclusive = false): Buffer =>
  concat([uint32(exclusive ? dependency | 0x80000000 : dependency), Uint8Array.of(weight - 1)])

export const priority = (id: number, dependency: number, weight = 16, exclusive = false): Buffer =>
  frame(Type.PRIORITY, 0, id, priorityFields(dependency, weight, exclusive))

/** RFC 9218 §7.1. */
export const priorityUpdate = (prioritizedId: number, value: Octets, id = 0): Buffer =>
  frame(Type.PRIORITY_UPDATE, 0, id, concat([uint32(prioritizedId), octets(value)]))

export const pushPromise = (id: number, promised: number, block: Octets): Buffer =>
  frame(Type.PUSH_PROMISE, END_HEADERS, id, concat([uint32(promised), octets(block)]))

/** `payload` with `padding` zeros behind it, as DATA, HEADERS and PUSH_PROMISE have it under PADDED; `said` where the pad length lies. */
export const padded = (payload: Octets, padding: number, said = padding): Buffer =>
  concat([Uint8Array.of(said), octets(payload), Buffer.alloc(padding)])

export interface RawFrame {
  readonly type: number
  readonly flags: number
  /** Without the reserved bit. */
  readonly streamId: number
  readonly isReserved: boolean
  readonly payload: Buffer
}

/** What stands in a frame of a type that may be padded, without the padding; undefined where that is too long. */
export const unpadded = ({ flags, payload }: RawFrame): Buffer | undefined => {
  if ((flags & PADDED) === 0) return payload
  const padding = payload[0] ?? 256
  return padding + 1 > payload.length ? undefined : payload.subarray(1, payload.length - padding)
}

const nameIn = (names: Readonly<Record<string, number>>, value: number): string =>
  Object.entries(names).find(([, each]) => each === value)?.[0] ?? `0x${value.toString(16)}`

export const nameOf = (type: number): string => nameIn(Type, type)

export const codeName = (code: number): string => nameIn(Code, code)

/** A frame in one line. */
export const show = ({ flags, payload, streamId, type }: RawFrame): string =>
  `${nameOf(type)} stream=${streamId} flags=0x${flags.toString(16)} length=${payload.length} ${toHex(payload.subarray(0, 24))}`

const none: ReadonlyArray<RawFrame> = []

/** Octets to frames, in any cutting. Their memory is handed over with them. */
export class FrameReader {
  private parts: Array<Uint8Array> = []
  /** Octets of a frame that is not complete. */
  left = 0
  /** How many octets the next frame needs at least. */
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
    const [first] = this.parts
    const all = this.parts.length === 1 && first !== undefined ? view(first) : concat(this.parts)
    const frames: Array<RawFrame> = []
    let at = 0
    this.needed = HEADER
    while (all.length - at >= HEADER) {
      this.needed = HEADER + all.readUIntBE(at, 3)
      if (all.length - at < this.needed) break
      const streamId = all.readUInt32BE(at + 5)
      frames.push({
        type: all.readUInt8(at + 3),
        flags: all.readUInt8(at + 4),
        streamId: streamId & MAX_WINDOW,
        isReserved: streamId > MAX_WINDOW,

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

/** All frames of `octets`, which end with the last of them. */
export const parse = (octets: Uint8Array): ReadonlyArray<RawFrame> => new FrameReader().read(octets)
