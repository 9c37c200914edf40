/** The frames that are about one stream, at a client. */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { describe, expect } from "vitest"
import * as U from "../utils.js"
import * as C from "./support/clientCase.js"
import * as Block from "@effect-http2/testkit/fieldBlock"
import * as Octets from "@effect-http2/testkit/octets"
import * as Raw from "@effect-http2/testkit/rawFrame"
import { nothingLeft } from "./support/serverCase.js"

const { Code, Type } = Raw
const { connectionError, streamError } = C

const most = 0x7fffffff
const ok = Raw.headers(1, [0x88])
const head = Raw.headers(1, [0x88], Raw.OPEN)
const fields = Block.block(["x-trailer", "test"])

C.clientCases("6.1 DATA", [
  {
    title: "padding [rfc9113-6.1-5]",
    steps: [
      head,
      Raw.data(1, Raw.padded("hello", 255), Raw.PADDED),
      Raw.data(1, Raw.padded("", 3), Raw.PADDED | Raw.END_STREAM)
    ],
    outcome: C.answered({ body: "hello" })
  },
  { title: "on stream 0 [rfc9113-6.1-3]", steps: [Raw.data(0, "test")], outcome: connectionError(Code.PROTOCOL_ERROR) },
  {
    title: "a pad length of the payload's length [rfc9113-6.1-5]",
    steps: [head, Raw.data(1, Raw.padded("test", 0, 5), Raw.PADDED)],
    outcome: connectionError(Code.PROTOCOL_ERROR)
  },
  {
    title: "empty ones",
    steps: [head, Raw.data(1, ""), Raw.data(1, "hello"), Raw.data(1, ""), Raw.data(1, "", Raw.END_STREAM)],
    outcome: C.answered({ body: "hello" })
  }
])

C.clientCases("6.2 HEADERS, 6.10 CONTINUATION", [
  {
    title: "padding and priority",
    steps: [
      Raw.headers(
        1,
        Raw.padded(Buffer.concat([Raw.priorityFields(0), Buffer.of(0x88)]), 7),
        Raw.WHOLE | Raw.PADDED | Raw.PRIORITY
      )
    ],
    outcome: C.answered({ status: 200 })
  },
  {
    title: "that depend on themselves (RFC 7540 5.3.1)",
    steps: [Raw.headers(1, Buffer.concat([Raw.priorityFields(1), Buffer.of(0x88)]), Raw.WHOLE | Raw.PRIORITY)],
    outcome: streamError(Code.PROTOCOL_ERROR)
  },
  {
    title: "on stream 0 [rfc9113-6.2-5]",
    steps: [Raw.headers(0, [0x88])],
    outcome: connectionError(Code.PROTOCOL_ERROR)
  },
  {
    title: "a pad length of the payload's length [rfc9113-6.2-6]",
    steps: [Raw.headers(1, [2, 0x88], Raw.WHOLE | Raw.PADDED)],
    outcome: connectionError(Code.PROTOCOL_ERROR)
  },
  {
    title: "several CONTINUATION, empty ones among them [rfc9113-6.10-1]",
    steps: [
      Buffer.concat([
        Raw.headers(1, "", Raw.END_STREAM),
        Raw.continuation(1, [0x88], 0),
        Raw.continuation(1, "", 0),
        Raw.continuation(1, fields)
      ])
    ],
    outcome: C.answered({ status: 200 })
  },
  {
    title: "CONTINUATION behind HEADERS with END_HEADERS [rfc9113-6.10-6]",
    steps: [head, Raw.continuation(1, fields)],
    outcome: connectionError(Code.PROTOCOL_ERROR)
  },
  {
    title: "CONTINUATION without end (CVE-2024-27316)",
    steps: [Buffer.concat([Raw.headers(1, "", 0), ...Array.from({ length: 100 }, () => Raw.continuation(1, "", 0))])],
    outcome: connectionError(Code.ENHANCE_YOUR_CALM)
  }
])

