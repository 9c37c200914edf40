/**
 * The options of a connection, in both roles. Every size and time has its name, unit, default and bounds here, and nowhere else.
 *
 * @since 0.1.0
 */
import * as ErrorCode from "./ErrorCode.js"
import { ConnectionError } from "./Http2Error.js"
import * as Settings from "./Settings.js"

/**
 * The options of a connection, all of them. Sizes are octets, times milliseconds.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** Streams that the peer may have open at a time (SETTINGS_MAX_CONCURRENT_STREAMS); a server has as many pushes of its own, at most. Default 100. */
  readonly maxConcurrentStreams: number
  /** Pushed responses that may wait at a client, for the server to begin them or for somebody to ask for them. Default 100. */
  readonly maxReservedStreams: number
  /** The flow-control window of each stream for data that we receive, up to 2^31-1. Default 262,144. */
  readonly initialWindowSize: number
  /** The flow-control window of the connection for data that we receive, 65,535 up to 2^31-1. Default 1,048,576. */
  readonly connectionWindowSize: number
  /**
   * What a window for data that we receive, a stream's or the connection's, grows to where the path is long and the data is read as it comes: with a round
   * trip of 5 ms or more, as PING measures it, one that is used up in less than two of them is doubled. 0 up to 2^31-1; 0 turns it off. Default 4,194,304.
   */
  readonly maxWindowSize: number
  /** The largest frame that we accept (SETTINGS_MAX_FRAME_SIZE), 16,384 up to 16,777,215. Default 16,384. */
  readonly maxFrameSize: number
  /** The HPACK table that the peer may use towards us, and the most that we use towards it. Default 4,096. */
  readonly headerTableSize: number
  /** The largest field section that we accept: names, values and 32 for each field (SETTINGS_MAX_HEADER_LIST_SIZE). Default 32,768. */
  readonly maxHeaderListSize: number
  /** The most fields in a message, the crumbs of a cookie joined to one. Octets bound it first: by default there are under 1,000. Default 2,000. */
  readonly maxHeaderFields: number
  /** The largest field block before decompression. Default 32,768. */
  readonly maxHeaderBlockSize: number
  /** The most CONTINUATION frames in a block. Default 8. */
  readonly maxContinuationFrames: number
  /** The most entries in a SETTINGS frame. Default 32. */
  readonly maxSettingsEntries: number
  /** Octets of one stream's body that may wait to be sent. Default 262,144. */
  readonly maxSendBufferPerStream: number
  /** Octets that may wait in the transport before DATA is held back. Default 1,048,576. */
  readonly maxSendBuffer: number
  /**
   * Octets that streams of one connection may hold which have stood for longer than `stallTimeout`: their unsent bodies, and 16 KiB for each. Beyond it,
   * those that have stood longest are reset (CVE-2019-9511, CVE-2019-9517). Default 8,388,608.
   */
  readonly maxStalledOctets: number
  /** The same for all connections that count into the same `stats`: those of one server, unless said otherwise. Default 67,108,864. */
  readonly maxTotalStalledOctets: number
  /**
   * Padding (RFC 9113 §10.7): the payloads of DATA, HEADERS and PUSH_PROMISE frames that we send are filled up to a multiple of so many octets, 2 up to 256,
   * where the windows have room for that. Who watches an encrypted connection then learns the sizes of small messages no closer than to that multiple:
   * how well a secret was compressed beside what an attacker has chosen, for instance. It is no help where sizes differ by more, nor against who
   * sees frames come and go; and it takes bandwidth and window. A multiple, and no random length: chance can be averaged away. Default 0: none.
   */
  readonly padding: number
  /** Frames that answer or control and that may wait for a peer that does not read. Default 1,000. */
  readonly maxQueuedControlFrames: number
  /** Resets of streams, in either direction, at once. Default 200, or `maxConcurrentStreams` where that is more: all may be cancelled at once. */
  readonly resetBurst: number
  /** Resets of streams, in either direction, each second after the burst. Default 20. */
  readonly resetRate: number
  /** Frames that cost work and carry nothing, at once. Default 1,000. */
  readonly glitchBurst: number
  /** Frames that cost work and carry nothing, each second after the burst. Default 100. */
  readonly glitchRate: number
  /** The most origins that a server is believed to answer for on a connection, by ORIGIN frames (RFC 8336 §4); more are ignored. Default 256. */
  readonly maxOrigins: number
  /** How long the peer may take for its connection preface. Default 10 seconds. */
  readonly prefaceTimeout: number
  /** How long the peer may take to acknowledge SETTINGS. Default 10 seconds. */
  readonly settingsTimeout: number
  /** How long a field block may take from its first frame to its last. Default 10 seconds. */
  readonly headersTimeout: number
  /** How long a frame may stand still half received. Default 10 seconds. */
  readonly frameTimeout: number
  /**
   * How old a connection becomes, within a tenth of it, by chance, so that those that began together do not end together. Then it closes gracefully:
   * no new streams, and `gracefulShutdownTimeout` for those that are open. Infinity: no end. Default Infinity.
   */
  readonly maxConnectionAge: number
  /** How long a connection without streams stays open. Default 120 seconds. */
  readonly idleTimeout: number
  /** After how long without a frame from the peer, while streams are open, a PING asks whether it is there. Default 30 seconds. */
  readonly keepAliveInterval: number
  /** How long nothing may come from the peer, once a PING waits to be acknowledged. Default 15 seconds. */
  readonly pingTimeout: number
  /**
   * How long a stream that sends may stand, or move by less than 16 KiB. Then it is reset where the peer does not read its socket. Where the peer reads,
   * and its windows are used up, as those of a reader that pauses are, it is reset only when `maxStalledOctets` or `maxTotalStalledOctets` are exceeded;
   * a peer that says nothing for so long is asked by a PING, with keep-alive or without. Default 60 seconds.
   */
  readonly stallTimeout: number
  /**
   * How long a peer may send nothing of a body that it owes us, though it has credit for it. It owes a body whose length it has said; a client also the body
   * of a request that is not answered yet, unless it waits for 100 (Continue). A tunnel, and a request that goes on beside its response, may be silent, and
   * so may the response of a server that has said no length, as events do; and while our own reader pauses no time counts. The stream is reset.
   * Infinity turns it off, and `minBodyRate` for what we receive with it. Default 60 seconds.
   */
  readonly bodyTimeout: number
  /**
   * Octets a second that bodies have to move at, on the average of a period: those that the peer owes us, of `bodyTimeout`, and those that it
   * takes from us (CVE-2019-9511), of two of `stallTimeout` in a row in each of which it has taken something. Where the connection moves so much for all
   * that wait together, none of them is too slow. The stream is reset. 0 turns it off. Default 50.
   */
  readonly minBodyRate: number
  /** How long streams in flight may take to finish when the connection closes gracefully. Default 30 seconds. */
  readonly gracefulShutdownTimeout: number
}

