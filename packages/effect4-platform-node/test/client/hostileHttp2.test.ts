/**
 * What a server may do to the client over HTTP/2, through `HttpClient`. Whatever comes, for as long as it comes, the request settles once, with a typed error of one
 * line; a request to another origin is answered meanwhile, and the next one to this one as well; no socket and no fiber is left.
 */
import type * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as NodeHttp2Client from "@effect-http2/effect4-platform-node/NodeHttp2Client"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type * as Net from "node:net"
import { describe, expect } from "vitest"
import { block, literal } from "@effect-http2/testkit/fieldBlock"
import * as Raw from "@effect-http2/testkit/rawFrame"
import { rawServer, type Script } from "./support/rawServer.js"
import { check, makeClient } from "./support/servers.js"

const { Code, Setting } = Raw

const text = (client: HttpClient.HttpClient, url: string) =>
  Effect.flatMap(client.get(url), (response) => response.text)

/** Says its SETTINGS, and calls `onRequest` for each head of a request. */
const http2 =
  (onRequest: (socket: Net.Socket, streamId: number) => void): Script =>
  (socket, first) => {
    const reader = new Raw.FrameReader()
    const receive = (octets: Buffer): void => {
      for (const { streamId, type } of reader.read(octets)) if (type === Raw.Type.HEADERS) onRequest(socket, streamId)
    }
    socket.write(Buffer.concat([Raw.settings(), Raw.settingsAck]))
    receive(first.subarray(Raw.preface.length))
    socket.on("data", receive)
  }

const ok = [0x88]

const honest = http2((socket, streamId) => {
  socket.write(Buffer.concat([Raw.headers(streamId, ok, Raw.OPEN), Raw.data(streamId, "honest", Raw.END_STREAM)]))
})

const says = (...frames: ReadonlyArray<Uint8Array>): Script =>
  http2((socket) => void socket.write(Buffer.concat(frames)))

/** Sends `first` once, and `piece` for as long as the other end reads. */
const withoutEnd = (first: Uint8Array, piece: Uint8Array): Script => {
  const many = Buffer.concat(Array.from({ length: Math.ceil(16_384 / piece.length) }, () => piece))
  return http2((socket) => {
    const go = (): void => {
      while (!socket.destroyed && socket.write(many));
    }
    socket.on("drain", go)
    socket.write(first)
    go()
  })
}

interface Case {
  readonly title: string
  readonly script: Script
  readonly code: number
  /** Whether the head was good, and reading the body fails. */
  readonly isOfBody?: boolean
  /** Whether the connection goes on. Default: it is closed. */
  readonly goesOn?: boolean
}

const none = Buffer.alloc(0)
const head = Raw.headers(1, ok, Raw.OPEN)
const early = Raw.headers(1, block([":status", "103"]), Raw.OPEN)
const lengthOf = (length: string): Buffer =>
  Raw.headers(1, Buffer.concat([Buffer.from(ok), block(["content-length", length])]), Raw.OPEN)
/** An entry of the table of 4,000 octets, and as many references to it. */
const bomb = Buffer.concat([Buffer.from(ok), literal(["x", "y".repeat(3960)], 0x40), Buffer.alloc(4000, 0xbe)])

