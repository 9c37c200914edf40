/** The content of `/bytes/N`: byte i is i modulo 251, so that a lost, doubled or moved frame shows. Used by `routes.ts`. */
import * as Chunk from "effect/Chunk"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"

/** A prime: no power of two, as sizes of frames and windows are, is a multiple of it. */
export const period = 251
const chunkSize = 65_536

const pattern = Uint8Array.from({ length: chunkSize + period }, (_, index) => index % period)

/** `length` bytes in chunks that all share one buffer, each made when it is asked for. */
export const stream = (length: number): Stream.Stream<Uint8Array> =>
  Stream.unfoldChunk(0, (offset) => {
    if (offset >= length) return Option.none()
    const size = Math.min(chunkSize, length - offset)
    const start = offset % period
    return Option.some([Chunk.of(pattern.subarray(start, start + size)), offset + size])
  })
