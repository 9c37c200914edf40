/**
 * What the programs share that measure themselves: clients, the load by our client, HPACK. They count, and after a warm-up report what
 * they counted in the measured time, as a line of JSON.
 */

/** What a program reports. */
export interface Report {
  readonly rate: number
  readonly succeeded: number
  readonly failed: number
  readonly octets: number
  /** CPU time for each operation, in microseconds. */
  readonly cpuMicros: number
  /** Share of one core that the process was busy. */
  readonly busy: number
  readonly peakBytes: number
  readonly detail: string
}

/** The counters of a program, written as it goes. */
export class Meter {
  succeeded = 0
  failed = 0
  octets = 0
  /** Whether the measured time is over. */
  finished = false

  /** Counts a response; one that is not 200 or has another body than the expected one is a failure. */
  response(status: number, octets: number, expected: number): void {
    if (status === 200 && octets === expected) this.succeeded++
    else this.failed++
    this.octets += octets
  }
}

const totalCpuMicros = (): number => {
  const { system, user } = process.cpuUsage()
  return system + user
}

/** Takes figures when it is made; `report` compares with those of then. */
export class Window {
  private readonly succeeded: number
  private readonly failed: number
  private readonly octets: number
  private readonly cpu = totalCpuMicros()
  private readonly clock = performance.now()

  constructor(private readonly meter: Meter) {
    this.succeeded = meter.succeeded
    this.failed = meter.failed
    this.octets = meter.octets
  }

  report(detail: string): Report {
    const wallMicros = (performance.now() - this.clock) * 1000
    const cpu = totalCpuMicros() - this.cpu
    const succeeded = this.meter.succeeded - this.succeeded
    return {
      rate: succeeded / (wallMicros / 1_000_000),
      succeeded,
      failed: this.meter.failed - this.failed,
      octets: this.meter.octets - this.octets,
      cpuMicros: cpu / succeeded,
      busy: cpu / wallMicros,
      peakBytes: process.resourceUsage().maxRSS * 1024,
      detail
    }
  }
}

/** Times of a program's run. */
export interface Times {
  readonly warmupMillis: number
  readonly durationMillis: number
}

const sleep = (millis: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, millis))

/** Waits for the warm-up, then for the measured time, and reports it. Sets `finished`. */
export const observe = async (meter: Meter, times: Times, onStart: () => void = () => undefined): Promise<Report> => {
  await sleep(times.warmupMillis)
  const window = new Window(meter)
  onStart()
  await sleep(times.durationMillis)
  const report = window.report("")
  meter.finished = true
  return report
}

/** The configuration of this program, from its command line. */
export const readConfig = <A>(): A => JSON.parse(process.argv[2] ?? "{}") as A

/** Hands a line to the parent. */
export const print = (value: unknown): void => void process.stdout.write(`${JSON.stringify(value)}\n`)

/** Ends this program when its parent is gone. */
export const endWithParent = (): void => {
  process.stdin.once("end", () => process.exit(1)).once("error", () => process.exit(1))
  process.stdin.resume()
}
