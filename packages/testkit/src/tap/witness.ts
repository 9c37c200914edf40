/**
 * What may never be seen of the frames that an endpoint sends, whatever it is asked: looks at each as it comes, for every test with a raw peer, and knows
 * nothing of what was sent to it.
 */
import * as Raw from "../rawFrame.js"

const { ACK, END_HEADERS, END_STREAM, Type } = Raw

interface Form {
  readonly flags: number
  /** Whether it is about the connection, a stream, or either. */
  readonly on: "connection" | "stream" | "either"
  readonly fits: (length: number) => boolean
}

const octets =
  (...lengths: ReadonlyArray<number>) =>
  (length: number): boolean =>
    lengths.includes(length)
const atLeast = (least: number) => (length: number) => length >= least
const any = atLeast(0)

/** The types that are sent at all. */
const forms: Readonly<Record<number, Form>> = {
  [Type.DATA]: { flags: END_STREAM | Raw.PADDED, on: "stream", fits: any },
  [Type.HEADERS]: { flags: END_STREAM | END_HEADERS | Raw.PADDED | Raw.PRIORITY, on: "stream", fits: any },
  [Type.PRIORITY]: { flags: 0, on: "stream", fits: octets(5) },
  [Type.RST_STREAM]: { flags: 0, on: "stream", fits: octets(4) },
  [Type.SETTINGS]: { flags: ACK, on: "connection", fits: (length) => length % 6 === 0 },
  [Type.PUSH_PROMISE]: { flags: END_HEADERS | Raw.PADDED, on: "stream", fits: atLeast(4) },
  [Type.PING]: { flags: ACK, on: "connection", fits: octets(8) },
  [Type.GOAWAY]: { flags: 0, on: "connection", fits: atLeast(8) },
  [Type.WINDOW_UPDATE]: { flags: 0, on: "either", fits: octets(4) },
  [Type.CONTINUATION]: { flags: END_HEADERS, on: "stream", fits: any },
  [Type.ALTSVC]: { flags: 0, on: "either", fits: atLeast(2) },
  [Type.ORIGIN]: { flags: 0, on: "connection", fits: any },
  [Type.PRIORITY_UPDATE]: { flags: 0, on: "connection", fits: atLeast(4) }
}

const reserved = 0x80000000

export class Witness {
  /** The stream whose field block goes on. */
  private block: number | undefined = undefined
  private readonly ended = new Set<number>()
  private readonly reset = new Set<number>()
  private lastAccepted = Number.POSITIVE_INFINITY
  /** Streams that this endpoint opened, or reserved by PUSH_PROMISE. */
  private readonly opened = new Set<number>()
  private highest = 0

  /** `isClient`: whose frames are looked at. */
  constructor(private readonly isClient: boolean) {}

  /** What is wrong with the next frame; undefined where nothing is. */
  see(frame: Raw.RawFrame): string | undefined {
    return this.ofItself(frame) ?? this.ofItsPlace(frame) ?? this.ofIdle(frame) ?? this.ofItsStream(frame)
  }

  /** §4.1, and the shape of each type. */
  private ofItself({ flags, isReserved, payload, streamId, type }: Raw.RawFrame): string | undefined {
    const form = forms[type]
    if (form === undefined) return "a frame of a type that nobody sends"
    if ((flags & ~form.flags) !== 0) return "a flag that its type does not have [rfc9113-4.1-3]"
    if (isReserved) return "the reserved bit of the stream id [rfc9113-4.1-4]"
    if (form.on !== "either" && (streamId === 0) !== (form.on === "connection")) return "a stream id of the wrong kind"
    if (!form.fits(payload.length)) return "a length that its type does not have"
    if (type === Type.SETTINGS && flags === ACK && payload.length > 0)
      return "octets in an acknowledgement [rfc9113-6.5-3]"
    const isNumber = type === Type.WINDOW_UPDATE || type === Type.GOAWAY
    if (isNumber && payload.readUInt32BE() >= reserved) return "the reserved bit of its first field [rfc9113-4.1-4]"
    if (type === Type.WINDOW_UPDATE && payload.readUInt32BE() === 0) return "credit of 0"
    return undefined
  }

  /** §4.3: a field block goes out in one piece. §6.8: GOAWAY takes nothing back. */
  private ofItsPlace({ flags, payload, streamId, type }: Raw.RawFrame): string | undefined {
    const isContinuation = type === Type.CONTINUATION
    if (this.block === undefined ? isContinuation : !isContinuation || streamId !== this.block) {
      return "a frame in the middle of a field block, or CONTINUATION without one [rfc9113-4.3-1]"
    }
    if (type === Type.HEADERS || type === Type.PUSH_PROMISE || isContinuation) {
      this.block = (flags & END_HEADERS) === 0 ? streamId : undefined
    }
    if (type !== Type.GOAWAY) return undefined
    const last = payload.readUInt32BE()
    if (last > this.lastAccepted) return "a GOAWAY that raises the last stream id [rfc9113-6.8-5]"
    this.lastAccepted = last
    return undefined
  }

  /** §5.1.1: an endpoint's own streams are of its parity, rise, and begin with HEADERS, or are promised before. */
  private ofIdle(frame: Raw.RawFrame): string | undefined {
    const { flags, payload, streamId, type } = frame
    if (type === Type.PUSH_PROMISE) return this.open(payload.readUInt32BE((flags & Raw.PADDED) === 0 ? 0 : 1))
    const isOwn = streamId > 0 && (streamId % 2 === 1) === this.isClient
    if (!isOwn || type === Type.PRIORITY || this.opened.has(streamId)) return undefined
    return this.isClient && type === Type.HEADERS ? this.open(streamId) : "a frame on an idle stream [rfc9113-5.1-1]"
  }

  private open(streamId: number): string | undefined {
    if ((streamId % 2 === 1) !== this.isClient) return "a stream of the other side's parity [rfc9113-5.1.1-1]"
    if (streamId <= this.highest) return "a new stream with an id that is not higher [rfc9113-5.1.1-2]"
    this.highest = streamId
    this.opened.add(streamId)
    return undefined
  }

  /** §5.1: what its own side has ended, it does not go on with. */
  private ofItsStream({ flags, streamId, type }: Raw.RawFrame): string | undefined {
    if (streamId === 0 || type === Type.PRIORITY) return undefined
    if (this.reset.has(streamId)) return "a frame behind RST_STREAM [rfc9113-5.1-8]"
    const isContent = type === Type.DATA || type === Type.HEADERS || type === Type.PUSH_PROMISE
    if (isContent && this.ended.has(streamId)) return "a frame behind END_STREAM [rfc9113-5.1-8]"
    if (type === Type.RST_STREAM) this.reset.add(streamId)
    if ((type === Type.DATA || type === Type.HEADERS) && (flags & END_STREAM) !== 0) this.ended.add(streamId)
    return undefined
  }
}
