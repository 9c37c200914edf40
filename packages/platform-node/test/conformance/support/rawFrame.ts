/**
 * Frames as octets, written and read without any code of ours, so that a mistake in the engine is not made here too. Nothing is checked: what a
 * test asks for goes out, right or wrong.
 */
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

export const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "latin1")

/** Octets, or text of one octet a character. */
export type Octets = Uint8Array | string | ReadonlyArray<number>

export const octets = (from: Octets): Buffer =>
  typeof from === "string" ? Buffer.from(from, "latin1") : Buffer.from(from)

export const uint32 = (...values: ReadonlyArray<number>): Buffer => {
  const buffer = Buffer.alloc(values.length * 4)
  values.forEach((value, i) => buffer.writeUInt32BE(value >>> 0, i * 4))
  return buffer
}

/** `length` is what the header says where that is not the truth. */
export const raw = (type: number, flags: number, streamId: number, payload: Octets = "", length?: number): Buffer => {
  const body = octets(payload)
  const header = Buffer.alloc(9)
  header.writeUIntBE(length ?? body.length, 0, 3)
  header[3] = type
  header[4] = flags
  header.writeUInt32BE(streamId >>> 0, 5)
  return Buffer.concat([header, body])
}

export const data = (id: number, payload: Octets, flags = 0): Buffer => raw(Type.DATA, flags, id, payload)
export const headers = (id: number, block: Octets, flags: number = WHOLE): Buffer => raw(Type.HEADERS, flags, id, block)
export const continuation = (id: number, block: Octets, flags: number = END_HEADERS): Buffer =>
  raw(Type.CONTINUATION, flags, id, block)
export const rstStream = (id: number, code: number): Buffer => raw(Type.RST_STREAM, 0, id, uint32(code))
export const ping = (payload: Octets, flags = 0): Buffer => raw(Type.PING, flags, 0, payload)
export const goAway = (lastId: number, code: number, debug: Octets = ""): Buffer =>
  raw(Type.GOAWAY, 0, 0, Buffer.concat([uint32(lastId, code), octets(debug)]))
export const windowUpdate = (id: number, increment: number): Buffer => raw(Type.WINDOW_UPDATE, 0, id, uint32(increment))
export const settingsAck = raw(Type.SETTINGS, ACK, 0)

export const settings = (...entries: ReadonlyArray<readonly [id: number, value: number]>): Buffer =>
  raw(
    Type.SETTINGS,
    0,
    0,
    Buffer.concat(
      entries.map(([id, value]) => {
        const entry = Buffer.alloc(6)
        entry.writeUInt16BE(id, 0)
        entry.writeUInt32BE(value >>> 0, 2)
        return entry
      })
    )
  )

/** The five octets of RFC 7540's priority; `weight` from 1. */
export const priorityFields = (dependency: number, weight = 16, exclusive = false): Buffer =>
  Buffer.concat([uint32(exclusive ? dependency | 0x80000000 : dependency), Buffer.of(weight - 1)])

export const priority = (id: number, dependency: number, weight = 16, exclusive = false): Buffer =>
  raw(Type.PRIORITY, 0, id, priorityFields(dependency, weight, exclusive))

/** RFC 9218 §7.1. */
export const priorityUpdate = (prioritizedId: number, value: Octets, id = 0): Buffer =>
  raw(Type.PRIORITY_UPDATE, 0, id, Buffer.concat([uint32(prioritizedId), octets(value)]))

export const pushPromise = (id: number, promised: number, block: Octets): Buffer =>
  raw(Type.PUSH_PROMISE, END_HEADERS, id, Buffer.concat([uint32(promised), octets(block)]))

/** `payload` with `padding` zeros behind it, as DATA, HEADERS and PUSH_PROMISE have it under PADDED; `said` where the pad length lies. */
export const padded = (payload: Octets, padding: number, said = padding): Buffer =>
  Buffer.concat([Buffer.of(said), octets(payload), Buffer.alloc(padding)])

/** An integer of RFC 7541 §5.1 behind a prefix of `bits`, whose octet has `pattern` above them. */
export const integer = (value: number, bits: number, pattern: number): Buffer => {
  const most = (1 << bits) - 1
  if (value < most) return Buffer.of(pattern | value)
  const out = [pattern | most]
  let rest = value - most
  for (; rest >= 128; rest = Math.floor(rest / 128)) out.push((rest % 128) | 0x80)
  return Buffer.from([...out, rest])
}

const text = (value: string): Buffer => Buffer.concat([integer(value.length, 7, 0), octets(value)])

export type Field = readonly [name: string, value: string]

/** A literal without indexing, with a new name and no Huffman code. */
export const literal = ([name, value]: Field, pattern = 0x00): Buffer =>
  Buffer.concat([Buffer.of(pattern), text(name), text(value)])

export const block = (...fields: ReadonlyArray<Field>): Buffer => Buffer.concat(fields.map((field) => literal(field)))

export interface RawFrame {
  readonly type: number
  readonly flags: number
  readonly streamId: number
  readonly payload: Buffer
}

/** The frames at the start of `from`, and what is left. */
export const parse = (from: Buffer): readonly [frames: ReadonlyArray<RawFrame>, rest: Buffer] => {
  const frames: Array<RawFrame> = []
  let at = 0
  while (from.length - at >= 9) {
    const end = at + 9 + from.readUIntBE(at, 3)
    if (end > from.length) break
    frames.push({
      type: from.readUInt8(at + 3),
      flags: from.readUInt8(at + 4),
      streamId: from.readUInt32BE(at + 5),
      payload: Buffer.from(from.subarray(at + 9, end))
    })
    at = end
  }
  return [frames, from.subarray(at)]
}

export const show = ({ flags, payload, streamId, type }: RawFrame): string => {
  const name = Object.entries(Type).find(([, value]) => value === type)?.[0] ?? `type 0x${type.toString(16)}`
  return `${name} stream=${streamId} flags=0x${flags.toString(16)} ${payload.subarray(0, 24).toString("hex")}`
}
