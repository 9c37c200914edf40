/** What a server says of origins, octet by octet (RFC 8336, RFC 7838 §4), to a peer of ours and to the client of Node; and that it does not listen. */
import * as NodeHttp2 from "@effect-http2/platform-node/NodeHttp2"
import * as NodeHttp2Server from "@effect-http2/platform-node/NodeHttp2Server"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Effect from "effect/Effect"
import * as Http2 from "node:http2"
import { describe, expect } from "vitest"
import * as U from "../utils.js"
import * as Octets from "@effect-http2/testkit/octets"
import * as Raw from "@effect-http2/testkit/rawFrame"
import * as S from "./support/serverCase.js"

const ALTSVC = 0x0a
const ORIGIN = 0x0c

const text = (value: string): Buffer =>
  Buffer.concat([Buffer.of(value.length >> 8, value.length), Octets.octets(value)])

const announcements = {
  origins: ["https://Example.com:443", "https://other.example:8443"],
  altSvc: [{ origin: "https://example.com", value: 'h3=":443"' }]
}
const set = Buffer.concat([text("https://example.com"), text("https://other.example:8443")])
const alternative = Buffer.concat([text("https://example.com"), Octets.octets('h3=":443"')])

describe("RFC 8336, RFC 7838 4: what a server announces", () => {
  U.check("over TLS: ORIGIN and ALTSVC on stream 0 behind the preface", () =>
    Effect.gen(function* () {
      const [peer, stats] = yield* S.open("answering", { tls: U.certificate, ...announcements })
      yield* peer.send(Raw.preface, Raw.settings(), Raw.headers(1, S.get))
      const frames = yield* peer.until("a response", ({ streamId }) => streamId === 1)
      expect(frames.filter(({ type }) => type === ORIGIN || type === ALTSVC)).toEqual([
        { type: ORIGIN, flags: 0, isReserved: false, streamId: 0, payload: set },
        { type: ALTSVC, flags: 0, isReserved: false, streamId: 0, payload: alternative }
      ])
      expect(frames.findIndex(({ type }) => type === ORIGIN)).toBeLessThan(
        frames.findIndex(({ flags, type }) => type === Raw.Type.SETTINGS && flags === Raw.ACK)
      )
      yield* peer.send(Raw.settingsAck)
      yield* S.goOn(peer)
      peer.end()
      yield* S.nothingLeft(stats)
    })
  )

  U.check("over a plain connection: no ORIGIN [rfc8336-2.2-2]", () =>
    Effect.gen(function* () {
      const [peer, stats] = yield* S.open("answering", announcements)
      yield* peer.send(Raw.preface, Raw.settings(), Raw.settingsAck, Raw.headers(1, S.get))
      const frames = yield* peer.until("a response", ({ streamId }) => streamId === 1)
      expect(frames.map(({ type }) => type)).toContain(ALTSVC)
      expect(frames.map(({ type }) => type)).not.toContain(ORIGIN)
      yield* S.goOn(peer)
      peer.end()
      yield* S.nothingLeft(stats)
    })
  )

  U.check("a server cannot listen that would have to say what it cannot [rfc7838-8-1]", () =>
    Effect.gen(function* () {
      for (const wrong of [
        { origins: ["https://example.com/path"] },
        { origins: ["https://b\u00fccher.example"] },
        { altSvc: [{ origin: "https://example.com", value: 'h2="b\u00fccher.example:443"' }] }
      ]) {
        const error = yield* Effect.flip(NodeHttp2.serve(() => Effect.never, wrong))
        expect(error).toMatchObject({ _tag: "Http2ConnectionError", origin: "User" })
        const cause = { _tag: "Http2ConnectionError", origin: "User" }
        expect(yield* Effect.flip(NodeHttp2Server.make(wrong))).toMatchObject({ _tag: "ServeError", cause })
      }
    })
  )

  U.check("the server of the platform too, and the client of Node understands it", () =>
    Effect.gen(function* () {
      const server = yield* NodeHttp2Server.make({ host: "127.0.0.1", tls: U.certificate, ...announcements })
      yield* server.serve(HttpServerResponse.text("Hello"))
      const port = server.address._tag === "TcpAddress" ? server.address.port : 0
      const session = Http2.connect(`https://localhost:${port}`, { ca: U.certificate.cert })
      yield* Effect.addFinalizer(() => Effect.async<void>((resume) => session.close(() => resume(Effect.void))))
      const heard = yield* Effect.promise(() =>
        Promise.all([
          new Promise((resolve) => session.once("origin", resolve)),
          new Promise((resolve) => session.once("altsvc", (...said) => resolve(said)))
        ])
      )
      expect(heard).toEqual([
        ["https://example.com", "https://other.example:8443"],
        ['h3=":443"', "https://example.com", 0]
      ])
    })
  )
})

S.serverCases("RFC 8336, RFC 7838 4: a server does not listen", [
  {
    title: "ALTSVC on stream 0 [rfc7838-4-2]",
    steps: [Raw.frame(ALTSVC, 0, 0, alternative)],
    outcome: S.ignored
  },
  {
    title: "ALTSVC on a stream, and one that cannot be read [rfc7838-4-2]",
    steps: [
      Raw.headers(1, S.post, Raw.OPEN),
      Raw.frame(ALTSVC, 0, 1, Buffer.concat([text(""), Octets.octets("clear")])),
      Raw.frame(ALTSVC, 0, 1, [0]),
      Raw.data(1, "test", Raw.END_STREAM)
    ],
    outcome: S.served(1),
    handlers: ["reading"]
  },
  { title: "ORIGIN", steps: [Raw.frame(ORIGIN, 0, 0, set), Raw.frame(ORIGIN, 0, 1, "x")], outcome: S.ignored }
])
