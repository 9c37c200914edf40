/**
 * The far end of a connection in the hands of a test, over a socket or in memory: sends octets, sees frames in their order and how the other side ended. It
 * answers nothing by itself.
 */
import * as Decoder from "@effect-http2/hpack/Decoder"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import * as Net from "node:net"
import * as Tls from "node:tls"
import { type End, type Line, ofSocket } from "./line.js"
import { concat, isEqual, toText } from "./octets.js"
import * as Raw from "./rawFrame.js"
import { Witness } from "./tap/witness.js"

/** Only ever passes by in a test that fails. */
const deadline = "5 seconds"

export class RawPeer {
  /** Everything that was received, for the message of a test that fails. */
  readonly log: Array<string> = []
  private readonly queue = Effect.runSync(Queue.unbounded<Raw.RawFrame | End>())
  private readonly decoder = Decoder.make({ headerTableSize: 65_536 })
  private readonly reader = new Raw.FrameReader()
  /** Octets before the first frame that have not come. */
  private preface: Uint8Array
  private ended: End | undefined = undefined
  private pings = 0
  private readonly witness: Witness
  private fault: string | undefined = undefined

  constructor(
    private readonly line: Line,
    role: "client" | "server"
  ) {
    this.preface = role === "server" ? Raw.preface : new Uint8Array(0)
    this.witness = new Witness(role === "server")
    line.listen({ onOctets: (octets) => this.receive(octets), onEnd: (how) => this.endedBy(how) })
  }

  private receive(octets: Uint8Array): void {
    const due = this.preface.subarray(0, octets.length)
    this.preface = this.preface.subarray(due.length)
    if (!isEqual(due, octets.subarray(0, due.length))) this.fault ??= "not the preface of HTTP/2"
    for (const frame of this.reader.read(octets.subarray(due.length))) {
      this.log.push(Raw.show(frame))
      this.fault ??= this.witness.see(frame)
      this.queue.unsafeOffer(frame)
    }
  }

  private endedBy(how: End): void {
    if (this.ended !== undefined) return
    this.ended = how
    this.log.push(how)
    this.queue.unsafeOffer(how)
  }

  /** In one write. */
  send(...frames: ReadonlyArray<Uint8Array>): Effect.Effect<void> {
    return Effect.sync(() => this.line.write(concat(frames)))
  }

  /** Ends our side of the connection; the other may go on. */
  end(): void {
    this.line.end()
  }

  /** Takes our side of the connection away, whatever is under way. */
  destroy(): void {
    this.line.destroy()
  }

  /** Breaks the connection: the other side fails. */
  reset(): void {
    this.line.reset()
  }

  fail(reason: string): Effect.Effect<never> {
    return Effect.suspend(() => Effect.die(new Error(`${reason}; received:\n  ${this.log.join("\n  ")}`)))
  }

  /** The next frame, or the end. */
  readonly next: Effect.Effect<Raw.RawFrame | End> = Effect.suspend(() => {
    if (this.fault !== undefined) return this.fail(`never sent: ${this.fault}`)
    return Queue.take(this.queue).pipe(
      Effect.timeoutOption(deadline),
      // Real time, also where the engine's own is a test's.
      Effect.withClock(Clock.make()),
      Effect.flatMap((next) => (next._tag === "Some" ? Effect.succeed(next.value) : this.fail("nothing more came")))
    )
  })

  /** Frames up to the one that `isLast` is true of; the end before it is a failure. */
  until(what: string, isLast: (frame: Raw.RawFrame) => boolean): Effect.Effect<ReadonlyArray<Raw.RawFrame>> {
    return Effect.gen(this, function* () {
      const frames: Array<Raw.RawFrame> = []
      while (true) {
        const frame = yield* this.next
        if (typeof frame === "string") return yield* this.fail(`${frame} instead of ${what}`)
        frames.push(frame)
        if (isLast(frame)) return frames
      }
    })
  }

