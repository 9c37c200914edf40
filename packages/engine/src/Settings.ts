/**
 * The settings of RFC 9113 §6.5.2: their identifiers, initial values and bounds.
 *
 * @since 0.1.0
 */
import * as ErrorCode from "./ErrorCode.js"
import * as Http2Error from "./Http2Error.js"

/**
 * The settings of one endpoint, all of them, as they stand after the last acknowledged SETTINGS frame.
 *
 * @since 0.1.0
 * @category models
 */
export interface Settings {
  /** SETTINGS_HEADER_TABLE_SIZE, octets; initially 4,096. */
  readonly headerTableSize: number
  /** SETTINGS_ENABLE_PUSH; initially true. */
  readonly enablePush: boolean
  /** SETTINGS_MAX_CONCURRENT_STREAMS; initially without a limit. */
  readonly maxConcurrentStreams: number
  /** SETTINGS_INITIAL_WINDOW_SIZE, octets, at most 2^31-1; initially 65,535. */
  readonly initialWindowSize: number
  /** SETTINGS_MAX_FRAME_SIZE, octets, 16,384 to 16,777,215; initially 16,384. */
  readonly maxFrameSize: number
  /** SETTINGS_MAX_HEADER_LIST_SIZE, octets of names and values and 32 for each field; initially without a limit. */
  readonly maxHeaderListSize: number
  /** SETTINGS_ENABLE_CONNECT_PROTOCOL (RFC 8441 §3); initially false. */
  readonly enableConnectProtocol: boolean
  /** SETTINGS_NO_RFC7540_PRIORITIES (RFC 9218 §2.1); initially false. */
  readonly noRfc7540Priorities: boolean
}

/**
 * The identifiers on the wire.
 *
 * @since 0.1.0
 * @category constants
 */
export const Id = {
  HEADER_TABLE_SIZE: 0x01,
  ENABLE_PUSH: 0x02,
  MAX_CONCURRENT_STREAMS: 0x03,
  INITIAL_WINDOW_SIZE: 0x04,
  MAX_FRAME_SIZE: 0x05,
  MAX_HEADER_LIST_SIZE: 0x06,
  ENABLE_CONNECT_PROTOCOL: 0x08,
  NO_RFC7540_PRIORITIES: 0x09
} as const

/**
 * The largest flow-control window, 2^31-1 (RFC 9113 §6.9.1).
 *
 * @since 0.1.0
 * @category constants
 */
export const MAX_WINDOW_SIZE = 0x7fffffff

/**
 * What the settings that are numbers can be, from the least to the most (RFC 9113 §6.5.2). Infinity stands for no limit; on the wire it is the largest number.
 *
 * @since 0.1.0
 * @category constants
 */
export const bounds = {
  headerTableSize: [0, 0xffffffff],
  maxConcurrentStreams: [0, Number.POSITIVE_INFINITY],
  initialWindowSize: [0, MAX_WINDOW_SIZE],
  maxFrameSize: [16_384, 16_777_215],
  maxHeaderListSize: [0, Number.POSITIVE_INFINITY]
} as const satisfies Partial<Record<keyof Settings, readonly [least: number, most: number]>>

/**
 * Whether `value` is within the bounds of the setting `name`.
 *
 * @since 0.1.0
 * @category predicates
 */
export const isWithinBounds = (name: keyof typeof bounds, value: number): boolean => {
  const [least, most] = bounds[name]
  return value >= least && value <= most
}

/**
 * The values that hold before any SETTINGS frame.
 *
 * @since 0.1.0
 * @category constants
 */
export const initial: Settings = {
  headerTableSize: 4096,
  enablePush: true,
  maxConcurrentStreams: Number.POSITIVE_INFINITY,
  initialWindowSize: 65_535,
  maxFrameSize: 16_384,
  maxHeaderListSize: Number.POSITIVE_INFINITY,
  enableConnectProtocol: false,
  noRfc7540Priorities: false
}

/**
 * The RFC's name of an identifier, or its number in hexadecimal where it is not known.
 *
 * @since 0.1.0
 * @category utils
 */
