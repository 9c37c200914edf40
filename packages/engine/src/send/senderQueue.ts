/**
 * Senders that are served one after another, in the order of their stream ids, which is the order of the requests (RFC 9218 §10). Called by
 * sendScheduler.ts.
 */
import type { Sender } from "./sender.js"

export class SenderQueue {
  /** The highest id first: who comes back is most often who was taken, at the other end. */
  private readonly senders: Array<Sender> = []

  get isEmpty(): boolean {
    return this.senders.length === 0
  }

  add(sender: Sender): void {
    const { senders } = this
    const { id } = sender.owner
    sender.setReady(true)
    let at = senders.length
    for (let next = senders[at - 1]; next !== undefined && next.owner.id < id; next = senders[at - 1]) at--
    if (at === senders.length) senders.push(sender)
    else senders.splice(at, 0, sender)
  }

  /** The one with the lowest id; it leaves the queue. */
  take(): Sender | undefined {
    const sender = this.senders.pop()
    sender?.setReady(false)
    return sender
  }

  remove(sender: Sender): void {
    sender.setReady(false)
    const at = this.senders.indexOf(sender)
    if (at >= 0) this.senders.splice(at, 1)
  }

  clear(): void {
    for (const sender of this.senders) sender.setReady(false)
    this.senders.length = 0
  }
}
