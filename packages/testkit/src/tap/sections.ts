/**
 * The engine's field blocks: HEADERS or PUSH_PROMISE and CONTINUATION to one block, and that to fields. Called by wiretap.ts.
 */
import * as Decoder from "@effect-http2/hpack/Decoder"
import { isHpackError } from "@effect-http2/hpack/HpackError"
import { Fault } from "../fault.js"
import type { Pairs } from "../fieldBlock.js"
import { concat, readUint32 } from "../octets.js"
import * as Raw from "../rawFrame.js"

/** A section that is complete: on the stream, and with the end, that its first frame said. */
export interface Section {
  readonly streamId: number
  /** The stream that it promises, 0 where it is no promise. */
  readonly promised: number
  readonly endStream: boolean
  readonly pairs: Pairs
}

interface OpenBlock {
  readonly streamId: number
  readonly promised: number
  readonly endStream: boolean
  readonly fragments: Array<Uint8Array>
}

export class Sections {
  private readonly fields = Decoder.make({
    headerTableSize: 4096,
    maxHeaderFields: 100_000,
    maxHeaderListSize: 10_000_000
  })
  private block: OpenBlock | undefined = undefined

  /** Whether a block has begun and is not complete. */
  get isOpen(): boolean {
    return this.block !== undefined
  }

  setTableSize(size: number): void {
    this.fields.setHeaderTableSize(size)
  }

  /** The section that `frame` completes, undefined where more follows. */
  add(frame: Raw.RawFrame, fail: (why: string) => never): Section | undefined {
    const { flags, streamId, type } = frame
    let fragment = frame.payload
    if (type === Raw.Type.HEADERS) {
      fragment = Raw.unpadded(frame) ?? fail("padding longer than its frame")
      if ((flags & Raw.PRIORITY) !== 0) fragment = fragment.subarray(5)
      this.block = { streamId, promised: 0, endStream: (flags & Raw.END_STREAM) !== 0, fragments: [] }
    } else if (type === Raw.Type.PUSH_PROMISE) {
      fragment = Raw.unpadded(frame) ?? fail("padding longer than its frame")
      this.block = { streamId, promised: readUint32(fragment, 0), endStream: false, fragments: [] }
      fragment = fragment.subarray(4)
    } else if ((flags & Raw.PADDED) !== 0) fail("CONTINUATION has no padding")
    const { block } = this
    if (block === undefined || block.streamId !== streamId) return fail("CONTINUATION of nothing")
    block.fragments.push(fragment)
    if ((flags & Raw.END_HEADERS) === 0) return undefined
    this.block = undefined
    const { endStream, promised } = block
    return { streamId, promised, endStream, pairs: this.decode(concat(block.fragments)) }
  }

  private decode(block: Uint8Array): Pairs {
    try {
      return this.fields.decode(block).fields.map(({ name, value }) => [name, value] as const)
    } catch (error) {
      if (isHpackError(error)) throw new Fault(`a field block: ${error.message}`, { cause: error })
      throw error
    }
  }
}
