/** Server push at a client: promises that it takes, and what it makes of them; promises that it does not take. */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import { describe, expect } from "vitest"
import * as U from "../utils.js"
import * as C from "./support/clientCase.js"
import * as P from "./support/promiseCase.js"
import * as Block from "@effect-http2/testkit/fieldBlock"
import * as Octets from "@effect-http2/testkit/octets"
import * as Raw from "@effect-http2/testkit/rawFrame"

const { Code, Setting, Type } = Raw
const { asked, authority, nextPush, options, plain, promise, promiseOf, read } = P

const ok = Raw.headers(1, [0x88])
const text = "body {}"

describe("8.4 pushed responses", () => {
  U.check("SETTINGS of a client that takes them do not say that it does not", () =>
    Effect.gen(function* () {
      const [, peer] = yield* C.open(false, options)
      const { payload } = yield* C.shake(peer)
      const ids = Array.from({ length: payload.length / 6 }, (_, i) => payload.readUInt16BE(i * 6))
      expect(ids).not.toContain(Setting.ENABLE_PUSH)
      yield* peer.roundTrip
    })
  )

  const responses: ReadonlyArray<
    readonly [title: string, steps: ReadonlyArray<Uint8Array>, pushed: Partial<P.Pushed>, method?: string]
  > = [
    ["with a body", [Raw.headers(2, [0x88], Raw.OPEN), Raw.data(2, text, Raw.END_STREAM)], { status: 200, body: text }],
    ["without one", [Raw.headers(2, [0x8b])], { status: 304, body: "" }],
    [
      "to HEAD, with the content-length of what is not there",
      [Raw.headers(2, Buffer.concat([Buffer.of(0x88), Block.block(["content-length", "100"])]))],
      { method: "HEAD", status: 200, body: "" },
      "HEAD"
    ],
    [
      "behind informational ones",
      [
        Raw.headers(2, Block.block([":status", "103"]), Raw.OPEN),
        Raw.headers(2, Block.block([":status", "103"]), Raw.OPEN),
        Raw.headers(2, [0x88], Raw.OPEN),
        Raw.data(2, text, Raw.END_STREAM)
      ],
      { status: 200, body: text }
    ],
    [
      "with trailers",
      [Raw.headers(2, [0x88], Raw.OPEN), Raw.data(2, text), Raw.headers(2, Block.block(["x-end", "1"]))],
      { status: 200, body: text, trailers: [["x-end", "1"]] }
    ]
  ]
  for (const [title, steps, pushed, method = "GET"] of responses) {
    asked(`a response ${title}, and no promise in return [rfc9113-8.4.1-5]`, (run) =>
      Effect.gen(function* () {
        const result = yield* Effect.fork(Effect.flatMap(nextPush(run), read))
        yield* run.peer.send(promise({ ":method": method }), ok)
        for (const step of steps) {
          yield* run.peer.send(step)
          yield* run.peer.roundTrip
        }
        expect(yield* Fiber.join(result)).toMatchObject({
          path: "/style.css",
          method,
          streamId: 2,
          associatedStreamId: 1,
          ...pushed
        })
        yield* C.answered({ status: 200 })(run)
      })
    )
  }

  asked("all in one write, a promise in a block of several frames [rfc9113-6.6-3]", (run) =>
    Effect.gen(function* () {
      const block = promiseOf({ "x-one": "1" })
      yield* run.peer.send(
        Raw.frame(Type.PUSH_PROMISE, 0, 1, Buffer.concat([Octets.uint32(2), block.subarray(0, 7)])),
        Raw.continuation(1, block.subarray(7, 20), 0),
        Raw.continuation(1, block.subarray(20)),
        Raw.frame(
          Type.PUSH_PROMISE,
          Raw.END_HEADERS | Raw.PADDED,
          1,
          Raw.padded(Buffer.concat([Octets.uint32(0x80000004), promiseOf({ ":path": "/app.js" })]), 100)
        ),
        Raw.headers(4, [0x8d]),
        ok,
        Raw.headers(2, [0x88], Raw.OPEN),
        Raw.data(2, text, Raw.END_STREAM)
      )
      const pushes = [yield* nextPush(run), yield* nextPush(run)]
      expect(pushes.map(({ headers }) => [...headers])).toEqual([[["x-one", "1"]], []])
      expect(yield* Effect.forEach(pushes, read)).toMatchObject([
        { path: "/style.css", streamId: 2, status: 200, body: text },
        { path: "/app.js", streamId: 4, status: 404, body: "" }
      ])
      yield* C.answered({ status: 200 })(run)
    })
  )

  asked("one that is cut off fails, behind what had come", (run) =>
    Effect.gen(function* () {
      yield* run.peer.send(
        promise(),
        Raw.headers(2, Block.block([":status", "200"], ["content-length", "10"]), Raw.OPEN)
      )
      const result = yield* Effect.fork(Effect.flip(Effect.flatMap(nextPush(run), read)))
      yield* run.peer.roundTrip
      yield* run.peer.send(Raw.data(2, "half"), Raw.rstStream(2, Code.INTERNAL_ERROR), ok)
      expect(yield* Fiber.join(result)).toMatchObject({ code: Code.INTERNAL_ERROR, origin: "Remote", streamId: 2 })
      yield* C.answered({ status: 200 })(run)
    })
  )

  asked("one that breaks a rule is reset, and nothing else is", (run) =>
    Effect.gen(function* () {
      yield* run.peer.send(promise(), Raw.headers(2, Block.block(["x", "y"]), Raw.OPEN))
      expect((yield* run.peer.frame(Type.RST_STREAM, 2)).payload).toEqual(Octets.uint32(Code.PROTOCOL_ERROR))
      yield* run.peer.send(ok)
      yield* C.answered({ status: 200 })(run)
    })
  )

  asked("what is not wanted is cancelled, and the rest of it dropped", (run) =>
    Effect.gen(function* () {
      yield* run.peer.send(promise())
      const push = yield* nextPush(run)
      yield* push.cancel
      expect((yield* run.peer.frame(Type.RST_STREAM, 2)).payload).toEqual(Octets.uint32(Code.CANCEL))
      yield* run.peer.send(Raw.headers(2, [0x88], Raw.OPEN), Raw.data(2, text, Raw.END_STREAM), ok)
      expect(yield* Effect.flip(read(push))).toMatchObject({ code: Code.CANCEL, origin: "User" })
      yield* C.answered({ status: 200 })(run)
      expect(run.client.connection.unreadOctets).toBe(0)
    })
  )
})

