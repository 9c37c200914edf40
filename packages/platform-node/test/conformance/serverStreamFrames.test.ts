/** The frames that are about one stream, at a server. */
import * as Block from "@effect-http2/testkit/fieldBlock"
import * as Raw from "@effect-http2/testkit/rawFrame"
import * as S from "./support/serverCase.js"

const { Code, Type } = Raw
const { connectionError, streamError } = S

const opened = Raw.headers(1, S.post, Raw.OPEN)
const fields = Block.block(["x-trailer", "test"])

S.serverCases("6.1 DATA", [
  {
    title: "one frame (h2spec generic 3.1)",
    steps: [opened, Raw.data(1, "test", Raw.END_STREAM)],
    outcome: S.served(1),
    handlers: ["answering", "reading"]
  },
  {
    title: "several frames, an empty one among them",
    steps: [opened, Raw.data(1, "test"), Raw.data(1, ""), Raw.data(1, "test", Raw.END_STREAM)],
    outcome: S.served(1),
    handlers: ["answering", "reading"]
  },
  {
    title: "padding",
    steps: [opened, Raw.data(1, Raw.padded("test", 255), Raw.PADDED | Raw.END_STREAM)],
    outcome: S.served(1),
    handlers: ["reading"]
  },
  {
    title: "nothing but padding, and a pad length of 0",
    steps: [
      opened,
      Raw.data(1, Raw.padded("", 9), Raw.PADDED),
      Raw.data(1, Raw.padded("", 0), Raw.PADDED | Raw.END_STREAM)
    ],
    outcome: S.served(1),
    handlers: ["reading"]
  },
  { title: "on stream 0 [rfc9113-6.1-3]", steps: [Raw.data(0, "test")], outcome: connectionError(Code.PROTOCOL_ERROR) },
  {
    title: "a pad length of the payload's length [rfc9113-6.1-5]",
    steps: [opened, Raw.data(1, Raw.padded("test", 0, 5), Raw.PADDED | Raw.END_STREAM)],
    outcome: connectionError(Code.PROTOCOL_ERROR)
  },
  {
    title: "a pad length beyond the payload's [rfc9113-6.1-5]",
    steps: [opened, Raw.data(1, Raw.padded("test", 0, 255), Raw.PADDED)],
    outcome: connectionError(Code.PROTOCOL_ERROR)
  },
  {
    title: "a pad length of 1 and nothing else [rfc9113-6.1-5]",
    steps: [opened, Raw.data(1, [1], Raw.PADDED)],
    outcome: connectionError(Code.PROTOCOL_ERROR)
  },
  {
    title: "PADDED and no octet at all",
    steps: [opened, Raw.data(1, "", Raw.PADDED)],
    outcome: connectionError(Code.FRAME_SIZE_ERROR)
  }
])

const both = Raw.PADDED | Raw.PRIORITY

S.serverCases("6.2 HEADERS", [
  {
    title: "padding (h2spec generic 3.2)",
    steps: [Raw.headers(1, Raw.padded(S.get, 255), Raw.WHOLE | Raw.PADDED)],
    outcome: S.served(1),
    handlers: ["answering"]
  },
  {
    title: "priority",
    steps: [Raw.headers(1, Buffer.concat([Raw.priorityFields(0, 256, true), S.get]), Raw.WHOLE | Raw.PRIORITY)],
    outcome: S.served(1),
    handlers: ["answering"]
  },
  {
    title: "padding and priority",
    steps: [Raw.headers(1, Raw.padded(Buffer.concat([Raw.priorityFields(9), S.get]), 7), Raw.WHOLE | both)],
    outcome: S.served(1),
    handlers: ["answering"]
  },
  {
    title: "padding, continued",
    steps: [
      Buffer.concat([
        Raw.headers(1, Raw.padded(S.get.subarray(0, 7), 3), Raw.END_STREAM | Raw.PADDED),
        Raw.continuation(1, S.get.subarray(7))
      ])
    ],
    outcome: S.served(1),
    handlers: ["answering"]
  },
  {
    title: "on stream 0 [rfc9113-6.2-5]",
    steps: [Raw.headers(0, S.get)],
    outcome: connectionError(Code.PROTOCOL_ERROR)
  },
  {
    title: "a pad length of the payload's length [rfc9113-6.2-6]",
    steps: [Raw.headers(1, Raw.padded(S.get, 0, S.get.length + 1), Raw.WHOLE | Raw.PADDED)],
    outcome: connectionError(Code.PROTOCOL_ERROR)
  },
  {
    title: "a pad length that reaches into the priority [rfc9113-6.2-6]",
    steps: [Raw.headers(1, Raw.padded(Raw.priorityFields(0), 0, 1), Raw.WHOLE | both)],
    outcome: connectionError(Code.PROTOCOL_ERROR)
  },
  {
    title: "PRIORITY and 4 octets",
    steps: [Raw.headers(1, "1234", Raw.WHOLE | Raw.PRIORITY)],
    outcome: connectionError(Code.FRAME_SIZE_ERROR)
  },
  {
    title: "nothing but padding is a request without a method",
    steps: [Raw.headers(1, Raw.padded("", 4), Raw.WHOLE | Raw.PADDED)],
    outcome: streamError(1, Code.PROTOCOL_ERROR)
  }
])

