/**
 * What is measured of connections, for whoever watches them: plain numbers, which the engine writes as it goes, and which a skin shows when it is asked.
 * One for all connections of a role. Whatever a peer sends, what they are told apart by is one of a few values: methods, status codes, error codes and types of frames
 * that are not known have one value in common.
 *
 * @since 0.1.0
 */
import * as ErrorCode from "./ErrorCode.js"
import * as Frame from "./Frame.js"

/** The methods that OpenTelemetry knows; any other is `_OTHER`, the last. */
const methods = ["GET", "POST", "PUT", "HEAD", "DELETE", "OPTIONS", "PATCH", "CONNECT", "TRACE", "_OTHER"]
const methodIndexes = new Map(methods.slice(0, -1).map((method, index) => [method, index]))

/** The schemes that are told apart; with any other, the label is left out. */
const schemes = ["http", "https", ""]

/** The status codes that IANA's registry names, by class. */
const statusRanges: ReadonlyArray<readonly [first: number, last: number]> = [
  [100, 104],
  [200, 208],
  [226, 226],
  [300, 305],
  [307, 308],
  [400, 417],
  [421, 426],
  [428, 429],
  [431, 431],
  [451, 451],
  [500, 508],
  [510, 511]
]

/** A status code that is not registered means what x00 of its class does (RFC 9110 §15). */
const boundedStatus = (status: number): number =>
  statusRanges.some(([first, last]) => status >= first && status <= last) ? status : Math.trunc(status / 100) * 100

const boundedStatuses = Array.from({ length: 600 }, (_, status) => boundedStatus(status))

/** The types of frames by their place in a count, that is their number; empty where none has it. The last stands for those that are not known. */
const frameTypes = [
  ...Object.keys(Frame.Type),
  "ALTSVC",
  "",
  "ORIGIN",
  "",
  "",
  "",
  "PRIORITY_UPDATE",
  "_OTHER"
] as const

const errorCodes = [...Array.from({ length: ErrorCode.HTTP_1_1_REQUIRED + 1 }, (_, code) => ErrorCode.toName(code))]
const errorNames = [...errorCodes, "_OTHER"]

/**
 * Numbers counted up, by kind: the last place is for kinds that have none.
 *
 * @since 0.1.0
 * @category models
 */
export class Counts {
  private readonly counts: Float64Array
  constructor(
    /** What the kinds are called; those without a name are counted with the last. */
    readonly names: ReadonlyArray<string>
  ) {
    this.counts = new Float64Array(names.length)
  }

  /** One more of the kind `index`, 0 or more. */
  add(index: number): void {
    const at = Math.min(index, this.counts.length - 1)
    this.counts[at] = (this.counts[at] ?? 0) + 1
  }

  /** How many there were of the kind `index`; for the last, of all that have no name too. */
  of(index: number): number {
    if (index < this.names.length - 1) return this.counts[index] ?? 0
    return this.names.reduce((sum, name, at) => (name === "" || at === index ? sum + (this.counts[at] ?? 0) : sum), 0)
  }
}

/**
 * The bounds of the buckets of durations, in seconds, as OpenTelemetry advises.
 *
 * @since 0.1.0
 * @category constants
 */
export const boundaries: ReadonlyArray<number> = [
  0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10
]

/**
 * Durations in seconds, by bucket.
 *
 * @since 0.1.0
 * @category models
 */
export class Durations {
  private readonly counts = new Float64Array(boundaries.length + 1)
  count = 0
  sum = 0
  min = Number.MAX_VALUE
  max = 0

  add(seconds: number): void {
    let at = 0
    while (seconds > (boundaries[at] ?? Number.POSITIVE_INFINITY)) at++
    this.counts[at] = (this.counts[at] ?? 0) + 1
    this.count++
    this.sum += seconds
    if (seconds < this.min) this.min = seconds
    if (seconds > this.max) this.max = seconds
  }

  /** For each bound, how many were not beyond it. */
  get buckets(): ReadonlyArray<[bound: number, count: number]> {
    let sum = 0
    return boundaries.map((bound, at) => [bound, (sum += this.counts[at] ?? 0)])
  }
}

/**
 * The labels of a series, and what it stands at.
 *
 * @since 0.1.0
 * @category models
 */
export type Series = {
  readonly name: string
  readonly description: string
  readonly labels: ReadonlyArray<readonly [name: string, value: string]>
} & (
  | { readonly type: "counter" | "gauge"; readonly read: () => number }
  | { readonly type: "histogram"; readonly read: () => Durations }
)

