/**
 * Field blocks: HEADERS or PUSH_PROMISE and its CONTINUATION frames to one block, decompressed in wire order (RFC 9113 §4.3, §6.10).
 * Blocks of streams that nobody wants go through here too: the compression state is one. Called by the dispatcher.
 */
import * as Decoder from "@effect-http2/hpack/Decoder"
import { isHpackError } from "@effect-http2/hpack/HpackError"
import * as ErrorCode from "../ErrorCode.js"
import type * as Frame from "../Frame.js"
import * as Http2Error from "../Http2Error.js"
import type { Options } from "../Options.js"
import * as Settings from "../Settings.js"
import { FieldSection } from "./messageHead.js"
import { concat, copy } from "../octets.js"

/** A complete block: for the stream that its first frame named. */
export interface HeaderBlock {
  readonly frame: Frame.Headers | Frame.PushPromise
  readonly section: FieldSection
}

interface Remembered {
  readonly octets: Uint8Array
  readonly generation: number
  readonly section: FieldSection
}

const remembered = 8

const isEqual = (a: Uint8Array, b: Uint8Array): boolean => {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

export class HeaderBlocks {
  readonly decoder: Decoder.Decoder
  /** The first frame of a block that is not complete, and the fragments so far. */
  private first: Frame.Headers | Frame.PushPromise | undefined = undefined
  private fragments: Array<Uint8Array> = []
  private octets = 0
  /** Blocks decoded lately that left the table alone, to be recognized while it stays as it is. */
  private readonly memory: Array<Remembered> = []
  private nextMemory = 0

  constructor(private readonly options: Options) {
    this.decoder = Decoder.make({
      // Until our SETTINGS are acknowledged, the peer may use the initial size (RFC 7541 §4.2).
      headerTableSize: Settings.initial.headerTableSize,
      maxHeaderListSize: options.maxHeaderListSize,
      // CVE-2016-6581, CVE-2026-49975: octets bound the list while it is decoded, 32 of them for each field, crumbs among them. Fields are counted
      // once crumbs are joined.
      maxHeaderFields: Infinity
    })
  }

  /** The peer has acknowledged our SETTINGS_HEADER_TABLE_SIZE. */
  setHeaderTableSize(size: number): void {
    this.decoder.setHeaderTableSize(size)
  }

  /** Sets the limits for sections from now on. */
  setMaxHeaderListSize(size: number): void {
    this.decoder.setMaxHeaderListSize(size)
  }

  /** The next block is checked anew, even where it equals one that was checked before. */
  forget(): void {
    this.memory.length = 0
    this.nextMemory = 0
  }

  /** Whether a block has begun and is not complete. */
  get isOpen(): boolean {
    return this.first !== undefined
  }

  /** Refuses every frame but CONTINUATION of the same stream while a block is open (§6.10), and CONTINUATION while none is. */
  checkSequence(frame: Frame.Frame): void {
    const first = this.first
    if (frame._tag === "Continuation") {
      if (first === undefined || first.streamId !== frame.streamId) {
        throw Http2Error.connectionError(
          ErrorCode.PROTOCOL_ERROR,
          "6.10",
          "CONTINUATION without a field block to continue"
        )
      }
    } else if (first !== undefined && !(frame._tag === "Invalid" && frame.streamId === 0)) {
      throw Http2Error.connectionError(ErrorCode.PROTOCOL_ERROR, "4.3", "a frame in the middle of a field block")
    }
  }

  /** The block that `frame` is, undefined where CONTINUATION follows. */
  begin(frame: Frame.Headers | Frame.PushPromise): HeaderBlock | undefined {
    if (frame.endHeaders) {
      this.checkSize(frame.fragment.length)
      return { frame, section: this.decode(frame.fragment) }
    }
    this.first = frame
    this.octets = 0
    this.fragments = []
    this.append(frame.fragment)
    return undefined
  }

  /** The block that `frame` completes, undefined where more follows. */
  resume(frame: Frame.Continuation): HeaderBlock | undefined {
    const first = this.first
    if (first === undefined) return undefined
    // CVE-2024-27316 and its kin: counted before anything is decoded. The first fragment is not a CONTINUATION.
    if (this.fragments.length > this.options.maxContinuationFrames) {
      throw tooLarge("maxContinuationFrames", `over ${this.options.maxContinuationFrames} CONTINUATION frames`)
    }
    this.append(frame.fragment)
    if (!frame.endHeaders) return undefined
    const block = concat(this.fragments)
    this.first = undefined
    this.fragments = []
    return { frame: first, section: this.decode(block) }
  }

  private append(fragment: Uint8Array): void {
    this.octets += fragment.length
    this.checkSize(this.octets)
    // Copied, since a small fragment must not keep the whole read that it came with in memory.
    this.fragments.push(copy(fragment))
  }

  private checkSize(octets: number): void {
    if (octets <= this.options.maxHeaderBlockSize) return
    throw tooLarge("maxHeaderBlockSize", `a field block over ${this.options.maxHeaderBlockSize} octets`)
  }

  private decode(block: Uint8Array): FieldSection {
    const { decoder, memory } = this
    const generation = decoder.generation
    for (const entry of memory) {
      if (entry.generation === generation && isEqual(entry.octets, block)) return entry.section
    }
    try {
      const { fields, overflow } = decoder.decode(block)
      // A list that is too large is of no use: its fields are dropped at once.
      const section = new FieldSection(overflow === "none" ? fields : [], overflow, this.options.maxHeaderFields)
      if (decoder.generation === generation && block.length <= 1024) {
        memory[this.nextMemory] = { octets: copy(block), generation, section }
        this.nextMemory = (this.nextMemory + 1) % remembered
      }
      return section
    } catch (cause) {
      if (!isHpackError(cause)) throw cause
      throw Http2Error.connectionError(ErrorCode.COMPRESSION_ERROR, "4.3", cause.message, { cause })
    }
  }
}

const tooLarge = (limit: string, reason: string): Http2Error.ConnectionError =>
  Http2Error.connectionError(ErrorCode.ENHANCE_YOUR_CALM, "10.5.1", reason, { limit })
