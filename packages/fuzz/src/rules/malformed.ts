/** Fields that no message may have. Called by clients.ts and servers.ts. */
import type { Pairs } from "@effect-http2/testkit/fieldBlock"

/** A request without anything to it. */
export const get: Pairs = [
  [":method", "GET"],
  [":scheme", "http"],
  [":path", "/"],
  [":authority", "test"]
]

/** Heads that cannot be: of a request behind `get`, and of a response behind its status. */
export const malformed: ReadonlyArray<readonly [title: string, more: Pairs]> = [
  ["[rfc9113-8.2.1-3] [rfc9113-8.2.1-7] an upper-case name", [["X-Y", "1"]]],
  ["[rfc9113-8.2.1-4] [rfc9113-8.2.1-7] a name with a colon in it", [["x:y", "1"]]],
  ["[rfc9113-8.2.1-5] [rfc9113-8.2.1-7] a value with a line feed", [["x", "a\nb"]]],
  ["[rfc9113-8.2.1-6] [rfc9113-8.2.1-7] a value that ends with a blank", [["x", "a "]]],
  ["[rfc9113-8.2.2-2] connection", [["connection", "close"]]],
  ["[rfc9113-8.2.2-2] transfer-encoding", [["transfer-encoding", "chunked"]]],
  ["[rfc9113-8.3-4] an unknown pseudo-header field", [[":x", "1"]]],
  [
    "[rfc9113-8.3-6] a pseudo-header field behind a regular one",
    [
      ["x", "y"],
      [":path", "/"]
    ]
  ],
  [
    "[rfc9113-8.1.1-2] content-length twice",
    [
      ["content-length", "0"],
      ["content-length", "1"]
    ]
  ]
]
