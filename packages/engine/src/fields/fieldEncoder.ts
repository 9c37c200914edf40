/**
 * Field sections to HEADERS or PUSH_PROMISE and CONTINUATION frames (RFC 9113 §4.3), compressed in the order in which they are written. Called by the outbox.
 */
import * as Encoder from "@effect-http2/hpack/Encoder"
import type { HeaderField } from "@effect-http2/hpack/HeaderField"
import * as Frame from "../Frame.js"
import type { Options } from "../Options.js"
import { writeFrameHeader } from "../frame/frameEncoder.js"
import { copy, emptyOctets, writeUint32 } from "../octets.js"
import { mostPadding, padLength } from "../frame/padding.js"
import type { WriteBuffer } from "../frame/writeBuffer.js"

const { CONTINUATION, HEADERS, PUSH_PROMISE } = Frame.Type
const { END_HEADERS, END_STREAM, NONE, PADDED } = Frame.Flag

type Fields = ReadonlyArray<HeaderField>

/** A block that left the compression state as it was, so that it may be sent again while nothing else changes the state. */
interface Remembered {
  readonly pseudo: Fields
  readonly fields: Fields
  readonly more: Fields
  readonly generation: number
  readonly block: Uint8Array
}

const none: Fields = []

/** Stands for a block before there is one: its generation is none. */
const nothing: Remembered = { pseudo: none, fields: none, more: none, generation: -1, block: emptyOctets }

export class FieldEncoder {
  private readonly encoder: Encoder.Encoder
  /** The option; and octets in front of a payload, the pad length among them, and behind it. */
  private readonly padding: number
  private readonly before: number
  private readonly behind: number
  private last: Remembered = nothing

  constructor(
    private readonly buffer: WriteBuffer,
    options: Options
  ) {
    this.encoder = Encoder.make({ maxHeaderTableSize: options.headerTableSize })
    this.padding = options.padding
    const isPadded = options.padding > 1
    this.before = isPadded ? 10 : 9
    this.behind = isPadded ? mostPadding : 0
  }

  /** The peer's SETTINGS_HEADER_TABLE_SIZE. */
  setHeaderTableSize(size: number): void {
    this.encoder.setHeaderTableSize(size)
  }

  /**
   * HEADERS, and CONTINUATION where one frame of `maxFrameSize` does not hold the block. The section is `pseudo`, `fields` and `more`, one
   * behind the other: lists that are often the same each by itself.
   */
  write(
    streamId: number,
    pseudo: Fields,
    fields: Fields,
    more: Fields,
    endStream: boolean,
    maxFrameSize: number
  ): void {
    const { buffer, last } = this
    const streamFlag = endStream ? END_STREAM : NONE
    const isKnown =
      last.pseudo === pseudo &&
      last.fields === fields &&
      last.more === more &&
      last.generation === this.encoder.generation
    const most = isKnown
      ? last.block.length
      : Encoder.upperBound(pseudo) + Encoder.upperBound(fields) + Encoder.upperBound(more)
    const at = buffer.reserve(this.before + most + this.behind)
    const { octets } = buffer
    let end = at + this.before
    if (isKnown) {
      octets.set(last.block, end)
      end += last.block.length
    } else end = this.encode(pseudo, fields, more, octets, end)
    if (this.padding > 1) return this.pad(HEADERS, streamFlag, streamId, at, end, maxFrameSize)
    const length = end - at - 9
    if (length <= maxFrameSize) {
      writeFrameHeader(octets, at, length, HEADERS, END_HEADERS | streamFlag, streamId)
      buffer.counts.add(HEADERS)
      buffer.commit(end)
    } else this.split(HEADERS, streamFlag, streamId, copy(octets, at + 9, end), maxFrameSize)
  }

  /**
   * PUSH_PROMISE of `promisedStreamId` (§6.6), and CONTINUATION where one frame of `maxFrameSize` does not hold the id and the block. Promises are not
   * remembered: the next response is more likely to be like the last one.
   */
  writePromise(streamId: number, promisedStreamId: number, pseudo: Fields, fields: Fields, maxFrameSize: number): void {
    const { buffer, encoder } = this
    const at = buffer.reserve(this.before + 4 + Encoder.upperBound(pseudo) + Encoder.upperBound(fields) + this.behind)
    const { octets } = buffer
    const start = at + this.before
    writeUint32(octets, start, promisedStreamId)
    const end = encoder.encodeInto(fields, octets, encoder.encodeInto(pseudo, octets, start + 4))
    if (this.padding > 1) return this.pad(PUSH_PROMISE, NONE, streamId, at, end, maxFrameSize)
    const length = end - at - 9
    if (length <= maxFrameSize) {
      writeFrameHeader(octets, at, length, PUSH_PROMISE, END_HEADERS, streamId)
      buffer.counts.add(PUSH_PROMISE)
      buffer.commit(end)
    } else this.split(PUSH_PROMISE, NONE, streamId, copy(octets, at + 9, end), maxFrameSize)
  }

  /**
   * A padded frame of `type`, whose payload lies in the buffer from its place behind the pad length up to `end`. Where one frame of `maxFrameSize` does not
   * hold it with its padding, what is left over goes into CONTINUATION, which cannot be padded.
   */
  private pad(type: number, flags: number, streamId: number, at: number, end: number, maxFrameSize: number): void {
    const { buffer } = this
    const { octets } = buffer
    const start = at + this.before
    const padding = padLength(end - start, Number.POSITIVE_INFINITY, this.padding)
    const length = 1 + end - start + padding
    if (length <= maxFrameSize) {
      writeFrameHeader(octets, at, length, type, END_HEADERS | PADDED | flags, streamId)
      buffer.counts.add(type)
      octets[at + 9] = padding
      octets.fill(0, end, end + padding)
      return buffer.commit(end + padding)
    }
    const payload = copy(octets, start, end)
    const first = maxFrameSize - 1 - padding
    buffer.paddedFrame(type, flags, streamId, payload.subarray(0, first), padding)
    this.split(CONTINUATION, NONE, streamId, payload.subarray(first), maxFrameSize)
  }

  private encode(pseudo: Fields, fields: Fields, more: Fields, octets: Uint8Array, at: number): number {
    const { encoder } = this
    const { generation } = encoder
    let end = encoder.encodeInto(pseudo, octets, at)
    end = encoder.encodeInto(fields, octets, end)
    if (more.length > 0) end = encoder.encodeInto(more, octets, end)
    if (encoder.generation === generation && end - at <= 1024) {
      this.last = { pseudo, fields, more, generation, block: copy(octets, at, end) }
    }
    return end
  }

  /** `payload` in a frame of `type` with `flags`, and as many of CONTINUATION as it takes. */
  private split(type: number, flags: number, streamId: number, payload: Uint8Array, maxFrameSize: number): void {
    for (let at = 0; at < payload.length; at += maxFrameSize) {
      const part = payload.subarray(at, at + maxFrameSize)
      const endFlag = at + maxFrameSize >= payload.length ? END_HEADERS : NONE
      this.buffer.frame(at === 0 ? type : CONTINUATION, (at === 0 ? flags : NONE) | endFlag, streamId, part)
    }
  }
}
