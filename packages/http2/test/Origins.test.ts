/** The origins that a server says it answers for (ORIGIN, RFC 8336), at a client. */
import { Origin } from "@effect-http2/http2/ExtensionFrame"
import type * as Http2Client from "@effect-http2/http2/Http2Client"
import * as Http2Origin from "@effect-http2/http2/Http2Origin"
import type { Peer } from "@effect-http2/http2/Transport"
import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import { expect } from "vitest"
import { expectCalm } from "./support/attack.js"
import { nextTurn } from "./support/engines.js"
import { asked, leave, other, own, plain, says, secure, setOf, tls } from "./support/origins.js"
import { headers, ok, rawFrame } from "./support/wire.js"

describe("origins as text", () => {
  const parsed: ReadonlyArray<readonly [text: string, origin: string | undefined]> = [
    ["https://example.com", "https://example.com"],
    ["https://example.com:8443", "https://example.com:8443"],
    ["https://example.com:443", "https://example.com"],
    ["http://example.com:80", "http://example.com"],
    ["http://example.com:443", "http://example.com:443"],
    ["HTTPS://Example.COM", "https://example.com"],
    ["https://192.0.2.1:1", "https://192.0.2.1:1"],
    ["https://[2001:DB8::1]:8443", "https://[2001:db8::1]:8443"],
    ["https://xn--bcher-kva.example", "https://xn--bcher-kva.example"],
    ["coap+tcp://a", "coap+tcp://a"],
    ["null", undefined],
    ["", undefined],
    ["example.com", undefined],
    ["//example.com", undefined],
    ["https://", undefined],
    ["https://:443", undefined],
    ["https://example.com/", undefined],
    ["https://example.com?", undefined],
    ["https://example.com#x", undefined],
    ["https://user@example.com", undefined],
    ["https://*.example.com", undefined],
    ["https://b\u00fccher.example", undefined],
    ["https://example.com:", undefined],
    ["https://example.com:65536", undefined],
    ["https://example.com:-1", undefined],
    ["https://2001:db8::1", undefined],
    [" https://example.com", undefined],
    ["https://example.com ", undefined],
    ["https://example.com\n", undefined],
    ["https://a https://b", undefined],
    ["1https://example.com", undefined],
    [`https://${"a".repeat(256)}`, undefined]
  ]
  it.each(parsed)("%j is %j [rfc8336-2.2-6] [rfc8336-2.2-7]", (text, origin) => {
    expect(Http2Origin.parse(text)).toBe(origin)
    if (origin !== undefined) expect(Http2Origin.parse(origin)).toBe(origin)
  })
})

