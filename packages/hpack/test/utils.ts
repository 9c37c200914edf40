/**
 * Helpers that the tests share: octets in hex, blocks written by hand, and what an error must look like.
 */
import { expect } from "vitest"
import * as Decoder from "../src/Decoder.js"
import type { HeaderList } from "../src/HeaderField.js"
import { HeaderField } from "../src/HeaderField.js"
import type { HpackErrorReason } from "../src/HpackError.js"
import { isHpackError } from "../src/HpackError.js"

export type Pairs = ReadonlyArray<readonly [name: string, value: string]>

export const fromHex = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex.replace(/\s+/g, ""), "hex"))

export const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex")

export const fieldsOf = (pairs: Pairs): Array<HeaderField> => pairs.map(([name, value]) => new HeaderField(name, value))

export const pairsOf = (fields: HeaderList): Pairs => fields.map((field) => [field.name, field.value])

export const concat = (...parts: ReadonlyArray<Uint8Array | ReadonlyArray<number>>): Uint8Array =>
  Uint8Array.from(parts.flatMap((part) => Array.from(part)))

/** An integer with its prefix under a pattern, by the pseudocode of section 5.1. */
export const integer = (pattern: number, prefixBits: number, value: number): Array<number> => {
  const limit = 2 ** prefixBits - 1
  if (value < limit) {
    return [pattern | value]
  }
  const octets = [pattern | limit]
  let rest = value - limit
  while (rest >= 128) {
    octets.push((rest % 128) + 128)
    rest = Math.floor(rest / 128)
  }
  octets.push(rest)
  return octets
}

export const indexed = (index: number): Array<number> => integer(0x80, 7, index)

export const sizeUpdate = (size: number): Array<number> => integer(0x20, 5, size)

export const plainString = (text: string): Array<number> => [
  ...integer(0, 7, text.length),
  ...Buffer.from(text, "latin1")
]

export const huffmanString = (octets: ReadonlyArray<number>): Array<number> => [
  ...integer(0x80, 7, octets.length),
  ...octets
]

export const literal = (
  kind: "indexed" | "plain" | "never",
  name: string | number,
  value: string | ReadonlyArray<number>
): Array<number> => {
  const index = typeof name === "number" ? name : 0
  const head = kind === "indexed" ? integer(0x40, 6, index) : integer(kind === "never" ? 0x10 : 0, 4, index)
  return [
    ...head,
    ...(typeof name === "string" ? plainString(name) : []),
    ...(typeof value === "string" ? plainString(value) : value)
  ]
}

/** Decodes a block with a new decoder. */
export const decodeOnce = (block: Uint8Array | ReadonlyArray<number>, options?: Decoder.DecoderOptions): Pairs =>
  pairsOf(Decoder.make(options).decode(Uint8Array.from(block)).fields)

/** A decoder that refuses nothing for its size. */
export const unlimited: Decoder.DecoderOptions = { maxHeaderFields: Infinity, maxHeaderListSize: Infinity }

export const expectHpackError = (run: () => unknown, reason: HpackErrorReason, section?: string): void => {
  let thrown: unknown = undefined
  try {
    run()
  } catch (error) {
    thrown = error
  }
  if (!isHpackError(thrown)) {
    expect.fail(`expected an HpackError (${reason}), got ${String(thrown)}`)
  }
  expect(thrown.reason).toBe(reason)
  expect(thrown.message.endsWith(`(RFC 7541 §${thrown.section})`)).toBe(true)
  if (section !== undefined) {
    expect(thrown.section).toBe(section)
  }
}

/** How the first field of a block is represented, by its first octet (section 6). */
export const representation = (block: Uint8Array): "index" | "indexed" | "plain" | "never" | "update" => {
  const octet = block[0] ?? 0
  return octet >= 0x80
    ? "index"
    : octet >= 0x40
      ? "indexed"
      : octet >= 0x20
        ? "update"
        : octet >= 0x10
          ? "never"
          : "plain"
}
