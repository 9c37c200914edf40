/**
 * Frames to octets (RFC 9113 §4.1, §6). Called by the outbox, which writes into its own buffer, and through `encode` where a
 * frame is a value.
 */
import * as Frame from "../Frame.js"
import { payloadOf } from "./extensionPayload.js"
import { emptyOctets, writeUint16, writeUint32 } from "../octets.js"

const { ACK, END_HEADERS, END_STREAM, NONE, PADDED } = Frame.Flag

/** Writes the 9 octets of a frame's header. */
export const writeFrameHeader = (
  into: Uint8Array,
  at: number,
  length: number,
  type: number,
  flags: number,
  streamId: number
): void => {
  into[at] = length >>> 16
  into[at + 1] = length >>> 8
  into[at + 2] = length
  into[at + 3] = type
  into[at + 4] = flags
  writeUint32(into, at + 5, streamId)
}

const frame = (type: number, flags: number, streamId: number, payload: Uint8Array): Uint8Array => {
  const octets = new Uint8Array(Frame.HEADER_LENGTH + payload.length)
  writeFrameHeader(octets, 0, payload.length, type, flags, streamId)
  octets.set(payload, Frame.HEADER_LENGTH)
  return octets
}

const prioritySpec = (priority: Frame.PrioritySpec): Uint8Array => {
  const octets = new Uint8Array(5)
  writeUint32(octets, 0, priority.dependency + (priority.exclusive ? 0x80000000 : 0))
  octets[4] = priority.weight - 1
  return octets
}

const uint32s = (...values: ReadonlyArray<number>): Uint8Array => {
  const octets = new Uint8Array(values.length * 4)
  values.forEach((value, index) => writeUint32(octets, index * 4, value))
  return octets
}

/** The payload with a pad length before it and zeros behind it (§6.1). */
const pad = (payload: Uint8Array, padding: number): Uint8Array => {
  const octets = new Uint8Array(1 + payload.length + padding)
  octets[0] = padding
  octets.set(payload, 1)
  return octets
}

const joined = (first: Uint8Array, second: Uint8Array): Uint8Array => {
  const octets = new Uint8Array(first.length + second.length)
  octets.set(first)
  octets.set(second, first.length)
  return octets
}

const settings = (entries: Frame.Settings["entries"]): Uint8Array => {
  const octets = new Uint8Array(entries.length * 6)
  entries.forEach(([id, value], index) => {
    writeUint16(octets, index * 6, id)
    writeUint32(octets, index * 6 + 2, value)
  })
  return octets
}

/**
 * The octets of one frame. `padding`, 0 to 255 octets, for DATA, HEADERS and PUSH_PROMISE. `Invalid` has none: it stands for a frame that
 * could not be read.
 */
export const encode = (value: Frame.Frame, options?: { readonly padding?: number }): Uint8Array => {
  const padding = options?.padding
  const padded = (payload: Uint8Array): Uint8Array => (padding === undefined ? payload : pad(payload, padding))
  const isPadded = padding === undefined ? NONE : PADDED
  switch (value._tag) {
    case "Data":
      return frame(
        Frame.Type.DATA,
        (value.endStream ? END_STREAM : NONE) | isPadded,
        value.streamId,
        padded(value.data)
      )
    case "Headers": {
      const { priority } = value
      const payload = priority === undefined ? value.fragment : joined(prioritySpec(priority), value.fragment)
      const flags =
        (value.endStream ? END_STREAM : NONE) |
        (value.endHeaders ? END_HEADERS : NONE) |
        (priority === undefined ? NONE : Frame.Flag.PRIORITY)
      return frame(Frame.Type.HEADERS, flags | isPadded, value.streamId, padded(payload))
    }
    case "Priority":
      return frame(Frame.Type.PRIORITY, NONE, value.streamId, prioritySpec(value.priority))
    case "RstStream":
      return frame(Frame.Type.RST_STREAM, NONE, value.streamId, uint32s(value.errorCode))
    case "Settings":
      return frame(Frame.Type.SETTINGS, value.ack ? ACK : NONE, 0, settings(value.entries))
    case "PushPromise":
      return frame(
        Frame.Type.PUSH_PROMISE,
        (value.endHeaders ? END_HEADERS : NONE) | isPadded,
        value.streamId,
        padded(joined(uint32s(value.promisedStreamId), value.fragment))
      )
    case "Ping":
      return frame(Frame.Type.PING, value.ack ? ACK : NONE, 0, value.data)
    case "GoAway":
      return frame(Frame.Type.GOAWAY, NONE, 0, joined(uint32s(value.lastStreamId, value.errorCode), value.debugData))
    case "WindowUpdate":
      return frame(Frame.Type.WINDOW_UPDATE, NONE, value.streamId, uint32s(value.increment))
    case "Continuation":
      return frame(Frame.Type.CONTINUATION, value.endHeaders ? END_HEADERS : NONE, value.streamId, value.fragment)
    case "AltSvc":
    case "Origin":
    case "PriorityUpdate": {
      const [type, flags, payload] = payloadOf(value)
      return frame(type, flags, value.streamId, payload)
    }
    case "Unknown":
      return frame(value.type, value.flags, value.streamId, value.payload)
    case "Invalid":
      return emptyOctets
  }
}