  /** The next frame of `type` on `streamId`, whatever comes before it. */
  frame(type: number, streamId = 0): Effect.Effect<Raw.RawFrame> {
    return this.until(
      `type ${type} on stream ${streamId}`,
      (frame) => frame.type === type && frame.streamId === streamId
    ).pipe(
      Effect.flatMap((frames) => Effect.fromNullable(frames[frames.length - 1])),
      Effect.orDie
    )
  }

  /** Frames until the other side has ended, and how it did. */
  readonly toEnd: Effect.Effect<readonly [frames: ReadonlyArray<Raw.RawFrame>, end: End]> = Effect.gen(
    this,
    function* () {
      const frames: Array<Raw.RawFrame> = []
      while (true) {
        const frame = yield* this.next
        if (typeof frame === "string") return [frames, frame] as const
        frames.push(frame)
      }
    }
  )

  /** A PING and what comes up to its acknowledgement: then all that was sent before has been acted on. */
  readonly roundTrip: Effect.Effect<ReadonlyArray<Raw.RawFrame>> = Effect.suspend(() => {
    const payload = `trip${String(++this.pings).padStart(4, "0")}`
    const isAnswer = (frame: Raw.RawFrame): boolean =>
      frame.type === Raw.Type.PING && frame.flags === Raw.ACK && toText(frame.payload) === payload
    return Effect.zipRight(this.send(Raw.ping(payload)), this.until("the answer to a PING", isAnswer))
  })

  /** The lengths of the DATA frames of stream 1, up to now. A turn's DATA comes behind its answers to PINGs. */
  readonly dataNow: Effect.Effect<ReadonlyArray<number>> = Effect.suspend(() =>
    Effect.map(Effect.all([this.roundTrip, this.roundTrip]), (frames) =>
      frames
        .flat()
        .filter(({ streamId, type }) => type === Raw.Type.DATA && streamId === 1)
        .map(({ payload }) => payload.length)
    )
  )

  /** The fields of a block in one frame without padding. Blocks have to be decoded in order, all of them. */
  fields(frame: Pick<Raw.RawFrame, "payload">): ReadonlyArray<readonly [string, string]> {
    return this.decoder.decode(frame.payload).fields.map(({ name, value }) => [name, value] as const)
  }
}

const destroyed = <S extends Net.Socket>(open: Effect.Effect<S>): Effect.Effect<S, never, Scope.Scope> =>
  Effect.acquireRelease(open, (socket) => Effect.sync(() => socket.destroy()))

/** A plain connection, bare. */
export const connectSocket = (port: number): Effect.Effect<Net.Socket, never, Scope.Scope> =>
  destroyed(
    Effect.async<Net.Socket>((resume) => {
      const socket = Net.connect({ host: "127.0.0.1", port, allowHalfOpen: true }, () => resume(Effect.succeed(socket)))
      socket.on("error", (error) => resume(Effect.die(error)))
    })
  )

/** Connects, with TLS where there is a certificate authority to check the server by. */
export const connect = (port: number, ca?: string): Effect.Effect<RawPeer, never, Scope.Scope> =>
  destroyed(
    Effect.async<Net.Socket>((resume) => {
      const to = { host: "127.0.0.1", port, allowHalfOpen: true, noDelay: true }
      const socket: Net.Socket =
        ca === undefined
          ? Net.connect(to, () => resume(Effect.succeed(socket)))
          : Tls.connect({ ...to, ca, ALPNProtocols: ["h2"] }, () => resume(Effect.succeed(socket)))
      socket.on("error", (error) => resume(Effect.die(error)))
    })
  ).pipe(Effect.map((socket) => new RawPeer(ofSocket(socket), "client")))

/** Over an accepted socket, as a server. */
export const accept = (socket: Net.Socket): Effect.Effect<RawPeer, never, Scope.Scope> =>
  Effect.map(destroyed(Effect.succeed(socket)), (socket) => new RawPeer(ofSocket(socket), "server"))
