/**
 * The order of what goes to the socket: control frames and field sections as they come, DATA of concurrent streams as the scheduler says, as
 * far as windows and socket allow; all of a turn in one write. Called by the streams, the dispatcher's handlers and the connection.
 */
import type { HeaderField } from "@effect-http2/hpack/HeaderField"
import type { ErrorCode } from "../ErrorCode.js"
import { adjust, type Window } from "../flow/window.js"
import * as Frame from "../Frame.js"
import type { Options } from "../Options.js"
import { type Meter, unseen } from "../Meter.js"
import { initial } from "../Settings.js"
import { octet } from "../octets.js"
import type { Output } from "../Output.js"
import { DataFrames } from "./dataFrames.js"
import { FieldEncoder } from "../fields/fieldEncoder.js"
import { encode } from "../frame/frameEncoder.js"
import { progress, type Sender } from "./sender.js"
import { SendScheduler } from "./sendScheduler.js"
import { WriteBuffer } from "../frame/writeBuffer.js"

export class Outbox {
  /** All that was ever in the window. */
  private granted = initial.initialWindowSize
  readonly fields: FieldEncoder
  private readonly data: DataFrames
  /** The peer's SETTINGS_MAX_FRAME_SIZE. */
  private maxFrameSize = initial.maxFrameSize
  /**
   * Control frames that answer frames of the peer, since it last read all that we had written. What our own users cause, cancelling a
   * thousand streams for instance, is not held against it.
   */
  controlFrames = 0
  /** Octets of field blocks since then: they leave whatever the windows say. */
  private fieldOctets = 0
  /** While a turn of the engine runs, its end writes; otherwise what is added asks for it. */
  isInTurn = false
  /** The clock, in ms, when the peer has last taken as much as it should: those whose turn it is not are not stalled by it. */
  movedAt = Number.NEGATIVE_INFINITY
  private movedTo = 0
  private isScheduled = false
  private isClosed = false
  private awaitsDrain = false
  private drainListener: (() => void) | undefined = undefined
  private readonly buffer: WriteBuffer
  private readonly scheduler = new SendScheduler()

  constructor(
    private readonly output: Output,
    /** The window of the connection for what we send. */
    readonly window: Window,
    private readonly options: Options,
    private readonly now: () => number,
    /** Runs what happens outside of a turn, so that nothing it throws gets lost. */
    private readonly attempt: (run: () => void) => void,
    private readonly meter: Meter = unseen()
  ) {
    this.buffer = new WriteBuffer(output, meter.framesSent)
    this.fields = new FieldEncoder(this.buffer, options)
    this.data = new DataFrames(this.buffer, window, options.padding)
  }

  /** The peer takes frames of up to `size` octets. */
  setMaxFrameSize(size: number): void {
    this.maxFrameSize = size
  }

  /** What the connection begins with leaves with the answers to what is there already, or at `endPreface`. */
  beginPreface(): void {
    this.isScheduled = true
  }

  endPreface(): void {
    this.isScheduled = false
    this.flush()
  }

  /** A read has come: what its frames add leaves at the end of the turn. */
  beginTurn(): void {
    this.isInTurn = true
  }

  /** All that the turn has added leaves, in one write. */
  endTurn(): void {
    this.isInTurn = false
    this.flush()
  }

  /** FLOW CONTROL: WINDOW_UPDATE: receive: for the connection. False beyond 2^31-1. */
  grant(increment: number): boolean {
    this.granted += increment
    return adjust(this.window, increment)
  }

  /** Octets of DATA that have left, padding counted. */
  get sentOctets(): number {
    return this.granted - this.window.octets
  }

  /** Those of them whose frame no window has cut short. */
  get uncutOctets(): number {
    return this.data.uncutOctets
  }

  /** A whole frame that is not DATA and has no field block. */
  control(frame: Frame.Frame): void {
    if (this.isClosed) return
    if (this.isInTurn) this.controlFrames++
    this.frame(encode(frame))
    this.meter.sentControl(frame)
    this.schedule()
  }

  /** Octets that are encoded already, and behind which a write follows: the client's preface. */
  raw(octets: Uint8Array): void {
    this.buffer.raw(octets)
  }

