/** RFC 9113, section 5: streams, flow control, errors, extensions. */
import { elsewhere, must, section, should } from "../../rule.js"
import type { Section } from "../../rule.js"

export const section5: ReadonlyArray<Section> = [
  section(
    "5.1",
    "Stream States",
    must("rfc9113-5.1-1", "both", "Idle: any frame but HEADERS or PRIORITY is a connection error PROTOCOL_ERROR."),
    must(
      "rfc9113-5.1-2",
      "both",
      "Idle: HEADERS on a stream with an identifier of the server's is a connection error PROTOCOL_ERROR as well."
    ),
    must("rfc9113-5.1-3", "server", "Reserved (local): nothing is sent but HEADERS, RST_STREAM and PRIORITY."),
    must(
      "rfc9113-5.1-4",
      "server",
      "Reserved (local): any frame but RST_STREAM, PRIORITY or WINDOW_UPDATE is a connection error PROTOCOL_ERROR."
    ),
    must("rfc9113-5.1-5", "client", "Reserved (remote): nothing is sent but RST_STREAM, WINDOW_UPDATE and PRIORITY."),
    must(
      "rfc9113-5.1-6",
      "client",
      "Reserved (remote): any frame but HEADERS, RST_STREAM or PRIORITY is a connection error PROTOCOL_ERROR."
    ),
    must(
      "rfc9113-5.1-7",
      "both",
      "Half-closed (remote): any frame but WINDOW_UPDATE, PRIORITY or RST_STREAM is a stream error STREAM_CLOSED."
    ),
    must("rfc9113-5.1-8", "both", "Closed: nothing is sent but PRIORITY."),
    must(
      "rfc9113-5.1-9",
      "both",
      "What still comes on a stream after its reset was sent is dropped, but not before the connection has had its part of it."
    ),
    should(
      "rfc9113-5.1-10",
      "both",
      "How long frames for a stream that was reset are let through is not decided by a timer."
    ),
    should(
      "rfc9113-5.1-11",
      "both",
      "A frame that a state's description does not allow, where no other rule speaks of it: connection error PROTOCOL_ERROR."
    )
  ),
  section(
    "5.1.1",
    "Stream Identifiers",
    must("rfc9113-5.1.1-1", "both", "A client's streams have odd numbers, a server's even ones."),
    must(
      "rfc9113-5.1.1-2",
      "both",
      "Each new stream has a higher number than all that its side has opened or reserved before."
    ),
    must("rfc9113-5.1.1-3", "both", "A stream number that was not to be expected: connection error PROTOCOL_ERROR.")
  ),
  section(
    "5.1.2",
    "Stream Concurrency",
    must("rfc9113-5.1.2-1", "both", "No side has more streams active than the other allows."),
    must(
      "rfc9113-5.1.2-2",
      "both",
      "HEADERS for one stream too many: a stream error, REFUSED_STREAM or PROTOCOL_ERROR; the others go on."
    )
  ),
  section(
    "5.2.1",
    "Flow-Control Principles",
    must("rfc9113-5.2.1-1", "both", "A sender stays within the windows that the receiver has granted.")
  ),
  section(
    "5.2.2",
    "Appropriate Use of Flow Control",
    must(
      "rfc9113-5.2.2-1",
      "both",
      "Frames are read and acted on as they arrive, whether or not anybody reads the bodies in them."
    )
  ),
  section(
    "5.3.2",
    "Priority Signaling in This Document",
    should(
      "rfc9113-5.3.2-1",
      "server",
      "Where a client gives no sign of priorities, a server goes by what else it knows about the requests."
    )
  ),
  section(
    "5.4",
    "Error Handling",
    should(
      "rfc9113-5.4-1",
      "both",
      "Of several errors found together, one per stream and one for the connection are reported."
    ),
    should(
      "rfc9113-5.4-2",
      "both",
      "A connection reports one kind of error only, unless it fails while it is being shut down in good order."
    ),
    must("rfc9113-5.4-3", "both", "A connection error is reported, whatever else the same frame did wrong.")
  ),
  section(
    "5.4.1",
    "Connection Error Handling",
    should(
      "rfc9113-5.4.1-1",
      "both",
      "A connection error is announced by GOAWAY, with the last of the peer's streams that was taken."
    ),
    must("rfc9113-5.4.1-2", "both", "After the GOAWAY of an error the transport is closed."),
    should("rfc9113-5.4.1-3", "both", "GOAWAY is sent whenever a connection is ended, as long as it can be.")
  ),
  section(
    "5.4.2",
    "Stream Error Handling",
    must(
      "rfc9113-5.4.2-1",
      "both",
      "Whoever resets a stream still takes the frames that the peer had sent or queued for it."
    ),
    should("rfc9113-5.4.2-2", "both", "A stream gets one RST_STREAM, not several."),
    must("rfc9113-5.4.2-3", "both", "RST_STREAM is never answered with RST_STREAM.")
  ),
  section(
    "5.5",
    "Extending HTTP/2",
    must("rfc9113-5.5-1", "both", "Values that are not known, wherever extensions may add some, have no effect."),
    must("rfc9113-5.5-2", "both", "Frames of types that are not known or not supported are dropped."),
    must("rfc9113-5.5-3", "both", "A frame of an extension inside a field block: connection error PROTOCOL_ERROR."),
    should(
      "rfc9113-5.5-4",
      "neither",
      "Extensions leave alone what this specification defines and what cannot be extended.",
      elsewhere("Those who specify an extension.")
    ),
    must(
      "rfc9113-5.5-5",
      "both",
      "An extension that changes existing elements or states is used only after both sides have agreed."
    ),
    must(
      "rfc9113-5.5-6",
      "both",
      "A setting that negotiates an extension has an initial value that leaves the extension off."
    )
  )
]
