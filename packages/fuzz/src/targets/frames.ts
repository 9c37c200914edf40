/**
 * The frame decoder, as FrameLog has it: any octets are frames or an error and never an exception, the same ones whatever the reads, and a frame that is
 * written again is the same frame.
 */
import type * as Frame from "@effect-http2/http2/Frame"
import * as FrameLog from "@effect-http2/http2/FrameLog"
import type { Choices } from "@effect-http2/testkit/choices"
import { expect } from "../finding.js"
import type { Input, Step } from "../input/input.js"
import { anyFrame } from "../model/anyFrame.js"
import { concat, octets, toHex, uint32 } from "@effect-http2/testkit/octets"
import * as Raw from "@effect-http2/testkit/rawFrame"
import { Pipe } from "@effect-http2/testkit/pipe"
import type { World } from "../world/world.js"

/** DATA comes in pieces: joined, up to the last one that is there. */
interface Joined {
  readonly streamId: number
  octets: Array<Uint8Array>
  flowControlled: number
  endStream: boolean
}

/** Frames in one line each, DATA joined: what does not depend on the reads. */
class Reader {
  readonly lines: Array<string> = []
  private data: Joined | undefined = undefined
  private readonly write: (chunks: ReadonlyArray<Uint8Array>) => boolean

  constructor(
    world: World,
    private readonly onFrame: (frame: Frame.Frame) => void = () => {}
  ) {
    const transport = FrameLog.inspect(
      new Pipe((task) => world.turns.defer(task)),
      (_, frame) => this.take(frame),
      "server"
    )
    this.write = transport.write
  }

  read(octets: Uint8Array): void {
    this.write([octets])
  }

  private take(frame: Frame.Frame): void {
    this.onFrame(frame)
    if (frame._tag !== "Data") {
      this.flush()
      this.lines.push(show(frame))
      return
    }
    if (!frame.continued) this.flush()
    this.data ??= { streamId: frame.streamId, octets: [], flowControlled: 0, endStream: false }
    this.data.octets.push(frame.data)
    this.data.flowControlled += frame.flowControlledLength
    this.data.endStream = frame.endStream
  }

  flush(): void {
    const { data } = this
    this.data = undefined
    if (data === undefined) return
    const octets = toHex(concat(data.octets))
    this.lines.push(`Data ${data.streamId} ${String(data.endStream)} ${data.flowControlled} ${octets}`)
  }
}

const show = (frame: Frame.Frame): string =>
  JSON.stringify(frame, (_, value: unknown) => (value instanceof Uint8Array ? toHex(value) : value))

const showData = ({ data, endStream, streamId }: Frame.Data): string =>
  `Data ${streamId} ${String(endStream)} ${data.length} ${toHex(data)}`

const linesOf = (world: World, reads: Iterable<Uint8Array>): ReadonlyArray<string> => {
  const reader = new Reader(world)
  for (const octets of reads) reader.read(octets)
  reader.flush()
  return reader.lines
}

function* pieces(octets: Uint8Array, size: number): Iterable<Uint8Array> {
  for (let at = 0; at < octets.length; at += size) yield octets.subarray(at, at + size)
}

const expectSame = (a: ReadonlyArray<string>, b: ReadonlyArray<string>, what: string): void => {
  const at = a.findIndex((line, index) => line !== b[index])
  expect(
    at < 0 && a.length === b.length,
    "mismatch",
    () => `${what}: ${String(a[at])} and ${String(b[at < 0 ? a.length : at])}`
  )
}

const withLength = (text: string): Uint8Array => concat([Uint8Array.of(text.length >>> 8, text.length), octets(text)])

/** A frame as octets again, without the padding; nothing for one that is none. */
const encode = (frame: Frame.Frame): Uint8Array => {
  const { Type } = Raw
  switch (frame._tag) {
    case "Data":
      return Raw.frame(Type.DATA, frame.endStream ? Raw.END_STREAM : 0, frame.streamId, frame.data)
    case "Headers": {
      const flags = (frame.endStream ? Raw.END_STREAM : 0) | (frame.endHeaders ? Raw.END_HEADERS : 0)
      const { fragment, priority } = frame
      if (priority === undefined) return Raw.frame(Type.HEADERS, flags, frame.streamId, fragment)
      const spec = Raw.priorityFields(priority.dependency, priority.weight, priority.exclusive)
      return Raw.frame(Type.HEADERS, flags | Raw.PRIORITY, frame.streamId, concat([spec, fragment]))
    }
    case "Priority": {
      const { dependency, exclusive, weight } = frame.priority
      return Raw.frame(Type.PRIORITY, 0, frame.streamId, Raw.priorityFields(dependency, weight, exclusive))
    }
    case "RstStream":
      return Raw.rstStream(frame.streamId, frame.errorCode)
    case "Settings":
      return frame.ack ? Raw.settingsAck : Raw.settings(...frame.entries)
    case "PushPromise": {
      const payload = concat([uint32(frame.promisedStreamId), frame.fragment])
      return Raw.frame(Type.PUSH_PROMISE, frame.endHeaders ? Raw.END_HEADERS : 0, frame.streamId, payload)
    }
    case "Ping":
      return Raw.ping(frame.data, frame.ack ? Raw.ACK : 0)
    case "GoAway":
      return Raw.goAway(frame.lastStreamId, frame.errorCode, frame.debugData)
    case "WindowUpdate":
      return Raw.windowUpdate(frame.streamId, frame.increment)
    case "Continuation":
      return Raw.frame(Type.CONTINUATION, frame.endHeaders ? Raw.END_HEADERS : 0, frame.streamId, frame.fragment)
    case "Unknown":
      return Raw.frame(frame.type, frame.flags, frame.streamId, frame.payload)
    case "AltSvc":
      return Raw.frame(Type.ALTSVC, 0, frame.streamId, concat([withLength(frame.origin), octets(frame.value)]))
    case "Origin":
      return Raw.frame(Type.ORIGIN, frame.flags, frame.streamId, concat(frame.origins.map(withLength)))
    case "PriorityUpdate": {
      const payload = concat([uint32(frame.prioritizedId), octets(frame.value)])
      return Raw.frame(Type.PRIORITY_UPDATE, 0, frame.streamId, payload)
    }
    case "Invalid":
      return new Uint8Array(0)
  }
}

export const run = (world: World, input: Input): ReadonlyArray<string> => {
  const reads = input.steps.flatMap((step) => (step.kind === "send" ? [step.octets] : []))
  const frames: Array<Frame.Frame> = []
  const reader = new Reader(world, (frame) => frames.push(frame))
  const all = concat(reads)
  reader.read(all)
  reader.flush()
  expectSame(linesOf(world, reads), reader.lines, "in reads and at once")
  if (all.length <= 600) expectSame(linesOf(world, pieces(all, 1)), reader.lines, "octet by octet and at once")
  const whole = frames.filter((frame) => frame._tag !== "Invalid" && !(frame._tag === "Data" && frame.continued))
  expectSame(
    linesOf(world, [concat(whole.map(encode))]),
    whole.map((frame) => (frame._tag === "Data" ? showData(frame) : show(frame))),
    "written again"
  )
  return [
    ...new Set(frames.map((frame) => (frame._tag === "Invalid" ? `${frame.section} ${frame.description}` : frame._tag)))
  ]
}

export const fresh = (choices: Choices): Input => {
  const steps: Array<Step> = []
  for (let left = choices.between(1, 12); left > 0; left--) {
    const octets = choices.once(12) ? choices.octets(choices.size(40)) : anyFrame(choices)
    steps.push({ kind: "send", octets })
  }
  return { target: "frames", steps }
}
