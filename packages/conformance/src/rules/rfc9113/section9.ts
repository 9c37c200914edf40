/** RFC 9113, section 9: connections and TLS. */
import { elsewhere, must, otherwise, section, should } from "../../rule.js"
import type { Section } from "../../rule.js"

export const section9: ReadonlyArray<Section> = [
  section(
    "9.1",
    "Connection Management",
    should("rfc9113-9.1-1", "client", "A client has one connection to a host and port, not several."),
    should("rfc9113-9.1-2", "client", "Several connections to one address and port differ in their configuration."),
    should(
      "rfc9113-9.1-3",
      "both",
      "Who closes the transport sends GOAWAY first, so that it is known what was processed."
    )
  ),
  section(
    "9.1.1",
    "Connection Reuse",
    must(
      "rfc9113-9.1.1-1",
      "client",
      "Requests for another host go over a connection only if its certificate would do for a new connection to that host."
    )
  ),
  section(
    "9.2",
    "Use of TLS Features",
    must("rfc9113-9.2-1", "both", "TLS is of version 1.2 or above."),
    should("rfc9113-9.2-2", "both", "TLS is used as the guidance of its own community advises (BCP 195)."),
    must("rfc9113-9.2-3", "both", "The TLS library supports Server Name Indication."),
    must("rfc9113-9.2-4", "client", "A client sends the name of the server in the TLS handshake, where it has a name.")
  ),
  section(
    "9.2.1",
    "TLS 1.2 Features",
    must("rfc9113-9.2.1-1", "both", "TLS 1.2 is used without compression."),
    must("rfc9113-9.2.1-2", "both", "TLS 1.2 is used without renegotiation."),
    must("rfc9113-9.2.1-3", "both", "Renegotiation on an HTTP/2 connection: connection error PROTOCOL_ERROR."),
    must(
      "rfc9113-9.2.1-4",
      "both",
      "Renegotiation that hides client credentials, where it is used, is over before the connection preface."
    ),
    should(
      "rfc9113-9.2.1-5",
      "server",
      "A server that is asked to renegotiate right after the start asks for a client certificate.",
      otherwise("Renegotiation ends a connection, whenever it is asked for.")
    ),
    must(
      "rfc9113-9.2.1-6",
      "both",
      "Ephemeral key exchanges of 2,048 bits (DHE) and 224 bits (ECDHE) at least are supported."
    ),
    must("rfc9113-9.2.1-7", "client", "DHE of up to 4,096 bits is accepted.")
  ),
  section(
    "9.2.2",
    "TLS 1.2 Cipher Suites",
    should("rfc9113-9.2.2-1", "both", "The TLS 1.2 cipher suites of Appendix A are not used."),
    must(
      "rfc9113-9.2.2-2",
      "both",
      "INADEQUATE_SECURITY is never the answer to a cipher suite that is not in Appendix A."
    ),
    must(
      "rfc9113-9.2.2-3",
      "both",
      "With TLS 1.2, TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 with the curve P-256 is supported."
    )
  ),
  section(
    "9.2.3",
    "TLS 1.3 Features",
    must(
      "rfc9113-9.2.3-1",
      "server",
      "A server asks for no client certificate after the TLS 1.3 handshake.",
      elsewhere("Node's TLS, which has no means of asking after the handshake.")
    ),
    must(
      "rfc9113-9.2.3-2",
      "client",
      "A server that asks for a client certificate after the TLS 1.3 handshake: connection error PROTOCOL_ERROR."
    )
  )
]
