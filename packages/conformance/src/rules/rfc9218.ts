/** RFC 9218: extensible priorities. */
import { elsewhere, must, otherwise, section, should } from "../rule.js"
import type { Specification } from "../rule.js"

const http3 = "HTTP/3, which this project does not speak."

export const rfc9218: Specification = {
  id: "rfc9218",
  heading: "Extensible Prioritization Scheme for HTTP",
  sections: [
    section(
      "2.1",
      "Disabling RFC 7540 Stream Priorities",
      must("rfc9218-2.1-1", "both", "SETTINGS_NO_RFC7540_PRIORITIES is 0 or 1."),
      must(
        "rfc9218-2.1-2",
        "both",
        "SETTINGS_NO_RFC7540_PRIORITIES with another value: connection error PROTOCOL_ERROR."
      ),
      must("rfc9218-2.1-3", "both", "SETTINGS_NO_RFC7540_PRIORITIES is sent in the first SETTINGS, if at all."),
      must("rfc9218-2.1-4", "both", "SETTINGS_NO_RFC7540_PRIORITIES does not change after the first SETTINGS."),
      must(
        "rfc9218-2.1-5",
        "server",
        "A server that receives SETTINGS_NO_RFC7540_PRIORITIES = 1 takes no notice of the priorities of RFC 7540."
      )
    ),
    section(
      "2.1.1",
      "Advice when Using Extensible Priorities as the Alternative",
      should(
        "rfc9218-2.1.1-1",
        "client",
        "Until the server's SETTINGS have come, a client sends the priorities of RFC 7540 and those of this scheme.",
        otherwise("Those of RFC 7540 are deprecated (RFC 9113, 5.3.2) and never sent.")
      ),
      should(
        "rfc9218-2.1.1-2",
        "client",
        "Once the server's first SETTINGS have said SETTINGS_NO_RFC7540_PRIORITIES = 1, a client sends no priorities of RFC 7540 any more."
      ),
      should(
        "rfc9218-2.1.1-3",
        "client",
        "Where the server says 0 or nothing of it, a client sends no PRIORITY_UPDATE any more."
      )
    ),
    section(
      "4",
      "Priority Parameters",
      should("rfc9218-4-1", "server", "A request without priority parameters is served as if it had the defaults."),
      must("rfc9218-4-2", "both", "Parameters that are unknown, out of range, or of another type have no effect.")
    ),
    section(
      "4.1",
      "Urgency",
      should("rfc9218-4.1-1", "client", "The main resource of a document has the default urgency."),
      should("rfc9218-4.1-2", "client", "Urgency 7 is not for responses that somebody waits for.")
    ),
    section(
      "7",
      "The PRIORITY_UPDATE Frame",
      should(
        "rfc9218-7-1",
        "server",
        "The last PRIORITY_UPDATE for a stream that is not open yet is kept, and applied when it opens."
      )
    ),
    section(
      "7.1",
      "HTTP/2 PRIORITY_UPDATE Frame",
      must("rfc9218-7.1-1", "client", "PRIORITY_UPDATE is sent on stream 0."),
      must("rfc9218-7.1-2", "server", "PRIORITY_UPDATE on any other stream: connection error PROTOCOL_ERROR."),
      should(
        "rfc9218-7.1-3",
        "client",
        "PRIORITY_UPDATE is sent for requests whose responses may still have data to come."
      ),
      must(
        "rfc9218-7.1-4",
        "client",
        "Idle streams that were given a priority and active ones together stay within SETTINGS_MAX_CONCURRENT_STREAMS."
      ),
      must("rfc9218-7.1-5", "server", "PRIORITY_UPDATE for one idle stream too many: connection error PROTOCOL_ERROR."),
      should(
        "rfc9218-7.1-6",
        "client",
        "PRIORITY_UPDATE for a pushed stream is sent while that is reserved (remote) or half-closed (local)."
      ),
      must("rfc9218-7.1-7", "client", "PRIORITY_UPDATE is not sent for a pushed stream that is idle."),
      must(
        "rfc9218-7.1-8",
        "server",
        "PRIORITY_UPDATE for a pushed stream that is idle: connection error PROTOCOL_ERROR."
      ),
      must("rfc9218-7.1-9", "server", "PRIORITY_UPDATE for stream 0: connection error PROTOCOL_ERROR."),
      must("rfc9218-7.1-10", "server", "A server sends no PRIORITY_UPDATE."),
      must("rfc9218-7.1-11", "client", "PRIORITY_UPDATE from a server: connection error PROTOCOL_ERROR.")
    ),
    section(
      "7.2",
      "HTTP/3 PRIORITY_UPDATE Frame",
      must("rfc9218-7.2-1", "client", "PRIORITY_UPDATE is sent on the client's control stream.", elsewhere(http3)),
      must("rfc9218-7.2-2", "both", "PRIORITY_UPDATE on another stream: H3_FRAME_UNEXPECTED.", elsewhere(http3)),
      must("rfc9218-7.2-3", "client", "The variant for requests names a stream of a request.", elsewhere(http3)),
      must(
        "rfc9218-7.2-4",
        "server",
        "The variant for requests with another kind of stream: H3_ID_ERROR.",
        elsewhere(http3)
      ),
      must(
        "rfc9218-7.2-5",
        "client",
        "The variant for requests names a stream within the limit of the client's streams.",
        elsewhere(http3)
      ),
      should(
        "rfc9218-7.2-6",
        "server",
        "The variant for requests with a stream beyond the limit: H3_ID_ERROR.",
        elsewhere(http3)
      ),
      must("rfc9218-7.2-7", "client", "The variant for pushes names a push that was promised.", elsewhere(http3)),
      must(
        "rfc9218-7.2-8",
        "server",
        "The variant for pushes with a push that was not promised: H3_ID_ERROR.",
        elsewhere(http3)
      ),
      must("rfc9218-7.2-9", "server", "A server sends neither variant.", elsewhere(http3)),
      must("rfc9218-7.2-10", "client", "PRIORITY_UPDATE from a server: H3_FRAME_UNEXPECTED.", elsewhere(http3))
    ),
    section(
      "10",
      "Server Scheduling",
      should(
        "rfc9218-10-1",
        "server",
        "Responses of one urgency that are not incremental are sent one after the other, in the order of the requests."
      ),
      should("rfc9218-10-2", "server", "Incremental responses of one urgency share the connection.")
    ),
    section(
      "10.1",
      "Intermediaries with Multiple Backend Connections",
      should(
        "rfc9218-10.1-1",
        "server",
        "Streams that are tunnels get a part of the connection whatever their urgency."
      )
    ),
    section(
      "12",
      "Retransmission Scheduling",
      should(
        "rfc9218-12-1",
        "both",
        "What was lost is sent again before anything new, unless priorities say otherwise.",
        elsewhere("QUIC. Over TCP, the operating system sends again what was lost.")
      )
    ),
    section(
      "13.2",
      "HTTP/1.x Back Ends",
      should(
        "rfc9218-13.2-1",
        "server",
        "A server behind others goes by priorities only among the requests of one client.",
        elsewhere(
          "HTTP/1.1 servers behind a proxy, which give requests of several clients an order. Here priorities count among the streams of one connection."
        )
      )
    )
  ]
}
