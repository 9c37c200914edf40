/** RFC 9113, sections 6.6 to 6.10 and 7: PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION, error codes. */
import { elsewhere, must, section, should } from "../../rule.js"
import type { Section } from "../../rule.js"

export const section6b: ReadonlyArray<Section> = [
  section(
    "6.6",
    "PUSH_PROMISE",
    must("rfc9113-6.6-1", "server", "The stream that is promised is one that the server may open next."),
    must("rfc9113-6.6-2", "server", "Padding of PUSH_PROMISE is sent as zeros."),
    must("rfc9113-6.6-3", "server", "PUSH_PROMISE without END_HEADERS is followed by CONTINUATION on the same stream."),
    must("rfc9113-6.6-4", "client", "Anything but CONTINUATION there: connection error PROTOCOL_ERROR."),
    must(
      "rfc9113-6.6-5",
      "server",
      "Promises are made on streams of the client that are open or half-closed (remote) only."
    ),
    must("rfc9113-6.6-6", "client", "PUSH_PROMISE on stream 0: connection error PROTOCOL_ERROR."),
    must("rfc9113-6.6-7", "server", "Nothing is promised to a client whose SETTINGS_ENABLE_PUSH is 0."),
    must(
      "rfc9113-6.6-8",
      "client",
      "PUSH_PROMISE, once the server has acknowledged that push is off: connection error PROTOCOL_ERROR."
    ),
    must(
      "rfc9113-6.6-9",
      "server",
      "A promise goes out on an open or half-closed (remote) stream, for a new stream that is still idle."
    ),
    must(
      "rfc9113-6.6-10",
      "client",
      "PUSH_PROMISE on a stream that is neither open nor half-closed (local): connection error PROTOCOL_ERROR."
    ),
    must(
      "rfc9113-6.6-11",
      "client",
      "A promise that was on its way when the client reset the stream it is made on is still dealt with."
    ),
    must("rfc9113-6.6-12", "client", "A promise of a stream with an unlawful number: connection error PROTOCOL_ERROR."),
    must(
      "rfc9113-6.6-13",
      "client",
      "Padding of PUSH_PROMISE that does not fit into the payload: connection error PROTOCOL_ERROR."
    )
  ),
  section(
    "6.7",
    "PING",
    must("rfc9113-6.7-1", "both", "PING is sent with 8 octets of payload."),
    must("rfc9113-6.7-2", "both", "PING without ACK is answered by PING with ACK and the same 8 octets."),
    should("rfc9113-6.7-3", "both", "The answer to a PING goes out before other frames that wait."),
    must("rfc9113-6.7-4", "both", "The answer to a PING has the ACK flag."),
    must("rfc9113-6.7-5", "both", "PING with ACK is not answered."),
    must("rfc9113-6.7-6", "both", "PING on a stream: connection error PROTOCOL_ERROR."),
    must("rfc9113-6.7-7", "both", "PING that is not 8 octets long: connection error FRAME_SIZE_ERROR.")
  ),
  section(
    "6.8",
    "GOAWAY",
    must("rfc9113-6.8-1", "both", "After GOAWAY was received, no new stream is opened on the connection."),
    should(
      "rfc9113-6.8-2",
      "both",
      "GOAWAY precedes the end of every connection, so that the peer knows what was processed."
    ),
    should(
      "rfc9113-6.8-3",
      "both",
      "Who has received GOAWAY and is done with the connection sends one too before closing."
    ),
    must("rfc9113-6.8-4", "both", "GOAWAY on a stream: connection error PROTOCOL_ERROR."),
    must("rfc9113-6.8-5", "both", "The last stream that a GOAWAY names is never above what an earlier one named."),
    should(
      "rfc9113-6.8-6",
      "server",
      "A server that shuts down in good order first sends GOAWAY with NO_ERROR and 2,147,483,647 as the last stream."
    ),
    must(
      "rfc9113-6.8-7",
      "both",
      "After GOAWAY was sent, frames on streams beyond the last still count: field blocks are decoded, DATA is taken from the connection's window."
    ),
    must(
      "rfc9113-6.8-8",
      "both",
      "Debug data that is logged or stored is kept from those who have no business with it.",
      elsewhere(
        "Whoever keeps the logs of an application. The debug data of a GOAWAY, 256 octets of it, is part of the message of an error."
      )
    )
  ),
  section(
    "6.9",
    "WINDOW_UPDATE",
    must(
      "rfc9113-6.9-1",
      "both",
      "Frames that flow control does not cover are taken and processed whatever the windows are."
    ),
    must(
      "rfc9113-6.9-2",
      "both",
      "WINDOW_UPDATE by 0: PROTOCOL_ERROR on the stream, or on the connection where its own window is meant."
    ),
    must(
      "rfc9113-6.9-3",
      "both",
      "WINDOW_UPDATE after the peer has ended its side, or on a closed stream, is no error."
    ),
    must(
      "rfc9113-6.9-4",
      "both",
      "DATA is taken from the connection's window even where it is in error, short of a connection error."
    ),
    must("rfc9113-6.9-5", "both", "WINDOW_UPDATE that is not 4 octets long: connection error FRAME_SIZE_ERROR.")
  ),
  section(
    "6.9.1",
    "The Flow-Control Window",
    must("rfc9113-6.9.1-1", "both", "DATA is sent only as far as the stream's and the connection's window both reach."),
    must("rfc9113-6.9.1-2", "both", "No window grows above 2,147,483,647 octets."),
    must(
      "rfc9113-6.9.1-3",
      "both",
      "WINDOW_UPDATE that would take a window above it: FLOW_CONTROL_ERROR, on the stream or on the connection."
    )
  ),
  section(
    "6.9.2",
    "Initial Flow-Control Window Size",
    must(
      "rfc9113-6.9.2-1",
      "both",
      "A new SETTINGS_INITIAL_WINDOW_SIZE moves the window of every stream by the difference to the old one."
    ),
    must(
      "rfc9113-6.9.2-2",
      "both",
      "A window may fall below 0; nothing is sent until WINDOW_UPDATE has brought it above."
    ),
    must(
      "rfc9113-6.9.2-3",
      "both",
      "A SETTINGS_INITIAL_WINDOW_SIZE that takes any stream's window above the maximum: connection error FLOW_CONTROL_ERROR."
    )
  ),
  section(
    "6.9.3",
    "Reducing the Stream Window Size",
    must("rfc9113-6.9.3-1", "both", "Who makes its windows smaller still takes what the peer has sent before it knew.")
  ),
  section(
    "6.10",
    "CONTINUATION",
    must("rfc9113-6.10-1", "both", "CONTINUATION without END_HEADERS is followed by another one."),
    must("rfc9113-6.10-2", "both", "Anything but CONTINUATION there: connection error PROTOCOL_ERROR."),
    must("rfc9113-6.10-3", "both", "CONTINUATION is sent on streams, never on stream 0."),
    must("rfc9113-6.10-4", "both", "CONTINUATION on stream 0: connection error PROTOCOL_ERROR."),
    must("rfc9113-6.10-5", "both", "CONTINUATION is sent only where a block has begun and has not ended."),
    must("rfc9113-6.10-6", "both", "CONTINUATION that continues nothing: connection error PROTOCOL_ERROR.")
  ),
  section(
    "7",
    "Error Codes",
    must("rfc9113-7-1", "both", "An unknown error code has no effect of its own; it may be taken for INTERNAL_ERROR.")
  )
]
