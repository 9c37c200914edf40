/** Octets, and text of one octet a character. */
export const concat = (parts: ReadonlyArray<Uint8Array>): Uint8Array => {
  const [first] = parts
  let length = 0
  for (const part of parts) length += part.length
  const all = new Uint8Array(length)
  if (parts.length === 1 && first !== undefined) {
    all.set(first)
    return all
  }
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}

export const isEqual = (a: Uint8Array, b: Uint8Array): boolean => {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

export const ofText = (text: string): Uint8Array => Uint8Array.from(text, (char) => char.charCodeAt(0) & 0xff)

export const toText = (octets: Uint8Array): string => {
  let text = ""
  for (const octet of octets) text += String.fromCharCode(octet)
  return text
}

export const toHex = (octets: Uint8Array): string => Buffer.from(octets).toString("hex")

export const uint32 = (...values: ReadonlyArray<number>): Uint8Array => {
  const octets = new Uint8Array(values.length * 4)
  const view = new DataView(octets.buffer)
  values.forEach((value, index) => view.setUint32(index * 4, value >>> 0))
  return octets
}

export const readUint32 = (octets: Uint8Array, at: number): number =>
  (((octets[at] ?? 0) << 24) | ((octets[at + 1] ?? 0) << 16) | ((octets[at + 2] ?? 0) << 8) | (octets[at + 3] ?? 0)) >>>
  0
