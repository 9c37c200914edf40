/**
 * The senders that have something to send and a window for it, in the order of their turns. Called by the outbox.
 */
import type { Sender } from "./sender.js"

export class SenderRing {
  private senders: Array<Sender> = []
  private first = 0

  get isEmpty(): boolean {
    return this.first === this.senders.length
  }

  /** Adds at the end of the round. */
  add(sender: Sender): void {
    sender.setReady(true)
    this.senders.push(sender)
  }

  /** Whose turn it is; it leaves the ring. */
  take(): Sender | undefined {
    const sender = this.senders[this.first]
    if (sender === undefined) return undefined
    sender.setReady(false)
    this.first++
    if (this.first === this.senders.length) {
      this.senders = []
      this.first = 0
    } else if (this.first === 1024) {
      this.senders = this.senders.slice(1024)
      this.first = 0
    }
    return sender
  }

  remove(sender: Sender): void {
    sender.setReady(false)
    const at = this.senders.indexOf(sender, this.first)
    if (at >= 0) this.senders.splice(at, 1)
  }

  clear(): void {
    for (const sender of this.senders) sender.setReady(false)
    this.senders = []
    this.first = 0
  }
}
