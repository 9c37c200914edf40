/** RFC 9113, section 3: starting HTTP/2. */
import { must, section } from "../../rule.js"
import type { Section } from "../../rule.js"

export const section3: ReadonlyArray<Section> = [
  section(
    "3.2",
    'Starting HTTP/2 for "https" URIs',
    must("rfc9113-3.2-1", "both", "ALPN never offers and never picks h2c: that name is for cleartext."),
    must("rfc9113-3.2-2", "both", "When the TLS handshake is done, each side opens with its connection preface.")
  ),
  section(
    "3.3",
    "Starting HTTP/2 with Prior Knowledge",
    must(
      "rfc9113-3.3-1",
      "both",
      "Over TLS, HTTP/2 is spoken only where ALPN has agreed on it; prior knowledge is for cleartext."
    ),
    must("rfc9113-3.3-2", "server", "A server that is spoken to with prior knowledge sends its connection preface too.")
  ),
  section(
    "3.4",
    "HTTP/2 Connection Preface",
    must(
      "rfc9113-3.4-1",
      "client",
      "A SETTINGS frame, possibly empty, follows the 24 octets that a client begins with."
    ),
    must("rfc9113-3.4-2", "server", "The first frame that a server sends is SETTINGS."),
    must("rfc9113-3.4-3", "both", "The SETTINGS of the peer's preface are acknowledged, after one's own preface."),
    must("rfc9113-3.4-4", "both", "A peer that does not begin with a valid preface: connection error PROTOCOL_ERROR.")
  )
]