  /** The same of a frame. */
  frame(octets: Uint8Array): void {
    this.meter.framesSent.add(octet(octets, 3))
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

  /** PUSH_PROMISE on `streamId`: a request whose answer will come on `promisedStreamId`. */
  promise(
    streamId: number,
    promisedStreamId: number,
    pseudo: ReadonlyArray<HeaderField>,
    fields: ReadonlyArray<HeaderField>
  ): void {
    if (this.isClosed) return
    const before = this.buffer.length
    this.fields.writePromise(streamId, promisedStreamId, pseudo, fields, this.maxFrameSize)
    this.fieldOctets += this.buffer.length - before
    this.schedule()
  }

  /** An empty DATA frame that ends a stream. */
  endStream(streamId: number): void {
    if (this.isClosed) return
    this.data.end(streamId)
    this.schedule()
  }

  /**
   * A whole body in one frame at once, where frame size, windows and socket allow it: a small answer does not queue behind a large one, not even
   * behind one that is more urgent (RFC 9218 §10), since that costs it no more than a part of a frame. False where it has to go through a sender.
   */
  smallBody(streamId: number, window: Window, body: Uint8Array, endStream: boolean): boolean {
    const { scheduler } = this
    if (this.awaitsDrain || this.isClosed) return false
    if (!scheduler.isEmpty && (body.length > 4096 || (!endStream && scheduler.isPrioritized))) return false
    if (!this.data.whole(streamId, window, body, endStream, this.maxFrameSize)) return false
    this.schedule()
    return true
  }

  /** `sender` has something to send, or its window has grown. */
  ready(sender: Sender): void {
    if (sender.queued === 0 || sender.isReady || sender.window.octets <= 0) return
    this.scheduler.add(sender)
    this.schedule()
  }

  /** `sender` takes its place anew, by what `rank` makes of it. */
  rerank(sender: Sender, rank: () => void): void {
    if (sender.isReady) this.scheduler.remove(sender)
    rank()
    this.ready(sender)
  }

  /** The peer has signalled a priority (RFC 9218 §4): from now on there are defaults. */
  prioritize(): void {
    this.scheduler.prioritize()
  }

  /** The stream is over: what it had to send is dropped. */
  drop(sender: Sender): void {
    sender.clear()
    if (sender.isReady) this.scheduler.remove(sender)
  }

  /** Asks for a write once the current turn of the event loop is over. */
  schedule(): void {
    if (this.isInTurn || this.isScheduled || this.isClosed) return
    this.isScheduled = true
    this.output.defer(this.flushScheduled)
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
    const pending = this.output.pendingOctets()
    if (pending === 0) this.allRead()
    if (this.awaitsDrain) return
    if (pending >= this.options.maxSendBuffer || (pending > 0 && !this.scheduler.isEmpty)) {
      this.awaitsDrain = true
      this.output.onDrain(this.drained)
    } else if (!this.scheduler.isEmpty && this.window.octets > 0) this.schedule()
  }

  /** Called now and then: what was kept for a socket that was slow is given back once it has taken everything. */
  rest(): void {
    if (!this.isClosed && this.output.pendingOctets() === 0) this.buffer.rest()
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
    this.output.onDrain(this.drained)
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

  /** Frame for frame of who is next, until a window or the socket's share is used up. */
  private serve(): void {
    const { buffer, scheduler } = this
    if (this.awaitsDrain || scheduler.isEmpty) return
    const now = this.now()
    while (buffer.length < this.options.maxSendBuffer && this.window.octets > 0) {
      const sender = scheduler.take()
      if (sender === undefined) break
      this.data.next(sender, this.maxFrameSize, now)
      if (sender.queued > 0 && sender.window.octets > 0) scheduler.add(sender)
      else if (sender.queued > 0) this.meter.streamStalls++
      sender.notifyRoom()
      // Its writer was woken and has more: the streams behind it wait until that was added.
      if (scheduler.isPrioritized && sender.queued === 0 && sender.isRefilling) break
    }
    if (!scheduler.isEmpty && this.window.octets <= 0) this.meter.connectionStalls++
    if (this.sentOctets - this.movedTo < progress) return
    this.movedTo = this.sentOctets
    this.movedAt = now
  }

  /** `octets` as the transport likes them. */
  view(octets: Uint8Array): Uint8Array {
    return this.buffer.view(octets)
  }

  /** Writes what is encoded, and no DATA behind GOAWAY. */
  close(): void {
    this.buffer.flush()
    this.isClosed = true
    this.scheduler.clear()
    this.notifyDrained()
  }
}
