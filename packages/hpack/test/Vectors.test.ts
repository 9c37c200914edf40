/**
 * The stories of hpack-test-case, as the C encoder nghttp2 wrote them: `vectors/<collection>.json.gz` holds the stories of a collection by name.
 */
import { readFileSync } from "node:fs"
import { gunzipSync } from "node:zlib"
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

const readCollection = (collection: string): ReadonlyArray<readonly [name: string, story: Story]> => {
  const octets = readFileSync(new URL(`./vectors/${collection}.json.gz`, import.meta.url))
  return Object.entries(JSON.parse(gunzipSync(octets).toString("utf8")) as Record<string, Story>)
}

const headersOf = (testCase: Case): Pairs => testCase.headers.flatMap((header) => Object.entries(header))

for (const collection of ["nghttp2", "nghttp2-change-table-size"]) {
  const stories = readCollection(collection)

  describe(`hpack-test-case ${collection}`, () => {
    it.each(stories)("decodes %s", (_name, story) => {
      const decoder = Decoder.make(unlimited)
      for (const testCase of story.cases) {
        if (testCase.header_table_size !== undefined) {
          decoder.setHeaderTableSize(testCase.header_table_size)
        }
        expect(pairsOf(decoder.decode(fromHex(testCase.wire)).fields)).toEqual(headersOf(testCase))
      }
    })

    it("encodes to no more than 2% above nghttp2, and decodes again", () => {
      let ours = 0
      let theirs = 0
      for (const [, story] of stories) {
        const encoder = Encoder.make({ maxHeaderTableSize: 65536 })
        const decoder = Decoder.make(unlimited)
        for (const testCase of story.cases) {
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
