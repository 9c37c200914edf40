/** Server push at a server: what it promises, and what it does not. */
import * as Http2ServerResponse from "@effect-http2/http2/Http2ServerResponse"
import * as Decoder from "@effect-http2/hpack/Decoder"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { describe, expect } from "vitest"
import * as P from "./support/pushCase.js"
import * as Block from "@effect-http2/testkit/fieldBlock"
import * as Raw from "@effect-http2/testkit/rawFrame"
import * as S from "./support/serverCase.js"

const { Code, Setting, Type } = Raw

describe("8.4 pushed responses", () => {
  P.check(
    "a promise has a whole request, on the stream of the one that it goes with, before what refers to it " +
      "[rfc9113-6.6-1] [rfc9113-8.4-1] [rfc9113-8.4-4] [rfc9113-8.4.1-1] [rfc9113-8.4.1-2] [rfc9113-8.4.1-4] [rfc9113-5.1.1-1]",
    P.pushing({ ...P.css, headers: { Accept: "text/css" } }, { path: "/app.js", method: "HEAD" }),
    (peer) =>
      Effect.gen(function* () {
        yield* peer.send(Raw.headers(1, S.get))
        const frames = yield* P.upToEnd(peer, 2)
        expect(P.shape(frames)).toEqual([
          [Type.PUSH_PROMISE, 1, Raw.END_HEADERS],
          [Type.PUSH_PROMISE, 1, Raw.END_HEADERS],
          [Type.HEADERS, 1, Raw.OPEN],
          [Type.DATA, 1, Raw.END_STREAM],
          [Type.HEADERS, 2, Raw.OPEN],
          [Type.DATA, 2, Raw.END_STREAM]
        ])
        const decoder = Decoder.make()
        const blocks = frames.filter(({ type }) => type === Type.PUSH_PROMISE || type === Type.HEADERS)
        const fields = blocks.map(({ payload, type }) =>
          decoder
            .decode(payload.subarray(type === Type.PUSH_PROMISE ? 4 : 0))
            .fields.map(({ name, value }) => [name, value])
        )
        expect(blocks.slice(0, 2).map(P.promisedId)).toEqual([2, 4])
        expect(fields[0]).toEqual([
          [":method", "GET"],
          [":scheme", "http"],
          [":authority", "localhost"],
          [":path", "/style.css"],
          ["accept", "text/css"]
        ])
        expect(fields[1]).toEqual([
          [":method", "HEAD"],
          [":scheme", "http"],
          [":authority", "localhost"],
          [":path", "/app.js"]
        ])
        expect(fields[2]).toContainEqual(["link", "</style.css>; rel=preload"])
        expect(P.textOf(frames, 1)).toBe("pushed,pushed")
        expect(P.textOf(frames, 2)).toBe("This is /style.css")
      })
  )

  P.check(
    "a promise in the middle of a body comes before the part that refers to it [rfc9113-8.4.1-4] [rfc9113-8.4.1-6]",
    (request) =>
      request.path === "/"
        ? Effect.succeed(
            Http2ServerResponse.make({
              body: Stream.make("first,", P.css).pipe(
                Stream.mapEffect((part) =>
                  typeof part === "string" ? Effect.succeed(part) : P.attempt(request, part)
                ),
                Stream.encodeText
              )
            })
          )
        : Effect.succeed(Http2ServerResponse.text("body {}")),
    (peer) =>
      Effect.gen(function* () {
        yield* peer.send(Raw.headers(1, S.get))
        const frames = yield* P.upToEnd(peer, 1)
        const promise = frames.findIndex(({ type }) => type === Type.PUSH_PROMISE)
        const reference = frames.findIndex(({ payload, type }) => type === Type.DATA && payload.includes("pushed"))
        expect(promise).toBeGreaterThan(frames.findIndex(({ type }) => type === Type.HEADERS))
        expect(promise).toBeLessThan(reference)
        expect(P.textOf(frames, 1)).toBe("first,pushed")
        if (!frames.some(P.ends(2))) yield* P.upToEnd(peer, 2)
      })
  )

  P.check(
    "a block that one frame does not hold goes on in CONTINUATION, with nothing between [rfc9113-6.6-3] [rfc9113-6.6-9]",
    P.pushing({
      ...P.css,
      headers: Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`x-${i}`, `~${i}`.repeat(400)]))
    }),
    (peer) =>
      Effect.gen(function* () {
        yield* peer.send(Raw.headers(1, S.get))
        const all = [...(yield* P.upToEnd(peer, 2))]
        if (!all.some(P.ends(1))) all.push(...(yield* P.upToEnd(peer, 1)))
        const frames = all.slice(all.findIndex(({ type }) => type === Type.PUSH_PROMISE))
        const count = frames.findIndex(({ flags }) => (flags & Raw.END_HEADERS) !== 0) + 1
        const block = frames.slice(0, count)
        expect(count).toBeGreaterThan(2)
        expect(block.map(({ type }) => type)).toEqual(
          block.map((_, i) => (i === 0 ? Type.PUSH_PROMISE : Type.CONTINUATION))
        )
        expect(block.map(({ streamId }) => streamId)).toEqual(block.map(() => 1))
        expect(block.map(({ flags }) => flags)).toEqual(block.map((_, i) => (i < count - 1 ? 0 : Raw.END_HEADERS)))
        expect(block.slice(0, -1).every(({ payload }) => payload.length === 16_384)).toBe(true)
        expect(P.promisedId(block[0] ?? expect.unreachable())).toBe(2)
        const decoder = Decoder.make({ maxHeaderListSize: 1_000_000 })
        const whole = Buffer.concat(block.map(({ payload }, i) => (i === 0 ? payload.subarray(4) : payload)))
        expect(decoder.decode(whole).fields).toHaveLength(44)
        // What comes behind it refers to the same table.
        const heads = frames.slice(count).filter(({ type }) => type === Type.HEADERS)
        expect(heads.map(({ payload }) => decoder.decode(payload).fields[0]?.value)).toEqual(["200", "200"])
      })
  )

  P.check(
    "along with a request whose body still comes, and one that is whole; each promise has the next even id [rfc9113-6.6-5] [rfc9113-6.6-9] [rfc9113-5.1.1-2]",
    P.pushing(P.css),
    (peer) =>
      Effect.gen(function* () {
        yield* peer.send(Raw.headers(1, S.post, Raw.OPEN))
        const open = yield* P.upToEnd(peer, 2)
        yield* peer.send(Raw.headers(3, S.get))
        const whole = yield* P.upToEnd(peer, 4)
        const promises = [...open, ...whole].filter(({ type }) => type === Type.PUSH_PROMISE)
        expect(promises.map((frame) => [frame.streamId, P.promisedId(frame)])).toEqual([
          [1, 2],
          [3, 4]
        ])
        yield* peer.send(Raw.rstStream(1, Code.CANCEL))
      })
  )

  P.check(
    "informational responses and trailers on a promised stream are those of any other [rfc9113-5.1-3]",
    (request) =>
      request.path === "/"
        ? Effect.map(P.attempt(request, P.css), (text) => Http2ServerResponse.text(text))
        : Effect.as(
            request.informational(103, request.headers),
            Http2ServerResponse.make({ body: "text", trailers: { "x-end": "1" } })
          ),
    (peer) =>
      Effect.gen(function* () {
        yield* peer.send(Raw.headers(1, S.get))
        const frames = yield* P.upToEnd(peer, 2)
        expect(P.shape(frames).filter(([, id]) => id === 2)).toEqual([
          [Type.HEADERS, 2, Raw.OPEN],
          [Type.HEADERS, 2, Raw.OPEN],
          [Type.DATA, 2, 0],
          [Type.HEADERS, 2, Raw.WHOLE]
        ])
      })
  )
})

