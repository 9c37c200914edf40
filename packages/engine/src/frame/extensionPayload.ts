/**
 * The payloads of extension frames, read and written (RFC 7838 §4, RFC 8336 §2.1, RFC 9218 §7.1). Called by framePayload.ts and frameEncoder.ts.
 */
import * as ErrorCode from "../ErrorCode.js"
import * as ExtensionFrame from "../ExtensionFrame.js"
import * as Frame from "../Frame.js"
import { concat, readUint16, readUint31, writeUint16, writeUint32 } from "../octets.js"

const { ALTSVC, ORIGIN, PRIORITY_UPDATE } = ExtensionFrame.Type

/**
 * How much is decoded of what nobody may want: an attacker fills frames with tiny entries, each of which costs more than its octets. Of a frame whose
 * limit is 0 nothing is, and it is one of an unknown type.
 */
export interface ExtensionLimits {
  /** Octets of an ALTSVC frame; a longer one is of an unknown type. */
  readonly altSvc: number
  /** Entries of an ORIGIN frame; those behind them are left out. */
  readonly origins: number
  /** Octets of the value in PRIORITY_UPDATE; those behind them are left out. */
  readonly priority: number
}

/** For whoever wants to see all. */
export const unlimited: ExtensionLimits = { altSvc: Infinity, origins: Infinity, priority: Infinity }

/** Most octets that are decoded in one step: arguments travel on the stack. */
const step = 4096

/** Octets as text of one octet a character: fields and origins are ASCII, and what is not has to be seen. */
const latin1 = (from: Uint8Array, start: number, end: number): string => {
  let text = ""
  for (let at = start; at < end; at += step) {
    text += Reflect.apply(String.fromCharCode, undefined, from.subarray(at, Math.min(end, at + step)))
  }
  return text
}

const toLatin1 = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0))

/** An ALTSVC that cannot be read means nothing, to a server no less than one that can: it is a frame like those of unknown types. */
export const altSvc = (
  flags: number,
  streamId: number,
  from: Uint8Array,
  at: number,
  end: number,
  limits: ExtensionLimits
): Frame.Frame => {
  const valueAt = at + 2 + readUint16(from, at)
  if (end - at < 2 || valueAt > end || end - at > limits.altSvc)
    return new Frame.Unknown(ALTSVC, flags, streamId, from.subarray(at, end))
  return new ExtensionFrame.AltSvc(streamId, latin1(from, at + 2, valueAt), latin1(from, valueAt, end))
}

/** Each entry has its length before it; one that is cut off is left out. */
export const origin = (
  flags: number,
  streamId: number,
  from: Uint8Array,
  start: number,
  end: number,
  limits: ExtensionLimits
): Frame.Frame => {
  if (limits.origins === 0) return new Frame.Unknown(ORIGIN, flags, streamId, from.subarray(start, end))
  const origins: Array<string> = []
  let at = start
  while (end - at >= 2 && origins.length < limits.origins) {
    const next = at + 2 + readUint16(from, at)
    if (next > end) break
    origins.push(latin1(from, at + 2, next))
    at = next
  }
  return new ExtensionFrame.Origin(streamId, flags, origins)
}

export const priorityUpdate = (
  streamId: number,
  from: Uint8Array,
  at: number,
  end: number,
  limits: ExtensionLimits
): Frame.Frame => {
  if (streamId !== 0) {
    const reason = "PRIORITY_UPDATE on a stream (RFC 9218 §7.1)"
    return new Frame.Invalid(PRIORITY_UPDATE, 0, ErrorCode.PROTOCOL_ERROR, "5.5", reason)
  }
  if (end - at < 4) {
    const reason = "PRIORITY_UPDATE has no room for its stream id (RFC 9218 §7.1)"
    return new Frame.Invalid(PRIORITY_UPDATE, 0, ErrorCode.FRAME_SIZE_ERROR, "4.2", reason)
  }
  return new ExtensionFrame.PriorityUpdate(
    readUint31(from, at),
    latin1(from, at + 4, Math.min(end, at + 4 + limits.priority))
  )
}

const withLength = (text: string): Uint8Array => {
  const octets = new Uint8Array(2 + text.length)
  writeUint16(octets, 0, text.length)
  octets.set(toLatin1(text), 2)
  return octets
}

/** Type, flags and payload of an extension frame. */
export const payloadOf = (
  frame: ExtensionFrame.ExtensionFrame
): readonly [type: number, flags: number, payload: Uint8Array] => {
  switch (frame._tag) {
    case "AltSvc":
      return [ALTSVC, 0, concat([withLength(frame.origin), toLatin1(frame.value)])]
    case "Origin":
      return [
        ORIGIN,
        frame.flags,
        frame.origins.length === 0 ? new Uint8Array(0) : concat(frame.origins.map(withLength))
      ]
    case "PriorityUpdate": {
      const id = new Uint8Array(4)
      writeUint32(id, 0, frame.prioritizedId)
      return [PRIORITY_UPDATE, 0, concat([id, toLatin1(frame.value)])]
    }
  }
}