/**
 * The defaults, durations in milliseconds.
 *
 * @since 0.1.0
 * @category constants
 */
export const defaults: Options = {
  maxConcurrentStreams: 100,
  maxReservedStreams: 100,
  initialWindowSize: 262_144,
  connectionWindowSize: 1_048_576,
  maxWindowSize: 4_194_304,
  maxFrameSize: 16_384,
  headerTableSize: 4096,
  maxHeaderListSize: 32_768,
  maxHeaderFields: 2000,
  maxHeaderBlockSize: 32_768,
  maxContinuationFrames: 8,
  maxSettingsEntries: 32,
  maxSendBufferPerStream: 262_144,
  maxSendBuffer: 1_048_576,
  maxStalledOctets: 8_388_608,
  maxTotalStalledOctets: 67_108_864,
  padding: 0,
  maxQueuedControlFrames: 1000,
  resetBurst: 200,
  resetRate: 20,
  glitchBurst: 1000,
  glitchRate: 100,
  maxOrigins: 256,
  prefaceTimeout: 10_000,
  settingsTimeout: 10_000,
  headersTimeout: 10_000,
  frameTimeout: 10_000,
  maxConnectionAge: Number.POSITIVE_INFINITY,
  idleTimeout: 120_000,
  keepAliveInterval: 30_000,
  pingTimeout: 15_000,
  stallTimeout: 60_000,
  bodyTimeout: 60_000,
  minBodyRate: 50,
  gracefulShutdownTimeout: 30_000
}

