/** The frames of http2-frame-test-case: `vectors/http2-frame-test-case.json` holds them by name. */
import type * as Frame from "@effect-http2/engine/Frame"
import { readFileSync } from "node:fs"
import { describe, expect, it } from "vitest"
import { FrameDecoder } from "@effect-http2/engine/frame/frameDecoder"
import { encode } from "@effect-http2/engine/frame/frameEncoder"

interface Payload {
  readonly data?: string
  readonly header_block_fragment?: string
  readonly additional_debug_data?: string
  readonly opaque_data?: string
  readonly padding_length?: number | null
  readonly settings?: ReadonlyArray<readonly [number, number]>
  readonly [key: string]: unknown
}

interface Vector {
  readonly error: ReadonlyArray<number> | null
  readonly wire: string
  readonly description: string
  readonly frame: {
    readonly type: number
    readonly flags: number
    readonly stream_identifier: number
    readonly frame_payload: Payload
  } | null
}

const file = new URL("./vectors/http2-frame-test-case.json", import.meta.url)
const vectors = Object.entries(JSON.parse(readFileSync(file, "utf8")) as Record<string, Vector>)

const fromHex = (hex: string): Uint8Array =>
  Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
const text = (octets: Uint8Array): string => String.fromCharCode(...octets)

/** What of a frame the vectors name, by their names. */
const describeFrame = (frame: Frame.Frame): Record<string, unknown> => {
  switch (frame._tag) {
    case "Data":
      return { data: text(frame.data) }
    case "Headers": {
      const { fragment, priority } = frame
      return {
        header_block_fragment: text(fragment),
        stream_dependency: priority?.dependency ?? null,
        exclusive: priority?.exclusive ?? null,
        weight: priority?.weight ?? null
      }
    }
    case "Priority":
      return {
        stream_dependency: frame.priority.dependency,
        exclusive: frame.priority.exclusive,
        weight: frame.priority.weight
      }
    case "RstStream":
      return { error_code: frame.errorCode }
    case "Settings":
      return { settings: frame.entries }
    case "PushPromise":
      return { promised_stream_id: frame.promisedStreamId, header_block_fragment: text(frame.fragment) }
    case "Ping":
      return { opaque_data: text(frame.data) }
    case "GoAway":
      return {
        last_stream_id: frame.lastStreamId,
        error_code: frame.errorCode,
        additional_debug_data: text(frame.debugData)
      }
    case "WindowUpdate":
      return { window_size_increment: frame.increment }
    case "Continuation":
      return { header_block_fragment: text(frame.fragment) }
    default:
      return { tag: frame._tag }
  }
}

const withoutPadding = ({ padding: _padding, padding_length: _length, ...rest }: Payload): Record<string, unknown> =>
  rest

describe("http2-frame-test-case", () => {
  it.each(vectors)("%s", (_name, { error, frame, wire }) => {
    const [decoded, ...more] = new FrameDecoder(16_384, false).decode(fromHex(wire))
    expect(more).toEqual([])
    if (error !== null || frame === null) {
      expect(decoded?._tag).toBe("Invalid")
      return
    }
    if (decoded === undefined) throw new Error("nothing was decoded")
    expect(decoded.streamId).toBe(frame.stream_identifier)
    const known = frame.type === 2 ? { padding: null } : {}
    expect({ ...describeFrame(decoded) }).toEqual(withoutPadding({ ...frame.frame_payload, ...known }))
    // The vectors' padding is text; ours is zeros (RFC 9113 §6.1), so only frames without it have the same octets.
    const padding = frame.frame_payload.padding_length
    if (padding === null || padding === undefined) expect(encode(decoded)).toEqual(fromHex(wire))
    else expect(encode(decoded, { padding })).toHaveLength(wire.length / 2)
  })
})
