/**
 * Writes integers (RFC 7541 section 5.1). Called by the encoder; `blockReader.ts` holds the way back.
 */

/**
 * Most octets an integer below 2^31 takes: its prefix and five continuation octets.
 */
export const maxIntegerLength = 6

/**
 * Writes `value` with a prefix of ones as wide as `prefixMask`, under the pattern bits of `pattern`; returns the offset
 * behind it.
 */
export const writeInteger = (
  buffer: Uint8Array,
  offset: number,
  pattern: number,
  prefixMask: number,
  value: number
): number => {
  if (value < prefixMask) {
    buffer[offset] = pattern | value
    return offset + 1
  }
  buffer[offset++] = pattern | prefixMask
  value -= prefixMask
  while (value >= 0x80) {
    buffer[offset++] = (value & 0x7f) | 0x80
    value >>>= 7
  }
  buffer[offset] = value
  return offset + 1
}
