/**
 * What goes to the socket, and in which order: control frames and field sections as they come, DATA of concurrent streams in turn, one frame each,
 * as far as windows and socket allow; all of a turn in one write. Called by the streams, the dispatcher's handlers and the connection.
 */
import type { HeaderField } from "@effect-http2/hpack/HeaderField"
import type { ErrorCode } from "../ErrorCode.js"
import * as FlowControl from "../FlowControl.js"
import * as Frame from "../Frame.js"
import type { Resolved } from "../Http2Options.js"
import { initial } from "../Settings.js"
import type { Transport } from "../Transport.js"
import { FieldEncoder } from "./fieldEncoder.js"
import { encode } from "./frameEncoder.js"
import { emptyOctets } from "./octets.js"
import { SenderRing } from "./senderRing.js"
import type { Sender } from "./sender.js"
import { WriteBuffer } from "./writeBuffer.js"

const { END_STREAM, NONE } = Frame.Flag
/** The largest DATA frame that is sent, whatever the peer takes: others wait for it. */
const largestFrame = 524_288

export class Outbox {
  /** The window of the connection for what we send. */
  readonly window = FlowControl.make(initial.initialWindowSize)
  readonly fields: FieldEncoder
  /** The peer's SETTINGS_MAX_FRAME_SIZE. */
  maxFrameSize = initial.maxFrameSize
  /**
   * Control frames that the peer's frames made us send, since it last read all that we had written. What our own users do, cancelling a
   * thousand streams for instance, is not held against it.
   */
  controlFrames = 0
  /** Octets of field blocks since then: they leave whatever the windows say. */
  private fieldOctets = 0
  /** While a turn of the engine runs, its end writes; otherwise whoever adds something has to ask for it. */
  isInTurn = false
  private isScheduled = false
  private isClosed = false
  private awaitsDrain = false
  private drainListener: (() => void) | undefined = undefined
  private readonly buffer: WriteBuffer
  private readonly ring = new SenderRing()

  constructor(
    private readonly transport: Transport,
    private readonly options: Resolved,
    private readonly now: () => number,
    /** Runs what happens outside of a turn, so that nothing it throws gets lost. */
    private readonly attempt: (run: () => void) => void
  ) {
    this.buffer = new WriteBuffer(transport)
    this.fields = new FieldEncoder(this.buffer, options)
  }

  /** A whole frame that is not DATA and has no field block. */
  control(frame: Frame.Frame): void {
    if (this.isClosed) return
    if (this.isInTurn) this.controlFrames++
    this.buffer.raw(encode(frame))
    this.schedule()
  }

  /** Octets that are no frame: the client's preface. */
  raw(octets: Uint8Array): void {
    this.buffer.raw(octets)
  }

  rstStream(streamId: number, code: ErrorCode): void {
    this.control(new Frame.RstStream(streamId, code))
  }

  /** FLOW CONTROL: WINDOW_UPDATE: send: by consumption, for the stream or, with id 0, for the connection. */
  windowUpdate(streamId: number, increment: number): void {
    this.control(new Frame.WindowUpdate(streamId, increment))
  }

  headers(
    streamId: number,
    pseudo: ReadonlyArray<HeaderField>,
    fields: ReadonlyArray<HeaderField>,
    more: ReadonlyArray<HeaderField>,
    endStream: boolean
  ): void {
    if (this.isClosed) return
    const before = this.buffer.length
    this.fields.write(streamId, pseudo, fields, more, endStream, this.maxFrameSize)
    this.fieldOctets += this.buffer.length - before
    this.schedule()
  }

  /** An empty DATA frame that ends a stream. */
  endStream(streamId: number): void {
    if (this.isClosed) return
    this.buffer.frame(Frame.Type.DATA, END_STREAM, streamId, emptyOctets)
    this.schedule()
  }

  /**
   * A whole body in one frame at once, where frame size, windows and socket allow it: a small answer does not queue behind a large one. False
   * where it has to go through a sender.
   */
  smallBody(streamId: number, window: FlowControl.Window, body: Uint8Array, endStream: boolean): boolean {
    const { length } = body
    if (length > this.maxFrameSize || this.awaitsDrain || this.isClosed) return false
    if (FlowControl.available(window) < length || FlowControl.available(this.window) < length) return false
    if (!this.ring.isEmpty && length > 4096) return false
    FlowControl.takeNow(window, this.window, length)
    this.buffer.frame(Frame.Type.DATA, endStream ? END_STREAM : NONE, streamId, body)
    this.schedule()
    return true
  }

  /** `sender` has something to send, or its window has grown. */
  ready(sender: Sender): void {
    if (sender.queued === 0 || sender.isReady || FlowControl.available(sender.window) <= 0) return
    this.ring.add(sender)
    this.schedule()
  }

