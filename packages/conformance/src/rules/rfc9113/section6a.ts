/** RFC 9113, sections 6.1 to 6.5: DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS. */
import { must, section, should } from "../../rule.js"
import type { Section } from "../../rule.js"

export const section6a: ReadonlyArray<Section> = [
  section(
    "6.1",
    "DATA",
    must("rfc9113-6.1-1", "both", "Padding of DATA is sent as zeros."),
    must("rfc9113-6.1-2", "both", "DATA is sent on streams, never on stream 0."),
    must("rfc9113-6.1-3", "both", "DATA on stream 0: connection error PROTOCOL_ERROR."),
    must(
      "rfc9113-6.1-4",
      "both",
      "DATA on a stream on which the peer may not send any more: stream error STREAM_CLOSED."
    ),
    must(
      "rfc9113-6.1-5",
      "both",
      "Padding of DATA that does not fit into the payload: connection error PROTOCOL_ERROR."
    )
  ),
  section(
    "6.2",
    "HEADERS",
    must("rfc9113-6.2-1", "both", "Padding of HEADERS is sent as zeros."),
    must("rfc9113-6.2-2", "both", "HEADERS without END_HEADERS is followed by CONTINUATION on the same stream."),
    must("rfc9113-6.2-3", "both", "Anything but CONTINUATION there: connection error PROTOCOL_ERROR."),
    must("rfc9113-6.2-4", "both", "HEADERS is sent on streams, never on stream 0."),
    must("rfc9113-6.2-5", "both", "HEADERS on stream 0: connection error PROTOCOL_ERROR."),
    must(
      "rfc9113-6.2-6",
      "both",
      "Padding of HEADERS that does not fit into the payload: connection error PROTOCOL_ERROR."
    )
  ),
  section(
    "6.3",
    "PRIORITY",
    must("rfc9113-6.3-1", "both", "PRIORITY on stream 0: connection error PROTOCOL_ERROR."),
    must("rfc9113-6.3-2", "both", "PRIORITY that is not 5 octets long: stream error FRAME_SIZE_ERROR.")
  ),
  section(
    "6.4",
    "RST_STREAM",
    must("rfc9113-6.4-1", "both", "After a stream was reset by the peer, nothing but PRIORITY is sent on it."),
    must(
      "rfc9113-6.4-2",
      "both",
      "After a reset was sent, frames that were on their way are still taken and processed."
    ),
    must("rfc9113-6.4-3", "both", "RST_STREAM is sent on streams, never on stream 0."),
    must("rfc9113-6.4-4", "both", "RST_STREAM on stream 0: connection error PROTOCOL_ERROR."),
    must("rfc9113-6.4-5", "both", "RST_STREAM is not sent for an idle stream."),
    must("rfc9113-6.4-6", "both", "RST_STREAM for an idle stream: connection error PROTOCOL_ERROR."),
    must("rfc9113-6.4-7", "both", "RST_STREAM that is not 4 octets long: connection error FRAME_SIZE_ERROR.")
  ),
  section(
    "6.5",
    "SETTINGS",
    must("rfc9113-6.5-1", "both", "Each side sends SETTINGS at the start of a connection, and may send more later."),
    must("rfc9113-6.5-2", "both", "Every setting that this specification defines is supported."),
    must("rfc9113-6.5-3", "both", "SETTINGS with ACK is sent without a payload."),
    must("rfc9113-6.5-4", "both", "SETTINGS with ACK and a payload: connection error FRAME_SIZE_ERROR."),
    must("rfc9113-6.5-5", "both", "SETTINGS is sent on stream 0."),
    must("rfc9113-6.5-6", "both", "SETTINGS on any other stream: connection error PROTOCOL_ERROR."),
    must("rfc9113-6.5-7", "both", "SETTINGS that is malformed or breaks off: connection error PROTOCOL_ERROR."),
    must("rfc9113-6.5-8", "both", "SETTINGS whose length is no multiple of 6: connection error FRAME_SIZE_ERROR.")
  ),
  section(
    "6.5.2",
    "Defined Settings",
    must("rfc9113-6.5.2-1", "server", "A server that was sent SETTINGS_ENABLE_PUSH = 0 promises nothing."),
    must(
      "rfc9113-6.5.2-2",
      "client",
      "PUSH_PROMISE, once the server has acknowledged SETTINGS_ENABLE_PUSH = 0: connection error PROTOCOL_ERROR."
    ),
    must(
      "rfc9113-6.5.2-3",
      "both",
      "SETTINGS_ENABLE_PUSH with another value than 0 and 1: connection error PROTOCOL_ERROR."
    ),
    must("rfc9113-6.5.2-4", "server", "A server never sends SETTINGS_ENABLE_PUSH = 1."),
    must("rfc9113-6.5.2-5", "server", "A server that sends SETTINGS_ENABLE_PUSH at all sends 0."),
    must("rfc9113-6.5.2-6", "client", "SETTINGS_ENABLE_PUSH = 1 from a server: connection error PROTOCOL_ERROR."),
    should("rfc9113-6.5.2-7", "both", "SETTINGS_MAX_CONCURRENT_STREAMS = 0 is a limit like any other."),
    should("rfc9113-6.5.2-8", "server", "A server keeps SETTINGS_MAX_CONCURRENT_STREAMS at 0 for a short time only."),
    must(
      "rfc9113-6.5.2-9",
      "both",
      "SETTINGS_INITIAL_WINDOW_SIZE above 2,147,483,647: connection error FLOW_CONTROL_ERROR."
    ),
    must("rfc9113-6.5.2-10", "both", "SETTINGS_MAX_FRAME_SIZE is sent with values from 16,384 to 16,777,215 only."),
    must(
      "rfc9113-6.5.2-11",
      "both",
      "SETTINGS_MAX_FRAME_SIZE outside of 16,384 to 16,777,215: connection error PROTOCOL_ERROR."
    ),
    must("rfc9113-6.5.2-12", "both", "A setting with an unknown identifier has no effect.")
  ),
  section(
    "6.5.3",
    "Settings Synchronization",
    must("rfc9113-6.5.3-1", "both", "Settings of the peer take effect as soon as they have arrived."),
    must(
      "rfc9113-6.5.3-2",
      "both",
      "The values of a SETTINGS frame take effect in their order, and no other frame is processed in between."
    ),
    must("rfc9113-6.5.3-3", "both", "Settings that are not supported are passed over."),
    must("rfc9113-6.5.3-4", "both", "When all values have taken effect, SETTINGS with ACK is sent at once.")
  )
]
