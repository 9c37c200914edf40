/** The engine driven by hand, without any runtime: one end of a connection, and what carries octets between two. */
import { Connection } from "@effect-http2/engine/connection/connection"
import type { Role } from "@effect-http2/engine/connection/role"
import { Rounds } from "@effect-http2/engine/connection/turn"
import { turn } from "@effect-http2/engine/dispatch/dispatcher"
import { PlainWindow } from "@effect-http2/engine/flow/window"
import type { Http2Error } from "@effect-http2/engine/Http2Error"
import * as Http2Stats from "@effect-http2/engine/Http2Stats"
import { concat, copy } from "@effect-http2/engine/octets"
import * as Options from "@effect-http2/engine/Options"
import { LocalSettings } from "@effect-http2/engine/settings/localSettings"
import type { Inbox, InboxOwner } from "@effect-http2/engine/stream/inbox"

/** Keeps a body, and reads it as it comes. */
export class Body implements Inbox {
  readonly parts: Array<Uint8Array> = []
  received = 0
  isEnded = false
  error: Http2Error | undefined = undefined
  onOver: () => void = () => {}

  constructor(private readonly owner: InboxOwner) {}

  get isOver(): boolean {
    return this.isEnded || this.error !== undefined
  }

  /** It is read as it comes. */
  get isDone(): boolean {
    return this.isEnded
  }

  push(data: Uint8Array): void {
    this.received += data.length
    this.parts.push(copy(data))
    this.owner.bodyConsumed(data.length)
  }

  end(): void {
    this.isEnded = true
    this.owner.deliverLater(this)
  }

  fail(error: Http2Error): void {
    this.error = error
    this.owner.deliverLater(this)
  }

  discard(): void {}

  deliver(): void {
    this.onOver()
  }
}

export const bodyOf = ({ body }: { readonly body: Inbox | undefined }): Body => {
  if (body instanceof Body) return body
  throw new Error("there is no body")
}

/** One end: what it writes waits to be carried, what it defers waits to be run. */
export class Side {
  readonly written: Array<Uint8Array> = []
  readonly connection: Connection
  /** The clock, in ms, and when the timer rings. */
  now = 0
  ringsAt = Number.POSITIVE_INFINITY
  /** What the holder of the transport was told. */
  readonly told: Array<"ended" | "released"> = []

  constructor(
    role: Role,
    /** Whether the peer reads what is written. */
    isRead = true,
    options = Options.resolve(),
    rounds = new Rounds(),
    /** What is to be run once the event loop's turn is over, where several sides share it. */
    readonly deferred: Array<() => void> = []
  ) {
    this.connection = new Connection(
      {
        peer: { remote: undefined, local: undefined, tls: undefined },
        output: {
          // Copied: what was written may be written over.
          write: (chunks) => this.written.push(...chunks.map((chunk) => copy(chunk))) > 0,
          pendingOctets: () => (isRead ? 0 : 1),
          onDrain: () => {},
          defer: (task) => void this.deferred.push(task)
        },
        timer: { set: (millis) => void (this.ringsAt = this.now + millis) },
        holder: { ended: () => void this.told.push("ended"), released: () => void this.told.push("released") },
        makeWindow: (size) => new PlainWindow(size),
        makeInbox: (owner) => new Body(owner),
        rounds
      },
      role,
      options,
      new LocalSettings(Options.toSettings(options, false)),
      Http2Stats.make(),
      () => this.now
    )
    this.connection.start()
  }

  read(octets: Uint8Array): void {
    turn(this.connection, this.connection.decode(octets))
  }

  /** Lets time pass, and the timer ring as often as it is set. */
  pass(millis: number): void {
    const until = this.now + millis
    while (this.ringsAt <= until) {
      this.now = this.ringsAt
      this.ringsAt = Number.POSITIVE_INFINITY
      this.connection.checkDeadlines()
    }
    this.now = until
  }
}

/** Carries octets to and fro, `readSize` at most in one read, until nobody has anything to say. */
export const carry = (one: Side, other: Side, readSize: number): void => {
  for (;;) {
    for (const task of [...one.deferred.splice(0), ...other.deferred.splice(0)]) task()
    const toOther = concat(one.written.splice(0))
    const toOne = concat(other.written.splice(0))
    if (toOther.length + toOne.length + one.deferred.length + other.deferred.length === 0) return
    for (let at = 0; at < toOther.length; at += readSize) other.read(toOther.subarray(at, at + readSize))
    for (let at = 0; at < toOne.length; at += readSize) one.read(toOne.subarray(at, at + readSize))
  }
}
