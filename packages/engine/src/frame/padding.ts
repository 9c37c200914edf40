/**
 * How much padding a frame gets (RFC 9113 §6.1, §10.7): as much as makes its payload, pad length and padding counted, a multiple of `unit` octets, as far as
 * there is room for it. Pure. Called by dataFrames.ts and fieldEncoder.ts.
 */

/** The most octets of padding that a frame can have. */
export const mostPadding = 255

/** Octets of padding behind `length` octets, in a payload of up to `most`; -1 where there is not even room for the pad length. */
export const padLength = (length: number, most: number, unit: number): number => {
  const beyond = (length + 1) % unit
  return Math.min(beyond === 0 ? 0 : unit - beyond, most - length - 1)
}

/** How many of `length` octets of data go into one payload of up to `most`: at least one. */
export const dataLength = (length: number, most: number, unit: number): number => {
  const full = most - (most % unit)
  // Full frames of data need no padding, and what is left over for the last one can have it.
  if (full > 1) return Math.min(length, full - 1)
  return Math.min(length, Math.max(1, most - 1))
}
