/** Turns rows into a text table: medians, and ratios to the row that everything is compared with. */
import type { Row, Sample } from "./measure.js"
import { median, spread } from "./statistics.js"

/** How a table is labelled. */
export interface TableOptions {
  readonly title: string
  /** The id of the row that ratios refer to, and what it is called in the heading. */
  readonly reference: string
  readonly referenceLabel: string
  /** What is counted, e.g. `request`. */
  readonly unit: string
  /** The heading of `Sample.detail`; none for no such column. */
  readonly detail: string | undefined
  /** What was left out and why, a line each. */
  readonly notes: ReadonlyArray<string>
}

const pick = (row: Row, key: Exclude<keyof Sample, "detail">): ReadonlyArray<number> =>
  row.samples.flatMap((sample: Sample) => sample[key] ?? [])

/** The median rate of a row, undefined where a run of it was not valid. */
export const rateOf = (row: Row | undefined): number | undefined =>
  row === undefined || row.failures.length > 0 ? undefined : median(pick(row, "rate"))

const format = (value: number | undefined, show: (value: number) => string): string =>
  value === undefined ? "-" : show(value)

const digits = (value: number): string => {
  const places = value >= 100 ? 0 : value >= 10 ? 1 : 2
  return value.toLocaleString("en-US", { minimumFractionDigits: places, maximumFractionDigits: places })
}

const percent = (value: number): string => `${(value * 100).toFixed(0)}%`

const cpuOf = (row: Row | undefined): number | undefined =>
  row === undefined || row.failures.length > 0 ? undefined : median(pick(row, "cpuMicros"))

const ratio = (above: number | undefined, below: number | undefined): string =>
  above === undefined || below === undefined || below === 0 ? "-" : `${(above / below).toFixed(2)}x`

const cells = (row: Row, reference: Row | undefined): ReadonlyArray<string> => [
  format(rateOf(row), digits),
  ratio(rateOf(row), rateOf(reference)),
  format(spread(pick(row, "rate")), percent),
  format(cpuOf(row), digits),
  ratio(cpuOf(reference), cpuOf(row)),
  format(median(pick(row, "busy")), percent),
  format(median(pick(row, "peakBytes")), (octets) => (octets / 1_048_576).toFixed(1))
]

/** The share of its core that a contender may lose to others before the table says so. */
const TOLERATED = 0.1

const disturbance = (rows: ReadonlyArray<Row>): ReadonlyArray<string> => {
  const most = Math.max(0, ...rows.flatMap((row) => pick(row, "foreign")))
  return most > TOLERATED
    ? [`DISTURBED: others took up to ${percent(most)} of the tested core; rates and their ratios are not to be trusted`]
    : []
}

/** The table as lines of text, ending in a line break. */
export const render = (rows: ReadonlyArray<Row>, options: TableOptions): string => {
  const reference = rows.find((row) => row.id === options.reference)
  const headings = [
    `${options.unit}s/s`,
    `x ${options.referenceLabel}`,
    "spread",
    `CPU us/${options.unit}`,
    "less CPU",
    "busy",
    "peak MiB"
  ]
  const valid = rows.filter((row) => row.failures.length === 0)
  const body = new Map(valid.map((row) => [row.id, cells(row, reference)]))
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...[...body.values()].map((row) => (row[column] ?? "").length))
  )
  const labelWidth = Math.max(...rows.map((row) => row.label.length), 10)
  const line = (label: string, columns: ReadonlyArray<string>, detail: string): string =>
    [label.padEnd(labelWidth), ...columns.map((column, index) => column.padStart(widths[index] ?? 0)), detail]
      .join("  ")
      .trimEnd()
  const lines = [options.title, line("", headings, options.detail ?? "")]
  for (const row of rows) {
    const columns = body.get(row.id)
    lines.push(
      columns === undefined
        ? `${row.label.padEnd(labelWidth)}  INVALID: ${row.failures.join("; ")}`
        : line(row.label, columns, options.detail === undefined ? "" : (row.samples.at(-1)?.detail ?? ""))
    )
  }
  for (const note of [...options.notes, ...disturbance(rows)]) lines.push(`  ${note}`)
  return `${lines.join("\n")}\n`
}
