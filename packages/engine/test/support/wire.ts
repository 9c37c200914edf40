/** Frames and fields as the engine has them, for tests of what it makes of them. */
import * as Frame from "@effect-http2/engine/Frame"
import { HeaderField } from "@effect-http2/hpack/HeaderField"
import * as FieldBlock from "@effect-http2/testkit/fieldBlock"
import { filled, octets } from "@effect-http2/testkit/octets"

export const fieldsOf = (pairs: FieldBlock.Pairs): Array<HeaderField> =>
  pairs.map(([name, value]) => new HeaderField(name, value))

/** A field block that neither reads nor writes the dynamic table. */
export const block = (pairs: FieldBlock.Pairs): Uint8Array => FieldBlock.block(...pairs)

export const data = (streamId: number, text: string): Frame.Data => {
  const payload = octets(text)
  return new Frame.Data(streamId, false, payload, payload.length, false)
}

export const ping = (mark: number, ack = false): Frame.Ping => new Frame.Ping(ack, filled(8, mark))
