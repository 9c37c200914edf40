/** RFC 9113, sections 8.4 to 8.7: server push, CONNECT, reliability. */
import { elsewhere, must, section, should } from "../../rule.js"
import type { Section } from "../../rule.js"

export const section8push: ReadonlyArray<Section> = [
  section(
    "8.4",
    "Server Push",
    must("rfc9113-8.4-1", "server", "Only requests that are safe and cacheable are promised."),
    must(
      "rfc9113-8.4-2",
      "client",
      "A promise of a request that is not cacheable, not known to be safe, or that has content: stream error PROTOCOL_ERROR on the promised stream."
    ),
    must(
      "rfc9113-8.4-3",
      "neither",
      "A pushed response that is not cacheable is stored by no cache.",
      elsewhere("HTTP caches: this project has none.")
    ),
    must("rfc9113-8.4-4", "server", "A promise names an :authority that the server is authoritative for."),
    must(
      "rfc9113-8.4-5",
      "client",
      "A promise for an authority that the server is not authoritative for: stream error PROTOCOL_ERROR."
    ),
    must("rfc9113-8.4-6", "server", "PUSH_PROMISE from a client: connection error PROTOCOL_ERROR.")
  ),
  section(
    "8.4.1",
    "Push Requests",
    must("rfc9113-8.4.1-1", "server", "A promise has all the fields of a valid request."),
    must("rfc9113-8.4.1-2", "server", "The :method of a promise is safe and cacheable."),
    must(
      "rfc9113-8.4.1-3",
      "client",
      "A promise with incomplete or invalid fields, or a method that is not safe: stream error PROTOCOL_ERROR on the promised stream."
    ),
    should("rfc9113-8.4.1-4", "server", "A promise goes out before the frames that mention what it promises."),
    must("rfc9113-8.4.1-5", "client", "A client sends no PUSH_PROMISE."),
    must(
      "rfc9113-8.4.1-6",
      "server",
      "The stream that a promise is made on is open or half-closed (remote) at the server."
    )
  ),
  section(
    "8.4.2",
    "Push Responses",
    should(
      "rfc9113-8.4.2-1",
      "client",
      "A client that has accepted a promise does not ask for the same itself while the promised stream lives."
    ),
    must(
      "rfc9113-8.4.2-2",
      "client",
      "A pushed response is taken only from a server that is authoritative for it, or from the proxy that is configured for it."
    )
  ),
  section(
    "8.5",
    "The CONNECT Method",
    must("rfc9113-8.5-1", "both", "CONNECT has neither :scheme nor :path."),
    must(
      "rfc9113-8.5-2",
      "both",
      "A stream that is a tunnel carries DATA, RST_STREAM, WINDOW_UPDATE and PRIORITY; another type of frame is a stream error."
    ),
    must(
      "rfc9113-8.5-3",
      "server",
      "A proxy resets the TCP connection behind a tunnel when the stream or the HTTP/2 connection fails."
    )
  ),
  section(
    "8.7",
    "Request Reliability",
    must("rfc9113-8.7-1", "server", "A stream is declared unprocessed only where that is certain."),
    must(
      "rfc9113-8.7-2",
      "server",
      "A stream that the application has seen anything of is not refused with REFUSED_STREAM, and GOAWAY's last stream is not below it."
    )
  )
]
