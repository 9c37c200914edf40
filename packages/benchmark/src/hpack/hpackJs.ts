/** hpack.js. Its compressor and decompressor are streams that work at once, so that what was written can be read right after. */
import hpack from "hpack.js"
import type { Field } from "hpack.js"
import type { Codec } from "./codec.js"
import { TABLE_SIZE } from "./codec.js"

const options = { table: { maxSize: TABLE_SIZE } }

export const codec: Codec<ReadonlyArray<Field>> = {
  prepare: (pairs) => pairs.map(([name, value]) => ({ name, value })),
  makeEncoder: () => {
    const compressor = hpack.compressor.create(options)
    return (fields) => {
      compressor.write(fields)
      const block = compressor.read()
      if (block === null) throw new Error("no block")
      return block
    }
  },
  makeDecoder: () => {
    const decompressor = hpack.decompressor.create(options)
    decompressor.on("error", (error) => {
      throw error
    })
    return (block) => {
      decompressor.write(block)
      decompressor.execute()
      const fields: Array<Field> = []
      for (let field = decompressor.read(); field !== null; field = decompressor.read()) fields.push(field)
      return fields.length
    }
  }
}
