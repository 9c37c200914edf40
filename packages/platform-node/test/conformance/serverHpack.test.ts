/** RFC 7541 at a server: every representation, and what breaks the format. */
import * as Effect from "effect/Effect"
import { describe, expect } from "vitest"
import * as U from "../utils.js"
import * as Block from "@effect-http2/testkit/fieldBlock"
import * as Raw from "@effect-http2/testkit/rawFrame"
import * as S from "./support/serverCase.js"

const { Code, Setting, Type } = Raw

const hex = (...parts: ReadonlyArray<string>): Buffer => Buffer.from(parts.join("").replaceAll(" ", ""), "hex")

/** GET http / by index, and the authority as a literal. */
const start = "82 86 84 01 09 6c6f63616c686f7374"
const name = "06 782d74657374"
const value = "04 74657374"

const accepted: ReadonlyArray<readonly [title: string, ...blocks: ReadonlyArray<string>]> = [
  ["an indexed field", start],
  ["literals with incremental indexing, of a known and of a new name", `${start} 50 ${value} 40 ${name} ${value}`],
  ["literals without indexing, of a known and of a new name", `${start} 0f 01 ${value} 00 ${name} ${value}`],
  ["literals never indexed, of a known and of a new name", `${start} 1f 01 ${value} 10 ${name} ${value}`],
  ["Huffman codes", `${start} 00 85f2b24a84ff 8349509f 40 85f2b24a84ff 8349509f`],
  ["an entry of the dynamic table", `${start} 40 ${name} ${value} be`, `${start} be 7e 01 41 be bf`],
  ["duplicate entries [rfc7541-2.3.2-1]", `${start} 40 ${name} ${value} 40 ${name} ${value}`, `${start} be bf`],
  ["an empty string, Huffman coded or not", `${start} 00 ${name} 00 00 ${name} 80`],
  [
    "table size updates at the start [rfc7541-4.2-2]",
    `20 3fe11f ${start} 40 ${name} ${value}`,
    `20 ${start}`,
    `3fe11f ${start}`
  ],
  ["an entry larger than the table", `21 ${start} 40 ${name} ${value}`]
]

S.serverCases(
  "RFC 7541 (h2spec generic 5)",
  accepted.map(([title, ...blocks]) => ({
    title,
    steps: blocks.map((block, i) => Raw.headers(2 * i + 1, hex(block))),
    outcome: S.served(...blocks.map((_, i) => 2 * i + 1)),
    handlers: ["answering"]
  }))
)

const refused: ReadonlyArray<readonly [title: string, block: string]> = [
  ["2.3.3 an index beyond the tables [rfc7541-2.3.3-1]", `${start} c6`],
  ["2.3.3 the name of an index beyond the tables [rfc7541-2.3.3-1]", `${start} 7f07 ${value}`],
  ["2.3.3 a dynamic index that was evicted [rfc7541-2.3.3-1]", `20 ${start} 40 ${name} ${value} be`],
  ["4.2 a table size update at the end of a block [rfc7541-4.2-2]", `${start} 20`],
  ["5.1 an integer without end [rfc7541-5.1-1]", `${start} ff ffffffffff ffffffffff ffff`],
  ["5.1 an integer beyond 2^32 [rfc7541-5.1-1]", `${start} 00 7f ffffffff ff7f`],
  ["5.2 a padding of 8 bits [rfc7541-5.2-1]", `${start} 00 85f2b24a84ff 8449509fff`],
  ["5.2 a padding of zeros [rfc7541-5.2-2]", `${start} 00 85f2b24a84ff 83495090`],
  ["5.2 the EOS symbol [rfc7541-5.2-3]", `${start} 00 85f2b24a84ff 874951fffffffa7f`],
  ["5.2 a string longer than the block", `${start} 00 ${name} 7e 74`],
  ["6.1 index 0 [rfc7541-6.1-1]", `${start} 80`],
  ["6.3 a table size update beyond the limit [rfc7541-6.3-2]", `3fe21f ${start}`],
  ["6.3 a table size update beyond the limit, of 2^31 [rfc7541-6.3-2]", `3fe1ffffff07 ${start}`]
]

