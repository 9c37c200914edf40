/** Pair blocks (RFC 7541) as octets, of literals alone: they neither read nor write a table. What uses it is blockWriter.ts. */
import * as Decoder from "@effect-http2/hpack/Decoder"
import { concat, octets } from "./octets.js"

export type Pair = readonly [name: string, value: string]
export type Pairs = ReadonlyArray<Pair>

export const staticTable: Pairs = Array.from({ length: 61 }, (_, index) => {
  const [field] = Decoder.make().decode(Uint8Array.of(0x81 + index)).fields
  return [field?.name ?? "", field?.value ?? ""]
})

/** An integer (§5.1) behind a prefix of `bits`, whose octet has `pattern` above them; `zeros`: octets that add nothing to it. */
export const integer = (value: number, bits: number, pattern: number, zeros = 0): Buffer => {
  const most = (1 << bits) - 1
  if (value < most) return Buffer.of(pattern | value)
  const out = [pattern | most]
  let rest = value - most
  for (; rest >= 128; rest = Math.floor(rest / 128)) out.push((rest % 128) | 0x80)
  out.push(rest)
  for (let i = 0; i < zeros && out.length < 5; i++) {
    out[out.length - 1] = (out[out.length - 1] ?? 0) | 0x80
    out.push(0)
  }
  return Buffer.from(out)
}

/** A string (§5.2) without the Huffman code. */
const text = (value: string): Buffer => concat([integer(value.length, 7, 0), octets(value)])

/** A literal with a new name, without indexing unless `pattern` says so, and without the Huffman code. */
export const literal = ([name, value]: Pair, pattern = 0x00): Buffer =>
  concat([Buffer.of(pattern), text(name), text(value)])

export const block = (...fields: Pairs): Buffer => concat(fields.map((field) => literal(field)))

export const get: Pairs = [
  [":method", "GET"],
  [":scheme", "http"],
  [":authority", "test"],
  [":path", "/"]
]

export const post: Pairs = [[":method", "POST"], ...get.slice(1)]

export const ok: Pairs = [[":status", "200"]]
