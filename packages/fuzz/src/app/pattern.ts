/**
 * The octets of bodies: each depends on its stream and its place, so that one that is lost, repeated or of another stream shows.
 */
export const octetAt = (stream: number, at: number): number => (stream * 7 + at * 31 + (at >>> 8)) & 0xff

export const pattern = (stream: number, from: number, length: number): Uint8Array => {
  const octets = new Uint8Array(length)
  for (let i = 0; i < length; i++) octets[i] = octetAt(stream, from + i)
  return octets
}

/** Where `octets` differ from those of `stream` that begin at `from`; -1 where they do not. */
export const differsAt = (stream: number, from: number, octets: Uint8Array): number => {
  for (let i = 0; i < octets.length; i++) if (octets[i] !== octetAt(stream, from + i)) return from + i
  return -1
}
