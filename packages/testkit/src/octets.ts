/** Octets: numbers in network order, and text of one octet a character. */

/** Whatever a test finds easiest to read. */
export type Octets = Uint8Array | string | ReadonlyArray<number>

export const octets = (from: Octets): Buffer =>
  typeof from === "string" ? Buffer.from(from, "latin1") : Buffer.from(from)

export const concat = (parts: ReadonlyArray<Uint8Array>): Buffer => Buffer.concat(parts)

export const isEqual = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0

export const toText = (from: Uint8Array): string => view(from).toString("latin1")

export const toHex = (from: Uint8Array): string => view(from).toString("hex")

export const uint32 = (...values: ReadonlyArray<number>): Buffer => {
  const buffer = Buffer.alloc(values.length * 4)
  values.forEach((value, index) => buffer.writeUInt32BE(value >>> 0, index * 4))
  return buffer
}

/** What is missing of the four octets counts as 0. */
export const readUint32 = (from: Uint8Array, at: number): number =>
  (((from[at] ?? 0) << 24) | ((from[at + 1] ?? 0) << 16) | ((from[at + 2] ?? 0) << 8) | (from[at + 3] ?? 0)) >>> 0

/** The same memory as a Buffer. */
export const view = (from: Uint8Array): Buffer => Buffer.from(from.buffer, from.byteOffset, from.byteLength)

export const filled = (length: number, value = 0x61): Uint8Array => new Uint8Array(length).fill(value)

/** `length` octets, no two neighbours of which are easily confused. */
export const pattern = (length: number): Uint8Array =>
  Uint8Array.from({ length }, (_, index) => (index * 31 + (index >>> 8)) & 0xff)
