/**
 * Frames as values and as octets, by the test kit's writer and reader: what a test plays and sees does not go through the codec under test. The peer's own
 * frames go out as they are, right or wrong; a frame of the engine that cannot be read ends the test.
 */
import * as ExtensionFrame from "@effect-http2/engine/ExtensionFrame"
import * as Frame from "@effect-http2/http2/Frame"
import { concat, octets, readUint32, toText, uint32 } from "@effect-http2/testkit/octets"
import * as Raw from "@effect-http2/testkit/rawFrame"

const flag = (isSet: boolean, value: number): number => (isSet ? value : 0)

/** Text of one octet a character behind its length in two octets. */
const withLength = (text: string): Buffer => concat([uint32(text.length).subarray(2), octets(text)])

export const write = (frame: Frame.Frame, options?: { readonly padding?: number }): Buffer => {
  const { streamId } = frame
  const padding = options?.padding
  const padded = (type: number, flags: number, payload: Uint8Array): Buffer =>
    padding === undefined
      ? Raw.frame(type, flags, streamId, payload)
      : Raw.frame(type, flags | Raw.PADDED, streamId, Raw.padded(payload, padding))
  switch (frame._tag) {
    case "Data":
      return padded(Raw.Type.DATA, flag(frame.endStream, Raw.END_STREAM), frame.data)
    case "Headers": {
      const { endHeaders, endStream, fragment, priority } = frame
      const flags = flag(endStream, Raw.END_STREAM) | flag(endHeaders, Raw.END_HEADERS)
      if (priority === undefined) return padded(Raw.Type.HEADERS, flags, fragment)
      const fields = Raw.priorityFields(priority.dependency, priority.weight, priority.exclusive)
      return padded(Raw.Type.HEADERS, flags | Raw.PRIORITY, concat([fields, fragment]))
    }
    case "Priority": {
      const { dependency, exclusive, weight } = frame.priority
      return Raw.priority(streamId, dependency, weight, exclusive)
    }
    case "RstStream":
      return Raw.rstStream(streamId, frame.errorCode)
    case "Settings":
      return frame.ack ? Raw.settingsAck : Raw.settings(...frame.entries)
    case "PushPromise":
      return padded(
        Raw.Type.PUSH_PROMISE,
        flag(frame.endHeaders, Raw.END_HEADERS),
        concat([uint32(frame.promisedStreamId), frame.fragment])
      )
    case "Ping":
      return Raw.ping(frame.data, flag(frame.ack, Raw.ACK))
    case "GoAway":
      return Raw.goAway(frame.lastStreamId, frame.errorCode, frame.debugData)
    case "WindowUpdate":
      return Raw.windowUpdate(streamId, frame.increment)
    case "Continuation":
      return Raw.continuation(streamId, frame.fragment, flag(frame.endHeaders, Raw.END_HEADERS))
    case "AltSvc":
      return Raw.frame(Raw.Type.ALTSVC, 0, streamId, concat([withLength(frame.origin), octets(frame.value)]))
    case "Origin":
      return Raw.frame(Raw.Type.ORIGIN, frame.flags, streamId, concat(frame.origins.map(withLength)))
    case "PriorityUpdate":
      return Raw.priorityUpdate(frame.prioritizedId, frame.value)
    case "Unknown":
      return Raw.frame(frame.type, frame.flags, streamId, frame.payload)
    case "Invalid":
      throw new Error("what could not be read cannot be written")
  }
}

const priorityOf = (payload: Uint8Array): Frame.PrioritySpec => {
  const first = readUint32(payload, 0)
  return { dependency: first & Raw.MAX_WINDOW, exclusive: first > Raw.MAX_WINDOW, weight: (payload[4] ?? 0) + 1 }
}

const originsOf = (payload: Buffer): ReadonlyArray<string> => {
  const origins: Array<string> = []
  for (let at = 0; at < payload.length; at += 2 + payload.readUInt16BE(at)) {
    origins.push(toText(payload.subarray(at + 2, at + 2 + payload.readUInt16BE(at))))
  }
  return origins
}

const broken = (raw: Raw.RawFrame): never => {
  throw new Error(`never sent: ${Raw.show(raw)}`)
}

/** What `raw` says. Octets of a body and of a block are the frame's own. */
export const read = (raw: Raw.RawFrame): Frame.Frame => {
  const { flags, payload, streamId, type } = raw
  const has = (bit: number): boolean => (flags & bit) !== 0
  const isOf = (length: number): boolean => payload.length === length || broken(raw)
  switch (type) {
    case Raw.Type.DATA:
      return new Frame.Data(
        streamId,
        has(Raw.END_STREAM),
        new Uint8Array(Raw.unpadded(raw) ?? broken(raw)),
        payload.length,
        false
      )
    case Raw.Type.HEADERS: {
      const content = Raw.unpadded(raw) ?? broken(raw)
      const priority = has(Raw.PRIORITY) ? priorityOf(content) : undefined
      const fragment = new Uint8Array(priority === undefined ? content : content.subarray(5))
      return new Frame.Headers(streamId, has(Raw.END_STREAM), has(Raw.END_HEADERS), fragment, priority)
    }
    case Raw.Type.PRIORITY:
      isOf(5)
      return new Frame.Priority(streamId, priorityOf(payload))
    case Raw.Type.RST_STREAM:
      isOf(4)
      return new Frame.RstStream(streamId, readUint32(payload, 0))
    case Raw.Type.SETTINGS:
      isOf(has(Raw.ACK) ? 0 : Raw.entriesOf(payload).length * 6)
      return new Frame.Settings(has(Raw.ACK), Raw.entriesOf(payload))
    case Raw.Type.PUSH_PROMISE: {
      const content = Raw.unpadded(raw) ?? broken(raw)
      const promised = readUint32(content, 0) & Raw.MAX_WINDOW
      return new Frame.PushPromise(streamId, promised, has(Raw.END_HEADERS), new Uint8Array(content.subarray(4)))
    }
    case Raw.Type.PING:
      isOf(8)
      return new Frame.Ping(has(Raw.ACK), new Uint8Array(payload))
    case Raw.Type.GOAWAY:
      return new Frame.GoAway(
        readUint32(payload, 0) & Raw.MAX_WINDOW,
        readUint32(payload, 4),
        new Uint8Array(payload.subarray(8))
      )
    case Raw.Type.WINDOW_UPDATE:
      isOf(4)
      return new Frame.WindowUpdate(streamId, readUint32(payload, 0) & Raw.MAX_WINDOW)
    case Raw.Type.CONTINUATION:
      return new Frame.Continuation(streamId, has(Raw.END_HEADERS), new Uint8Array(payload))
    case Raw.Type.ALTSVC: {
      const end = 2 + payload.readUInt16BE(0)
      return new ExtensionFrame.AltSvc(streamId, toText(payload.subarray(2, end)), toText(payload.subarray(end)))
    }
    case Raw.Type.ORIGIN:
      return new ExtensionFrame.Origin(streamId, flags, originsOf(payload))
    case Raw.Type.PRIORITY_UPDATE:
      return new ExtensionFrame.PriorityUpdate(readUint32(payload, 0) & Raw.MAX_WINDOW, toText(payload.subarray(4)))
    default:
      return new Frame.Unknown(type, flags, streamId, new Uint8Array(payload))
  }
}
