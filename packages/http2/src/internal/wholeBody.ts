/**
 * A body that is whole already, for whoever wants all of it at once: no Stream, no effect. Called by Http2IncomingMessage.ts and Http2Client.ts.
 */
import { concat, emptyOctets } from "@effect-http2/engine/octets"
import type { StreamCore } from "@effect-http2/engine/stream/streamCore"
import { bodyOf } from "./bodyQueue.js"

/** The whole body, where it has arrived, nothing of it was read, and it is not longer than `limit`. */
export const takeWholeBody = (stream: StreamCore, limit: number): Uint8Array | undefined => {
  const body = bodyOf(stream)
  if (body === undefined) return emptyOctets
  const chunks = body.received <= limit ? body.takeWhole() : undefined
  return chunks === undefined ? undefined : concat(chunks)
}
