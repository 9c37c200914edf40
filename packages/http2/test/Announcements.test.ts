/** What a server says of origins: ORIGIN (RFC 8336) and ALTSVC (RFC 7838 §4); and that it does not listen to them. */
import * as ErrorCode from "@effect-http2/http2/ErrorCode"
import { AltSvc, Origin } from "@effect-http2/http2/ExtensionFrame"
import * as Http2Origin from "@effect-http2/http2/Http2Origin"
import * as Http2ServerResponse from "@effect-http2/http2/Http2ServerResponse"
import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { expect } from "vitest"
import { expectCalm } from "./support/attack.js"
import { other, own, plain, says, secure } from "./support/origins.js"
import { client, server } from "./support/peer.js"
import { ascii, get, headers } from "./support/wire.js"

describe("at a server", () => {
  const handler = () => Effect.succeed(Http2ServerResponse.text("ok"))

  it.scoped("ORIGIN and ALTSVC are ignored, and counted [rfc7838-4-2]", () =>
    Effect.gen(function* () {
      const made = yield* server(handler, { glitchBurst: 50, transport: { peer: secure } })
      const { connection, peer } = made
      yield* peer.send(says(other), new AltSvc(0, own, "clear"), headers(1, get, false), new AltSvc(1, "", "clear"))
      yield* peer.await("Headers")
      expect(connection.originSet).toBe(undefined)
      yield* peer.barrier()
      yield* peer.send(...Array.from({ length: 60 }, () => new AltSvc(0, own, "clear")))
      yield* expectCalm(made, "glitchBurst")
    })
  )

  it.scoped("origins are announced right behind the preface, in the form that they are compared in", () =>
    Effect.gen(function* () {
      const origins = ["HTTPS://Example.com:443", other, "https://example.com"]
      const { peer } = yield* server(handler, {
        origins,
        altSvc: [{ origin: other, value: "clear" }],
        transport: { peer: secure }
      })
      expect([(yield* peer.take)._tag, (yield* peer.take)._tag]).toEqual(["Settings", "WindowUpdate"])
      expect(yield* peer.take).toEqual(new Origin(0, 0, [own, other]))
      expect(yield* peer.take).toEqual(new AltSvc(0, other, "clear"))
    })
  )

  it.scoped("none: for the connection's own only", () =>
    Effect.gen(function* () {
      const { peer } = yield* server(handler, { origins: [], transport: { peer: secure } })
      expect(yield* peer.await("Origin")).toEqual(new Origin(0, 0, []))
    })
  )

  it.scoped("more origins than a frame holds go in several", () =>
    Effect.gen(function* () {
      const origins = Array.from({ length: 2000 }, (_, i) => `https://host-${i}.example`)
      const { peer } = yield* server(handler, { origins, transport: { peer: secure } })
      const heard: Array<string> = []
      while (heard.length < origins.length) heard.push(...(yield* peer.await("Origin")).origins)
      expect(heard).toEqual(origins)
    })
  )

  it.scoped("ORIGIN is never sent over a plain connection, ALTSVC is [rfc8336-2.2-2]", () =>
    Effect.gen(function* () {
      const { connection, peer } = yield* server(handler, {
        origins: [own],
        altSvc: [{ origin: "http://example.com", value: "clear" }],
        transport: { peer: plain }
      })
      yield* Http2Origin.announceOrigins(connection, [other])
      yield* peer.barrier()
      expect(peer.frames.map(({ _tag }) => _tag)).not.toContain("Origin")
      expect(peer.frames).toContainEqual(new AltSvc(0, "http://example.com", "clear"))
    })
  )

  it.scoped("more can be announced later", () =>
    Effect.gen(function* () {
      const { connection, peer } = yield* server(handler, { transport: { peer: secure } })
      yield* peer.barrier()
      yield* Http2Origin.announceOrigins(connection, [other])
      yield* Http2Origin.announceAltSvc(connection, { origin: other, value: "clear" })
      expect(yield* peer.await("Origin")).toEqual(new Origin(0, 0, [other]))
      expect(yield* peer.await("AltSvc")).toEqual(new AltSvc(0, other, "clear"))
    })
  )

  it.scoped("a client announces nothing", () =>
    Effect.gen(function* () {
      const { client: http } = yield* client()
      const error = yield* Effect.flip(Http2Origin.announceOrigins(http.connection, [other]))
      expect(error).toMatchObject({ _tag: "Http2ConnectionError", origin: "User" })
    })
  )

  it.scoped("a handler speaks of its request's origin, until its response is whole", () =>
    Effect.gen(function* () {
      const { peer } = yield* server(
        (request) =>
          Effect.gen(function* () {
            const error = yield* Effect.flip(request.altSvc("h2=\u00e4"))
            yield* request.altSvc('h2=":8443"')
            yield* request.respond(Http2ServerResponse.text(error.origin))
            yield* request.altSvc("clear")
            return Http2ServerResponse.empty()
          }),
        { transport: { peer: secure } }
      )
      yield* peer.send(headers(1, get))
      expect(yield* peer.await("AltSvc")).toEqual(new AltSvc(1, "", 'h2=":8443"'))
      expect((yield* peer.await("Data")).data).toEqual(ascii("User"))
      yield* peer.barrier()
      expect(peer.frames.filter(({ _tag }) => _tag === "AltSvc")).toHaveLength(1)
    })
  )

  const impossible: ReadonlyArray<readonly [what: string, announcements: Http2Origin.Announcements]> = [
    ["an origin with a path", { origins: [`${own}/`] }],
    ["null", { origins: [own, "null"] }],
    ["a wildcard", { origins: ["https://*.example.com"] }],
    ["a name that is not ASCII [rfc7838-8-1]", { altSvc: [{ origin: "https://b\u00fccher.example", value: "clear" }] }],
    ["an alternative of no origin", { altSvc: [{ origin: "", value: "clear" }] }],
    ["an alternative without a value", { altSvc: [{ origin: own, value: "" }] }],
    ["a value with a line end", { altSvc: [{ origin: own, value: "clear\r\nset-cookie: a=b" }] }],
    ["a value that is not ASCII [rfc7838-8-1]", { altSvc: [{ origin: own, value: 'h2="b\u00fccher.example:443"' }] }],
    ["a value that no frame holds", { altSvc: [{ origin: own, value: "a".repeat(16_384) }] }]
  ]
  for (const [what, announcements] of impossible) {
    it.scoped(`${what} cannot be announced`, () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(Http2Origin.check(announcements))
        expect(error).toMatchObject({ _tag: "Http2ConnectionError", origin: "User", code: ErrorCode.INTERNAL_ERROR })
        expect(error.message).toMatch(/option (origins|altSvc) cannot be/)
        for (const at of [secure, plain]) {
          const made = server(handler, { ...announcements, transport: { peer: at } })
          expect(yield* Effect.flip(made)).toMatchObject({ origin: "User" })
        }
      })
    )
  }
})