S.serverCases("6.3 PRIORITY", [
  { title: "on stream 0 [rfc9113-6.3-1]", steps: [Raw.priority(0, 1)], outcome: connectionError(Code.PROTOCOL_ERROR) },
  ...[0, 4, 6].map((length): S.Case => ({
    title: `${length} octets [rfc9113-6.3-2]`,
    steps: [opened, Raw.frame(Type.PRIORITY, 0, 1, new Uint8Array(length))],
    outcome: streamError(1, Code.FRAME_SIZE_ERROR)
  })),
  {
    title: "4 octets, of an idle stream, which cannot be reset [rfc9113-6.3-2] [rfc9113-6.4-5]",
    steps: [Raw.frame(Type.PRIORITY, 0, 1, "1234")],
    outcome: connectionError(Code.FRAME_SIZE_ERROR)
  }
])

S.serverCases("6.4 RST_STREAM", [
  {
    title: "on stream 0 [rfc9113-6.4-4]",
    steps: [Raw.rstStream(0, Code.CANCEL)],
    outcome: connectionError(Code.PROTOCOL_ERROR)
  },
  ...[0, 3, 5].map((length): S.Case => ({
    title: `${length} octets [rfc9113-6.4-7]`,
    steps: [opened, Raw.frame(Type.RST_STREAM, 0, 1, new Uint8Array(length))],
    outcome: connectionError(Code.FRAME_SIZE_ERROR)
  })),
  {
    title: "every code ends the stream, and nothing more comes on it [rfc9113-6.4-1]",
    steps: [...Object.values(Code)].flatMap((code, i) => [
      Raw.headers(2 * i + 1, S.post, Raw.OPEN),
      Raw.rstStream(2 * i + 1, code)
    ]),
    outcome: S.ignored,
    handlers: ["reading", "hanging"]
  }
])

const cut = (...flags: ReadonlyArray<number>): Uint8Array =>
  Buffer.concat(
    flags.map((flag, i) => {
      const part = S.get.subarray(i * 8, i === flags.length - 1 ? undefined : (i + 1) * 8)
      return i === 0 ? Raw.headers(1, part, flag) : Raw.continuation(1, part, flag)
    })
  )

S.serverCases("6.10 CONTINUATION", [
  {
    title: "one (h2spec generic 3.10)",
    steps: [cut(Raw.END_STREAM, Raw.END_HEADERS)],
    outcome: S.served(1),
    handlers: ["answering"]
  },
  {
    title: "several [rfc9113-6.10-1]",
    steps: [cut(Raw.END_STREAM, 0, 0, 0, Raw.END_HEADERS)],
    outcome: S.served(1),
    handlers: ["answering"]
  },
  {
    title: "an empty one at the end, and an empty HEADERS at the start",
    steps: [
      Buffer.concat([Raw.headers(1, "", Raw.END_STREAM), Raw.continuation(1, S.get, 0), Raw.continuation(1, "")])
    ],
    outcome: S.served(1),
    handlers: ["answering"]
  },
  {
    title: "trailers in it",
    steps: [
      opened,
      Buffer.concat([Raw.headers(1, fields.subarray(0, 3), Raw.END_STREAM), Raw.continuation(1, fields.subarray(3))])
    ],
    outcome: S.served(1),
    handlers: ["answering", "reading"]
  },
  {
    title: "another frame behind it [rfc9113-6.10-2]",
    steps: [Buffer.concat([cut(Raw.END_STREAM, 0), Raw.data(1, "test")])],
    outcome: connectionError(Code.PROTOCOL_ERROR)
  },
  {
    title: "on stream 0 [rfc9113-6.10-4]",
    steps: [
      Buffer.concat([Raw.headers(1, S.get.subarray(0, 8), Raw.END_STREAM), Raw.continuation(0, S.get.subarray(8))])
    ],
    outcome: connectionError(Code.PROTOCOL_ERROR)
  },
  {
    title: "behind HEADERS with END_HEADERS [rfc9113-6.10-5] [rfc9113-6.10-6]",
    steps: [opened, Raw.continuation(1, fields)],
    outcome: connectionError(Code.PROTOCOL_ERROR)
  },
  {
    title: "behind CONTINUATION with END_HEADERS [rfc9113-6.10-6]",
    steps: [Buffer.concat([cut(0, Raw.END_HEADERS), Raw.continuation(1, fields)])],
    outcome: connectionError(Code.PROTOCOL_ERROR)
  },
  {
    title: "behind DATA [rfc9113-6.10-6]",
    steps: [opened, Buffer.concat([Raw.data(1, "test"), Raw.continuation(1, fields)])],
    outcome: connectionError(Code.PROTOCOL_ERROR)
  }
])
