/**
 * The body of a message that arrives, as a port: the engine hands octets over as they come and never waits; a skin keeps them for whoever reads them, and
 * says when they are consumed.
 */
import type { Http2Error } from "../Http2Error.js"

/** Where the body of one stream goes. What is kept in it is bounded by the stream's flow-control window. */
export interface Inbox {
  /** Octets that were pushed, in all. */
  readonly received: number
  /** Whether `end` was called. */
  readonly isEnded: boolean
  /** Whether `end` or `fail` was called. */
  readonly isOver: boolean
  /** Whether `end` was called, and all that was pushed is consumed. */
  readonly isDone: boolean
  /** Octets of the body, a slice of what was read: what is to be kept for long has to be copied. */
  push(data: Uint8Array): void
  /** The peer has ended the body. */
  end(): void
  /** The rest will not come. What has come is still to be read. */
  fail(error: Http2Error): void
  /** The body is dropped: what is queued, and what still comes on stream `streamId`, counts as consumed. */
  discard(streamId: number): void
  /** What was asked for with `deliverLater`: wakes the consumer that waits. */
  deliver(): void
}

/** The stream, as its inbox sees it. */
export interface InboxOwner {
  /** FLOW CONTROL: octets of the body were read, or will never be: they go back to the windows. */
  bodyConsumed(octets: number): void
  /** Somebody wants the body. */
  bodyWanted(): void
  /** Calls `inbox.deliver` soon, when more may have come. */
  deliverLater(inbox: Inbox): void
}

export type MakeInbox = (owner: InboxOwner) => Inbox
