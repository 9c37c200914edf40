/** The content of `/bytes/N`: byte i is i modulo 251, so that a lost, doubled or moved frame shows. */

/** A prime: no power of two, as sizes of frames and windows are, is a multiple of it. */
export const period = 251
const pieceSize = 65_536

const pattern = Uint8Array.from({ length: pieceSize + period }, (_, index) => index % period)

/** What comes at `offset` of `length` bytes, 64 KiB at most; undefined behind the last. All pieces share one buffer. */
export const pieceAt = (offset: number, length: number): Uint8Array | undefined => {
  if (offset >= length) return undefined
  const start = offset % period
  return pattern.subarray(start, start + Math.min(pieceSize, length - offset))
}
