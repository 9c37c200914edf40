/** PUSH_PROMISE at a client that takes pushes, by the rules of frames and states; how many promises it takes; what closes with it. */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import { describe, expect } from "vitest"
import * as C from "./support/clientCase.js"
import * as P from "./support/promiseCase.js"
import * as Block from "@effect-http2/testkit/fieldBlock"
import * as Octets from "@effect-http2/testkit/octets"
import * as Raw from "@effect-http2/testkit/rawFrame"

const { Code, Type } = Raw
const { asked, nextPush, options, plain, promise, promiseOf, read } = P

const ok = Raw.headers(1, [0x88])
const begun = Raw.headers(2, [0x88], Raw.OPEN)

const cases = (title: string, all: ReadonlyArray<C.Case>): void =>
  C.clientCases(
    title,
    all.map((test) => ({ ...test, options, ways: plain }))
  )

/** All end the connection with PROTOCOL_ERROR. `whole`: where the request has been answered. */
const fatal = (
  title: string,
  all: ReadonlyArray<readonly [title: string, steps: ReadonlyArray<Uint8Array>, whole?: "whole"]>
): void =>
  cases(
    title,
    all.map(([title, steps, whole]) => ({
      title,
      steps,
      outcome: C.connectionError(Code.PROTOCOL_ERROR, whole === undefined ? undefined : { status: 200 })
    }))
  )

fatal("6.6 what is promised, and where", [
  ["an odd stream [rfc9113-6.6-12] [rfc9113-6.6-1] [rfc9113-5.1.1-1] [rfc9113-5.1.1-3]", [promise({}, 3)]],
  ["stream 0 [rfc9113-6.6-12] [rfc9113-5.1.1-3]", [promise({}, 0)]],
  ["the same stream twice [rfc9113-6.6-12] [rfc9113-5.1.1-2] [rfc9113-5.1.1-3]", [promise({}, 2), promise({}, 2)]],
  ["a stream below the last [rfc9113-6.6-12] [rfc9113-5.1.1-2] [rfc9113-5.1.1-3]", [promise({}, 4), promise({}, 2)]],
  [
    "a stream that has ended [rfc9113-6.6-12] [rfc9113-5.1.1-2]",
    [promise({}, 2), Raw.headers(2, [0x88]), promise({}, 2)]
  ],
  ["on an idle stream [rfc9113-6.6-10]", [promise({}, 2, 3)]],
  ["on an idle stream of the server's [rfc9113-6.6-10]", [promise({}, 4, 2)]],
  ["on a promised stream [rfc9113-6.6-10] [rfc9113-5.1-6]", [promise({}, 2), promise({}, 4, 2)]],
  ["on a promised stream that has begun [rfc9113-6.6-5] [rfc9113-6.6-10]", [promise({}, 2), begun, promise({}, 4, 2)]],
  ["on a stream that the server has ended [rfc9113-6.6-10]", [ok, promise({}, 2)], "whole"],
  ["an idle stream is not one that was promised [rfc9113-5.1-2]", [promise({}, 2), Raw.headers(4, [0x88])]],
  ["one that was left out is closed [rfc9113-5.1.1-3]", [promise({}, 4), Raw.headers(2, [0x88])]]
])

const unfinished = Raw.frame(Type.PUSH_PROMISE, 0, 1, Buffer.concat([Octets.uint32(2), promiseOf()]))

fatal("6.6 a block that goes on", [
  ["PING in the middle [rfc9113-6.6-4]", [Buffer.concat([unfinished, Raw.ping("12345678")])]],
  ["DATA of the same stream in the middle [rfc9113-6.6-4]", [Buffer.concat([unfinished, Raw.data(1, "x")])]],
  ["HEADERS of the same stream in the middle [rfc9113-6.6-4]", [Buffer.concat([unfinished, ok])]],
  ["another promise in the middle [rfc9113-6.6-4]", [Buffer.concat([unfinished, promise({}, 4)])]],
  ["CONTINUATION of the promised stream [rfc9113-6.6-4]", [Buffer.concat([unfinished, Raw.continuation(2, "")])]]
])

