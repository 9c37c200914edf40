/** The figures that several runs come down to. */

/** The middle of the values, the mean of the two middle ones where their number is even. Undefined for none. */
export const median = (values: ReadonlyArray<number>): number | undefined => {
  const sorted = values.toSorted((left, right) => left - right)
  const upper = sorted[sorted.length >> 1]
  const lower = sorted[(sorted.length - 1) >> 1]
  return upper === undefined || lower === undefined ? undefined : (lower + upper) / 2
}

/** How far apart the values are, as a share of their median. Undefined where there are fewer than two. */
export const spread = (values: ReadonlyArray<number>): number | undefined => {
  const middle = median(values)
  if (middle === undefined || values.length < 2 || middle === 0) return undefined
  return (Math.max(...values) - Math.min(...values)) / middle
}
