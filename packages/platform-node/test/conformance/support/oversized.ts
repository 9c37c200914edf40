/** Frames with one octet more than a connection accepts without SETTINGS_MAX_FRAME_SIZE, for the cases of both roles (RFC 9113 §4.2). */
import * as Raw from "@effect-http2/testkit/rawFrame"

/** Every type but DATA, on a stream that it may be on: all of them can change the state of the connection. */
const types = {
  HEADERS: 1,
  PRIORITY: 1,
  RST_STREAM: 1,
  SETTINGS: 0,
  PUSH_PROMISE: 1,
  PING: 0,
  GOAWAY: 0,
  WINDOW_UPDATE: 0,
  CONTINUATION: 1
} as const

export const frame = (type: number, streamId: number): Uint8Array =>
  Raw.frame(type, 0, streamId, new Uint8Array(16_385))

/** A case for each of these types, but for what has to come of it. */
export const cases = Object.entries(types).map(([name, streamId]) => ({
  title: `${name} of 16,385 octets [rfc9113-4.2-2] [rfc9113-4.2-3]`,
  steps: [frame(Raw.Type[name as keyof typeof types], streamId)]
}))
