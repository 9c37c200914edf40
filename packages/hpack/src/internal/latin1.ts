/**
 * Octets to strings and back, one character per octet. Called for every string that a block carries.
 *
 * There is no `Buffer` here (the package runs anywhere) and `TextDecoder` knows windows-1252 but not latin1. Of the ways
 * that remain, `String.fromCharCode` with 16 arguments is the fastest for short strings. It leaves a rope of small pieces,
 * though, so that long strings, which may be kept for as long as a connection lives, are made flat in one call.
 */
const fromCharCode = String.fromCharCode

/** Strings from this length on are made flat. */
const flatLength = 256

/** Most octets in one `apply`: arguments travel on the stack. */
const applyLength = 4096

const fromLongOctets = (bytes: Uint8Array, start: number, end: number): string => {
  let text = ""
  for (let position = start; position < end; position += applyLength) {
    const run = bytes.subarray(position, Math.min(end, position + applyLength))
    text += Reflect.apply(fromCharCode, undefined, run) as string
  }
  return text
}

/**
 * The octets from `start` to `end` as a string.
 */
export const fromOctets = (bytes: Uint8Array, start: number, end: number): string => {
  if (end - start >= flatLength) {
    return fromLongOctets(bytes, start, end)
  }
  let text = ""
  let i = start
  for (; i + 16 <= end; i += 16) {
    text += fromCharCode(
      bytes[i]!,
      bytes[i + 1]!,
      bytes[i + 2]!,
      bytes[i + 3]!,
      bytes[i + 4]!,
      bytes[i + 5]!,
      bytes[i + 6]!,
      bytes[i + 7]!,
      bytes[i + 8]!,
      bytes[i + 9]!,
      bytes[i + 10]!,
      bytes[i + 11]!,
      bytes[i + 12]!,
      bytes[i + 13]!,
      bytes[i + 14]!,
      bytes[i + 15]!
    )
  }
  if (i + 8 <= end) {
    text += fromCharCode(
      bytes[i]!,
      bytes[i + 1]!,
      bytes[i + 2]!,
      bytes[i + 3]!,
      bytes[i + 4]!,
      bytes[i + 5]!,
      bytes[i + 6]!,
      bytes[i + 7]!
    )
    i += 8
  }
  switch (end - i) {
    case 0:
      return text
    case 1:
      return text + fromCharCode(bytes[i]!)
    case 2:
      return text + fromCharCode(bytes[i]!, bytes[i + 1]!)
    case 3:
      return text + fromCharCode(bytes[i]!, bytes[i + 1]!, bytes[i + 2]!)
    case 4:
      return text + fromCharCode(bytes[i]!, bytes[i + 1]!, bytes[i + 2]!, bytes[i + 3]!)
    case 5:
      return text + fromCharCode(bytes[i]!, bytes[i + 1]!, bytes[i + 2]!, bytes[i + 3]!, bytes[i + 4]!)
    case 6:
      return text + fromCharCode(bytes[i]!, bytes[i + 1]!, bytes[i + 2]!, bytes[i + 3]!, bytes[i + 4]!, bytes[i + 5]!)
    default:
      return (
        text +
        fromCharCode(
          bytes[i]!,
          bytes[i + 1]!,
          bytes[i + 2]!,
          bytes[i + 3]!,
          bytes[i + 4]!,
          bytes[i + 5]!,
          bytes[i + 6]!
        )
      )
  }
}

/**
 * Writes a string's octets at `offset` and returns the offset behind them. The caller has checked the characters.
 */
export const writeOctets = (text: string, buffer: Uint8Array, offset: number): number => {
  for (let i = 0; i < text.length; i++) {
    buffer[offset + i] = text.charCodeAt(i)
  }
  return offset + text.length
}