const direct = ["received", "sent"] as const

/** What is measured, by name: the descriptions, with the unit of each. */
const descriptions = {
  "http.server.request.duration": "Seconds from the fields of a request to the end of its stream",
  "http.server.active_requests": "Requests that are being answered",
  "http.client.request.duration": "Seconds from the fields of a request to the end of its stream",
  "http.client.active_requests": "Requests whose stream is open",
  "http2.connections": "Connections that are open, by state",
  "http2.connections.opened": "Connections since the start",
  "http2.streams": "Streams that are open, those that were reset and still wait for the peer to know among them",
  "http2.frames": "Frames since the start, by direction and type",
  "http2.resets": "RST_STREAM frames since the start, by direction and error code",
  "http2.goaways": "GOAWAY frames since the start, by direction and error code",
  "http2.window.stalls": "Times that a body had to wait since a window was used up, by whose window it was",
  "http2.budgets.tripped":
    "Connections and streams that were ended since a peer had gone beyond an option, by the option",
  "http2.glitches": "Frames since the start that cost work and carried nothing",
  "http2.handlers.interrupted": "Handlers that were interrupted since their stream was reset or their connection lost"
} as const

/**
 * Every name that is measured, and what it is.
 *
 * @since 0.1.0
 * @category constants
 */
export const names: Readonly<Record<string, string>> = descriptions

type Name = keyof typeof descriptions

/** What is told apart of a request that has ended. */
const errorsEach = errorNames.length + 1
const statusesEach = 600

/**
 * The measurements of one role.
 *
 * @since 0.1.0
 * @category models
 */
export class Meter {
  connections = 0
  draining = 0
  connectionsOpened = 0
  streams = 0
  glitches = 0
  handlersInterrupted = 0
  streamStalls = 0
  connectionStalls = 0
  readonly framesReceived = new Counts(frameTypes)
  readonly framesSent = new Counts(frameTypes)
  readonly resetsReceived = new Counts(errorNames)
  readonly resetsSent = new Counts(errorNames)
  readonly goAwaysReceived = new Counts(errorNames)
  readonly goAwaysSent = new Counts(errorNames)
  /** By the option, a name of ours. */
  private readonly tripped = new Map<string, number>()
  /** By method and scheme. */
  private readonly active = new Map<number, number>()
  /** By those, status and error. */
  private readonly durations = new Map<number, Durations>()
  private readonly known: Array<Series> = []
  private readonly listeners: Array<(series: Series) => void> = []

  constructor(
    readonly role: "server" | "client",
    /** Whether somebody looks: the time of requests is not taken where nobody does. */
    readonly isOn: boolean
  ) {
    if (isOn) this.known.push(...this.fixed())
  }

  /** Tells `listener` of every series that there is, and of each that comes to be. */
  watch(listener: (series: Series) => void): void {
    this.listeners.push(listener)
    for (const series of this.known) listener(series)
  }

  /** A frame that is not DATA and has no field block was sent. */
  sentControl(frame: Frame.Frame): void {
    if (frame._tag === "RstStream") this.resetsSent.add(frame.errorCode)
    else if (frame._tag === "GoAway") this.goAwaysSent.add(frame.errorCode)
  }

  /** A peer has gone beyond `limit`, an option. */
  trip(limit: string): void {
    const before = this.tripped.get(limit)
    this.tripped.set(limit, (before ?? 0) + 1)
    if (before !== undefined) return
    const read = (): number => this.tripped.get(limit) ?? 0
    this.appear({ ...this.counter("http2.budgets.tripped", [["limit", limit]], read), type: "counter" })
  }

  /** A request begins. Returns what `end` is to be told of it. */
  begin(method: string, scheme: string): number {
    const methodIndex = methodIndexes.get(method) ?? methods.length - 1
    const kind = methodIndex * schemes.length + (scheme === "https" ? 1 : scheme === "http" ? 0 : 2)
    const before = this.active.get(kind)
    this.active.set(kind, (before ?? 0) + 1)
    if (before === undefined) {
      const read = (): number => this.active.get(kind) ?? 0
      const name = this.role === "server" ? "http.server.active_requests" : "http.client.active_requests"
      this.appear({ ...series(name, requestLabels(kind), read), type: "gauge" })
    }
    return kind
  }