fatal("5.1 reserved (remote)", [
  ["DATA [rfc9113-5.1-6]", [promise(), Raw.data(2, "test")]],
  ["DATA with END_STREAM [rfc9113-5.1-6]", [promise(), Raw.data(2, "", Raw.END_STREAM)]],
  ["WINDOW_UPDATE [rfc9113-5.1-6]", [promise(), Raw.windowUpdate(2, 100)]],
  ["WINDOW_UPDATE by 0 [rfc9113-5.1-6]", [promise(), Raw.windowUpdate(2, 0)]],
  ["CONTINUATION [rfc9113-5.1-6]", [promise(), Raw.continuation(2, [0x88])]]
])

cases("5.1 reserved (remote)", [
  {
    title: "PRIORITY and RST_STREAM are taken, and nothing is sent on it [rfc9113-5.1-6] [rfc9113-5.1-5]",
    steps: [promise(), Raw.priority(2, 0), Raw.rstStream(2, Code.CANCEL), Raw.windowUpdate(2, 1), ok],
    outcome: (run) =>
      Effect.gen(function* () {
        yield* C.answered({ status: 200 })(run)
        if (run.peer.log.some((line) => line.includes("stream=2"))) yield* run.peer.fail("nothing was expected on 2")
      })
  }
])

describe("6.6 promises on a stream that was reset", () => {
  /** A client that has given its request up, which the server may not know yet. */
  const givenUp = (run: C.Run) =>
    Effect.zipRight(
      Fiber.interrupt(run.result),
      run.peer.until("RST_STREAM", ({ type }) => type === Type.RST_STREAM)
    )

  asked("are cancelled, and their fields go into the table [rfc9113-6.6-11] [rfc9113-5.1-9]", (run) =>
    Effect.gen(function* () {
      yield* givenUp(run)
      const indexed = Block.literal(["x-kept", "1"], 0x40)
      yield* run.peer.send(Raw.pushPromise(1, 2, Buffer.concat([promiseOf(), indexed])))
      expect((yield* run.peer.frame(Type.RST_STREAM, 2)).payload).toEqual(Octets.uint32(Code.CANCEL))
      // What the server had sent on it by then is dropped.
      yield* run.peer.send(begun, Raw.data(2, "body {}", Raw.END_STREAM))
      const next = yield* Effect.fork(run.client.collect({ path: "/" }))
      yield* run.peer.frame(Type.HEADERS, 3)
      yield* run.peer.send(Raw.headers(3, [0x88, 0xbe]))
      const { headers } = yield* Fiber.join(next)
      expect([...headers]).toEqual([["x-kept", "1"]])
      expect(run.client.connection.unreadOctets).toBe(0)
    })
  )

  asked("end the connection once the server knows [rfc9113-6.6-10]", (run) =>
    Effect.gen(function* () {
      const seen = yield* givenUp(run)
      const isPing = ({ flags, type }: Raw.RawFrame): boolean => type === Type.PING && flags === 0
      const ping = seen.find(isPing) ?? (yield* run.peer.until("PING", isPing)).at(-1)
      yield* run.peer.send(Raw.ping(ping?.payload ?? "", Raw.ACK), promise())
      const [frames] = yield* run.peer.toEnd
      expect(frames.at(-1)).toMatchObject({ type: Type.GOAWAY })
      expect(frames.at(-1)?.payload.readUInt32BE(4)).toBe(Code.PROTOCOL_ERROR)
    })
  )
})

const resetOf = (run: C.Run, id: number) =>
  Effect.map(run.peer.frame(Type.RST_STREAM, id), ({ payload }) => payload.readUInt32BE())

