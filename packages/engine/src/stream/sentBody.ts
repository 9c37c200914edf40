/**
 * The body of a message that leaves, in pieces as whoever sends it has them: while our side of the stream is open, and as long as its content-length says. What cannot
 * be sent is returned as the error that it is. A skin makes one for each body that it runs; a tunnel, which has no length, calls the functions alone.
 */
import type { Headers } from "../Headers.js"
import * as Http2Error from "../Http2Error.js"
import { checkTrailers } from "../message/sectionSize.js"
import type { Stream } from "./stream.js"

const over = (stream: Stream): Http2Error.Http2Error =>
  stream.error ?? Http2Error.usageError(stream.id, "5.1", "the stream is over")

/** Sends `pieces`, which are kept until they have left. */
export const sendPieces = (stream: Stream, pieces: Iterable<Uint8Array>): Http2Error.Http2Error | undefined => {
  if (!stream.isSending) return over(stream)
  for (const octets of pieces) if (octets.length > 0) stream.sendData(octets, false)
  return undefined
}

/** Ends our side behind what was sent, with `trailers` where there are any. */
export const endSide = (stream: Stream, trailers: Headers | undefined): Http2Error.Http2Error | undefined => {
  if (!stream.isSending) return over(stream)
  try {
    if (trailers !== undefined) checkTrailers(stream.owner.peerMaxHeaderListSize, stream.id, trailers)
    stream.sendEnd(trailers !== undefined && trailers.fields.length > 0 ? trailers : undefined)
    return undefined
  } catch (error) {
    if (Http2Error.isHttp2Error(error)) return error
    throw error
  }
}

/** Whether so much waits to be sent that whoever has more should wait. */
export const isFull = ({ sender }: Stream): boolean => sender !== undefined && sender.isFull

/** Calls `listener` once that is not so, at once where it is not. */
export const onRoom = (stream: Stream, listener: () => void): void => {
  if (stream.sender !== undefined && stream.sender.isFull) stream.sender.onRoom(listener)
  else listener()
}

export class SentBody {
  private octets = 0

  constructor(private readonly stream: Stream) {}

  /** Sends more of it. */
  push(pieces: ReadonlyArray<Uint8Array>): Http2Error.Http2Error | undefined {
    const { announcedOctets } = this.stream
    for (const { length } of pieces) this.octets += length
    if (announcedOctets >= 0 && this.octets > announcedOctets) return this.lengthError
    return sendPieces(this.stream, pieces)
  }

  /** What is wrong with it where there is no more: it has to be as long as it says (§8.1.1). */
  get shortness(): Http2Error.StreamError | undefined {
    return this.octets < this.stream.announcedOctets ? this.lengthError : undefined
  }

  private get lengthError(): Http2Error.StreamError {
    const { announcedOctets, id } = this.stream
    return Http2Error.usageError(id, "8.1.1", `content-length is ${announcedOctets}, the body is not`)
  }
}
