/** What may look wrong and is not. */
import { concat, octets } from "@effect-http2/testkit/octets"
import * as Raw from "@effect-http2/testkit/rawFrame"
import { nothing, zeros, setting, type Violation } from "./violation.js"

const { Type } = Raw

/** What may look wrong and is not. */
export type Harmless = Pick<Violation, "title" | "on" | "octets">

export const harmless: ReadonlyArray<Harmless> = [
  {
    title: "[rfc9113-4.1-2] [rfc9113-5.5-2] frames of unknown types",
    on: "idle",
    octets: (id) => [Raw.frame(0xfa, 0xff, id, zeros(9)), Raw.frame(0x42, 0, 0, nothing)]
  },
  { title: "[rfc9113-6.5.2-12] settings that nobody knows", on: "idle", octets: () => [setting(0xf0f0, 0xffffffff)] },
  { title: "an acknowledgement of SETTINGS that were not sent", on: "idle", octets: () => [Raw.settingsAck] },
  {
    title: "[rfc9113-6.7-5] an answer to a PING that was not sent",
    on: "idle",
    octets: () => [Raw.ping(zeros(8), Raw.ACK)]
  },
  {
    title: "[rfc9113-6.9-3] WINDOW_UPDATE and RST_STREAM on a stream that is over",
    on: "over",
    octets: (id) => [Raw.windowUpdate(id, 5), Raw.rstStream(id, 0)]
  },
  {
    title: "PRIORITY on streams in any state",
    on: "over",
    octets: (id) => [id, id + 1, 9999].map((each) => Raw.frame(Type.PRIORITY, 0, each, Raw.priorityFields(0, 1, false)))
  },
  {
    title: "[rfc8336-2.2-1] [rfc8336-2.2-3] [rfc8336-2.2-7] ORIGIN on a stream, with a flag, of what is no origin",
    on: "open",
    octets: (id) => [
      Raw.frame(Type.ORIGIN, 0, id, Uint8Array.of(0, 0)),
      Raw.frame(Type.ORIGIN, 4, 0, Uint8Array.of(0, 1, 0x78)),
      Raw.frame(Type.ORIGIN, 0, 0, Uint8Array.of(0, 1, 0x78, 0, 9))
    ]
  },
  {
    title: "[rfc7838-4-2] [rfc7838-4-3] [rfc7838-4-4] ALTSVC without an origin, with one too many, and cut off",
    on: "open",
    octets: (id) => [
      Raw.frame(Type.ALTSVC, 0, 0, Uint8Array.of(0, 0, 0x78)),
      Raw.frame(Type.ALTSVC, 0, id, concat([Uint8Array.of(0, 9), octets('https://ah2=":1"')])),
      Raw.frame(Type.ALTSVC, 0, 0, Uint8Array.of(0, 9, 0x78))
    ]
  }
]