export const toName = (id: number): string => {
  for (const [name, value] of Object.entries(Id)) {
    if (value === id) return `SETTINGS_${name}`
  }
  return `0x${id.toString(16)}`
}

/**
 * The entries of a SETTINGS frame that takes a peer from `from` to `to`: those in which the two differ.
 *
 * @since 0.1.0
 * @category encoding
 */
export const toEntries = (to: Settings, from: Settings = initial): ReadonlyArray<readonly [number, number]> => {
  const entries: Array<readonly [number, number]> = []
  const add = (id: number, value: number | boolean, current: number | boolean): void => {
    if (value !== current) entries.push([id, Math.min(Number(value), 0xffffffff)])
  }
  add(Id.HEADER_TABLE_SIZE, to.headerTableSize, from.headerTableSize)
  add(Id.ENABLE_PUSH, to.enablePush, from.enablePush)
  add(Id.MAX_CONCURRENT_STREAMS, to.maxConcurrentStreams, from.maxConcurrentStreams)
  add(Id.INITIAL_WINDOW_SIZE, to.initialWindowSize, from.initialWindowSize)
  add(Id.MAX_FRAME_SIZE, to.maxFrameSize, from.maxFrameSize)
  add(Id.MAX_HEADER_LIST_SIZE, to.maxHeaderListSize, from.maxHeaderListSize)
  add(Id.ENABLE_CONNECT_PROTOCOL, to.enableConnectProtocol, from.enableConnectProtocol)
  add(Id.NO_RFC7540_PRIORITIES, to.noRfc7540Priorities, from.noRfc7540Priorities)
  return entries
}

const flag = (id: number, value: number): boolean => {
  if (value > 1) {
    throw Http2Error.connectionError(ErrorCode.PROTOCOL_ERROR, "6.5.2", `${toName(id)} is ${value}, not 0 or 1`)
  }
  return value === 1
}

/**
 * `current` with `entries` applied in order; identifiers that are not known are ignored (RFC 9113 §6.5.2). Throws a `ConnectionError` for a
 * value out of its bounds.
 *
 * @since 0.1.0
 * @category decoding
 */
export const apply = (current: Settings, entries: ReadonlyArray<readonly [number, number]>): Settings => {
  const next: { -readonly [K in keyof Settings]: Settings[K] } = { ...current }
  for (const [id, value] of entries) {
    switch (id) {
      case Id.HEADER_TABLE_SIZE:
        next.headerTableSize = value
        break
      case Id.ENABLE_PUSH:
        next.enablePush = flag(id, value)
        break
      case Id.MAX_CONCURRENT_STREAMS:
        next.maxConcurrentStreams = value
        break
      case Id.INITIAL_WINDOW_SIZE:
        if (!isWithinBounds("initialWindowSize", value)) {
          throw Http2Error.connectionError(ErrorCode.FLOW_CONTROL_ERROR, "6.5.2", `${toName(id)} is ${value}`)
        }
        next.initialWindowSize = value
        break
      case Id.MAX_FRAME_SIZE:
        if (!isWithinBounds("maxFrameSize", value)) {
          throw Http2Error.connectionError(ErrorCode.PROTOCOL_ERROR, "6.5.2", `${toName(id)} is ${value}`)
        }
        next.maxFrameSize = value
        break
      case Id.MAX_HEADER_LIST_SIZE:
        next.maxHeaderListSize = value
        break
      case Id.ENABLE_CONNECT_PROTOCOL: {
        const enabled = flag(id, value)
        if (next.enableConnectProtocol && !enabled) {
          throw Http2Error.connectionError(
            ErrorCode.PROTOCOL_ERROR,
            "6.5.2",
            `${toName(id)} was taken back (RFC 8441 §3)`
          )
        }
        next.enableConnectProtocol = enabled
        break
      }
      case Id.NO_RFC7540_PRIORITIES:
        next.noRfc7540Priorities = flag(id, value)
        break
    }
  }
  return next
}
