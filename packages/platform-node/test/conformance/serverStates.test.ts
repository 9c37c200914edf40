/** Streams at a server: their states, their identifiers, how many there may be. */
import * as Effect from "effect/Effect"
import { describe } from "vitest"
import * as U from "../utils.js"
import * as Block from "@effect-http2/testkit/fieldBlock"
import * as Raw from "@effect-http2/testkit/rawFrame"
import * as S from "./support/serverCase.js"

const { Code, Type } = Raw
const { connectionError, streamError } = S

const opened = Raw.headers(1, S.post, Raw.OPEN)
const whole = Raw.headers(1, S.get)
const fields = Block.block(["x-trailer", "test"])

S.serverCases("5.1 idle", [
  {
    title: "DATA [rfc9113-5.1-1]",
    steps: [Raw.data(1, "test", Raw.END_STREAM)],
    outcome: connectionError(Code.PROTOCOL_ERROR)
  },
  {
    title: "DATA above the highest stream [rfc9113-5.1-1]",
    steps: [whole, Raw.data(3, "test")],
    outcome: connectionError(Code.PROTOCOL_ERROR)
  },
  {
    title: "DATA on an even stream [rfc9113-5.1-1]",
    steps: [whole, Raw.data(2, "test")],
    outcome: connectionError(Code.PROTOCOL_ERROR)
  },
  {
    title: "RST_STREAM [rfc9113-5.1-1] [rfc9113-6.4-6]",
    steps: [Raw.rstStream(1, Code.CANCEL)],
    outcome: connectionError(Code.PROTOCOL_ERROR)
  },
  {
    title: "RST_STREAM on an even stream [rfc9113-6.4-6]",
    steps: [whole, Raw.rstStream(2, Code.CANCEL)],
    outcome: connectionError(Code.PROTOCOL_ERROR)
  },
  {
    title: "WINDOW_UPDATE [rfc9113-5.1-1]",
    steps: [Raw.windowUpdate(1, 100)],
    outcome: connectionError(Code.PROTOCOL_ERROR)
  },
  {
    title: "WINDOW_UPDATE by 0 [rfc9113-5.1-1]",
    steps: [Raw.windowUpdate(1, 0)],
    outcome: connectionError(Code.PROTOCOL_ERROR)
  },
  {
    title: "CONTINUATION [rfc9113-6.10-6]",
    steps: [Raw.continuation(1, S.get)],
    outcome: connectionError(Code.PROTOCOL_ERROR)
  },
  {
    title: "PRIORITY, and a request on a lower stream (h2spec generic 2, 3.3)",
    steps: [Raw.priority(3, 0, 256), Raw.headers(1, S.get)],
    outcome: S.served(1),
    handlers: ["answering", "reading"]
  }
])

S.serverCases("5.1 half-closed (remote)", [
  {
    title: "DATA [rfc9113-5.1-7] [rfc9113-6.1-4]",
    steps: [whole, Raw.data(1, "test", Raw.END_STREAM)],
    outcome: streamError(1, Code.STREAM_CLOSED),
    handlers: ["hanging"]
  },
  {
    title: "HEADERS [rfc9113-5.1-7]",
    steps: [whole, Raw.headers(1, S.get)],
    outcome: streamError(1, Code.STREAM_CLOSED),
    handlers: ["hanging"]
  },
  {
    title: "HEADERS without END_STREAM [rfc9113-5.1-7]",
    steps: [whole, Raw.headers(1, fields, Raw.OPEN)],
    outcome: streamError(1, Code.STREAM_CLOSED),
    handlers: ["hanging"]
  },
  {
    title: "CONTINUATION [rfc9113-6.10-6]",
    steps: [whole, Raw.continuation(1, fields)],
    outcome: connectionError(Code.PROTOCOL_ERROR)
  },
  {
    title: "PRIORITY and WINDOW_UPDATE",
    steps: [whole, Raw.priority(1, 0), Raw.windowUpdate(1, 100)],
    outcome: S.ignored
  },
  {
    title: "WINDOW_UPDATE by 0 [rfc9113-6.9-2]",
    steps: [whole, Raw.windowUpdate(1, 0)],
    outcome: streamError(1, Code.PROTOCOL_ERROR),
    handlers: ["hanging"]
  },
  { title: "RST_STREAM", steps: [whole, Raw.rstStream(1, Code.CANCEL)], outcome: S.ignored },
  {
    title: "HEADERS of a stream that trailers had ended [rfc9113-5.1-7]",
    steps: [opened, Raw.headers(1, fields), Raw.headers(1, fields)],
    outcome: streamError(1, Code.STREAM_CLOSED),
    handlers: ["hanging"]
  },
  {
    title: "DATA of a stream that DATA had ended [rfc9113-5.1-7]",
    steps: [opened, Raw.data(1, "", Raw.END_STREAM), Raw.data(1, "x")],
    outcome: streamError(1, Code.STREAM_CLOSED),
    handlers: ["hanging"]
  }
])

