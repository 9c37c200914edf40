/**
 * Requests of a client for what the server is pushing already, after the push was accepted: they wait until its stream has closed (RFC 9113 §8.4.2). Asked
 * by the client's role.
 */
import type { ClientRequest } from "./clientRequest.js"
import type { Push } from "./push.js"

export class AwaitedPushes {
  /** Accepted pushes that are not complete, each with the requests that wait for its end. */
  private readonly waiting = new Map<Push, Set<ClientRequest>>()

  /** Requests that wait. */
  get size(): number {
    let size = 0
    for (const requests of this.waiting.values()) size += requests.size
    return size
  }

  add(push: Push): void {
    this.waiting.set(push, new Set())
  }

  /** Whether `request` has to wait; then it does. */
  awaits(request: ClientRequest): boolean {
    if (this.waiting.size === 0) return false
    for (const [{ head, origin }, requests] of this.waiting) {
      if (!request.asksFor(head.method, head.path) || request.origin !== origin) continue
      requests.add(request)
      return true
    }
    return false
  }

  /** `request` stops waiting. */
  withdraw(request: ClientRequest): void {
    if (this.waiting.size === 0) return
    for (const requests of this.waiting.values()) requests.delete(request)
  }

  /** `push` is over: returns the requests that waited for it. */
  release(push: Push): Iterable<ClientRequest> {
    const requests = this.waiting.get(push)
    this.waiting.delete(push)
    return requests ?? []
  }
}