/** The bounds of the options that have any beyond being a number of 0 or more. */
const bounds: { readonly [K in keyof Options]?: readonly [least: number, most: number] } = {
  ...Settings.bounds,
  connectionWindowSize: [65_535, Settings.MAX_WINDOW_SIZE],
  maxWindowSize: [0, Settings.MAX_WINDOW_SIZE],
  padding: [0, 256],
  maxSendBufferPerStream: [1, Number.POSITIVE_INFINITY],
  maxSendBuffer: [1, Number.POSITIVE_INFINITY]
}

const boundsOf = (name: keyof Options): readonly [least: number, most: number] =>
  bounds[name] ?? [0, Number.POSITIVE_INFINITY]

/**
 * The options that are times; the others are numbers.
 *
 * @since 0.1.0
 * @category models
 */
export type Time = Extract<keyof Options, `${string}Timeout` | `${string}Interval` | `${string}Age`>

/**
 * Whether the option `name` is a time.
 *
 * @since 0.1.0
 * @category predicates
 */
export const isTime = (name: keyof Options): name is Time =>
  name.endsWith("Timeout") || name.endsWith("Interval") || name.endsWith("Age")

/** What an option can be, in words. */
const rangeOf = (name: keyof Options): string => {
  if (isTime(name)) return "a Duration of 0 or more"
  const [least, most] = boundsOf(name)
  return Number.isFinite(most) ? `a number from ${least} to ${most}` : `a number of ${least} or more`
}

const invalid = (name: keyof Options, value: unknown): ConnectionError =>
  new ConnectionError({
    code: ErrorCode.INTERNAL_ERROR,
    origin: "User",
    reason: "Usage",
    description: `option ${name} cannot be ${String(value)}: it is ${rangeOf(name)}`,
    processed: "no"
  })

const isOption = (name: string): name is keyof Options => Object.hasOwn(defaults, name)

const finite = (value: number): number => (Number.isFinite(value) ? value : 0)

const asNumber = (_name: string, value: unknown): number => (typeof value === "number" ? value : Number.NaN)

/**
 * `options` with every default filled in. Throws a `ConnectionError` of origin `User` for a value that cannot be; `valueOf` gives what to check of the one
 * that stands there, NaN where it is of no use. Keys that are not options are left alone.
 *
 * @since 0.1.0
 * @category constructors
 */
export const resolve = (
  options: { readonly [K in keyof Options]?: unknown } = {},
  valueOf: (name: keyof Options, value: unknown) => number = asNumber
): Options => {
  const resolved: { -readonly [K in keyof Options]: number } = { ...defaults }
  const entries: ReadonlyArray<readonly [string, unknown]> = Object.entries(options)
  for (const [name, value] of entries) {
    if (!isOption(name) || value === undefined) continue
    const number = valueOf(name, value)
    const [least, most] = boundsOf(name)
    const isWhole = name !== "padding" || Number.isInteger(number)
    if (!(number >= least && number <= most && isWhole)) throw invalid(name, value)
    resolved[name] = number
  }
  if (options.resetBurst === undefined)
    resolved.resetBurst = Math.max(resolved.resetBurst, finite(resolved.maxConcurrentStreams))
  return resolved
}

/**
 * The settings that a connection with these options announces in its preface.
 *
 * @since 0.1.0
 * @category conversions
 */
export const toSettings = (options: Options, enablePush: boolean): Settings.Settings => ({
  ...Settings.initial,
  headerTableSize: options.headerTableSize,
  enablePush,
  maxConcurrentStreams: options.maxConcurrentStreams,
  initialWindowSize: options.initialWindowSize,
  maxFrameSize: options.maxFrameSize,
  maxHeaderListSize: options.maxHeaderListSize,
  // RFC 9218 §2.1: those of RFC 7540 are neither sent nor used.
  noRfc7540Priorities: true
})