describe("ORIGIN at a client", () => {
  it.scoped("makes the set, with the connection's own origin, and the next one extends it [rfc8336-2.2-6]", () =>
    Effect.gen(function* () {
      const heard: Array<ReadonlyArray<string>> = []
      const { connection, peer } = yield* asked({ listener: { onOriginSet: (set) => heard.push([...set]) } })
      yield* peer.barrier(1)
      expect(connection.originSet).toBe(undefined)
      yield* peer.send(says())
      yield* peer.barrier(2)
      expect(setOf(connection.originSet)).toEqual([own])
      yield* peer.send(says(`${other}:443`, own), says("https://third.example:8443"))
      yield* peer.barrier(3)
      expect(setOf(connection.originSet)).toEqual([own, other, "https://third.example:8443"])
      expect(heard.map(({ length }) => length)).toEqual([1, 2, 3])
    })
  )

  it.scoped("originSetChanges has the set once it is there and after each change, and ends with the connection", () =>
    Effect.gen(function* () {
      const { connection, peer } = yield* asked()
      const seen: Array<ReadonlyArray<string>> = []
      const watching = yield* Effect.fork(
        Stream.runForEach(connection.originSetChanges, (set) => Effect.sync(() => seen.push([...set])))
      )
      yield* peer.send(says(other))
      yield* peer.barrier(1)
      expect(seen).toEqual([[own, other]])
      yield* peer.send(says(other), says("https://third.example"))
      yield* peer.barrier(2)
      expect(seen).toEqual([
        [own, other],
        [own, other, "https://third.example"]
      ])
      // Who comes later has what there is, and nothing of what was before.
      const late = yield* Effect.fork(Stream.runCollect(connection.originSetChanges))
      yield* leave(peer)
      yield* Fiber.join(watching)
      expect([...(yield* Fiber.join(late))].map((set) => [...set])).toEqual(seen.slice(1))
    })
  )

  it.scoped("originSetChanges fails with what ends the connection", () =>
    Effect.gen(function* () {
      const { connection, failure, peer } = yield* asked()
      const watching = yield* Effect.fork(Effect.flip(Stream.runDrain(connection.originSetChanges)))
      yield* peer.send(rawFrame(0x06, 0, 0, Uint8Array.of(1)))
      expect(yield* Fiber.join(watching)).toBe(yield* failure)
    })
  )

  it.scoped("what is no origin is passed over, each by itself [rfc8336-2.2-7]", () =>
    Effect.gen(function* () {
      const { connection, peer } = yield* asked()
      yield* peer.send(says("", "null", "https://a.example/path", other, "\u0000\u00ff", "https://*.example"))
      yield* peer.send(rawFrame(0x0c, 0, 0, Uint8Array.of(0, 9, 0x68)))
      yield* peer.barrier()
      expect(setOf(connection.originSet)).toEqual([own, other])
    })
  )

  const initial: ReadonlyArray<readonly [what: string, peer: Peer, options: Http2Client.ClientOptions, set: string]> = [
    ["the name that was asked for, in lower case", secure, {}, own],
    ["and the port", { ...secure, remote: { host: "192.0.2.1", port: 8443 } }, {}, `${own}:8443`],
    ["the address without a name", { ...secure, tls: { ...tls, serverName: undefined } }, {}, "https://192.0.2.1"],
    [
      "an address of IPv6",
      { ...secure, remote: { host: "2001:db8::1", port: 8443 }, tls: { ...tls, serverName: undefined } },
      {},
      "https://[2001:db8::1]:8443"
    ],
    ["what the option says", secure, { origin: "https://option.example:443" }, "https://option.example"],
    [
      "the authority over a unix socket",
      { ...secure, remote: { host: "/run/socket", port: undefined }, tls: { ...tls, serverName: undefined } },
      {},
      own
    ]
  ]
  for (const [what, at, options, expected] of initial) {
    it.scoped(`the connection's own origin: ${what} (RFC 8336 2.3)`, () =>
      Effect.gen(function* () {
        const { connection, peer } = yield* asked({ ...options, at })
        yield* peer.send(says())
        yield* peer.barrier()
        expect(setOf(connection.originSet)).toEqual([expected])
      })
    )
  }

  const ignored: ReadonlyArray<
    readonly [what: string, frame: Origin, options?: Http2Client.ClientOptions & { readonly at?: Peer }]
  > = [
    ["on a stream [rfc8336-2.2-1]", new Origin(1, 0, [other])],
    ["on a stream that is idle [rfc8336-2.2-1]", new Origin(99, 0, [other])],
    ["over a plain connection [rfc8336-2.2-2]", says(other), { at: plain }],
    ["without ALPN [rfc8336-2.2-2]", says(other), { at: { ...secure, tls: { ...tls, alpnProtocol: undefined } } }],
    ["of a proxy [rfc8336-2.2-5]", says(other), { isProxy: true }],
    ...[1, 2, 4, 8, 0x18].map(
      (flags) => [`with flags ${flags} [rfc8336-2.2-3]`, new Origin(0, flags, [other])] as const
    )
  ]
  for (const [what, frame, options] of ignored) {
    it.scoped(`${what} is ignored`, () =>
      Effect.gen(function* () {
        const { answer, connection, peer } = yield* asked(options)
        yield* peer.send(frame)
        yield* peer.barrier()
        expect(connection.originSet).toBe(undefined)
        yield* peer.send(headers(1, ok))
        expect(yield* Fiber.join(answer)).toMatchObject({ _tag: "Right" })
      })
    )
  }

  it.scoped("flags beyond the first four mean nothing [rfc8336-2.2-3]", () =>
    Effect.gen(function* () {
      const { connection, peer } = yield* asked()
      yield* peer.send(new Origin(0, 0xf0, [other]))
      yield* peer.barrier()
      expect(setOf(connection.originSet)).toEqual([own, other])
    })
  )

  it.scoped("421 takes the origin of its request out, and another status does not [rfc8336-2.3-1]", () =>
    Effect.gen(function* () {
      const heard: Array<ReadonlyArray<string>> = []
      const made = yield* asked({ listener: { onOriginSet: (set) => heard.push([...set]) } }, "Other.example:443")
      yield* made.peer.send(says(other, "https://third.example"), headers(1, [[":status", "421"]]))
      yield* Fiber.join(made.answer)
      expect(setOf(made.connection.originSet)).toEqual([own, "https://third.example"])
      const next = yield* Effect.fork(made.client.collect({ authority: "third.example" }))
      yield* made.peer.await("Headers")
      yield* made.peer.send(headers(3, [[":status", "403"]]))
      yield* Fiber.join(next)
      expect(heard).toEqual([
        [own, other, "https://third.example"],
        [own, "https://third.example"]
      ])
    })
  )

  it.scoped("421 before there is a set, and for an origin that it does not have, changes nothing [rfc8336-2.3-1]", () =>
    Effect.gen(function* () {
      const made = yield* asked({}, "other.example")
      yield* made.peer.send(headers(1, [[":status", "421"]]))
      yield* Fiber.join(made.answer)
      expect(made.connection.originSet).toBe(undefined)
      yield* made.peer.send(says())
      const next = yield* Effect.fork(made.client.collect({ authority: "other.example" }))
      yield* made.peer.await("Headers")
      yield* made.peer.send(headers(3, [[":status", "421"]]))
      yield* Fiber.join(next)
      expect(setOf(made.connection.originSet)).toEqual([own])
    })
  )

  it.scoped("origins without end: the set has its bound, and who goes on is cut off", () =>
    Effect.gen(function* () {
      const { client, connection, failure, peer, stats } = yield* asked({ maxOrigins: 8, glitchBurst: 20 })
      let sent = 0
      while (!connection.isDraining && sent < 100) {
        yield* peer.send(says(...Array.from({ length: 100 }, (_, i) => `https://${sent}-${i}.example`)))
        sent++
        yield* nextTurn
      }
      expect(connection.originSet?.size).toBe(8)
      expect(sent).toBeLessThan(40)
      yield* expectCalm({ peer, connection: client.connection, stats, failure }, "glitchBurst")
    })
  )
})