C.clientCases("6.3 PRIORITY, 6.4 RST_STREAM", [
  {
    title: "PRIORITY on stream 0 [rfc9113-6.3-1]",
    steps: [Raw.priority(0, 1)],
    outcome: connectionError(Code.PROTOCOL_ERROR)
  },
  {
    title: "PRIORITY of 4 octets [rfc9113-6.3-2]",
    steps: [Raw.frame(Type.PRIORITY, 0, 1, "1234")],
    outcome: streamError(Code.FRAME_SIZE_ERROR)
  },
  {
    title: "RST_STREAM on stream 0 [rfc9113-6.4-4]",
    steps: [Raw.rstStream(0, Code.CANCEL)],
    outcome: connectionError(Code.PROTOCOL_ERROR)
  },
  {
    title: "RST_STREAM of 3 octets [rfc9113-6.4-7]",
    steps: [Raw.frame(Type.RST_STREAM, 0, 1, "123")],
    outcome: connectionError(Code.FRAME_SIZE_ERROR)
  },
  {
    title: "REFUSED_STREAM: not processed [rfc9113-8.7-1]",
    steps: [Raw.rstStream(1, Code.REFUSED_STREAM)],
    outcome: C.failed({ _tag: "Http2StreamError", code: Code.REFUSED_STREAM, origin: "Remote", processed: "no" })
  },
  {
    title: "another code: nobody knows",
    steps: [Raw.rstStream(1, Code.INTERNAL_ERROR)],
    outcome: C.failed({ _tag: "Http2StreamError", code: Code.INTERNAL_ERROR, origin: "Remote", processed: "unknown" })
  },
  {
    title: "an unknown code [rfc9113-7-1]",
    steps: [Raw.rstStream(1, 0xff)],
    outcome: C.failed({ _tag: "Http2StreamError", code: 0xff, origin: "Remote", processed: "unknown" })
  },
  {
    title: "in the middle of the response",
    steps: [head, Raw.data(1, "hel"), Raw.rstStream(1, Code.CANCEL)],
    outcome: C.failed({ _tag: "Http2StreamError", code: Code.CANCEL, origin: "Remote", receivedOctets: 3 })
  },
  {
    title: "NO_ERROR in the middle of a response without a length",
    steps: [head, Raw.data(1, "hel"), Raw.rstStream(1, Code.NO_ERROR)],
    outcome: C.failed({ _tag: "Http2StreamError", code: Code.NO_ERROR, origin: "Remote" })
  },
  {
    title: "NO_ERROR behind a whole response, which is kept [rfc9113-8.1-5]",
    steps: [Buffer.concat([head, Raw.data(1, "hello", Raw.END_STREAM), Raw.rstStream(1, Code.NO_ERROR)])],
    outcome: C.answered({ status: 200, body: "hello" })
  },
  {
    title: "NO_ERROR behind a whole response without a body, which is kept [rfc9113-8.1-5]",
    steps: [Buffer.concat([ok, Raw.rstStream(1, Code.NO_ERROR)])],
    outcome: C.answered({ status: 200, body: "" })
  },
  {
    title: "NO_ERROR behind trailers, which are kept [rfc9113-8.1-5]",
    steps: [Buffer.concat([head, Raw.headers(1, fields), Raw.rstStream(1, Code.NO_ERROR)])],
    outcome: C.answered({ status: 200, trailers: [["x-trailer", "test"]] })
  }
])

C.clientCases("6.9 WINDOW_UPDATE", [
  {
    title: "by 0, of the connection [rfc9113-6.9-2]",
    steps: [Raw.windowUpdate(0, 0)],
    outcome: connectionError(Code.PROTOCOL_ERROR)
  },
  {
    title: "by 0, of a stream [rfc9113-6.9-2]",
    steps: [Raw.windowUpdate(1, 0)],
    outcome: streamError(Code.PROTOCOL_ERROR)
  },
  {
    title: "3 octets [rfc9113-6.9-5]",
    steps: [Raw.frame(Type.WINDOW_UPDATE, 0, 1, "123")],
    outcome: connectionError(Code.FRAME_SIZE_ERROR)
  },
  {
    title: "of the connection, beyond 2^31-1 [rfc9113-6.9.1-3]",
    steps: [Raw.windowUpdate(0, most)],
    outcome: connectionError(Code.FLOW_CONTROL_ERROR)
  },
  {
    title: "of a stream, beyond 2^31-1 [rfc9113-6.9.1-3]",
    steps: [Raw.windowUpdate(1, most)],
    outcome: streamError(Code.FLOW_CONTROL_ERROR)
  },
  {
    title: "of a stream, beyond 2^31-1 by SETTINGS [rfc9113-6.9.2-3]",
    steps: [Raw.windowUpdate(1, most - 65_535), Raw.settings([Raw.Setting.INITIAL_WINDOW_SIZE, 65_540])],
    outcome: connectionError(Code.FLOW_CONTROL_ERROR)
  }
])

describe("6.9.1 DATA beyond our windows", () => {
  const frames = (octets: number): ReadonlyArray<Uint8Array> =>
    Array.from({ length: Math.ceil(octets / 10_000) }, (_, i) =>
      Raw.data(1, new Uint8Array(Math.min(10_000, octets - i * 10_000)))
    )

  U.check("of the stream [rfc9113-6.9.1-1]", () =>
    Effect.gen(function* () {
      const [client, peer, stats] = yield* C.open(false, { initialWindowSize: 20_000 })
      yield* C.shake(peer)
      // Nobody reads: the window stays as it is.
      const response = yield* Effect.forkScoped(client.request({}))
      yield* peer.frame(Type.HEADERS, 1)
      yield* peer.send(head, ...frames(20_000))
      const { body } = yield* Fiber.join(response)
      yield* peer.roundTrip
      yield* peer.send(Raw.data(1, "x"))
      expect((yield* peer.frame(Type.RST_STREAM, 1)).payload).toEqual(Octets.uint32(Code.FLOW_CONTROL_ERROR))
      expect(body).toBeDefined()
      yield* peer.roundTrip
      peer.end()
      yield* peer.toEnd
      yield* nothingLeft(stats)
    })
  )

  U.check("of the connection [rfc9113-6.9.1-1]", () =>
    Effect.gen(function* () {
      const [client, peer, stats] = yield* C.open(false, { initialWindowSize: most, connectionWindowSize: 65_535 })
      yield* C.shake(peer)
      yield* Effect.forkScoped(client.request({}))
      yield* peer.frame(Type.HEADERS, 1)
      yield* peer.send(head, ...frames(65_535))
      yield* peer.roundTrip
      yield* peer.send(Raw.data(1, "x"))
      const [rest, end] = yield* peer.toEnd
      expect(end).toBe("FIN")
      expect(rest.at(-1)).toMatchObject({ type: Type.GOAWAY })
      expect(rest.at(-1)?.payload.readUInt32BE(4)).toBe(Code.FLOW_CONTROL_ERROR)
      peer.end()
      yield* nothingLeft(stats)
    })
  )
})
