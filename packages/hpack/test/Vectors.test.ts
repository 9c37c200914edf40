/**
 * The stories of hpack-test-case, as the C encoder nghttp2 wrote them. They lie outside the repository, which passes
 * without them.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { describe, expect, it } from "vitest"
import * as Decoder from "../src/Decoder.js"
import * as Encoder from "../src/Encoder.js"
import type { Pairs } from "./utils.js"
import { fieldsOf, fromHex, pairsOf, unlimited } from "./utils.js"

interface Case {
  readonly seqno: number
  readonly wire: string
  readonly headers: ReadonlyArray<Record<string, string>>
  readonly header_table_size?: number
}

interface Story {
  readonly cases: ReadonlyArray<Case>
}

const folder = fileURLToPath(new URL("../../../../shared/vectors/hpack/", import.meta.url))
const collections = ["nghttp2", "nghttp2-change-table-size"]

const storiesOf = (collection: string): Array<string> =>
  readdirSync(`${folder}${collection}`).filter((file) => file.endsWith(".json"))

const readStory = (collection: string, file: string): Story =>
  JSON.parse(readFileSync(`${folder}${collection}/${file}`, "utf8")) as Story

const headersOf = (testCase: Case): Pairs => testCase.headers.flatMap((header) => Object.entries(header))

if (!existsSync(folder)) {
  describe("hpack-test-case", () => {
    it.skip(`skipped: the vectors are not in ${folder}`, () => {})
  })
} else {
  for (const collection of collections) {
    describe(`hpack-test-case ${collection}`, () => {
      it.each(storiesOf(collection))("decodes %s", (file) => {
        const decoder = Decoder.make(unlimited)
        for (const testCase of readStory(collection, file).cases) {
          if (testCase.header_table_size !== undefined) {
            decoder.setHeaderTableSize(testCase.header_table_size)
          }
          expect(pairsOf(decoder.decode(fromHex(testCase.wire)).fields)).toEqual(headersOf(testCase))
        }
      })

      it("encodes to no more than 2% above nghttp2, and decodes again", () => {
        let ours = 0
        let theirs = 0
        for (const file of storiesOf(collection)) {
          const encoder = Encoder.make({ maxHeaderTableSize: 65536 })
          const decoder = Decoder.make(unlimited)
          for (const testCase of readStory(collection, file).cases) {
            if (testCase.header_table_size !== undefined) {
              encoder.setHeaderTableSize(testCase.header_table_size)
              decoder.setHeaderTableSize(testCase.header_table_size)
            }
            const headers = headersOf(testCase)
            const block = encoder.encode(fieldsOf(headers))
            expect(pairsOf(decoder.decode(block).fields)).toEqual(headers)
            ours += block.length
            theirs += testCase.wire.length / 2
          }
        }
        expect(ours / theirs).toBeLessThan(1.02)
      })
    })
  }
}
