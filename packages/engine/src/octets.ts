/**
 * Integers in octets and text in octets, in network byte order. Called by the frame decoder and encoder and by the message code.
 */

export const emptyOctets = new Uint8Array(0)

export const readUint16 = (from: Uint8Array, at: number): number => (octet(from, at) << 8) | octet(from, at + 1)

export const readUint24 = (from: Uint8Array, at: number): number =>
  (octet(from, at) << 16) | (octet(from, at + 1) << 8) | octet(from, at + 2)

export const readUint31 = (from: Uint8Array, at: number): number =>
  ((octet(from, at) & 0x7f) << 24) | (octet(from, at + 1) << 16) | (octet(from, at + 2) << 8) | octet(from, at + 3)

export const readUint32 = (from: Uint8Array, at: number): number =>
  octet(from, at) * 0x1000000 + readUint24(from, at + 1)

export const octet = (from: Uint8Array, at: number): number => from[at] ?? 0

export const writeUint16 = (into: Uint8Array, at: number, value: number): void => {
  into[at] = value >>> 8
  into[at + 1] = value
}

export const writeUint32 = (into: Uint8Array, at: number, value: number): void => {
  into[at] = value >>> 24
  into[at + 1] = value >>> 16
  into[at + 2] = value >>> 8
  into[at + 3] = value
}

/** A copy of `octets` from `start` to `end`. Never `slice`: that of a Buffer of Node's, which transports hand out, is a view. */
export const copy = (octets: Uint8Array, start = 0, end = octets.length): Uint8Array =>
  new Uint8Array(octets.subarray(start, end))

/** One array with the octets of all `parts`. */
export const concat = (parts: ReadonlyArray<Uint8Array>): Uint8Array => {
  const [first] = parts
  if (first === undefined) return emptyOctets
  if (parts.length === 1) return first
  let length = 0
  for (const part of parts) length += part.length
  const whole = new Uint8Array(length)
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}
