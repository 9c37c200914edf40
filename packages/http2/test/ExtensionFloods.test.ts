/** Frames and fields that cost more to read than to send: capped first, decoded in one step, and only where somebody listens. */
import * as ErrorCode from "@effect-http2/http2/ErrorCode"
import { PriorityUpdate, Type } from "@effect-http2/http2/ExtensionFrame"
import * as Headers from "@effect-http2/http2/Headers"
import * as Http2ServerResponse from "@effect-http2/http2/Http2ServerResponse"
import * as Priority from "@effect-http2/http2/Priority"
import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { expect, vi } from "vitest"
import { asked, own } from "./support/origins.js"
import { server } from "./support/peer.js"
import { ascii, concat, get, headers, rawFrame } from "./support/wire.js"

/** 8,000 entries of two octets: 200,000 are in 25 of these frames. */
const tinyOrigins = rawFrame(Type.ORIGIN, 0, 0, new Uint8Array(16_000))
const longAltSvc = rawFrame(
  Type.ALTSVC,
  0,
  0,
  concat([Uint8Array.of(0, own.length), ascii(own), ascii("x".repeat(16_000))])
)
const longPriority = rawFrame(Type.PRIORITY_UPDATE, 0, 0, concat([Uint8Array.of(0, 0, 0, 1), ascii("a,".repeat(8000))]))

/** How many times octets are made to text while `run` runs. */
const steps = <A, E, R>(run: Effect.Effect<A, E, R>): Effect.Effect<number, E, R> =>
  Effect.acquireUseRelease(
    Effect.sync(() => vi.spyOn(String, "fromCharCode")),
    (spy) => Effect.map(run, () => spy.mock.calls.length),
    (spy) => Effect.sync(() => spy.mockRestore())
  )

const calm = { code: ErrorCode.ENHANCE_YOUR_CALM, limit: "glitchBurst" }
const times = (count: number, frame: Uint8Array) => Array.from({ length: count }, () => frame)

describe("200,000 entries in frames of extensions", () => {
  it.scoped("are not decoded at a server, which nobody tells of origins", () =>
    Effect.gen(function* () {
      const { failure, peer, stats } = yield* server(() => Effect.never, { glitchBurst: 40 })
      yield* peer.barrier()
      const decoded = yield* steps(
        Effect.gen(function* () {
          yield* peer.send(...times(25, tinyOrigins), ...times(25, longAltSvc))
          expect(yield* failure).toMatchObject(calm)
        })
      )
      expect([decoded, stats.glitches]).toEqual([0, 41])
    })
  )

  it.scoped("are not decoded at a client that is not told of alternatives; one for each response is no glitch", () =>
    Effect.gen(function* () {
      const { failure, peer, stats } = yield* asked({ glitchBurst: 20 })
      const decoded = yield* steps(
        Effect.gen(function* () {
          yield* peer.send(rawFrame(Type.ALTSVC, 0, 1, concat([Uint8Array.of(0, 0), ascii("clear")])))
          yield* peer.barrier(1)
          expect(stats.glitches).toBe(0)
          yield* peer.send(...times(25, longAltSvc))
          expect(yield* failure).toMatchObject(calm)
        })
      )
      expect(decoded).toBe(0)
    })
  )

  it.scoped("are capped at a client that listens: maxOrigins of a frame, and 4,096 octets of ALTSVC", () =>
    Effect.gen(function* () {
      const told: Array<string> = []
      const { connection, failure, peer } = yield* asked({
        glitchBurst: 40,
        maxOrigins: 10,
        listener: { onAltSvc: ({ value }) => told.push(value) }
      })
      const decoded = yield* steps(
        Effect.gen(function* () {
          yield* peer.send(...times(20, tinyOrigins), ...times(10, longAltSvc))
          yield* peer.barrier(1)
          expect([...(connection.originSet ?? [])]).toEqual([own])
          yield* peer.send(...times(25, tinyOrigins))
          expect(yield* failure).toMatchObject(calm)
        })
      )
      // An entry without octets takes no step.
      expect([decoded, told]).toEqual([0, []])
    })
  )

  it.scoped("PRIORITY_UPDATE is read up to what is too long, in one step, and ignored then", () =>
    Effect.gen(function* () {
      const { failure, peer } = yield* server(() => Effect.never, { glitchBurst: 20 })
      yield* peer.barrier()
      const decoded = yield* steps(
        Effect.gen(function* () {
          yield* peer.send(...times(25, longPriority))
          expect(yield* failure).toMatchObject(calm)
        })
      )
      expect(decoded).toBe(25)
    })
  )
})

describe("the priority of a request", () => {
  it("is ignored beyond 256 octets, over several fields too", () => {
    const long = `u=1, ${"a, ".repeat(100)}i`
    expect([Priority.parse(long), Priority.parse("u=1, i")]).toEqual([
      Priority.defaults,
      { urgency: 1, incremental: true }
    ])
    const of = (...values: ReadonlyArray<string>) =>
      Priority.fromHeaders(Headers.make(values.map((value) => ["priority", value] as const)))
    expect(of(long)).toBeUndefined()
    expect(of("u=1", ...Array.from({ length: 1000 }, () => "a=1"))).toBeUndefined()
    expect(of("u=1", "i")).toEqual({ urgency: 1, incremental: true })
  })

  it("is the same value, parsed once, for the same text", () => {
    const first = Priority.parse("u=2, i")
    const exec = vi.spyOn(RegExp.prototype, "exec")
    try {
      expect(Priority.parse("u=2, i")).toBe(first)
      expect(exec).not.toHaveBeenCalled()
    } finally {
      exec.mockRestore()
    }
  })

  it.scoped("is read once a request, and only where somebody asks", () =>
    Effect.gen(function* () {
      const seen: Array<Priority.Priority> = []
      const { peer } = yield* server((request) => {
        if (request.path !== "/") return Effect.succeed(Http2ServerResponse.empty())
        seen.push(request.priority, request.priority)
        return Effect.succeed(Http2ServerResponse.empty())
      })
      const value = "u=1, some-parameter-that-is-not-known=1"
      const ask = (id: number, path: string) => headers(id, [...get.slice(0, 3), [":path", path], ["priority", value]])
      yield* peer.barrier(1)
      const exec = vi.spyOn(RegExp.prototype, "exec")
      const keys = (): number => exec.mock.calls.filter(([text]) => text === value).length
      yield* peer.send(ask(1, "/quiet"))
      yield* peer.barrier(2)
      const quiet = keys()
      yield* peer.send(ask(3, "/"))
      yield* peer.barrier(3)
      const asking = keys()
      exec.mockRestore()
      expect([quiet, asking, seen.length]).toEqual([0, 2, 2])
      expect(seen).toEqual([
        { urgency: 1, incremental: false },
        { urgency: 1, incremental: false }
      ])
    })
  )

  it.scoped("PRIORITY_UPDATE that is too long leaves what was said", () =>
    Effect.gen(function* () {
      const seen: Array<Priority.Priority> = []
      const { peer } = yield* server((request) =>
        Effect.sync(() => {
          seen.push(request.priority)
          return Http2ServerResponse.empty()
        })
      )
      yield* peer.send(new PriorityUpdate(1, "u=6"), new PriorityUpdate(1, `u=0, ${"a, ".repeat(100)}b`))
      yield* peer.send(headers(1, get))
      yield* peer.barrier()
      expect(seen).toEqual([{ urgency: 6, incremental: false }])
    })
  )
})
