/** RFC 8441: extended CONNECT. */
import { must, section } from "../rule.js"
import type { Specification } from "../rule.js"

export const rfc8441: Specification = {
  id: "rfc8441",
  heading: "Bootstrapping WebSockets with HTTP/2",
  sections: [
    section(
      "3",
      "The SETTINGS_ENABLE_CONNECT_PROTOCOL SETTINGS Parameter",
      must("rfc8441-3-1", "both", "SETTINGS_ENABLE_CONNECT_PROTOCOL is 0 or 1."),
      must("rfc8441-3-2", "both", "SETTINGS_ENABLE_CONNECT_PROTOCOL is not sent as 0 once it was sent as 1.")
    ),
    section(
      "4",
      "The Extended CONNECT Method",
      must("rfc8441-4-1", "client", "CONNECT with :protocol has :scheme and :path too."),
      must("rfc8441-4-2", "server", "CONNECT with :protocol opens no tunnel to the host in :authority.")
    ),
    section(
      "5",
      "Using Extended CONNECT to Bootstrap the WebSocket Protocol",
      must("rfc8441-5-1", "client", "A WebSocket is asked for by CONNECT with :protocol = websocket."),
      must("rfc8441-5-2", "client", "The :scheme of a WebSocket is https for wss, and http for ws."),
      must("rfc8441-5-3", "client", "The request for a WebSocket has neither connection nor upgrade.")
    )
  ]
}