S.serverCases("5.1 closed", [
  {
    title: "DATA behind RST_STREAM [rfc9113-6.1-4]",
    steps: [opened, Raw.rstStream(1, Code.CANCEL), Raw.data(1, "test", Raw.END_STREAM)],
    outcome: streamError(1, Code.STREAM_CLOSED)
  },
  {
    title: "HEADERS behind RST_STREAM [rfc9113-5.1-11]",
    steps: [opened, Raw.rstStream(1, Code.CANCEL), Raw.headers(1, S.get)],
    outcome: streamError(1, Code.STREAM_CLOSED)
  },
  {
    title: "CONTINUATION behind RST_STREAM [rfc9113-6.10-6]",
    steps: [opened, Raw.rstStream(1, Code.CANCEL), Raw.continuation(1, fields)],
    outcome: connectionError(Code.PROTOCOL_ERROR)
  },
  {
    title: "PRIORITY, WINDOW_UPDATE and RST_STREAM behind RST_STREAM [rfc9113-6.9-3] [rfc9113-5.4.2-3]",
    steps: [
      opened,
      Raw.rstStream(1, Code.CANCEL),
      Raw.priority(1, 0),
      Raw.windowUpdate(1, 1),
      Raw.rstStream(1, Code.CANCEL)
    ],
    outcome: S.ignored
  },
  {
    title: "DATA on a stream that both sides have ended [rfc9113-6.1-4]",
    steps: [whole, Raw.data(1, "test", Raw.END_STREAM)],
    outcome: streamError(1, Code.STREAM_CLOSED),
    handlers: ["answering"]
  },
  {
    title: "HEADERS on a stream that both sides have ended [rfc9113-5.1-11]",
    steps: [whole, Raw.headers(1, S.get)],
    outcome: connectionError(Code.STREAM_CLOSED),
    handlers: ["answering"],
    ways: S.apart
  },
  {
    title: "CONTINUATION on a stream that both sides have ended [rfc9113-6.10-6]",
    steps: [whole, Raw.continuation(1, fields)],
    outcome: connectionError(Code.PROTOCOL_ERROR),
    handlers: ["answering"]
  },
  {
    title: "PRIORITY, WINDOW_UPDATE and RST_STREAM on a stream that both sides have ended [rfc9113-6.9-3]",
    steps: [whole, Raw.priority(1, 0), Raw.windowUpdate(1, 1), Raw.rstStream(1, Code.CANCEL)],
    outcome: S.ignored,
    handlers: ["answering"]
  },
  {
    title:
      "what still comes on a stream that we reset is discarded [rfc9113-5.1-9] [rfc9113-5.4.2-1] [rfc9113-5.4.2-2] [rfc9113-6.4-2]",
    steps: [
      Raw.headers(1, S.request({ connection: "close" }), Raw.OPEN),
      Raw.data(1, "test"),
      Raw.windowUpdate(1, 0),
      Raw.priority(1, 0),
      Raw.headers(1, fields),
      Raw.rstStream(1, Code.CANCEL)
    ],
    outcome: streamError(1, Code.PROTOCOL_ERROR)
  }
])

S.serverCases("5.1.1 stream identifiers", [
  {
    title: "an even one [rfc9113-5.1.1-1] [rfc9113-5.1.1-3]",
    steps: [Raw.headers(2, S.get)],
    outcome: connectionError(Code.PROTOCOL_ERROR)
  },
  {
    title: "one below the highest [rfc9113-5.1.1-2] [rfc9113-5.1.1-3]",
    steps: [Raw.headers(5, S.get), Raw.headers(3, S.get)],
    outcome: connectionError(Code.PROTOCOL_ERROR)
  },
  {
    title: "ids may be left out [rfc9113-5.1.1-2]",
    steps: [Raw.headers(1, S.get), Raw.headers(7, S.get), Raw.headers(4001, S.get)],
    outcome: S.served(1, 7, 4001),
    handlers: ["answering", "reading"]
  },
  {
    title: "a malformed request uses its id up [rfc9113-5.1.1-2]",
    steps: [Raw.headers(5, S.request({ te: "gzip" })), Raw.headers(3, S.get)],
    outcome: connectionError(Code.PROTOCOL_ERROR)
  }
])

describe("5.1.2 stream concurrency", () => {
  U.check("streams beyond the limit are refused, the others are served [rfc9113-5.1.2-2]", () =>
    Effect.gen(function* () {
      const [peer, stats] = yield* S.open("answering", { maxConcurrentStreams: 3 })
      // No window: none of the responses can end.
      yield* S.shake(peer, [Raw.Setting.INITIAL_WINDOW_SIZE, 0])
      yield* peer.send(...[1, 3, 5, 7].map((id) => Raw.headers(id, S.get)))
      const frames = yield* peer.until("RST_STREAM", ({ type }) => type === Type.RST_STREAM)
      yield* peer.send(Raw.settings([Raw.Setting.INITIAL_WINDOW_SIZE, 65_535]))
      for (const id of [1, 3, 5]) yield* peer.frame(Type.DATA, id)
      yield* streamError(7, Code.REFUSED_STREAM)({ peer, seen: frames })
      peer.end()
      yield* S.nothingLeft(stats)
    })
  )
})

S.serverCases("5.3.1 (RFC 7540) stream dependencies", [
  {
    title: "HEADERS that depend on themselves",
    steps: [Raw.headers(1, Buffer.concat([Raw.priorityFields(1), S.get]), Raw.WHOLE | Raw.PRIORITY)],
    outcome: streamError(1, Code.PROTOCOL_ERROR)
  },
  {
    title: "PRIORITY that depends on itself, of an idle stream, which cannot be reset [rfc9113-6.4-5]",
    steps: [Raw.priority(2, 2, 256)],
    outcome: connectionError(Code.PROTOCOL_ERROR)
  },
  {
    title: "PRIORITY that depends on itself, of an open stream",
    steps: [opened, Raw.priority(1, 1)],
    outcome: streamError(1, Code.PROTOCOL_ERROR)
  },
  {
    title: "every weight, exclusive or not, on streams in any state",
    steps: [
      Raw.priority(1, 0, 1),
      Raw.priority(1, 0, 256),
      Raw.priority(1, 7, 16, true),
      whole,
      Raw.priority(1, 3),
      Raw.priority(2, 0)
    ],
    outcome: S.ignored
  }
])
