/**
 * Runs contenders against each other: in every round each one once, each round beginning with another one, so that a slow minute of the
 * machine falls on all of them. What a run measures is a `Sample`; a run that fails makes its row invalid.
 */

/** What one run measured; undefined is what could not be measured. */
export interface Sample {
  /** Operations in a second. */
  readonly rate: number
  /** CPU time of the process under test for each operation, in microseconds. */
  readonly cpuMicros: number | undefined
  /** Share of one core that the process under test was busy. */
  readonly busy: number | undefined
  /** Share of its core that something else took; undefined where it is not known. */
  readonly foreign: number | undefined
  /** Peak resident memory of the process under test, in octets. */
  readonly peakBytes: number | undefined
  /** What else is worth a column, e.g. the fields that a server sent. */
  readonly detail: string
}

/** One of those that are compared. `run` rejects where the run is not valid. */
export interface Contender {
  readonly id: string
  readonly label: string
  readonly run: () => Promise<Sample>
}

/** All runs of a contender. `failures` holds a line for each that was not valid. */
export interface Row {
  readonly id: string
  readonly label: string
  readonly samples: ReadonlyArray<Sample>
  readonly failures: ReadonlyArray<string>
}

/** The message of whatever was thrown. */
export const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** Measures every contender `rounds` times. A contender that failed is not run again. */
export const alternate = async (
  contenders: ReadonlyArray<Contender>,
  rounds: number,
  onRun: (contender: Contender, round: number) => void
): Promise<ReadonlyArray<Row>> => {
  const rows = contenders.map(({ id, label }) => ({
    id,
    label,
    samples: [] as Array<Sample>,
    failures: [] as Array<string>
  }))
  for (let round = 0; round < rounds; round++) {
    for (let turn = 0; turn < contenders.length; turn++) {
      const index = (round + turn) % contenders.length
      const contender = contenders[index]
      const row = rows[index]
      if (contender === undefined || row === undefined || row.failures.length > 0) continue
      onRun(contender, round)
      try {
        row.samples.push(await contender.run())
      } catch (error) {
        row.failures.push(reasonOf(error))
      }
    }
  }
  return rows
}
