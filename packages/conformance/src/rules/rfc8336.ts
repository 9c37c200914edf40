/** RFC 8336: the ORIGIN frame. */
import { elsewhere, must, section, should } from "../rule.js"
import type { Specification } from "../rule.js"

export const rfc8336: Specification = {
  id: "rfc8336",
  heading: "The ORIGIN HTTP/2 Frame",
  sections: [
    section(
      "2.2",
      "Processing ORIGIN Frames",
      must("rfc8336-2.2-1", "both", "ORIGIN is sent on stream 0; on any other stream it has no effect."),
      must("rfc8336-2.2-2", "client", "On a cleartext connection (h2c) ORIGIN has no effect."),
      must("rfc8336-2.2-3", "client", "ORIGIN with one of the flags 0x1, 0x2, 0x4 and 0x8 has no effect."),
      must(
        "rfc8336-2.2-4",
        "neither",
        "ORIGIN is not forwarded.",
        elsewhere("An intermediary: this project forwards no frames.")
      ),
      must("rfc8336-2.2-5", "client", "ORIGIN from a proxy that the client is configured to use has no effect."),
      must("rfc8336-2.2-6", "client", "Each entry of ORIGIN is read as the ASCII serialization of an origin."),
      must("rfc8336-2.2-7", "client", "An entry that is no origin is passed over, and the others count.")
    ),
    section(
      "2.3",
      "The Origin Set",
      must(
        "rfc8336-2.3-1",
        "client",
        "A response of 421 takes the origin of its request out of the connection's Origin Set."
      )
    ),
    section(
      "2.4",
      "Authority, Push, and Coalescing with ORIGIN",
      must(
        "rfc8336-2.4-1",
        "client",
        "With an Origin Set, a connection is authoritative for the origins in it and no others, and requests to them use it."
      ),
      should(
        "rfc8336-2.4-2",
        "client",
        "A connection whose Origin Set is part of another's gets no new requests, and is closed when the last is done."
      )
    )
  ]
}
