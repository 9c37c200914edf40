/**
 * The payload of a whole frame to its value, with the rules of its type on size, padding and stream id (RFC 9113 §6.2 to §6.10). Called by
 * the frame decoder. DATA is not here: the decoder hands it on in pieces.
 */
import * as ErrorCode from "../ErrorCode.js"
import * as ExtensionFrame from "../ExtensionFrame.js"
import * as Frame from "../Frame.js"
import * as ExtensionPayload from "./extensionPayload.js"
import { octet, readUint16, readUint31, readUint32 } from "../octets.js"

const { CONTINUATION, GOAWAY, HEADERS, PING, PRIORITY, PUSH_PROMISE, RST_STREAM, SETTINGS, WINDOW_UPDATE } = Frame.Type
const { ALTSVC, ORIGIN, PRIORITY_UPDATE } = ExtensionFrame.Type
const { ACK, END_HEADERS, END_STREAM, PADDED } = Frame.Flag

const sizeError = (type: number, section: string, what: string): Frame.Invalid =>
  new Frame.Invalid(type, 0, ErrorCode.FRAME_SIZE_ERROR, section, what)

const protocolError = (type: number, section: string, what: string): Frame.Invalid =>
  new Frame.Invalid(type, 0, ErrorCode.PROTOCOL_ERROR, section, what)

const prioritySpec = (from: Uint8Array, at: number): Frame.PrioritySpec => ({
  dependency: readUint31(from, at),
  exclusive: (octet(from, at) & 0x80) !== 0,
  weight: octet(from, at + 4) + 1
})

const headers = (flags: number, streamId: number, from: Uint8Array, start: number, stop: number): Frame.Frame => {
  if (streamId === 0) return protocolError(HEADERS, "6.2", "HEADERS on stream 0")
  let at = start
  let end = stop
  const isPadded = (flags & PADDED) !== 0
  const hasPriority = (flags & Frame.Flag.PRIORITY) !== 0
  if (end - at < (isPadded ? 1 : 0) + (hasPriority ? 5 : 0)) {
    return sizeError(HEADERS, "6.2", "HEADERS has no room for the fields that its flags announce")
  }
  if (isPadded) {
    end -= octet(from, at)
    at++
  }
  let priority: Frame.PrioritySpec | undefined = undefined
  if (hasPriority) {
    priority = prioritySpec(from, at)
    at += 5
  }
  if (end < at) return protocolError(HEADERS, "6.2", "the padding is longer than its HEADERS frame")
  return new Frame.Headers(
    streamId,
    (flags & END_STREAM) !== 0,
    (flags & END_HEADERS) !== 0,
    from.subarray(at, end),
    priority
  )
}

const pushPromise = (flags: number, streamId: number, from: Uint8Array, start: number, stop: number): Frame.Frame => {
  if (streamId === 0) return protocolError(PUSH_PROMISE, "6.6", "PUSH_PROMISE on stream 0")
  let at = start
  let end = stop
  const isPadded = (flags & PADDED) !== 0
  if (end - at < (isPadded ? 5 : 4)) return sizeError(PUSH_PROMISE, "6.6", "PUSH_PROMISE has no room for its stream id")
  if (isPadded) {
    end -= octet(from, at)
    at++
  }
  const promised = readUint31(from, at)
  at += 4
  if (end < at) return protocolError(PUSH_PROMISE, "6.6", "the padding is longer than its PUSH_PROMISE frame")
  return new Frame.PushPromise(streamId, promised, (flags & END_HEADERS) !== 0, from.subarray(at, end))
}

const priority = (streamId: number, from: Uint8Array, at: number, end: number): Frame.Frame => {
  if (streamId === 0) return protocolError(PRIORITY, "6.3", "PRIORITY on stream 0")
  if (end - at !== 5) {
    return new Frame.Invalid(PRIORITY, streamId, ErrorCode.FRAME_SIZE_ERROR, "6.3", "PRIORITY is not 5 octets long")
  }
  return new Frame.Priority(streamId, prioritySpec(from, at))
}