S.serverCases(
  "RFC 7541 errors [rfc9113-4.3-3]",
  refused.map(([title, block]) => ({
    title,
    steps: [Raw.headers(1, hex(block))],
    outcome: S.connectionError(Code.COMPRESSION_ERROR)
  }))
)

const many = (count: number, size: number): Buffer =>
  Buffer.concat([S.get, ...Array.from({ length: count }, (_, i) => Block.literal([`x-${i}`, "v".repeat(size)]))])

const cut = (id: number, block: Buffer, size: number): Uint8Array => {
  const parts: Array<Uint8Array> = []
  for (let at = 0; at < block.length; at += size) {
    const part = block.subarray(at, at + size)
    const flags = at + size < block.length ? 0 : Raw.END_HEADERS
    parts.push(at === 0 ? Raw.headers(id, part, flags | Raw.END_STREAM) : Raw.continuation(id, part, flags))
  }
  return Buffer.concat(parts)
}

/** A response of 431, and nothing else. */
const tooLarge: S.Outcome = (run) =>
  Effect.gen(function* () {
    const isHead = (frame: Raw.RawFrame): boolean => frame.type === Type.HEADERS && frame.streamId === 1
    const seen = [...run.seen, ...(yield* run.peer.until("a response", isHead))]
    const head = seen.find(isHead)
    expect(head === undefined ? [] : run.peer.fields(head)).toContainEqual([":status", "431"])
    yield* S.ignored({ peer: run.peer, seen })
  })

S.serverCases("10.5.1 limits on field blocks", [
  {
    title: "a large section, continued, within the limits",
    steps: [cut(1, many(90, 250), 4096)],
    outcome: S.served(1),
    handlers: ["answering"]
  },
  {
    title: "more small fields than the list may have octets [rfc9113-10.5.1-1]",
    steps: [cut(1, many(1000, 8), 16_384)],
    outcome: tooLarge
  },
  {
    title: "more octets in the list than are allowed [rfc9113-10.5.1-1]",
    steps: [cut(1, many(90, 345), 16_384)],
    outcome: tooLarge
  },
  {
    title: "a block that is too large",
    steps: [cut(1, many(90, 4000), 16_384)],
    outcome: S.connectionError(Code.ENHANCE_YOUR_CALM)
  },
  {
    title: "CONTINUATION without end (CVE-2024-27316)",
    steps: [cut(1, many(90, 250), 100)],
    outcome: S.connectionError(Code.ENHANCE_YOUR_CALM)
  },
  {
    title: "empty CONTINUATION without end",
    steps: [Buffer.concat([Raw.headers(1, "", 0), ...Array.from({ length: 100 }, () => Raw.continuation(1, "", 0))])],
    outcome: S.connectionError(Code.ENHANCE_YOUR_CALM)
  }
])

describe("4.3.1 the size of the table that we use", () => {
  for (const sizes of [[0], [100], [0, 4096], [4096, 50, 65_536]]) {
    U.check(`SETTINGS_HEADER_TABLE_SIZE ${sizes.join(", then ")} [rfc9113-4.3.1-1] [rfc7541-4.2-3]`, () =>
      Effect.gen(function* () {
        const [peer, stats] = yield* S.open("answering")
        yield* S.shake(peer)
        yield* peer.send(Raw.headers(1, S.get))
        peer.fields(yield* peer.frame(Type.HEADERS, 1))
        yield* peer.send(
          Raw.settings(...sizes.map((size) => [Setting.HEADER_TABLE_SIZE, size] as const)),
          Raw.headers(3, S.get)
        )
        const head = yield* peer.frame(Type.HEADERS, 3)
        // The lowest size comes first, and nothing is asked of the table that is not in it.
        const update = Block.integer(Math.min(...sizes), 5, 0x20)
        expect(head.payload.subarray(0, update.length)).toEqual(update)
        expect(peer.fields(head)).toContainEqual([":status", "200"])
        yield* S.goOn(peer)
        peer.end()
        yield* S.nothingLeft(stats)
      })
    )
  }
})
