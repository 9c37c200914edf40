/** RFC 7838: alternative services. This project has the ALTSVC frame of section 4: what it says is the application's to act on. */
import { elsewhere, must, section, should } from "../rule.js"
import type { Specification } from "../rule.js"

const user =
  "A client that uses alternative services: this one hands what ALTSVC says to the application, and connects to no other place by itself."
const cache = "A cache of alternative services: this project has none."
const writer = "The application, which writes the value of Alt-Svc: it is sent as it is given."
const reader = "Who reads the value of Alt-Svc: the application, which gets it as it was received."

export const rfc7838: Specification = {
  id: "rfc7838",
  heading: "HTTP Alternative Services",
  sections: [
    section(
      "2",
      "Alternative Services Concepts",
      must(
        "rfc7838-2-1",
        "client",
        "The application never sees that an alternative service is used: the URI stays what it was.",
        elsewhere(user)
      ),
      must("rfc7838-2-2", "both", "An alternative service is fresh for a number of seconds.", elsewhere(cache))
    ),
    section(
      "2.1",
      "Host Authentication",
      must(
        "rfc7838-2.1-1",
        "client",
        "An alternative service is used only where it can be trusted to speak for the whole origin.",
        elsewhere(user)
      )
    ),
    section(
      "2.2",
      "Alternative Service Caching",
      should(
        "rfc7838-2.2-1",
        "client",
        "When the network changes, what does not say persist=1 is forgotten.",
        elsewhere(cache)
      )
    ),
    section(
      "2.3",
      "Requiring Server Name Indication",
      must("rfc7838-2.3-1", "client", "Without SNI, no alternative service over TLS is used.", elsewhere(user))
    ),
    section(
      "2.4",
      "Using Alternative Services",
      should(
        "rfc7838-2.4-1",
        "client",
        "An alternative service that is known, fresh and secure enough is used for all requests to its origin.",
        elsewhere(user)
      ),
      should(
        "rfc7838-2.4-2",
        "client",
        "What is to go through a proxy goes through it to the alternative service too.",
        elsewhere(user)
      ),
      must(
        "rfc7838-2.4-3",
        "client",
        "A connection to an alternative service that agrees on another protocol than expected has failed.",
        elsewhere(user)
      )
    ),
    section(
      "3",
      "The Alt-Svc HTTP Header Field",
      must(
        "rfc7838-3-1",
        "server",
        "Octets of a protocol's name that are not allowed in a token are percent-encoded.",
        elsewhere(writer)
      ),
      must("rfc7838-3-2", "server", "The percent sign in a protocol's name is percent-encoded too.", elsewhere(writer)),
      must(
        "rfc7838-3-3",
        "server",
        "Octets of a protocol's name that are allowed in a token are not percent-encoded, but for the percent sign.",
        elsewhere(writer)
      ),
      must("rfc7838-3-4", "server", "Percent-encoding is written in upper case.", elsewhere(writer)),
      should(
        "rfc7838-3-5",
        "server",
        "Over HTTP/2, the ALTSVC frame is sent in place of the field.",
        elsewhere("The application, which may send either.")
      ),
      must("rfc7838-3-6", "client", "Unknown parameters are passed over.", elsewhere(reader)),
      must(
        "rfc7838-3-7",
        "client",
        "An alternative with unknown parameters counts as if they were not there.",
        elsewhere(reader)
      ),
      must("rfc7838-3-8", "client", "Quoted strings are read as HTTP defines them.", elsewhere(reader))
    ),
    section(
      "3.1",
      "Caching Alt-Svc Header Field Values",
      must("rfc7838-3.1-1", "client", "persist with any other value than 1 has no effect.", elsewhere(reader))
    ),
    section(
      "4",
      "The ALTSVC HTTP/2 Frame",
      must("rfc7838-4-1", "client", "ALTSVC for an origin that the server is not authoritative for has no effect."),
      must("rfc7838-4-2", "server", "ALTSVC from a client has no effect."),
      must("rfc7838-4-3", "client", "ALTSVC on stream 0 without an origin has no effect."),
      must("rfc7838-4-4", "client", "ALTSVC on a stream with an origin has no effect."),
      must(
        "rfc7838-4-5",
        "neither",
        "ALTSVC is not forwarded.",
        elsewhere("An intermediary: this project forwards no frames.")
      )
    ),
    section(
      "5",
      "The Alt-Used HTTP Header Field",
      should("rfc7838-5-1", "client", "Requests to an alternative service say so in Alt-Used.", elsewhere(user))
    ),
    section(
      "6",
      "The 421 (Misdirected Request) HTTP Status Code",
      must("rfc7838-6-1", "client", "421 from an alternative service takes it out of the cache.", elsewhere(cache)),
      must("rfc7838-6-2", "client", "Alt-Svc in a response of 421 has no effect.", elsewhere(reader))
    ),
    section(
      "7.3.1",
      "Procedure",
      must(
        "rfc7838-7.3.1-1",
        "neither",
        "A registration names its parameter and its specification.",
        elsewhere("Those who register parameters with IANA.")
      )
    ),
    section(
      "8",
      "Internationalization Considerations",
      must("rfc7838-8-1", "server", "International domain names are written as A-labels.")
    ),
    section(
      "9.2",
      "Changing Hosts",
      must(
        "rfc7838-9.2-1",
        "client",
        "Certificates that are pinned are pinned for alternative services as for the origin.",
        elsewhere(user)
      )
    ),
    section(
      "9.4",
      "Tracking Clients Using Alternative Services",
      must(
        "rfc7838-9.4-1",
        "client",
        "When a user agent clears what it keeps of an origin, alternative services are cleared too.",
        elsewhere("User agents, and their caches of alternative services.")
      )
    )
  ]
}