/** RST_STREAM with `code` on the promised stream; nobody sees the promise, the request is answered, and the connection goes on. */
const refused =
  (code: number, id = 2): C.Outcome =>
  (run) =>
    Effect.gen(function* () {
      const seen = [...run.seen]
      const isReset = (frame: Raw.RawFrame): boolean => frame.type === Type.RST_STREAM && frame.streamId === id
      if (!seen.some(isReset)) seen.push(...(yield* run.peer.until("RST_STREAM", isReset)))
      expect(seen.find(isReset)?.payload).toEqual(Octets.uint32(code))
      let promises = 0
      yield* Effect.fork(Stream.runForEach(run.client.pushes, () => Effect.sync(() => promises++)))
      yield* run.peer.send(ok)
      expect(yield* Effect.orDie(Fiber.join(run.result))).toMatchObject({ status: 200 })
      yield* C.goOn(run)
      expect(promises).toBe(0)
    })

const malformed: ReadonlyArray<readonly [title: string, promise: Uint8Array]> = [
  ["POST [rfc9113-8.4-2] [rfc9113-8.4.1-3]", promise({ ":method": "POST" })],
  ["OPTIONS, which nobody may cache [rfc9113-8.4-2]", promise({ ":method": "OPTIONS" })],
  ["a method that nobody knows [rfc9113-8.4-2] [rfc9113-8.4.1-3]", promise({ ":method": "BREW" })],
  ["CONNECT [rfc9113-8.4-2]", Raw.pushPromise(1, 2, Block.block([":method", "CONNECT"], [":authority", authority]))],
  ["content [rfc9113-8.4-2]", promise({ "content-length": "5" })],
  ["content that is announced [rfc9113-8.4-2]", promise({ expect: "100-continue" })],
  ["no :method [rfc9113-8.4.1-3]", promise({ ":method": undefined })],
  ["no :scheme [rfc9113-8.4.1-3]", promise({ ":scheme": undefined })],
  ["no :path [rfc9113-8.4.1-3]", promise({ ":path": undefined })],
  ["no :authority, but host [rfc9113-8.4.1-3] [rfc9113-8.4-5]", promise({ ":authority": undefined, host: authority })],
  ["no field at all [rfc9113-8.4.1-3]", Raw.pushPromise(1, 2, "")],
  ["a response [rfc9113-8.4.1-3]", Raw.pushPromise(1, 2, [0x88])],
  ["a field name in capitals [rfc9113-8.4.1-3]", promise({ "X-One": "1" })],
  ["a field of HTTP/1.1's connections [rfc9113-8.4.1-3]", promise({ connection: "close" })],
  ["too many fields", promise(Object.fromEntries(Array.from({ length: 101 }, (_, i) => [`x-${i}`, ""])))],
  ["another host [rfc9113-8.4-5] [rfc9113-8.4.2-2] [rfc9113-10.4-2]", promise({ ":authority": "other.test" })],
  ["another port [rfc9113-8.4-5] [rfc9113-8.4.2-2] [rfc9113-10.4-2]", promise({ ":authority": `${authority}:1` })],
  ["another scheme [rfc9113-8.4-5] [rfc9113-8.4.2-2] [rfc9113-10.4-2]", promise({ ":scheme": "coffee" })]
]