describe("how many promises there may be", () => {
  asked(
    "streams that have begun count, whoever opened them; promised ones do not [rfc9113-5.1.2-2]",
    (run) =>
      Effect.gen(function* () {
        const ids = [2, 4, 6, 8]
        yield* run.peer.send(...ids.map((id) => promise({}, id)), begun, Raw.headers(4, [0x88], Raw.OPEN))
        expect(yield* resetOf(run, 4)).toBe(Code.REFUSED_STREAM)
        // The refused one is not there any more, for the server as for us.
        yield* run.peer.send(Raw.data(2, "", Raw.END_STREAM), Raw.headers(6, [0x88], Raw.OPEN), Raw.headers(8, [0x88]))
        expect(yield* resetOf(run, 8)).toBe(Code.REFUSED_STREAM)
        yield* run.peer.send(Raw.data(6, "body {}", Raw.END_STREAM), ok)
        expect(yield* Effect.flatMap(nextPush(run), read)).toMatchObject({ streamId: 2, status: 200 })
        expect(yield* Effect.flatMap(nextPush(run), read)).toMatchObject({ streamId: 6, body: "body {}" })
        yield* C.answered({ status: 200 })(run)
      }),
    { maxConcurrentStreams: 1 }
  )

  asked(
    "promises that wait are limited, for the server or for somebody who wants them [rfc9113-10.5-1]",
    (run) =>
      Effect.gen(function* () {
        yield* run.peer.send(promise({}, 2), promise({}, 4), promise({}, 6))
        expect(yield* resetOf(run, 6)).toBe(Code.REFUSED_STREAM)
        // Wanted, and still reserved.
        const wanted = yield* nextPush(run)
        const result = yield* Effect.fork(read(wanted))
        yield* run.peer.send(promise({}, 8))
        expect(yield* resetOf(run, 8)).toBe(Code.REFUSED_STREAM)
        yield* run.peer.send(Raw.headers(2, [0x88]), promise({}, 10))
        expect(yield* Fiber.join(result)).toMatchObject({ streamId: 2, status: 200 })
        // Whole, and not wanted by anybody yet.
        yield* run.peer.send(Raw.headers(4, [0x88]), promise({}, 12))
        expect(yield* resetOf(run, 12)).toBe(Code.REFUSED_STREAM)
        yield* run.peer.send(ok)
        expect(yield* Effect.orDie(Fiber.join(run.result))).toMatchObject({ status: 200 })
      }),
    { maxReservedStreams: 2 }
  )

  asked(
    "what nobody has asked for holds no more than half of the connection's window [rfc9113-10.5-1]",
    (run) =>
      Effect.gen(function* () {
        const { connection } = run.client
        yield* run.peer.send(promise(), begun, Raw.data(2, Buffer.alloc(16_000)), Raw.data(2, Buffer.alloc(16_000)))
        yield* run.peer.roundTrip
        expect(connection.unreadOctets).toBe(32_000)
        yield* run.peer.send(promise({}, 4), Raw.headers(4, [0x88], Raw.OPEN), Raw.data(4, Buffer.alloc(1000)))
        expect(yield* resetOf(run, 4)).toBe(Code.CANCEL)
        expect(connection.unreadOctets).toBe(32_000)
        yield* run.peer.send(Raw.data(2, "", Raw.END_STREAM))
        expect((yield* Effect.flatMap(nextPush(run), read)).body).toHaveLength(32_000)
        yield* run.peer.send(ok)
        expect(yield* Effect.orDie(Fiber.join(run.result))).toMatchObject({ status: 200 })
      }),
    { connectionWindowSize: 65_535 }
  )
})