const cases: ReadonlyArray<Case> = [
  {
    title: "informational responses without end",
    script: withoutEnd(none, early),
    code: Code.ENHANCE_YOUR_CALM
  },
  {
    title: "CVE-2024-27316: CONTINUATION without end",
    script: withoutEnd(Raw.headers(1, ok, 0), Raw.continuation(1, "", 0)),
    code: Code.ENHANCE_YOUR_CALM
  },
  {
    title: "CVE-2026-33814: SETTINGS out of range",
    script: says(Raw.settings([Setting.MAX_FRAME_SIZE, 1])),
    code: Code.PROTOCOL_ERROR
  },
  {
    title: "CVE-2019-9515: SETTINGS without end",
    script: withoutEnd(none, Raw.settings([Setting.HEADER_TABLE_SIZE, 0])),
    code: Code.ENHANCE_YOUR_CALM
  },
  { title: "a push unasked", script: says(Raw.pushPromise(1, 2, ok)), code: Code.PROTOCOL_ERROR },
  {
    title: "GOAWAY without end, which lets the request be",
    script: withoutEnd(none, Raw.goAway(0x7fffffff, Code.NO_ERROR)),
    code: Code.ENHANCE_YOUR_CALM
  },
  {
    title: "GOAWAY whose last stream grows",
    script: says(Raw.goAway(1, Code.NO_ERROR), Raw.goAway(3, Code.NO_ERROR)),
    code: Code.PROTOCOL_ERROR
  },
  {
    title: "a body longer than its content-length",
    script: says(lengthOf("3"), Raw.data(1, "four", Raw.END_STREAM)),
    code: Code.PROTOCOL_ERROR,
    isOfBody: true,
    goesOn: true
  },
  {
    title: "a body shorter than its content-length",
    script: says(lengthOf("5"), Raw.data(1, "four", Raw.END_STREAM)),
    code: Code.PROTOCOL_ERROR,
    isOfBody: true,
    goesOn: true
  },
  {
    title: "DATA before the head",
    script: says(Raw.data(1, "x", Raw.END_STREAM)),
    code: Code.PROTOCOL_ERROR,
    goesOn: true
  },
  {
    title: "trailers with a pseudo-header field",
    script: says(head, Raw.headers(1, ok)),
    code: Code.PROTOCOL_ERROR,
    isOfBody: true,
    goesOn: true
  },
  {
    title: "WINDOW_UPDATE of the stream beyond 2^31-1",
    script: says(Raw.windowUpdate(1, 0x7fffffff)),
    code: Code.FLOW_CONTROL_ERROR,
    goesOn: true
  },
  {
    title: "WINDOW_UPDATE of the connection beyond 2^31-1",
    script: says(Raw.windowUpdate(0, 0x7fffffff)),
    code: Code.FLOW_CONTROL_ERROR
  },
  {
    title: "CVE-2019-9511: WINDOW_UPDATE by 1 without end",
    script: withoutEnd(none, Raw.windowUpdate(0, 1)),
    code: Code.ENHANCE_YOUR_CALM
  },
  {
    title: "CVE-2019-9514: RST_STREAM without end",
    script: withoutEnd(head, Raw.rstStream(1, Code.CANCEL)),
    code: Code.CANCEL,
    isOfBody: true
  },
  {
    title: "CVE-2019-9518: empty DATA without end",
    script: withoutEnd(head, Raw.data(1, "")),
    code: Code.ENHANCE_YOUR_CALM,
    isOfBody: true
  },
  {
    title: "CVE-2016-6581: thousands of references to one large field",
    script: says(Raw.headers(1, bomb)),
    code: Code.PROTOCOL_ERROR,
    goesOn: true
  },
  {
    title: "DATA without end, behind what has ended the connection",
    script: withoutEnd(Raw.headers(2, ok, Raw.OPEN), Raw.data(1, "x".repeat(16_384))),
    code: Code.PROTOCOL_ERROR
  },
  {
    title: "a response of HTTP/1.1 without end",
    script: withoutEnd(Buffer.from("HTTP/1.1 200 OK\r\n\r\n"), Buffer.from("x")),
    code: Code.FRAME_SIZE_ERROR
  }
]

describe("a server that breaks the protocol, or a limit", () => {
  for (const { code, goesOn = false, isOfBody, script, title } of cases) {
    check(title, () =>
      Effect.gen(function* () {
        const { closed, dials, url } = yield* rawServer([script], { next: honest })
        const other = yield* rawServer([])
        const client = yield* makeClient({ priorKnowledge: [url] })
        const [error, answer] = yield* Effect.all([Effect.flip(text(client, url)), text(client, other.url)], {
          concurrency: 2
        })
        expect(answer).toBe("honest")
        if (isOfBody !== undefined) expect(error.response !== undefined).toBe(isOfBody)
        expect(error.message).not.toContain("\n")
        expect(Option.getOrUndefined(NodeHttp2Client.http2ErrorOf(error))).toMatchObject({ code })
        expect(yield* text(client, other.url)).toBe("honest")
        if (goesOn) return expect(dials()).toBe(1)
        yield* closed(1)
        expect(yield* text(client, url)).toBe("honest")
        expect(dials()).toBe(2)
      })
    )
  }

  check("GOAWAY that spares nothing, on each connection: the request is given up behind 20 more", () =>
    Effect.gen(function* () {
      const lies = says(Raw.goAway(0, Code.NO_ERROR))
      const { dials, url } = yield* rawServer([], { next: lies })
      const client = yield* makeClient({ priorKnowledge: [url] })
      const error = yield* Effect.flip(text(client, url))
      expect(error).toMatchObject({
        _tag: "HttpClientError",
        reason: { _tag: "TransportError" },
        cause: { processed: "no" }
      })
      expect(dials()).toBeLessThanOrEqual(21)
    })
  )

  check("GOAWAY with a last stream above all that were opened: the request is answered", () =>
    Effect.gen(function* () {
      const { url } = yield* rawServer([
        says(Raw.goAway(99, Code.NO_ERROR), head, Raw.data(1, "honest", Raw.END_STREAM))
      ])
      expect(yield* text(yield* makeClient({ priorKnowledge: [url] }), url)).toBe("honest")
    })
  )

  check("an upload to a server that ends the connection is left, with its source", () =>
    Effect.gen(function* () {
      const { closed, url } = yield* rawServer([withoutEnd(Raw.headers(2, ok), Raw.ping("01234567"))])
      const client = yield* makeClient({ priorKnowledge: [url] })
      let isReleased = false
      const body = Stream.ensuring(
        Stream.concat(Stream.make(new Uint8Array(10)), Stream.never),
        Effect.sync(() => {
          isReleased = true
        })
      )
      const request = HttpClientRequest.bodyStream(HttpClientRequest.post(url), body)
      const error = yield* Effect.flip(client.execute(request))
      expect(Option.getOrUndefined(NodeHttp2Client.http2ErrorOf(error))).toMatchObject({ code: Code.PROTOCOL_ERROR })
      yield* closed(1)
      expect(isReleased).toBe(true)
    })
  )
})
