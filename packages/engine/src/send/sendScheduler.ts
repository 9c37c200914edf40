/**
 * Decides whose DATA goes next (RFC 9218 §10): the most urgent first; of equal urgency, incremental ones take turns, a frame each, the others go one
 * after another. Only senders that have something to send and a window for it stand here, so that nobody waits for one that cannot. Called by the outbox.
 *
 * Until a priority is signalled on the connection all share alike in one ring, which RFC 9113 §5.3.2 leaves to the sender.
 */
import type { Sender } from "./sender.js"
import { SenderQueue } from "./senderQueue.js"
import { SenderRing } from "./senderRing.js"

/** Frames of others that a tunnel lets pass where they are more urgent (RFC 9218 §10.1). */
const passing = 7

/** Senders of one urgency. */
class Level {
  readonly shared = new SenderRing()
  readonly ordered = new SenderQueue()
  private isOrderedNext = true

  get isEmpty(): boolean {
    return this.shared.isEmpty && this.ordered.isEmpty
  }

  /** Where both kinds wait, neither starves the other: a frame of the one, a frame of the other. */
  take(): Sender | undefined {
    const { ordered, shared } = this
    if (ordered.isEmpty) return shared.take()
    if (shared.isEmpty) return ordered.take()
    const isOrdered = this.isOrderedNext
    this.isOrderedNext = !isOrdered
    return isOrdered ? ordered.take() : shared.take()
  }
}

export class SendScheduler {
  /** Whether the peer has signalled a priority: what it leaves out has its default from then on (RFC 9218 §4). */
  isPrioritized = false
  /** By urgency; most connections need but one. */
  private readonly levels: Array<Level | undefined> = []
  /** A bit for each urgency that somebody waits at. */
  private waiting = 0
  /** The tunnels among those that wait, in the order of their turns. */
  private readonly tunnels: Array<Sender> = []
  /** Frames that have gone while a less urgent tunnel waited. */
  private passed = 0

  get isEmpty(): boolean {
    return this.waiting === 0
  }

  add(sender: Sender): void {
    const { urgency } = sender
    const level = (this.levels[urgency] ??= new Level())
    if (this.isShared(sender)) level.shared.add(sender)
    else level.ordered.add(sender)
    this.waiting |= 1 << urgency
    if (sender.isTunnel) this.tunnels.push(sender)
  }

  private isShared(sender: Sender): boolean {
    return sender.isTunnel || (sender.incremental ?? !this.isPrioritized)
  }

  /** Whose turn it is; it leaves. */
  take(): Sender | undefined {
    const { waiting } = this
    if (waiting === 0) return undefined
    const urgency = 31 - Math.clz32(waiting & -waiting)
    if (this.tunnels.length > 0 && waiting !== 1 << urgency) {
      const tunnel = this.dueTunnel(urgency)
      if (tunnel !== undefined) return tunnel
    }
    const level = this.levels[urgency]
    const sender = level?.take()
    if (level === undefined || level.isEmpty) this.waiting &= ~(1 << urgency)
    if (sender?.isTunnel === true) this.forget(sender)
    return sender
  }

  /** A tunnel gets its share also where others are more urgent for good (RFC 9218 §10.1). It leaves. */
  private dueTunnel(urgency: number): Sender | undefined {
    for (const tunnel of this.tunnels) {
      if (tunnel.urgency <= urgency) continue
      if (this.passed < passing) {
        this.passed++
        return undefined
      }
      this.passed = 0
      this.remove(tunnel)
      return tunnel
    }
    return undefined
  }

  remove(sender: Sender): void {
    const { urgency } = sender
    const level = this.levels[urgency]
    if (level === undefined) return
    if (this.isShared(sender)) level.shared.remove(sender)
    else level.ordered.remove(sender)
    if (level.isEmpty) this.waiting &= ~(1 << urgency)
    if (sender.isTunnel) this.forget(sender)
  }

  private forget(tunnel: Sender): void {
    const at = this.tunnels.indexOf(tunnel)
    if (at >= 0) this.tunnels.splice(at, 1)
  }

  /** The peer has signalled a priority: those that wait are sorted anew. */
  prioritize(): void {
    if (this.isPrioritized) return
    this.isPrioritized = true
    for (const level of this.levels) {
      if (level === undefined || level.shared.isEmpty) continue
      const senders: Array<Sender> = []
      for (let sender = level.shared.take(); sender !== undefined; sender = level.shared.take()) senders.push(sender)
      for (const sender of senders) {
        if (this.isShared(sender)) level.shared.add(sender)
        else level.ordered.add(sender)
      }
    }
  }

  clear(): void {
    for (const level of this.levels) {
      level?.shared.clear()
      level?.ordered.clear()
    }
    this.waiting = 0
    this.tunnels.length = 0
  }
}
