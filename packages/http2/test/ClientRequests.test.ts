/** What a client sends: pseudo-header fields, and what it refuses to send (RFC 9113 §8.3.1). */
import type * as Frame from "@effect-http2/http2/Frame"
import type { Http2ClientRequest } from "@effect-http2/http2/Http2ClientRequest"
import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { expect } from "vitest"
import { client } from "./support/peer.js"
import type { Pairs } from "./support/wire.js"

/** The fields that a client without an authority of its own sends. */
const sent = (request: Http2ClientRequest, authority?: string) =>
  Effect.gen(function* () {
    const options = authority === undefined ? {} : { authority }
    const { client: http, peer } = yield* client({ ...options, scheme: "https" })
    yield* Effect.forkScoped(http.request(request))
    return peer.fieldsOf(yield* peer.await("Headers"))
  })

const clientWithout = (request: Http2ClientRequest) =>
  Effect.gen(function* () {
    const { client: http } = yield* client({ authority: "" })
    return yield* Effect.flip(http.request(request))
  })

describe("a client's request", () => {
  it.scoped("has its pseudo-header fields before the others", () =>
    Effect.gen(function* () {
      const fields = yield* sent({ method: "PUT", path: "/a?b", headers: { "X-Y": "z" } }, "example.com")
      const expected: Pairs = [
        [":method", "PUT"],
        [":scheme", "https"],
        [":authority", "example.com"],
        [":path", "/a?b"],
        ["x-y", "z"],
        // A PUT without a body (RFC 9110 §8.6).
        ["content-length", "0"]
      ]
      expect(fields).toEqual(expected)
    })
  )

  it.scoped("[rfc9113-8.3.1-2] has no :authority where there is none to convey", () =>
    Effect.gen(function* () {
      expect((yield* sent({}, "")).map(([name]) => name)).toEqual([":method", ":scheme", ":path"])
    })
  )

  it.scoped("[rfc9113-8.3.1-10] is for / where it has no path", () =>
    Effect.gen(function* () {
      expect(yield* sent({})).toContainEqual([":path", "/"])
    })
  )

  it.scoped("[rfc9113-8.3.1-11] is for * with OPTIONS of no path in particular", () =>
    Effect.gen(function* () {
      expect(yield* sent({ method: "OPTIONS", path: "*" })).toContainEqual([":path", "*"])
    })
  )

  it.scoped("[rfc9113-8.5-1] is CONNECT with :method and :authority alone", () =>
    Effect.gen(function* () {
      expect(yield* sent({ method: "CONNECT", authority: "db:5432" })).toEqual([
        [":method", "CONNECT"],
        [":authority", "db:5432"]
      ])
    })
  )

  it.scoped("may name its host, where that is the authority", () =>
    Effect.gen(function* () {
      expect((yield* sent({ headers: { host: "EXAMPLE.com" } }, "example.com")).map(([name]) => name)).toContain("host")
    })
  )

  const misuse: ReadonlyArray<readonly [rule: string, what: string, request: Http2ClientRequest]> = [
    ["[rfc9113-8.3.1-3]", "host that differs from the authority", { authority: "a", headers: { host: "b" } }],
    ["[rfc9113-8.3.1-2]", "host in the place of the authority", { headers: { host: "b" } }],
    ["[rfc9113-8.3.1-8]", "userinfo", { authority: "user@example.com" }],
    ["§8.3.1:", "a blank in the authority", { authority: "a b" }],
    ["§8.3.1:", "CR LF in the authority", { authority: "a\r\nb" }],
    ["§8.3.1:", "a method that is no token", { method: "GET /" }],
    ["§8.3.1:", "a blank in the path", { path: "/a b" }],
    ["§8.3.1:", "a character that is no octet in the path", { path: "/\u20ac" }],
    ["§8.3.1:", "an octet that is not ASCII in the path", { path: "/\xfc" }],
    ["[rfc9113-8.3.1-9]", "an empty path", { path: "" }],
    ["[rfc9113-8.3.1-12]", "a path without /", { path: "a" }],
    ["[rfc9113-8.3.1-11]", "* with GET", { path: "*" }],
    ["§8.3.1:", "CR LF in the scheme", { scheme: "http\r\nx" }],
    ["§8.3.1:", "an empty scheme", { scheme: "" }],
    ["§8.3.1:", "a scheme with a character that is no octet", { scheme: "h\u20actp" }],
    ["[rfc9113-8.5-1]", "CONNECT without an authority", { method: "CONNECT" }],
    ["[rfc9113-8.2.2-1]", "connection-specific fields", { headers: { connection: "close" } }],
    ["§8.1.1:", "content-length that lies", { body: "four", headers: { "content-length": "5" } }]
  ]
  for (const [rule, what, request] of misuse) {
    it.scoped(`${rule} is refused as misuse with ${what}`, () =>
      Effect.gen(function* () {
        expect(yield* clientWithout(request)).toMatchObject({
          _tag: "Http2StreamError",
          origin: "User",
          processed: "no"
        })
      })
    )
  }

  it.scoped("goes on after misuse with the next id", () =>
    Effect.gen(function* () {
      const { client: http, peer, stats } = yield* client()
      yield* Effect.flip(http.request({ path: "no" }))
      yield* Effect.forkScoped(http.request({ path: "/yes" }))
      const frame: Frame.Headers = yield* peer.await("Headers")
      expect(frame.streamId).toBe(1)
      expect([stats.activeStreams, stats.requests]).toEqual([1, 1])
    })
  )
})
