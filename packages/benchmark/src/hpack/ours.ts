/** Our HPACK. */
import * as Decoder from "@effect-http2/hpack/Decoder"
import * as Encoder from "@effect-http2/hpack/Encoder"
import * as HeaderField from "@effect-http2/hpack/HeaderField"
import type { Codec } from "./codec.js"
import { TABLE_SIZE } from "./codec.js"

export const codec: Codec<HeaderField.HeaderList> = {
  prepare: (pairs) => pairs.map(([name, value]) => HeaderField.make(name, value)),
  makeEncoder: () => {
    const encoder = Encoder.make({ headerTableSize: TABLE_SIZE })
    return (fields) => encoder.encode(fields)
  },
  makeDecoder: () => {
    const decoder = Decoder.make({ headerTableSize: TABLE_SIZE })
    return (block) => decoder.decode(block).fields.length
  }
}