  /** The stream is over: what it had to send is dropped. */
  drop(sender: Sender): void {
    sender.clear()
    if (sender.isReady) this.ring.remove(sender)
  }

  /** The trailers, or the empty frame, that end a stream whose body has left. */
  finish(sender: Sender): void {
    const { trailers, owner } = sender
    if (trailers === undefined) this.endStream(owner.id)
    else this.headers(owner.id, [], trailers.fields, [], true)
    owner.sentEnd()
  }

  /** Asks for a write once the current turn of the event loop is over. */
  schedule(): void {
    if (this.isInTurn || this.isScheduled || this.isClosed) return
    this.isScheduled = true
    this.transport.defer(this.flushScheduled)
  }

  private readonly flushScheduled = (): void => {
    this.isScheduled = false
    this.attempt(this.flushNow)
  }

  /** Writes what there is, in one write. */
  flush(): void {
    if (this.isClosed) return
    this.serve()
    this.buffer.flush()
    const pending = this.transport.pendingBytes()
    if (pending === 0) this.allRead()
    if (this.awaitsDrain) return
    if (pending >= this.options.maxSendBuffer || (pending > 0 && !this.ring.isEmpty)) {
      this.awaitsDrain = true
      this.transport.onDrain(this.drained)
    } else if (!this.ring.isEmpty && FlowControl.available(this.window) > 0) this.schedule()
  }

  /** Whether the socket does not take what we write. */
  get isCongested(): boolean {
    return this.awaitsDrain
  }

  /** Whether so many answers wait for a peer that does not read that nothing should be read from it either. */
  get isFlooded(): boolean {
    const { maxQueuedControlFrames, maxSendBuffer } = this.options
    // CVE-2019-9517: responses without a body are held back by nothing else.
    const isFull = this.controlFrames * 2 > maxQueuedControlFrames || this.fieldOctets > maxSendBuffer
    return isFull && !this.isClosed
  }

  /** Calls `listener` once the socket has taken everything, or the connection has ended. */
  onDrained(listener: () => void): void {
    this.drainListener = listener
    if (this.isClosed) return this.notifyDrained()
    if (this.awaitsDrain) return
    this.awaitsDrain = true
    this.transport.onDrain(this.drained)
  }

  private readonly drained = (): void => {
    this.awaitsDrain = false
    this.allRead()
    this.notifyDrained()
    this.attempt(this.flushNow)
  }

  /** The peer has read all that was written. */
  private allRead(): void {
    this.controlFrames = 0
    this.fieldOctets = 0
  }

  private readonly flushNow = (): void => this.flush()

  private notifyDrained(): void {
    const listener = this.drainListener
    this.drainListener = undefined
    listener?.()
  }

  /** One frame of each stream that can send, round and round, until a window or the socket's share is used up. */
  private serve(): void {
    const { buffer, ring } = this
    if (this.awaitsDrain || ring.isEmpty) return
    const now = this.now()
    while (buffer.length < this.options.maxSendBuffer && FlowControl.available(this.window) > 0) {
      const sender = ring.take()
      if (sender === undefined) return
      this.sendFrame(sender, now)
      if (sender.queued > 0 && FlowControl.available(sender.window) > 0) ring.add(sender)
      sender.notifyRoom()
    }
  }

  private sendFrame(sender: Sender, now: number): void {
    const chunk = sender.peek()
    const octets = FlowControl.takeNow(
      sender.window,
      this.window,
      Math.min(chunk.length, this.maxFrameSize, largestFrame)
    )
    if (octets === 0) return
    sender.advance(octets, now)
    const isLast = sender.queued === 0 && sender.isFinished
    const endsHere = isLast && sender.trailers === undefined
    const data = octets === chunk.length ? chunk : chunk.subarray(0, octets)
    if (octets === this.maxFrameSize && !endsHere) this.buffer.dataFrame(this.fullHeader(sender), data)
    else this.buffer.frame(Frame.Type.DATA, endsHere ? END_STREAM : NONE, sender.owner.id, data)
    if (endsHere) sender.owner.sentEnd()
    else if (isLast) this.finish(sender)
  }

  /** The header of a DATA frame as large as the peer takes: most frames of a large body have the same. */
  private fullHeader(sender: Sender): Uint8Array {
    const { fullHeader } = sender
    if (fullHeader !== undefined && fullHeader.size === this.maxFrameSize) return fullHeader.octets
    const octets = this.buffer.header(this.maxFrameSize, Frame.Type.DATA, NONE, sender.owner.id)
    sender.fullHeader = { size: this.maxFrameSize, octets }
    return octets
  }

  /** `octets` as the transport likes them. */
  view(octets: Uint8Array): Uint8Array {
    return this.buffer.view(octets)
  }

  /** Nothing more is written. */
  close(): void {
    this.isClosed = true
    this.ring.clear()
    this.notifyDrained()
  }
}
