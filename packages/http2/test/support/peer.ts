/** One engine under test, and a peer in the hands of the test. */
import type * as Frame from "@effect-http2/http2/Frame"
import * as Http2Client from "@effect-http2/http2/Http2Client"
import type * as Http2Connection from "@effect-http2/http2/Http2Connection"
import type * as Http2Error from "@effect-http2/http2/Http2Error"
import * as Http2Server from "@effect-http2/http2/Http2Server"
import * as Http2Stats from "@effect-http2/http2/Http2Stats"
import * as MemoryTransport from "@effect-http2/http2/MemoryTransport"
import type { Transport } from "@effect-http2/http2/Transport"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { PlainDecoder } from "@effect-http2/testkit/plainDecoder"
import { FrameReader, preface } from "@effect-http2/testkit/rawFrame"
import { read } from "./frames.js"
import * as Wire from "./wire.js"

type Options = Parameters<typeof MemoryTransport.scripted>[0] & {
  /** What is known of the two ends, in place of what memory has. */
  readonly peer?: Transport["peer"]
}

const transportOf = ({ transport }: MemoryTransport.Scripted, options: Options | undefined): Transport =>
  options?.peer === undefined ? transport : { ...transport, peer: options.peer }

export class Peer {
  /** Every frame that the engine has sent and the peer has read. */
  readonly frames: Array<Frame.Frame> = []
  private next = 0
  private readonly reader: FrameReader
  private readonly fields = new PlainDecoder()

  constructor(
    readonly scripted: MemoryTransport.Scripted,
    isServer: boolean
  ) {
    this.reader = new FrameReader(isServer ? preface.length : 0)
  }

  private receive(octets: Uint8Array): void {
    for (const frame of this.reader.read(octets)) this.frames.push(read(frame))
  }

  readonly send = (...items: ReadonlyArray<Frame.Frame | Uint8Array>): Effect.Effect<void> =>
    this.scripted.send(Wire.concat(items.map((item) => (item instanceof Uint8Array ? item : Wire.encode(item)))))

  /** The next frame, dies where the engine has ended the connection. */
  readonly take: Effect.Effect<Frame.Frame> = Effect.suspend(() => {
    const frame = this.frames[this.next]
    if (frame !== undefined) {
      this.next++
      return Effect.succeed(frame)
    }
    return Effect.flatMap(this.scripted.received, (octets) => {
      if (octets.length === 0) return Effect.dieMessage(`no more frames behind ${this.tags().join(" ")}`)
      this.receive(octets)
      return this.take
    })
  })

  /** The next frame of this kind; those before it are passed over. */
  readonly await = <Tag extends Frame.Frame["_tag"]>(
    tag: Tag,
    where: (frame: Extract<Frame.Frame, { _tag: Tag }>) => boolean = () => true
  ): Effect.Effect<Extract<Frame.Frame, { _tag: Tag }>> =>
    Effect.flatMap(this.take, (frame) => {
      const candidate = frame as Extract<Frame.Frame, { _tag: Tag }>
      return frame._tag === tag && where(candidate) ? Effect.succeed(candidate) : this.await(tag, where)
    })

  /** Everything up to the end of the connection. */
  readonly rest: Effect.Effect<ReadonlyArray<Frame.Frame>> = Effect.suspend(() =>
    Effect.flatMap(this.scripted.received, (octets) => {
      if (octets.length === 0) return Effect.succeed(this.frames.slice(this.next))
      this.receive(octets)
      return this.rest
    })
  )

  /** Comes back once the engine has processed all that was sent before, and read its answers. `mark` tells one from another. */
  readonly barrier = (mark = 0x42): Effect.Effect<void> =>
    Effect.zipRight(
      this.send(Wire.ping(mark)),
      Effect.asVoid(this.await("Ping", (frame) => frame.ack && frame.data[0] === mark))
    )

  /** Acknowledges the next PING that the engine sends: it learns that its resets are known. */
  readonly answerPing: Effect.Effect<void> = Effect.suspend(() =>
    Effect.flatMap(
      this.await("Ping", (frame) => !frame.ack),
      (frame) => this.send({ ...frame, ack: true })
    )
  )

  /** The fields of a HEADERS frame; each block has to be asked for once, in order. */
  fieldsOf(frame: Frame.Headers): Wire.Pairs {
    const pairs = this.fields.decode(frame.fragment)
    if (pairs === undefined) throw new Error("never sent: a block that cannot be decoded")
    return pairs
  }

  tags(): ReadonlyArray<string> {
    return this.frames.map((frame) => `${frame._tag}(${frame.streamId})`)
  }
}

export interface ServerPeer {
  readonly peer: Peer
  readonly connection: Http2Connection.Http2Connection
  readonly stats: Http2Stats.Http2Stats
  /** How the connection ended. */
  readonly failure: Effect.Effect<Http2Error.Http2Error>
}

/** A server's engine; the test plays the client, whose preface and SETTINGS have been sent. */
export const server = <E>(
  handler: Http2Server.Handler<E, Scope.Scope>,
  options: Http2Server.ServerOptions & { readonly transport?: Options; readonly silent?: boolean } = {}
): Effect.Effect<ServerPeer, Http2Error.ConnectionError, Scope.Scope> =>
  Effect.gen(function* () {
    const scripted = yield* MemoryTransport.scripted(options.transport)
    const peer = new Peer(scripted, false)
    const stats = Http2Stats.make()
    const connection = yield* Http2Server.make(transportOf(scripted, options.transport), handler, {
      sendDate: false,
      stats,
      ...options
    })
    // Closing does not wait for a peer that is gone.
    yield* Effect.addFinalizer(() => scripted.reset)
    if (options.silent !== true) yield* peer.send(Wire.preface, Wire.settings(), Wire.settingsAck)
    return {
      peer,
      connection,
      stats,
      failure: Effect.flip(connection.awaitClosed).pipe(Effect.orDieWith(() => "a clean end"))
    }
  })

export interface ClientPeer {
  readonly peer: Peer
  readonly client: Http2Client.Http2Client
  readonly stats: Http2Stats.Http2Stats
  readonly failure: Effect.Effect<Http2Error.Http2Error>
}

/** A client's engine; the test plays the server, whose SETTINGS have been sent. */
export const client = (
  options: Http2Client.ClientOptions & {
    readonly transport?: Options
    readonly silent?: boolean
    readonly settings?: ReadonlyArray<readonly [number, number]>
    readonly listener?: Http2Client.ClientListener
  } = {}
): Effect.Effect<ClientPeer, Http2Error.ConnectionError, Scope.Scope> =>
  Effect.gen(function* () {
    const scripted = yield* MemoryTransport.scripted(options.transport)
    const peer = new Peer(scripted, true)
    const stats = Http2Stats.make()
    const { listener = {}, transport } = options
    const clientOptions = { authority: "test", stats, ...options }
    const client = yield* Http2Client.makeWith(transportOf(scripted, transport), clientOptions, listener)
    yield* Effect.addFinalizer(() => scripted.reset)
    if (options.silent !== true) {
      yield* peer.send(Wire.settings(...(options.settings ?? [])), Wire.settingsAck)
      yield* peer.await("Settings", (frame) => frame.ack)
    }
    const { awaitClosed } = client.connection
    return { peer, client, stats, failure: Effect.flip(awaitClosed).pipe(Effect.orDieWith(() => "a clean end")) }
  })
