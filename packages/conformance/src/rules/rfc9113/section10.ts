/** RFC 9113, section 10: security. */
import { elsewhere, must, section, should } from "../../rule.js"
import type { Section } from "../../rule.js"

const intermediary = "An intermediary: this project forwards no messages."
const contentCoding = "The application, which decides what is compressed: no content is compressed here."

export const section10: ReadonlyArray<Section> = [
  section(
    "10.3",
    "Intermediary Encapsulation Attacks",
    must(
      "rfc9113-10.3-1",
      "neither",
      "Fields are validated before a message is turned into another version of HTTP.",
      elsewhere(intermediary)
    ),
    must(
      "rfc9113-10.3-2",
      "neither",
      "Fields that are meant for one hop are taken out or replaced before a message is forwarded.",
      elsewhere(intermediary)
    )
  ),
  section(
    "10.4",
    "Cacheability of Pushed Responses",
    must("rfc9113-10.4-1", "server", "Where several tenants share a server, none can push what belongs to another."),
    must(
      "rfc9113-10.4-2",
      "client",
      "A pushed response of a server that is not authoritative for it is neither used nor cached."
    )
  ),
  section(
    "10.5",
    "Denial-of-Service Considerations",
    should(
      "rfc9113-10.5-1",
      "client",
      "A client that accepts push limits how many promised streams may wait for their responses."
    ),
    should("rfc9113-10.5-2", "both", "Features that can be abused are counted, and their use is limited.")
  ),
  section(
    "10.5.1",
    "Limits on Field Block Size",
    must(
      "rfc9113-10.5.1-1",
      "both",
      "A field block that is too large for its message is decoded all the same, unless the connection is closed."
    )
  ),
  section(
    "10.6",
    "Use of Compression",
    must(
      "rfc9113-10.6-1",
      "both",
      "On a secure channel, secrets and what an attacker may choose are not compressed together.",
      elsewhere(contentCoding)
    ),
    must("rfc9113-10.6-2", "both", "What is of unknown origin is not compressed.", elsewhere(contentCoding)),
    must(
      "rfc9113-10.6-3",
      "both",
      "HTTP/2 does not run over compression of a whole stream of octets, such as that of TLS."
    )
  ),
  section(
    "10.7",
    "Use of Padding",
    should("rfc9113-10.7-1", "neither", "Padding of DATA is kept when frames are forwarded.", elsewhere(intermediary))
  )
]