  /** A request has ended: with which status, 0 where there was none, with which error code, -1 where it came to its end, and after how many ms. */
  end(kind: number, status: number, errorCode: number, millis: number): void {
    this.active.set(kind, (this.active.get(kind) ?? 1) - 1)
    const error = Math.min(errorCode, errorNames.length - 1) + 1
    const key = (kind * statusesEach + (boundedStatuses[status] ?? 0)) * errorsEach + error
    let durations = this.durations.get(key)
    if (durations === undefined) {
      durations = new Durations()
      this.durations.set(key, durations)
      this.appearDurations(key, durations)
    }
    durations.add(millis / 1000)
  }

  private appearDurations(key: number, durations: Durations): void {
    const rest = Math.trunc(key / errorsEach)
    const status = rest % statusesEach
    const error = (key % errorsEach) - 1
    const labels = requestLabels(Math.trunc(rest / statusesEach))
    if (status > 0) labels.push(["http.response.status_code", String(status)])
    const errorType = error >= 0 ? errorNames[error] : status >= this.leastFailure ? String(status) : undefined
    if (errorType !== undefined) labels.push(["error.type", errorType])
    // What Effect's exporters take for the unit.
    labels.push(["unit", "s"])
    const name = this.role === "server" ? "http.server.request.duration" : "http.client.request.duration"
    this.appear({ name, description: descriptions[name], labels, type: "histogram", read: () => durations })
  }

  /** The status from which on a request counts as failed, for whom it does. */
  private get leastFailure(): number {
    return this.role === "server" ? 500 : 400
  }

  private appear(series: Series): void {
    this.known.push(series)
    for (const listener of this.listeners) listener(series)
  }

  private counter(name: Name, labels: ReadonlyArray<Label>, read: () => number): NumberSeries {
    return series(name, [["role", this.role], ...labels], read)
  }

  private counts(name: Name, kind: string, received: Counts, sent: Counts): ReadonlyArray<Series> {
    return direct.flatMap((direction) => {
      const counts = direction === "sent" ? sent : received
      return counts.names.flatMap((value, index) => {
        if (value === "") return []
        const labels: ReadonlyArray<Label> = [
          ["direction", direction],
          [kind, value]
        ]
        return [{ ...this.counter(name, labels, () => counts.of(index)), type: "counter" as const }]
      })
    })
  }

  /** The series that are there from the start. */
  private fixed(): ReadonlyArray<Series> {
    const counter = (name: Name, labels: ReadonlyArray<Label>, read: () => number): Series => ({
      ...this.counter(name, labels, read),
      type: "counter"
    })
    const gauge = (name: Name, labels: ReadonlyArray<Label>, read: () => number): Series => ({
      ...this.counter(name, labels, read),
      type: "gauge"
    })
    return [
      gauge("http2.connections", [["state", "open"]], () => this.connections - this.draining),
      gauge("http2.connections", [["state", "draining"]], () => this.draining),
      counter("http2.connections.opened", [], () => this.connectionsOpened),
      gauge("http2.streams", [], () => this.streams),
      ...this.counts("http2.frames", "type", this.framesReceived, this.framesSent),
      ...this.counts("http2.resets", "code", this.resetsReceived, this.resetsSent),
      ...this.counts("http2.goaways", "code", this.goAwaysReceived, this.goAwaysSent),
      counter("http2.window.stalls", [["window", "stream"]], () => this.streamStalls),
      counter("http2.window.stalls", [["window", "connection"]], () => this.connectionStalls),
      counter("http2.glitches", [], () => this.glitches),
      ...(this.role === "server" ? [counter("http2.handlers.interrupted", [], () => this.handlersInterrupted)] : [])
    ]
  }
}

type Label = readonly [name: string, value: string]

interface NumberSeries {
  readonly name: string
  readonly description: string
  readonly labels: ReadonlyArray<Label>
  readonly read: () => number
}

const series = (name: Name, labels: ReadonlyArray<Label>, read: () => number): NumberSeries => ({
  name,
  description: descriptions[name],
  labels,
  read
})

const requestLabels = (kind: number): Array<Label> => {
  const scheme = schemes[kind % schemes.length] ?? ""
  const method = methods[Math.trunc(kind / schemes.length)] ?? "_OTHER"
  const labels: Array<Label> = [
    ["http.request.method", method],
    ["network.protocol.name", "http"],
    ["network.protocol.version", "2"]
  ]
  if (scheme !== "") labels.push(["url.scheme", scheme])
  return labels
}

const nobodys = /*#__PURE__*/ new Meter("server", false)

/**
 * Measurements that nobody sees.
 *
 * @since 0.1.0
 * @category constructors
 */
export const unseen = (): Meter => nobodys