C.clientCases(
  "8.4 promises that are not taken",
  malformed.map(([title, step]) => ({
    title,
    steps: [step],
    outcome: refused(Code.PROTOCOL_ERROR),
    options: { ...options, maxHeaderFields: 100 },
    ways: plain
  }))
)

describe("8.4 origins", () => {
  asked("what a request was for may be pushed with it, whatever the connection is for [rfc9113-8.4.2-2]", (run) =>
    Effect.gen(function* () {
      yield* run.peer.send(ok)
      yield* Effect.fork(Effect.scoped(run.client.request({ authority: "other.test", path: "/" })))
      yield* run.peer.frame(Type.HEADERS, 3)
      yield* run.peer.send(
        Raw.pushPromise(3, 2, promiseOf({ ":authority": "OTHER.test:80" })),
        Raw.headers(2, [0x88]),
        Raw.headers(3, [0x88])
      )
      expect(yield* Effect.flatMap(nextPush(run), read)).toMatchObject({ associatedStreamId: 3, status: 200 })
      yield* C.goOn(run)
    })
  )

  asked(
    "what isAuthoritative says may be pushed too; where it throws, the promise is refused [rfc9113-8.4.2-2]",
    (run) =>
      Effect.gen(function* () {
        const refusing = (id: number, host: string) =>
          Effect.zipRight(
            run.peer.send(promise({ ":authority": host }, id)),
            Effect.map(run.peer.frame(Type.RST_STREAM, id), ({ payload }) => payload)
          )
        expect(yield* refusing(2, "other.test")).toEqual(Octets.uint32(Code.PROTOCOL_ERROR))
        expect(yield* refusing(4, "throws.test")).toEqual(Octets.uint32(Code.INTERNAL_ERROR))
        yield* run.peer.send(
          Raw.pushPromise(1, 6, promiseOf({ ":authority": "static.test" })),
          Raw.headers(6, [0x88]),
          ok
        )
        expect(yield* Effect.flatMap(nextPush(run), read)).toMatchObject({ streamId: 6, status: 200 })
        yield* C.goOn(run)
      }),
    {
      isAuthoritative: (origin) => {
        if (origin === "http://throws.test") throw new Error("planned")
        return origin === "http://static.test"
      }
    }
  )
})