describe("8.4.2 requests for what is being pushed", () => {
  const requests = (frames: ReadonlyArray<Raw.RawFrame>): ReadonlyArray<number> =>
    frames.filter(({ type }) => type === Type.HEADERS).map(({ streamId }) => streamId)

  asked("wait until the stream of the push that was accepted has closed [rfc9113-8.4.2-1]", (run) =>
    Effect.gen(function* () {
      const { client, peer } = run
      yield* peer.send(promise(), ok)
      const push = yield* nextPush(run)
      // Nobody has accepted it yet.
      yield* Effect.fork(client.collect({ path: "/style.css" }))
      expect(requests(yield* peer.roundTrip)).toEqual([3])
      const response = yield* Effect.fork(read(push))
      const waiting = yield* Effect.fork(client.collect({ path: "/style.css" }))
      const given = yield* Effect.fork(client.collect({ path: "/style.css" }))
      yield* Effect.fork(client.collect({ path: "/app.js" }))
      yield* Effect.fork(client.collect({ path: "/style.css", method: "HEAD" }))
      yield* Effect.fork(client.collect({ path: "/style.css", authority: "other.test" }))
      expect(requests(yield* peer.roundTrip)).toEqual([5, 7, 9])
      expect(client.queued()).toBe(2)
      yield* Fiber.interrupt(given)
      yield* peer.send(begun, Raw.data(2, "body"))
      expect(requests(yield* peer.roundTrip)).toEqual([])
      yield* peer.send(Raw.data(2, " {}", Raw.END_STREAM))
      expect(requests(yield* peer.roundTrip)).toEqual([11])
      expect(yield* Fiber.join(response)).toMatchObject({ body: "body {}" })
      yield* peer.send(Raw.headers(11, [0x88]))
      expect(yield* Fiber.join(waiting)).toMatchObject({ status: 200 })
    })
  )

  asked("go out when the push is cancelled, and fail with the connection [rfc9113-8.4.2-1]", (run) =>
    Effect.gen(function* () {
      const { client, peer } = run
      yield* peer.send(promise(), promise({ ":path": "/app.js" }, 4), ok)
      const responses = [yield* nextPush(run), yield* nextPush(run)].map(read)
      const [first, second] = yield* Effect.forEach(responses, Effect.fork)
      yield* Effect.fork(client.collect({ path: "/style.css" }))
      const waiting = yield* Effect.fork(Effect.flip(client.collect({ path: "/app.js" })))
      expect(requests(yield* peer.roundTrip)).toEqual([])
      yield* Fiber.interrupt(first ?? expect.unreachable())
      const frames = yield* peer.roundTrip
      expect(frames.filter(({ streamId }) => streamId > 0).map(({ streamId, type }) => [type, streamId])).toEqual([
        [Type.RST_STREAM, 2],
        [Type.HEADERS, 3]
      ])
      peer.destroy()
      expect(yield* Fiber.join(waiting)).toMatchObject({ processed: "no" })
      expect(yield* Effect.flip(Fiber.join(second ?? expect.unreachable()))).toMatchObject({ scope: "connection" })
    })
  )
})

describe("6.8 the end of the connection", () => {
  asked("GOAWAY of the client names the last promise; those behind it are ignored [rfc9113-6.8-7]", (run) =>
    Effect.gen(function* () {
      const { client, peer } = run
      yield* peer.send(promise(), begun)
      const response = yield* Effect.fork(Effect.flatMap(nextPush(run), read))
      yield* peer.roundTrip
      yield* Effect.fork(client.connection.shutdown)
      expect((yield* peer.frame(Type.GOAWAY)).payload.readUInt32BE()).toBe(2)
      const indexed = Block.literal(["x-kept", "1"], 0x40)
      yield* peer.send(
        Raw.pushPromise(1, 4, Buffer.concat([promiseOf(), indexed])),
        Raw.headers(4, [0x88], Raw.OPEN),
        Raw.data(4, "x"),
        Raw.data(2, "body {}", Raw.END_STREAM),
        Raw.headers(1, [0x88, 0xbe])
      )
      expect(yield* Fiber.join(response)).toMatchObject({ body: "body {}" })
      expect(yield* Effect.orDie(Fiber.join(run.result))).toMatchObject({ status: 200 })
      const [frames, end] = yield* peer.toEnd
      expect([frames.filter(({ streamId }) => streamId === 4), end]).toEqual([[], "FIN"])
    })
  )

  asked("a connection that closes does not wait for what nobody has asked for", (run) =>
    Effect.gen(function* () {
      const { client, peer } = run
      yield* peer.send(promise(), begun, ok)
      yield* Fiber.await(run.result)
      yield* Effect.fork(client.connection.shutdown)
      expect(yield* resetOf(run, 2)).toBe(Code.CANCEL)
      peer.end()
      expect(yield* Stream.runCount(Stream.orElse(client.pushes, () => Stream.empty))).toBe(0)
    })
  )
})