describe("8.4 what is not pushed", () => {
  P.check(
    "anything, to a client that does not want it [rfc9113-6.5.2-1] [rfc9113-6.6-7]",
    P.pushing(P.css),
    (peer) => Effect.map(P.asked(peer), (text) => expect(text).toBe(P.misuse("6.5.2"))),
    { settings: [[Setting.ENABLE_PUSH, 0]] }
  )

  P.check(
    "anything, from the moment at which a client says so; what was promised before goes on [rfc9113-6.5.2-1] [rfc9113-6.6-7]",
    P.pushing(P.css),
    (peer) =>
      Effect.gen(function* () {
        // No window: the promised response cannot end.
        yield* peer.send(Raw.settings([Setting.INITIAL_WINDOW_SIZE, 10]), Raw.headers(1, S.get))
        const before = yield* peer.until(
          "the promised response",
          ({ streamId, type }) => streamId === 2 && type === Type.DATA
        )
        expect(P.textOf(before, 1)).toBe("pushed")
        yield* peer.send(Raw.settings([Setting.ENABLE_PUSH, 0], [Setting.INITIAL_WINDOW_SIZE, 1000]))
        yield* P.upToEnd(peer, 2)
        expect(yield* P.asked(peer, 3)).toBe(P.misuse("6.5.2"))
        yield* peer.send(Raw.settings([Setting.ENABLE_PUSH, 1]), Raw.headers(5, S.get))
        expect(P.textOf(yield* P.upToEnd(peer, 4), 5)).toBe("pushed")
      })
  )

  const impossible: ReadonlyArray<readonly [rules: string, what: string, promise: P.Promised, section: string]> = [
    ["[rfc9113-8.4-1] [rfc9113-8.4.1-2]", "a method that is not safe", { ...P.css, method: "POST" }, "8.4"],
    ["[rfc9113-8.4-1] [rfc9113-8.4.1-2]", "a method that is not cacheable", { ...P.css, method: "OPTIONS" }, "8.4"],
    ["[rfc9113-8.4-1] [rfc9113-8.4.1-2]", "CONNECT", { ...P.css, method: "CONNECT" }, "8.4"],
    ["[rfc9113-8.4-1]", "a request with content", { ...P.css, headers: { "content-length": "5" } }, "8.4"],
    ["[rfc9113-8.4-1]", "a request that announces content", { ...P.css, headers: { expect: "100-continue" } }, "8.4"],
    ["[rfc9113-8.4-4] [rfc9113-10.4-1]", "another authority", { ...P.css, authority: "other.test" }, "8.4"],
    ["[rfc9113-8.4-4] [rfc9113-10.4-1]", "another port", { ...P.css, authority: "localhost:8080" }, "8.4"],
    ["[rfc9113-8.4-4] [rfc9113-10.4-1]", "another scheme", { ...P.css, scheme: "https" }, "8.4"],
    ["[rfc9113-8.4.1-1]", "a path that is none", { path: "style.css" }, "8.3.1"],
    ["[rfc9113-8.4.1-1]", "no path", { path: "" }, "8.3.1"],
    ["[rfc9113-8.4.1-1]", "a pseudo-header field among the fields", { ...P.css, headers: { ":status": "200" } }, "8.2"],
    ["[rfc9113-8.4.1-1]", "a field of HTTP/1.1's connections", { ...P.css, headers: { connection: "close" } }, "8.2"],
    ["[rfc9113-8.4.1-1]", "a host that is not the authority", { ...P.css, headers: { host: "other.test" } }, "8.3.1"]
  ]
  for (const [rules, what, promise, section] of impossible) {
    P.check(`${what} ${rules}`, P.pushing(promise), (peer) =>
      Effect.map(P.asked(peer), (text) => expect(text).toBe(P.misuse(section)))
    )
  }

  P.check(
    "what has no authority, along with a request that names none, whatever mayPush says [rfc9113-8.4-4]",
    P.pushing(P.css),
    (peer) =>
      Effect.map(P.asked(peer, 1, Raw.headers(1, S.request({ ":authority": undefined }))), (text) =>
        expect(text).toBe(P.misuse("8.4"))
      ),
    { mayPush: () => true }
  )

  P.check(
    "fields beyond what the client takes",
    P.pushing({ ...P.css, headers: { "x-large": "x".repeat(1000) } }),
    (peer) => Effect.map(P.asked(peer), (text) => expect(text).toBe(P.misuse("6.5.2"))),
    { settings: [[Setting.MAX_HEADER_LIST_SIZE, 1000]] }
  )

  const outcomes: Array<string> = []
  P.check(
    "anything along with a pushed response, or one that is complete [rfc9113-6.6-5] [rfc9113-6.6-9] [rfc9113-8.4.1-6]",
    (request) =>
      Effect.gen(function* () {
        if (request.path === "/nested") {
          // Which makes it half-closed (remote), as those that a client has opened are.
          yield* request.informational(103, request.headers)
          return Http2ServerResponse.text(yield* P.attempt(request, P.css))
        }
        outcomes.push(yield* P.attempt(request, { path: "/nested" }))
        request.unsafeRespond(Http2ServerResponse.text("complete"))
        outcomes.push(`can push: ${request.canPush}`, yield* P.attempt(request, P.css))
        return Http2ServerResponse.empty()
      }),
    (peer) =>
      Effect.gen(function* () {
        yield* peer.send(Raw.headers(1, S.get))
        const frames = [...(yield* P.upToEnd(peer, 2)), ...(yield* peer.roundTrip)]
        expect(frames.filter(({ type }) => type === Type.PUSH_PROMISE)).toHaveLength(1)
        expect(P.textOf(frames, 2)).toBe(P.misuse("6.6"))
        expect(outcomes).toEqual(["pushed", "can push: false", P.misuse("6.6")])
      })
  )

  P.check(
    "anything on a tunnel [rfc9113-8.5-2]",
    (request) => Effect.map(P.attempt(request, { ...P.css, scheme: "http" }), (text) => Http2ServerResponse.text(text)),
    (peer) =>
      Effect.map(
        P.asked(peer, 1, Raw.headers(1, Block.block([":method", "CONNECT"], [":authority", "localhost"]))),
        (text) => expect(text).toBe(P.misuse("8.5"))
      )
  )

  P.check(
    "what the tenant who pushes has no say in, as mayPush decides; the others may [rfc9113-10.4-1]",
    P.pushing({ path: "/~ann/style.css" }, { path: "/~bob/style.css" }, { ...P.css, authority: "static.test" }),
    (peer) =>
      Effect.gen(function* () {
        yield* peer.send(Raw.headers(1, S.get))
        const frames = yield* P.upToEnd(peer, 4)
        expect(P.textOf(frames, 1)).toBe(`pushed,${P.misuse("8.4")},pushed`)
        // And what is pushed is what its own handler answers.
        expect(P.textOf(frames, 2)).toBe("This is /~ann/style.css")
      }),
    { mayPush: ({ path }, { authority }) => authority === "localhost" && !path.startsWith("/~bob/") }
  )
})