const rstStream = (streamId: number, from: Uint8Array, at: number, end: number): Frame.Frame => {
  if (streamId === 0) return protocolError(RST_STREAM, "6.4", "RST_STREAM on stream 0")
  if (end - at !== 4) return sizeError(RST_STREAM, "6.4", "RST_STREAM is not 4 octets long")
  return new Frame.RstStream(streamId, readUint32(from, at))
}

const settings = (flags: number, streamId: number, from: Uint8Array, start: number, end: number): Frame.Frame => {
  if (streamId !== 0) return protocolError(SETTINGS, "6.5", "SETTINGS on a stream")
  const ack = (flags & ACK) !== 0
  if (ack && end !== start) return sizeError(SETTINGS, "6.5", "an acknowledgement of SETTINGS is not empty")
  if ((end - start) % 6 !== 0) return sizeError(SETTINGS, "6.5", "SETTINGS is not a multiple of 6 octets long")
  const entries: Array<readonly [number, number]> = []
  for (let at = start; at < end; at += 6) entries.push([readUint16(from, at), readUint32(from, at + 2)])
  return new Frame.Settings(ack, entries)
}

const ping = (flags: number, streamId: number, from: Uint8Array, at: number, end: number): Frame.Frame => {
  if (streamId !== 0) return protocolError(PING, "6.7", "PING on a stream")
  if (end - at !== 8) return sizeError(PING, "6.7", "PING is not 8 octets long")
  return new Frame.Ping((flags & ACK) !== 0, from.subarray(at, end))
}

const goAway = (streamId: number, from: Uint8Array, at: number, end: number): Frame.Frame => {
  if (streamId !== 0) return protocolError(GOAWAY, "6.8", "GOAWAY on a stream")
  if (end - at < 8) return sizeError(GOAWAY, "6.8", "GOAWAY is shorter than 8 octets")
  return new Frame.GoAway(readUint31(from, at), readUint32(from, at + 4), from.subarray(at + 8, end))
}

const windowUpdate = (streamId: number, from: Uint8Array, at: number, end: number): Frame.Frame =>
  end - at !== 4
    ? sizeError(WINDOW_UPDATE, "6.9", "WINDOW_UPDATE is not 4 octets long")
    : new Frame.WindowUpdate(streamId, readUint31(from, at))

const continuation = (flags: number, streamId: number, from: Uint8Array, at: number, end: number): Frame.Frame =>
  streamId === 0
    ? protocolError(CONTINUATION, "6.10", "CONTINUATION on stream 0")
    : new Frame.Continuation(streamId, (flags & END_HEADERS) !== 0, from.subarray(at, end))

/** The frame whose payload lies in `from` between `at` and `end`. Its arrays are slices of `from`. */
export const parseFrame = (
  type: number,
  flags: number,
  streamId: number,
  from: Uint8Array,
  at: number,
  end: number,
  limits: ExtensionPayload.ExtensionLimits
): Frame.Frame => {
  switch (type) {
    case HEADERS:
      return headers(flags, streamId, from, at, end)
    case PRIORITY:
      return priority(streamId, from, at, end)
    case RST_STREAM:
      return rstStream(streamId, from, at, end)
    case SETTINGS:
      return settings(flags, streamId, from, at, end)
    case PUSH_PROMISE:
      return pushPromise(flags, streamId, from, at, end)
    case PING:
      return ping(flags, streamId, from, at, end)
    case GOAWAY:
      return goAway(streamId, from, at, end)
    case WINDOW_UPDATE:
      return windowUpdate(streamId, from, at, end)
    case CONTINUATION:
      return continuation(flags, streamId, from, at, end)
    case ALTSVC:
      return ExtensionPayload.altSvc(flags, streamId, from, at, end, limits)
    case ORIGIN:
      return ExtensionPayload.origin(flags, streamId, from, at, end, limits)
    case PRIORITY_UPDATE:
      return ExtensionPayload.priorityUpdate(streamId, from, at, end, limits)
    default:
      return new Frame.Unknown(type, flags, streamId, from.subarray(at, end))
  }
}
