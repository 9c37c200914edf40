/**
 * Who answers requests, as a port.
 */
import type { ServerStream } from "./serverStream.js"

export interface Handler {
  /**
   * Answers the request on `stream`, now or later. Called behind the frames of the turn that brought it, so that a body that came with it is there. Tells
   * the stream of its course by `handlerStarted`, `handlerWaits` and `handlerEnded`.
   */
  handle(stream: ServerStream): void
}
