/**
 * Program: measures one operation of one implementation of HPACK. Warm: one encoder or decoder for each direction of a connection. Cold:
 * a new one for every block, as on a connection's first request. Both implementations decode the same blocks, made
 * by hpack.js, which indexes all that it can.
 */
import { endWithParent, Meter, print, readConfig, Window } from "../clients/meter.js"
import type { Times } from "../clients/meter.js"
import type { Codec, Pair } from "./codec.js"
import { requests, responses } from "./sections.js"

/** What the program is told. */
export interface HpackConfig extends Times {
  readonly implementation: "ours" | "hpackJs"
  readonly operation: "encode" | "decode"
  readonly table: "warm" | "cold"
}

/** Work on all inputs once; returns the octets of the blocks. */
type Turn = () => number

/** How often the sections of a direction are gone through on one connection: 512 requests, 512 responses. */
const REPEATS = 8

/** Both directions, either with one encoder or decoder for a whole direction or with a new one for each section. */
const makeTurn =
  <Input>(
    directions: ReadonlyArray<ReadonlyArray<Input>>,
    isWarm: boolean,
    make: () => (input: Input) => number
  ): Turn =>
  () => {
    let octets = 0
    for (const inputs of directions) {
      const shared = make()
      for (const input of inputs) octets += (isWarm ? shared : make())(input)
    }
    return octets
  }

const repeat = (sections: ReadonlyArray<ReadonlyArray<Pair>>): ReadonlyArray<ReadonlyArray<Pair>> =>
  Array.from({ length: REPEATS }, () => sections).flat()

const directions = [repeat(requests), repeat(responses)]

/** Sections in a turn. */
const SECTIONS = directions.flat().length

const encodeTurn = <Fields>(codec: Codec<Fields>, isWarm: boolean): Turn =>
  makeTurn(
    directions.map((sections) => sections.map(codec.prepare)),
    isWarm,
    () => {
      const encode = codec.makeEncoder()
      return (fields) => encode(fields).length
    }
  )

interface Block {
  readonly octets: Uint8Array
  readonly fields: number
}

const decodeTurn = <Fields, Source>(codec: Codec<Fields>, source: Codec<Source>, isWarm: boolean): Turn => {
  const toBlocks = (sections: ReadonlyArray<ReadonlyArray<Pair>>): ReadonlyArray<Block> => {
    const shared = source.makeEncoder()
    return sections.map((pairs) => {
      const encode = isWarm ? shared : source.makeEncoder()
      return { octets: encode(source.prepare(pairs)), fields: pairs.length }
    })
  }
  return makeTurn(directions.map(toBlocks), isWarm, () => {
    const decode = codec.makeDecoder()
    return ({ fields, octets }) => {
      const count = decode(octets)
      if (count !== fields) throw new Error(`decoded ${count} fields of ${fields}`)
      return octets.length
    }
  })
}

const turnOf = async ({ implementation, operation, table }: HpackConfig): Promise<Turn> => {
  const isWarm = table === "warm"
  const { codec: peer } = await import("./hpackJs.js")
  if (implementation === "hpackJs")
    return operation === "encode" ? encodeTurn(peer, isWarm) : decodeTurn(peer, peer, isWarm)
  const { codec } = await import("./ours.js")
  return operation === "encode" ? encodeTurn(codec, isWarm) : decodeTurn(codec, peer, isWarm)
}

/** Turns until the time is over; after each the event loop gets its own, which the streams of hpack.js need. */
const runFor = async (once: Turn, meter: Meter, millis: number): Promise<void> => {
  const deadline = performance.now() + millis
  while (performance.now() < deadline) {
    meter.octets += once()
    meter.succeeded += SECTIONS
    await new Promise((resolve) => setImmediate(resolve))
  }
}

endWithParent()
const config = readConfig<HpackConfig>()
const once = await turnOf(config)
const meter = new Meter()
await runFor(once, meter, config.warmupMillis)
const window = new Window(meter)
await runFor(once, meter, config.durationMillis)
const report = window.report("")
print({ ...report, detail: (report.octets / report.succeeded).toFixed(1) })
process.exit(0)
