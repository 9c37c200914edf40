/** Where else a server says that origins can be reached (ALTSVC, RFC 7838 §4), at a client. */
import { AltSvc } from "@effect-http2/http2/ExtensionFrame"
import type * as Frame from "@effect-http2/http2/Frame"
import type * as Http2Client from "@effect-http2/http2/Http2Client"
import type * as Http2Origin from "@effect-http2/http2/Http2Origin"
import type { Peer } from "@effect-http2/http2/Transport"
import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import { expect } from "vitest"
import { expectCalm } from "./support/attack.js"
import { asked, leave, other, own, plain, says } from "./support/origins.js"
import { data, headers, ok, rawFrame, reset } from "./support/wire.js"

describe("ALTSVC at a client", () => {
  const value = 'h3=":443"; ma=3600'

  /** What the client is told when the server sends `frames` while stream 1 waits for its response. */
  const told = (
    frames: ReadonlyArray<Frame.Frame | Uint8Array>,
    options: Http2Client.ClientOptions & { readonly at?: Peer } = {},
    authority?: string
  ) =>
    Effect.gen(function* () {
      const alternatives: Array<Http2Origin.Alternative> = []
      const onAltSvc = (alternative: Http2Origin.Alternative): void => void alternatives.push(alternative)
      const { client: http, peer } = yield* asked({ listener: { onAltSvc }, ...options }, authority)
      yield* peer.send(...frames)
      yield* peer.barrier()
      // The connection goes on.
      const next = yield* Effect.fork(http.collect({}))
      yield* peer.await("Headers")
      yield* peer.send(headers(3, ok))
      expect((yield* Fiber.join(next)).status).toBe(200)
      return alternatives
    })

  const heard: ReadonlyArray<
    readonly [
      what: string,
      frames: Parameters<typeof told>[0],
      expected: ReadonlyArray<Http2Origin.Alternative>,
      options?: Parameters<typeof told>[1],
      authority?: string
    ]
  > = [
    ["on stream 0 about the connection's own origin", [new AltSvc(0, own, value)], [{ origin: own, value }]],
    ["in another spelling", [new AltSvc(0, `${own}:443`, "clear")], [{ origin: own, value: "clear" }]],
    ["on a stream, about the origin of its request", [new AltSvc(1, "", value)], [{ origin: own, value }]],
    [
      "on a stream about another origin, which was asked here",
      [new AltSvc(1, "", value)],
      [{ origin: "https://other.example:8443", value }],
      {},
      "other.example:8443"
    ],
    [
      "over a plain connection",
      [new AltSvc(0, "http://example.com", value), new AltSvc(1, "", value)],
      [
        { origin: "http://example.com", value },
        { origin: "http://example.com", value }
      ],
      { at: plain }
    ],
    [
      "about another origin that the certificate is good for",
      [new AltSvc(0, other, value)],
      [{ origin: other, value }],
      { isAuthoritative: (origin) => origin === other }
    ],
    ["about another origin [rfc7838-4-1]", [new AltSvc(0, other, value)], []],
    ["about another port [rfc7838-4-1]", [new AltSvc(0, `${own}:8443`, value)], []],
    ["about another scheme [rfc7838-4-1]", [new AltSvc(0, "http://example.com", value)], []],
    [
      "about an origin that the certificate is good for, and the Origin Set does not have [rfc7838-4-1] [rfc8336-2.4-1]",
      [says(), new AltSvc(0, other, value)],
      [],
      { isAuthoritative: () => true }
    ],
    [
      "about an origin of the Origin Set that the certificate is not good for [rfc7838-4-1]",
      [says(other), new AltSvc(0, other, value)],
      [],
      { isAuthoritative: () => false }
    ],
    [
      "on a stream whose origin the Origin Set does not have [rfc7838-4-1] [rfc8336-2.4-1]",
      [says(), new AltSvc(1, "", value)],
      [],
      {},
      "other.example"
    ],
    ["on stream 0 without an origin [rfc7838-4-3]", [new AltSvc(0, "", value)], []],
    ["on a stream with an origin [rfc7838-4-4]", [new AltSvc(1, own, value)], []],
    ["on a stream that is idle", [new AltSvc(99, "", value)], []],
    ["on a stream of the server's", [new AltSvc(2, "", value)], []],
    ["on a stream that is over", [headers(1, ok), new AltSvc(1, "", value)], []],
    ["on a stream that was reset", [reset(1), new AltSvc(1, "", value)], []],
    ["on a stream that was reset by us", [data(1, "x"), new AltSvc(1, "", value)], []],
    ["behind a 421", [headers(1, [[":status", "421"]], false), new AltSvc(1, "", value)], []],
    ["about what is no origin", [new AltSvc(0, "null", value), new AltSvc(0, `${own}/`, value)], []],
    ["without a value", [new AltSvc(0, own, "")], []],
    ["with a value that is none of a field", [new AltSvc(0, own, "a\r\nb"), new AltSvc(1, "", "\u0000")], []],
    ["of a proxy", [new AltSvc(0, own, value), new AltSvc(1, "", value)], [], { isProxy: true }],
    ["that is cut off", [rawFrame(0x0a, 0, 0, Uint8Array.of(0, 200, 0x68))], []]
  ]
  for (const [what, frames, expected, options, authority] of heard) {
    it.scoped(`${what}: ${expected.length > 0 ? "is told" : "is ignored"}`, () =>
      Effect.gen(function* () {
        expect(yield* told(frames, options, authority)).toEqual(expected)
      })
    )
  }

  for (const [what, frame] of [
    ["that mean nothing", new AltSvc(0, "", value)],
    ["for the connection", new AltSvc(0, own, value)],
    ["for a stream", new AltSvc(1, "", value)]
  ] as const) {
    it.scoped(`${what}, without end: cut off`, () =>
      Effect.gen(function* () {
        const { connection, failure, peer, stats } = yield* asked({ glitchBurst: 50 })
        yield* peer.send(...Array.from({ length: 60 }, () => frame))
        yield* expectCalm({ peer, connection, stats, failure }, "glitchBurst")
      })
    )
  }

  it.scoped("alternatives has the latest of each origin, what came before it is run too, each once", () =>
    Effect.gen(function* () {
      const { client: http, peer } = yield* asked({
        enableAltSvc: true,
        isAuthoritative: (origin) => origin === other
      })
      yield* peer.send(new AltSvc(0, own, value), new AltSvc(0, other, "clear"), new AltSvc(0, own, "clear"))
      yield* peer.barrier(1)
      const heard: Array<Http2Origin.Alternative> = []
      const listening = yield* Effect.fork(
        Stream.runForEach(http.alternatives, (alternative) => Effect.sync(() => heard.push(alternative)))
      )
      yield* peer.barrier(2)
      expect(heard).toEqual([
        { origin: other, value: "clear" },
        { origin: own, value: "clear" }
      ])
      yield* peer.send(new AltSvc(0, own, value))
      yield* peer.barrier(3)
      expect(heard[2]).toEqual({ origin: own, value })
      yield* leave(peer)
      yield* Fiber.join(listening)
      expect(heard.length).toBe(3)
    })
  )

  it.scoped("alternatives keeps 32 origins that nobody has taken, those that were heard last", () =>
    Effect.gen(function* () {
      const { client: http, peer } = yield* asked({ enableAltSvc: true, isAuthoritative: () => true })
      const origins = Array.from({ length: 40 }, (_, index) => `https://${index}.example`)
      yield* peer.send(...origins.map((origin) => new AltSvc(0, origin, value)))
      yield* peer.barrier()
      yield* leave(peer)
      const kept = yield* Stream.runCollect(http.alternatives)
      expect([...kept].map(({ origin }) => origin)).toEqual(origins.slice(-32))
    })
  )

  it.scoped("alternatives fails with what ends the connection, and where the option is not set", () =>
    Effect.gen(function* () {
      const enabled = yield* asked({ enableAltSvc: true })
      const listening = yield* Effect.fork(Effect.flip(Stream.runDrain(enabled.client.alternatives)))
      yield* enabled.peer.send(rawFrame(0x06, 0, 0, Uint8Array.of(1)))
      expect(yield* Fiber.join(listening)).toBe(yield* enabled.failure)
      const { client: http } = yield* asked()
      expect(yield* Effect.flip(Stream.runDrain(http.alternatives))).toMatchObject({ origin: "User", reason: "Usage" })
    })
  )

  it.scoped("one for each of many streams is no flood", () =>
    Effect.gen(function* () {
      let times = 0
      const made = yield* asked({ glitchBurst: 2, listener: { onAltSvc: () => times++ } })
      for (let id = 1; id < 41; id += 2) {
        if (id > 1) yield* Effect.fork(Effect.either(made.client.collect({})))
        if (id > 1) yield* made.peer.await("Headers")
        yield* made.peer.send(new AltSvc(id, "", value), headers(id, ok))
      }
      yield* made.peer.barrier()
      expect(times).toBe(20)
    })
  )

  const frames = {
    onAltSvc: new AltSvc(0, own, value),
    isAuthoritative: new AltSvc(0, other, value),
    onOriginSet: says()
  }
  for (const [name, frame] of Object.entries(frames)) {
    it.scoped(`${name} that throws ends the connection with what it has thrown`, () =>
      Effect.gen(function* () {
        const cause = new Error("mine")
        const thrower = (): never => {
          throw cause
        }
        const { failure, peer } = yield* asked({
          [name]: thrower,
          listener: { onAltSvc: () => undefined, [name]: thrower }
        })
        yield* peer.send(frame)
        const description = `${name} has thrown`
        expect(yield* failure).toMatchObject({
          _tag: "Http2ConnectionError",
          origin: "User",
          reason: "UserCode",
          description,
          cause
        })
      })
    )
  }
})
