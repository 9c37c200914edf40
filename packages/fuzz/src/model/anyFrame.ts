/**
 * Frames that look like frames: of any type, with a payload that suits the type, or nearly so. Called where something is put into a conversation that
 * does not belong there.
 */
import type { Choices } from "@effect-http2/testkit/choices"
import { block } from "@effect-http2/testkit/fieldBlock"
import { concat, octets, uint32 } from "@effect-http2/testkit/octets"
import * as Raw from "@effect-http2/testkit/rawFrame"

const { Code, Setting, Type } = Raw

const numbers = [
  0, 1, 2, 8, 15, 100, 16_383, 16_384, 65_535, 65_536, 16_777_215, 16_777_216, 0x7fffffff, 0x80000000, 0xffffffff
]

/** A number that is a bound of something, or next to one. */
export const number = (choices: Choices): number => choices.one(numbers)

const blocks: ReadonlyArray<Uint8Array> = [
  block([":method", "GET"], [":scheme", "http"], [":path", "/"], [":authority", "test"]),
  block([":method", "POST"], [":scheme", "http"], [":path", "/1-2-200-0-0-1-0-0-1"], [":authority", "test"]),
  block([":status", "200"]),
  block([":status", "100"]),
  block(["x-trailer", "1"]),
  block(["content-length", "3"]),
  Uint8Array.of(0x82, 0x86, 0x84, 0x41, 1, 0x61),
  Uint8Array.of(0x88),
  Uint8Array.of(0xbe),
  Uint8Array.of(0x20),
  Uint8Array.of(0x3f, 0xe1, 0xff, 0x03)
]

const fragment = (choices: Choices): Uint8Array =>
  choices.once(4) ? choices.octets(choices.below(20)) : choices.one(blocks)

const settingIds = [...Object.values(Setting), 0x0a, 0xffff]

const payloadOf = (type: number, choices: Choices): Uint8Array => {
  switch (type) {
    case Type.DATA:
      return new Uint8Array(choices.size(4000))
    case Type.HEADERS:
      return choices.once(4)
        ? concat([uint32(choices.below(9)), Uint8Array.of(1), fragment(choices)])
        : fragment(choices)
    case Type.PRIORITY:
      return concat([uint32(choices.below(12)), Uint8Array.of(choices.below(256))])
    case Type.RST_STREAM:
      return uint32(choices.one([...Object.values(Code), 0xffff]))
    case Type.SETTINGS:
      return concat(
        Array.from({ length: choices.below(4) }, () => {
          const id = choices.one(settingIds)
          return concat([Uint8Array.of(id >>> 8, id), uint32(number(choices))])
        })
      )
    case Type.PUSH_PROMISE:
      return concat([uint32(choices.below(12)), fragment(choices)])
    case Type.PING:
      return choices.octets(8)
    case Type.GOAWAY:
      return concat([uint32(number(choices), choices.one(Object.values(Code))), choices.octets(choices.below(8))])
    case Type.WINDOW_UPDATE:
      return uint32(number(choices))
    case Type.CONTINUATION:
      return fragment(choices)
    case Type.ALTSVC:
      return concat([Uint8Array.of(0, choices.below(9)), octets("http://aclear")])
    case Type.ORIGIN:
      return concat([Uint8Array.of(0, choices.below(12)), octets("https://a")])
    case Type.PRIORITY_UPDATE:
      return concat([uint32(choices.below(12)), octets(choices.one(["u=1", "i", "", "u=9, i=?2"]))])
    default:
      return choices.octets(choices.below(20))
  }
}

const flags = [0, 0x01, 0x04, 0x05, 0x08, 0x0d, 0x20, 0x24, 0x2c, 0xff]

export const anyId = (choices: Choices): number => choices.one([0, 1, 3, 5, 2, 4, 7, 9, 0x7fffffff, 41])

/** A frame that is not far from one that is allowed. */
export const anyFrame = (choices: Choices): Uint8Array => {
  const type = choices.once(8) ? choices.below(20) : choices.below(10)
  const isOfConnection = type === Type.SETTINGS || type === Type.PING || type === Type.GOAWAY
  const id = isOfConnection && !choices.once(8) ? 0 : anyId(choices)
  const payload = payloadOf(type, choices)
  const cut = choices.once(12) ? payload.subarray(0, choices.below(payload.length + 1)) : payload
  return Raw.frame(type, choices.one(flags), id, cut)
}
