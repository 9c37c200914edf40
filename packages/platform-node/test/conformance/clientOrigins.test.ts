/** What a client makes of ORIGIN (RFC 8336) and ALTSVC (RFC 7838 §4), octet by octet, plain and over TLS. */
import type * as NodeHttp2 from "@effect-http2/platform-node/NodeHttp2"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import { describe, expect } from "vitest"
import * as U from "../utils.js"
import * as C from "./support/clientCase.js"
import * as Block from "@effect-http2/testkit/fieldBlock"
import * as Octets from "@effect-http2/testkit/octets"
import * as Raw from "@effect-http2/testkit/rawFrame"
import { nothingLeft } from "./support/serverCase.js"

const ALTSVC = 0x0a
const ORIGIN = 0x0c

const text = (value: string): Buffer =>
  Buffer.concat([Buffer.of(value.length >> 8, value.length), Octets.octets(value)])

const origin = (origins: ReadonlyArray<string>, flags = 0, streamId = 0): Buffer =>
  Raw.frame(ORIGIN, flags, streamId, Buffer.concat(origins.map(text)))

const altSvc = (streamId: number, about: string, value = 'h3=":443"'): Buffer =>
  Raw.frame(ALTSVC, 0, streamId, Buffer.concat([text(about), Octets.octets(value)]))

const ok = Raw.headers(1, [0x88])
/** A literal `:status`. */
const status = (value: string): Buffer => Raw.headers(1, Block.block([":status", value]))

const other = "https://other.example"

interface Case {
  readonly title: string
  /** Sent while stream 1 waits for its response. `own` is the origin of the server. */
  readonly frames: (own: string) => ReadonlyArray<Uint8Array>
  /** Whether the response is among them. */
  readonly isAnswered?: boolean
  readonly isPlain?: boolean
  readonly options?: NodeHttp2.ConnectOptions
  /** Of the request on stream 1. */
  readonly authority?: string
  /** The Origin Set beside `own`; undefined where there is none at all. */
  readonly origins?: ReadonlyArray<string>
  /** The origins whose alternatives are told. */
  readonly told?: (own: string) => ReadonlyArray<string>
}

const nobody = (): ReadonlyArray<string> => []
const itself = (own: string): ReadonlyArray<string> => [own]
const alias = "https://localhost:1"

const cases: ReadonlyArray<Case> = [
  { title: "an empty ORIGIN makes the set", frames: () => [origin([])], origins: [] },
  {
    title: "the origins that it names are added",
    frames: () => [origin([other, `${other}:8443`])],
    origins: [other, `${other}:8443`]
  },
  {
    title: "those of the next one too",
    frames: () => [origin([other]), origin(["https://b"])],
    origins: [other, "https://b"]
  },
  {
    title: "what is no origin is left out, each by itself [rfc8336-2.2-6] [rfc8336-2.2-7]",
    frames: () => [origin(["null", `${other}/`, "", "https://\u00e4.example", "HTTPS://Other.Example:443", "//a"])],
    origins: [other]
  },
  {
    title: "an entry that is cut off",
    frames: () => [Raw.frame(ORIGIN, 0, 0, Buffer.concat([text(other), Buffer.of(0, 20), Octets.octets("https://b")]))],
    origins: [other]
  },
  { title: "ORIGIN on a stream [rfc8336-2.2-1]", frames: () => [origin([other], 0, 1)] },
  ...[1, 2, 4, 8, 0xff].map((flags) => ({
    title: `ORIGIN with flags ${flags} [rfc8336-2.2-3]`,
    frames: () => [origin([other], flags)]
  })),
  { title: "ORIGIN with flags 240, which mean nothing", frames: () => [origin([other], 0xf0)], origins: [other] },
  { title: "ORIGIN over a plain connection [rfc8336-2.2-2]", frames: () => [origin([other])], isPlain: true },
  { title: "ORIGIN of a proxy [rfc8336-2.2-5]", frames: () => [origin([other])], options: { isProxy: true } },
  {
    title: "421 takes the origin of its request out [rfc8336-2.3-1]",
    frames: () => [origin([other, "https://b"]), status("421")],
    isAnswered: true,
    authority: "OTHER.example",
    origins: ["https://b"]
  },
  {
    title: "421 to an origin that is not in the set [rfc8336-2.3-1]",
    frames: () => [origin([other]), status("421")],
    isAnswered: true,
    authority: "b",
    origins: [other]
  },
  { title: "ALTSVC about the server's own origin", frames: (own) => [altSvc(0, own)], told: itself },
  { title: "ALTSVC over a plain connection", frames: (own) => [altSvc(0, own)], isPlain: true, told: itself },
  { title: "ALTSVC on a stream", frames: () => [altSvc(1, "")], told: itself },
  {
    title: "ALTSVC on a stream on which another origin is asked",
    frames: () => [altSvc(1, "")],
    authority: "other.example",
    told: () => [other]
  },
  {
    title: "ALTSVC about a host that the certificate is good for",
    frames: () => [altSvc(0, alias)],
    told: () => [alias]
  },
  {
    title: "ALTSVC about a host that it is not good for [rfc7838-4-1]",
    frames: () => [altSvc(0, other)],
    told: nobody
  },
  {
    title: "ALTSVC about an origin that the Origin Set does not have [rfc7838-4-1] [rfc8336-2.4-1]",
    frames: () => [origin([]), altSvc(0, alias)],
    origins: [],
    told: nobody
  },
  { title: "ALTSVC on stream 0 without an origin [rfc7838-4-3]", frames: () => [altSvc(0, "")], told: nobody },
  { title: "ALTSVC on a stream with an origin [rfc7838-4-4]", frames: (own) => [altSvc(1, own)], told: nobody },
  { title: "ALTSVC on a stream that is idle", frames: () => [altSvc(99, "")], told: nobody },
  { title: "ALTSVC on a stream that is over", frames: () => [ok, altSvc(1, "")], isAnswered: true, told: nobody },
  { title: "ALTSVC that is cut off", frames: () => [Raw.frame(ALTSVC, 0, 0, [0, 9, 0x68])], told: nobody },
  { title: "ALTSVC of one octet", frames: () => [Raw.frame(ALTSVC, 0, 0, [0])], told: nobody },
  { title: "ALTSVC with a line end in its value", frames: (own) => [altSvc(0, own, "clear\r\n")], told: nobody }
]

describe("RFC 8336, RFC 7838 4: ORIGIN and ALTSVC at a client", () => {
  for (const { authority, frames, isAnswered, isPlain = false, options, origins, title, told = nobody } of cases) {
    U.check(title, () =>
      Effect.gen(function* () {
        const heard: Array<string> = []
        const [client, peer, stats] = yield* C.open(!isPlain, { ...options, enableAltSvc: true })
        yield* Effect.fork(
          Stream.runForEach(client.alternatives, ({ origin }) => Effect.sync(() => heard.push(origin)))
        )
        const own = `${isPlain ? "http" : "https"}://127.0.0.1:${client.connection.peer.remote?.port}`
        yield* C.shake(peer)
        const run = yield* C.ask(client, peer, authority === undefined ? "whole" : { authority })
        yield* peer.send(...frames(own))
        yield* peer.roundTrip
        const { originSet } = client.connection
        expect(originSet && [...originSet]).toEqual(origins && [own, ...origins])
        expect(heard).toEqual(told(own))
        if (isAnswered !== true) yield* peer.send(ok)
        yield* Effect.orDie(Fiber.join(run.result))
        yield* C.goOn(run)
        peer.end()
        yield* nothingLeft(stats)
      })
    )
  }
})
