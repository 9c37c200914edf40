/**
 * One change in a conversation that was correct: a bit, a field of a header, a frame that is missing, doubled, out of its place, or that does not
 * belong there. Tells what it may have touched.
 */
import type { Choices } from "@effect-http2/testkit/choices"
import { anyFrame, anyId } from "./anyFrame.js"
import { concat, readUint32 } from "@effect-http2/testkit/octets"
import * as Raw from "@effect-http2/testkit/rawFrame"

const { Type } = Raw

const idOf = (frame: Uint8Array): number => readUint32(frame, 5) & 0x7fffffff

const flipped = (frame: Uint8Array, at: number, bit: number): Uint8Array => {
  const copy = Uint8Array.from(frame)
  copy[at] = (copy[at] ?? 0) ^ (1 << bit)
  return copy
}

/** The streams that PUSH_PROMISE can be about, whether or not it is padded. */
const promisedBy = (frame: Uint8Array): ReadonlyArray<number> =>
  [Raw.HEADER, Raw.HEADER + 1].map((at) => readUint32(frame, at) & 0x7fffffff)

const withPayload = (frame: Uint8Array, payload: Uint8Array): Uint8Array =>
  Raw.frame(frame[3] ?? 0, frame[4] ?? 0, readUint32(frame, 5), payload)

export class Mutation {
  /** The streams that the frames before and behind the change are about. */
  readonly touched = new Set<number>()
  /** Whether no more can be said of any stream: octets may be read as other frames, fields or settings than they were meant for. */
  isWeak = false
  /** What was done, in words. */
  what = "nothing"
  private held: Uint8Array | undefined = undefined
  private count = 0
  /** What the last block, if it was a promise, promised. */
  private promised: ReadonlyArray<number> = []

  constructor(
    private readonly choices: Choices,
    /** The frame that is changed, counted from 0. */
    private readonly at: number,
    /** Whether field blocks depend on those before them. */
    private readonly areBlocksLinked: boolean
  ) {}

  /** Whether the frame to be changed has come. */
  get isDone(): boolean {
    return this.count > this.at
  }

  readonly apply = (frame: Uint8Array): ReadonlyArray<Uint8Array> => {
    if (frame[3] === Type.HEADERS) this.promised = []
    if (frame[3] === Type.PUSH_PROMISE) this.promised = promisedBy(frame)
    const { held } = this
    if (held !== undefined) {
      this.held = undefined
      this.touch(frame)
      return [frame, held]
    }
    if (this.count++ !== this.at) return [frame]
    const changed = this.change(frame)
    this.touch(frame)
    for (const each of changed) this.touch(each)
    return changed
  }

  private touch(frame: Uint8Array): void {
    const type = frame[3] ?? 0
    if (idOf(frame) !== 0) this.touched.add(idOf(frame))
    if (type === Type.PUSH_PROMISE) promisedBy(frame).forEach((id) => this.touched.add(id))
    if (type === Type.CONTINUATION) this.promised.forEach((id) => this.touched.add(id))
    const hasBlock = type === Type.HEADERS || type === Type.CONTINUATION || type === Type.PUSH_PROMISE
    if (hasBlock && this.areBlocksLinked) this.isWeak = true
    if (type === Type.SETTINGS || type === Type.GOAWAY) this.isWeak = true
  }

  private change(frame: Uint8Array): ReadonlyArray<Uint8Array> {
    const { choices } = this
    const payload = frame.subarray(Raw.HEADER)
    switch (choices.below(13)) {
      case 0:
        this.what = "a bit of the payload"
        return payload.length === 0
          ? [frame]
          : [flipped(frame, Raw.HEADER + choices.below(payload.length), choices.below(8))]
      case 1:
        this.what = "left out"
        return []
      case 2:
        this.what = "twice"
        return [frame, frame]
      case 3:
        this.what = "behind the next"
        this.held = frame
        return []
      case 4: {
        this.what = "another length in the header"
        this.isWeak = true
        if (frame.length < Raw.HEADER) return [frame]
        const copy = Uint8Array.from(frame)
        const length = choices.once(2) ? choices.size(70_000) : Math.max(0, payload.length + choices.below(9) - 4)
        copy.set([length >>> 16, (length >>> 8) & 0xff, length & 0xff])
        return [copy]
      }
      case 5:
        this.what = "another stream"
        return [Raw.frame(frame[3] ?? 0, frame[4] ?? 0, anyId(choices), payload)]
      case 6:
        this.what = "other flags"
        return [Raw.frame(frame[3] ?? 0, choices.below(256), readUint32(frame, 5), payload)]
      case 7:
        this.what = "another type"
        return [Raw.frame(choices.below(18), frame[4] ?? 0, readUint32(frame, 5), payload)]
      case 8:
        this.what = "a shorter payload"
        return [withPayload(frame, payload.subarray(0, choices.below(payload.length + 1)))]
      case 9:
        this.what = "a longer payload"
        return [withPayload(frame, concat([payload, choices.octets(1 + choices.below(12))]))]
      case 10:
        this.what = "another payload"
        return [withPayload(frame, choices.octets(Math.min(40, payload.length)))]
      case 11:
        this.what = "a frame before it"
        return [anyFrame(choices), frame]
      default:
        this.what = "some frames before it"
        return [anyFrame(choices), anyFrame(choices), anyFrame(choices), frame]
    }
  }
}
