/**
 * One stream as it shows on the wire: what the engine has sent on it, what was sent to it, and how much more each side may. Made and driven by
 * wiretap.ts.
 */
import { expect, Fault } from "../fault.js"
import type { Pairs } from "../fieldBlock.js"
import * as Raw from "../rawFrame.js"

const connectionSpecific = new Set(["connection", "proxy-connection", "keep-alive", "transfer-encoding", "upgrade"])

const anyTime = new Set<number>([Raw.Code.STREAM_CLOSED, Raw.Code.FRAME_SIZE_ERROR, Raw.Code.PROTOCOL_ERROR])

export class TapStream {
  /** What the engine sent: sections of 1xx, the head, the body, the trailers. */
  readonly informational: Array<Pairs> = []
  head: Pairs | undefined = undefined
  trailers: Pairs | undefined = undefined
  readonly body: Array<Uint8Array> = []
  bodyLength = 0
  isEndedByEngine = false
  /** The codes of RST_STREAM. */
  readonly resets: Array<number> = []
  /** What was sent to it. */
  isEndedByUs = false
  resetByUs: number | undefined = undefined
  /** PINGs that had been sent when we reset it: once a later one is answered, the engine knows. */
  resetBehind = 0
  /** The method of a request, as far as the tap can read it. */
  method = ""
  /** What the engine has promised that it answers here. */
  promise: Pairs | undefined = undefined

  constructor(
    readonly id: number,
    /** What the engine may send, and what may be sent to it. */
    public engineMaySend: number,
    public weMaySend: number
  ) {}

  get reset(): number | undefined {
    return this.resets[0]
  }

  /** Whether neither side can send on it any more. */
  get isOver(): boolean {
    return this.reset !== undefined || this.resetByUs !== undefined || (this.isEndedByEngine && this.isEndedByUs)
  }

  /** Whether it came to the end of both its messages. */
  get isWhole(): boolean {
    return this.reset === undefined && this.resetByUs === undefined && this.isEndedByEngine && this.isEndedByUs
  }

  private fail(detail: string): never {
    throw new Fault(`stream ${this.id}: ${detail}`)
  }

  private expectOpen(what: string): void {
    if (this.isEndedByEngine) this.fail(`${what} behind END_STREAM`)
    if (this.reset !== undefined) this.fail(`${what} behind RST_STREAM`)
  }

  receiveSection(pairs: Pairs, endStream: boolean, engine: "client" | "server"): void {
    this.expectOpen("HEADERS")
    checkSection(this.id, pairs)
    if (this.head !== undefined) {
      if (!endStream) this.fail("trailers without END_STREAM")
      if (pairs.some(([name]) => name.startsWith(":"))) this.fail("a pseudo-header field in trailers")
      this.trailers = pairs
    } else if (engine === "server") this.receiveResponse(pairs, endStream)
    else this.receiveRequest(pairs)
    if (endStream) this.ended()
  }

  private receiveResponse(pairs: Pairs, endStream: boolean): void {
    const [first] = pairs
    if (first?.[0] !== ":status" || !/^[1-5]\d\d$/.test(first[1]))
      this.fail(`a response begins with ${first?.join(" ")}`)
    if (pairs.filter(([name]) => name.startsWith(":")).length !== 1) this.fail("pseudo-header fields beside :status")
    if (first[1].startsWith("1")) {
      if (endStream) this.fail("an informational response ends the stream")
      this.informational.push(pairs)
    } else this.head = pairs
  }

  private receiveRequest(pairs: Pairs): void {
    const pseudo = new Map(pairs.filter(([name]) => name.startsWith(":")))
    if (pairs.filter(([name]) => name.startsWith(":")).length !== pseudo.size) this.fail("a pseudo-header field twice")
    this.method = pseudo.get(":method") ?? ""
    const isConnect = this.method === "CONNECT" && !pseudo.has(":protocol")
    for (const name of isConnect ? [":method", ":authority"] : [":method", ":scheme", ":path"]) {
      if ((pseudo.get(name) ?? "") === "") this.fail(`a request without ${name}`)
    }
    this.head = pairs
  }

  /** A promise that another stream carried. */
  receivePromise(pairs: Pairs): void {
    checkSection(this.id, pairs)
    const pseudo = new Map(pairs.filter(([name]) => name.startsWith(":")))
    for (const name of [":method", ":scheme", ":path", ":authority"]) {
      if ((pseudo.get(name) ?? "") === "") this.fail(`a promise without ${name}`)
    }
    this.method = pseudo.get(":method") ?? ""
    if (this.method !== "GET" && this.method !== "HEAD") this.fail(`a promise of ${this.method}`)
    this.promise = pairs
    this.isEndedByUs = true
  }

  receiveData(octets: Uint8Array, flowControlled: number, endStream: boolean): void {
    this.expectOpen("DATA")
    if (this.head === undefined) this.fail("DATA before the head")
    this.engineMaySend -= flowControlled
    if (flowControlled > 0 && this.engineMaySend < 0) this.fail(`DATA ${-this.engineMaySend} octets beyond the window`)
    if (octets.length > 0) this.body.push(octets)
    this.bodyLength += octets.length
    if (endStream) this.ended()
  }

  private ended(): void {
    this.isEndedByEngine = true
    const said = this.head?.find(([name]) => name === "content-length")?.[1]
    const status = this.head?.find(([name]) => name === ":status")?.[1]
    if (said === undefined || this.method === "HEAD" || status === "304" || status === "204") return
    // Where the method is not known, it may have been HEAD.
    if (this.method === "" && this.bodyLength === 0) return
    if (Number(said) !== this.bodyLength) this.fail(`content-length is ${said}, the body ${this.bodyLength}`)
  }

  receiveReset(code: number): void {
    // Behind the first one only for a frame that has no place on a closed stream, or is wrong wherever it stands.
    if (this.reset !== undefined && !anyTime.has(code)) this.fail(`a second RST_STREAM, ${code}`)
    this.resets.push(code)
  }
}

const checkSection = (id: number, pairs: Pairs): void => {
  let isRegular = false
  for (const [name, value] of pairs) {
    if (name.startsWith(":")) expect(!isRegular, () => `stream ${id}: ${name} behind a regular field`)
    else isRegular = true
    expect(
      !/[^!#$%&'*+\-.^_`|~0-9a-z:]/.test(name) && !connectionSpecific.has(name),
      () => `stream ${id}: field name ${JSON.stringify(name)}`
    )
    expect(!/[\0\r\n]|^[ \t]|[ \t]$/.test(value), () => `stream ${id}: the value of ${name}`)
  }
}
