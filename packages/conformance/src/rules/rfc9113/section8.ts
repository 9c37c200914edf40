/** RFC 9113, sections 8.1 to 8.3: messages and their fields. */
import { elsewhere, must, otherwise, section, should } from "../../rule.js"
import type { Section } from "../../rule.js"

const intermediary = "An intermediary: this project forwards no messages."

export const section8: ReadonlyArray<Section> = [
  section(
    "8.1",
    "HTTP Message Framing",
    must("rfc9113-8.1-1", "both", "No frame of any stream stands between HEADERS and its CONTINUATIONs."),
    must("rfc9113-8.1-2", "both", "Trailers are sent without pseudo-header fields."),
    must("rfc9113-8.1-3", "both", "A message whose trailers have pseudo-header fields is malformed."),
    must(
      "rfc9113-8.1-4",
      "both",
      "After the HEADERS of a request or of a final response, HEADERS without END_STREAM: the message is malformed."
    ),
    must(
      "rfc9113-8.1-5",
      "client",
      "A response that is complete stands, even if RST_STREAM with NO_ERROR then asks the client to stop its request."
    )
  ),
  section(
    "8.1.1",
    "Malformed Messages",
    must("rfc9113-8.1.1-1", "both", "Who processes messages passes no malformed one on."),
    must("rfc9113-8.1.1-2", "both", "A malformed message is a stream error PROTOCOL_ERROR."),
    must("rfc9113-8.1.1-3", "client", "A malformed response never reaches the application as a response.")
  ),
  section("8.2", "HTTP Fields", must("rfc9113-8.2-1", "both", "Field names are sent in lower case.")),
  section(
    "8.2.1",
    "Field Validity",
    should(
      "rfc9113-8.2.1-1",
      "both",
      "Names and values are held against the grammar of RFC 9110; a message with characters it forbids is malformed."
    ),
    must("rfc9113-8.2.1-2", "both", "Names and values are checked by the rules that follow at the least."),
    must(
      "rfc9113-8.2.1-3",
      "both",
      "Names have no control characters, no space, no upper case, and nothing from 0x7f up."
    ),
    must("rfc9113-8.2.1-4", "both", "Names have no colon, but for the one that pseudo-header fields begin with."),
    must("rfc9113-8.2.1-5", "both", "Values have no NUL, LF or CR."),
    must("rfc9113-8.2.1-6", "both", "Values neither begin nor end with a space or a tab."),
    must("rfc9113-8.2.1-7", "both", "A message with a field that breaks these rules is malformed."),
    must(
      "rfc9113-8.2.1-8",
      "neither",
      "Who forwards fields unread does not forward those with forbidden characters.",
      elsewhere(intermediary)
    ),
    should(
      "rfc9113-8.2.1-9",
      "server",
      "A request with a field that breaks these rules is answered with 400, where an answer is still possible.",
      otherwise(
        "Its stream is reset with PROTOCOL_ERROR (§8.1.1): a peer that sends such fields is broken or hostile, and strict peers look for the stream error."
      )
    )
  ),
  section(
    "8.2.2",
    "Connection-Specific Header Fields",
    must(
      "rfc9113-8.2.2-1",
      "both",
      "Connection-specific fields (connection, transfer-encoding and the like) are never sent."
    ),
    must("rfc9113-8.2.2-2", "both", "A message with a connection-specific field is malformed."),
    must(
      "rfc9113-8.2.2-3",
      "both",
      "Of those fields only te may stand in a request, and only with the value trailers."
    ),
    must(
      "rfc9113-8.2.2-4",
      "server",
      "Who turns HTTP/1.1 into HTTP/2, as an upgrade to h2c does, takes connection-specific fields out."
    )
  ),
  section(
    "8.2.3",
    "Compressing the Cookie Header Field",
    must(
      "rfc9113-8.2.3-1",
      "both",
      'Several cookie fields become one, joined by "; ", before they reach an application or another protocol.'
    )
  ),
  section(
    "8.3",
    "HTTP Control Data",
    must("rfc9113-8.3-1", "both", "No pseudo-header fields are made up: only those that are defined are sent."),
    must(
      "rfc9113-8.3-2",
      "both",
      "Pseudo-header fields of requests never stand in responses, nor those of responses in requests."
    ),
    must("rfc9113-8.3-3", "both", "Pseudo-header fields never stand in trailers."),
    must("rfc9113-8.3-4", "both", "A message with undefined or invalid pseudo-header fields is malformed."),
    must("rfc9113-8.3-5", "both", "Pseudo-header fields are sent before all other fields."),
    must("rfc9113-8.3-6", "both", "A message with a pseudo-header field behind another field is malformed."),
    must("rfc9113-8.3-7", "both", "No pseudo-header field is sent twice in a block."),
    must("rfc9113-8.3-8", "both", "A message with a pseudo-header field twice is malformed.")
  ),
  section(
    "8.3.1",
    "Request Pseudo-Header Fields",
    must("rfc9113-8.3.1-1", "server", "Where :authority is given, host has no say in what a request is for."),
    must(
      "rfc9113-8.3.1-2",
      "client",
      "Requests carry their authority in :authority, and no :authority where they have none."
    ),
    must("rfc9113-8.3.1-3", "client", "No request is sent whose host differs from its :authority."),
    should("rfc9113-8.3.1-4", "server", "A request whose host names something else than its :authority is malformed."),
    must(
      "rfc9113-8.3.1-5",
      "server",
      "host and :authority are compared in normal form; who is not the origin server normalizes by the rules of the scheme."
    ),
    must(
      "rfc9113-8.3.1-6",
      "neither",
      "Who forwards a request makes its :authority from the control data of the original.",
      elsewhere(intermediary)
    ),
    must(
      "rfc9113-8.3.1-7",
      "neither",
      "Who needs a host field for a request that is forwarded takes the value of :authority.",
      elsewhere(intermediary)
    ),
    must("rfc9113-8.3.1-8", "client", ":authority has no user information for http and https."),
    must("rfc9113-8.3.1-9", "both", ":path is not empty for http and https."),
    must("rfc9113-8.3.1-10", "client", "A URI without a path is asked for with / as :path."),
    must("rfc9113-8.3.1-11", "client", "OPTIONS for a URI without a path has * as :path."),
    must("rfc9113-8.3.1-12", "both", "Every request but CONNECT has exactly one valid :method, :scheme and :path.")
  ),
  section(
    "8.3.2",
    "Response Pseudo-Header Fields",
    must("rfc9113-8.3.2-1", "both", "Every response has :status, interim ones too; one without is malformed.")
  )
]
