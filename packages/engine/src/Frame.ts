/**
 * The frames of RFC 9113 §6 as values. `Unknown` carries every type that is not defined there or in ExtensionFrame.ts; it is ignored by
 * the engine (§5.5).
 *
 * @since 0.1.0
 */
import type { ErrorCode } from "./ErrorCode.js"
import type { ExtensionFrame } from "./ExtensionFrame.js"

/**
 * The type field of a frame (RFC 9113 §6).
 *
 * @since 0.1.0
 * @category constants
 */
export const Type = {
  DATA: 0x00,
  HEADERS: 0x01,
  PRIORITY: 0x02,
  RST_STREAM: 0x03,
  SETTINGS: 0x04,
  PUSH_PROMISE: 0x05,
  PING: 0x06,
  GOAWAY: 0x07,
  WINDOW_UPDATE: 0x08,
  CONTINUATION: 0x09
} as const

/**
 * The flags of a frame (RFC 9113 §6). Their meaning depends on the frame's type.
 *
 * @since 0.1.0
 * @category constants
 */
export const Flag = {
  NONE: 0x00,
  ACK: 0x01,
  END_STREAM: 0x01,
  END_HEADERS: 0x04,
  PADDED: 0x08,
  PRIORITY: 0x20
} as const

/**
 * Octets of a frame's header (RFC 9113 §4.1).
 *
 * @since 0.1.0
 * @category constants
 */
export const HEADER_LENGTH = 9

/**
 * The highest id that a stream can have (RFC 9113 §5.1.1): 2^31-1.
 *
 * @since 0.1.0
 * @category constants
 */
export const MAX_STREAM_ID = 0x7fffffff

/**
 * The priority fields that RFC 7540 put into HEADERS and PRIORITY; parsed and ignored (RFC 9113 §5.3.2). `weight` is 1 to 256.
 *
 * @since 0.1.0
 * @category models
 */
export interface PrioritySpec {
  readonly dependency: number
  readonly exclusive: boolean
  readonly weight: number
}

/**
 * DATA (RFC 9113 §6.1). A decoder may hand on one frame from the wire in several pieces as they arrive: only the last has `endStream`, all
 * but the first have `continued`. `flowControlledLength` counts `data` and the padding that belongs to the piece.
 *
 * @since 0.1.0
 * @category models
 */
export class Data {
  readonly _tag = "Data"
  constructor(
    readonly streamId: number,
    readonly endStream: boolean,
    readonly data: Uint8Array,
    readonly flowControlledLength: number,
    readonly continued: boolean
  ) {}
}

/**
 * HEADERS (RFC 9113 §6.2), with its fragment of the field block still compressed.
 *
 * @since 0.1.0
 * @category models
 */
export class Headers {
  readonly _tag = "Headers"
  constructor(
    readonly streamId: number,
    readonly endStream: boolean,
    readonly endHeaders: boolean,
    readonly fragment: Uint8Array,
    readonly priority: PrioritySpec | undefined
  ) {}
}

/**
 * PRIORITY (RFC 9113 §6.3), deprecated.
 *
 * @since 0.1.0
 * @category models
 */
export class Priority {
  readonly _tag = "Priority"
  constructor(
    readonly streamId: number,
    readonly priority: PrioritySpec
  ) {}
}

/**
 * RST_STREAM (RFC 9113 §6.4).
 *
 * @since 0.1.0
 * @category models
 */
export class RstStream {
  readonly _tag = "RstStream"
  constructor(
    readonly streamId: number,
    readonly errorCode: ErrorCode
  ) {}
}

/**
 * SETTINGS (RFC 9113 §6.5). `entries` are identifier and value, in the order of the wire.
 *
 * @since 0.1.0
 * @category models
 */
export class Settings {
  readonly _tag = "Settings"
  readonly streamId = 0
  constructor(
    readonly ack: boolean,
    readonly entries: ReadonlyArray<readonly [id: number, value: number]>
  ) {}
}

/**
 * PUSH_PROMISE (RFC 9113 §6.6), with its fragment of the field block still compressed.
 *
 * @since 0.1.0
 * @category models
 */
export class PushPromise {
  readonly _tag = "PushPromise"
  constructor(
    readonly streamId: number,
    readonly promisedStreamId: number,
    readonly endHeaders: boolean,
    readonly fragment: Uint8Array
  ) {}
}

/**
 * PING (RFC 9113 §6.7). `data` has 8 octets.
 *
 * @since 0.1.0
 * @category models
 */
export class Ping {
  readonly _tag = "Ping"
  readonly streamId = 0
  constructor(
    readonly ack: boolean,
    readonly data: Uint8Array
  ) {}
}

/**
 * GOAWAY (RFC 9113 §6.8).
 *
 * @since 0.1.0
 * @category models
 */
export class GoAway {
  readonly _tag = "GoAway"
  readonly streamId = 0
  constructor(
    readonly lastStreamId: number,
    readonly errorCode: ErrorCode,
    readonly debugData: Uint8Array
  ) {}
}

/**
 * WINDOW_UPDATE (RFC 9113 §6.9). On stream 0 it is about the connection. A decoder hands an increment of 0 on as it is: its
 * scope depends on the stream.
 *
 * @since 0.1.0
 * @category models
 */
export class WindowUpdate {
  readonly _tag = "WindowUpdate"
  constructor(
    readonly streamId: number,
    readonly increment: number
  ) {}
}

/**
 * CONTINUATION (RFC 9113 §6.10).
 *
 * @since 0.1.0
 * @category models
 */
export class Continuation {
  readonly _tag = "Continuation"
  constructor(
    readonly streamId: number,
    readonly endHeaders: boolean,
    readonly fragment: Uint8Array
  ) {}
}

/**
 * A frame of a type that neither RFC 9113 nor an extension that is known here defines (§5.5).
 *
 * @since 0.1.0
 * @category models
 */
export class Unknown {
  readonly _tag = "Unknown"
  constructor(
    readonly type: number,
    readonly flags: number,
    readonly streamId: number,
    readonly payload: Uint8Array
  ) {}
}

/**
 * A frame that breaks a rule of one stream only, so that decoding goes on behind it (RFC 9113 §4.2, §6.3).
 *
 * @since 0.1.0
 * @category models
 */
export class Invalid {
  readonly _tag = "Invalid"
  constructor(
    readonly type: number,
    readonly streamId: number,
    readonly errorCode: ErrorCode,
    readonly section: string,
    readonly description: string
  ) {}
}

/**
 * Any frame.
 *
 * @since 0.1.0
 * @category models
 */
export type Frame =
  | Data
  | Headers
  | Priority
  | RstStream
  | Settings
  | PushPromise
  | Ping
  | GoAway
  | WindowUpdate
  | Continuation
  | ExtensionFrame
  | Unknown
  | Invalid
