/**
 * Every request settles, once, and none is sent again that a server may have processed: whatever the server does, whoever is interrupted while it waits or
 * is under way, and when the client closes. Servers, dials and clients follow a script that chance has written, from a seed.
 */
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as NodeHttp2Client from "@effect-http2/effect4-platform-node/NodeHttp2Client"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import * as Http2 from "node:http2"
import type * as Net from "node:net"
import { expect, it } from "vitest"
import { makeRandom } from "../support/check.js"
import { check, http2, makeClient } from "./support/servers.js"

const requests = 40

const turn = Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))

const { NGHTTP2_NO_ERROR, NGHTTP2_REFUSED_STREAM } = Http2.constants

/** What a server has done with the streams of a connection. */
interface Session {
  /** The highest that it processes, once it has said that. */
  last: number
  highest: number
}

const makeServer = (random: () => number) =>
  Effect.gen(function* () {
    /** How often each request was processed, or may have been. */
    const processed = new Map<string, number>()
    const sessions = new WeakMap<Http2.Http2Session, Session>()
    const sessionOf = (session: Http2.Http2Session): Session => {
      const known = sessions.get(session) ?? { last: Number.POSITIVE_INFINITY, highest: 0 }
      sessions.set(session, known)
      return known
    }
    const answer = (stream: Http2.ServerHttp2Stream): void => {
      if (stream.destroyed || stream.closed) return
      stream.respond({ ":status": 200 })
      stream.end("ok")
    }
    const { dials, url } = yield* http2(
      (stream, headers) => {
        const { session } = stream
        if (session === undefined) return
        const state = sessionOf(session)
        if (stream.id === undefined || stream.id > state.last) return
        const chance = random()
        if (chance < 0.1) return stream.close(NGHTTP2_REFUSED_STREAM)
        if (chance < 0.17 && stream.id > state.highest) {
          state.last = state.highest
          return session.goaway(NGHTTP2_NO_ERROR, state.last)
        }
        state.highest = Math.max(state.highest, stream.id)
        const id = String(headers["x-id"])
        processed.set(id, (processed.get(id) ?? 0) + 1)
        if (chance < 0.2) return session.destroy()
        if (chance < 0.6) return answer(stream)
        let turns = Math.ceil(random() * 20)
        const later = (): void => {
          if (turns-- > 0) setImmediate(later)
          else answer(stream)
        }
        later()
      },
      { settings: { maxConcurrentStreams: 3 } }
    )
    return { dials, processed, url }
  })

/** Finds its host four times of five. */
const makeLookup =
  (random: () => number): Net.LookupFunction =>
  (_, { all }, callback) => {
    if (random() < 0.2) setImmediate(() => callback(new Error("not found"), ""))
    else if (all === true) callback(null, [{ address: "127.0.0.1", family: 4 }])
    else callback(null, "127.0.0.1", 4)
  }

/** What has happened in all scripts. */
const seen = { ok: 0, failed: 0, interrupted: 0, closed: 0, retries: 0, dialsFailed: 0, rejected: 0, waited: 0 }

for (let seed = 1; seed <= 12; seed++) {
  check(`seed ${seed}`, () =>
    Effect.gen(function* () {
      const random = makeRandom(seed)
      const { processed, url } = yield* makeServer(random)
      const stats = NodeHttp2Client.makeStats()
      const scope = yield* Scope.make()
      const client = yield* Scope.provide(
        makeClient({
          stats,
          lookup: makeLookup(random),
          pool: { maxConnections: 2, maxQueued: 15, policy: seed % 2 === 0 ? "fill" : "spread" }
        }),
        scope
      )
      const settled: Array<number> = []
      const closesAt = Math.floor(random() * 3 * requests)
      const fibers: Array<Fiber.Fiber<Exit.Exit<unknown, unknown>>> = []
      for (let id = 0; id < requests; id++) {
        const request = HttpClientRequest.setHeader(HttpClientRequest.post(url), "x-id", String(id))
        const sent = Effect.flatMap(client.execute(request), (response) => response.text)
        const counted = Effect.onExit(sent, () => Effect.sync(() => settled.push(id)))
        fibers.push(yield* Effect.forkChild(Effect.exit(counted)))
        if (random() < 0.3) yield* turn
        const unlucky = fibers[Math.floor(random() * fibers.length)]
        if (random() < 0.2 && unlucky !== undefined) yield* Effect.forkChild(Fiber.interrupt(unlucky))
      }
      for (let turns = 0; turns < closesAt; turns++) yield* turn
      yield* Scope.close(scope, Exit.void)
      const exits = yield* Effect.forEach(fibers, Fiber.await)
      // One that was interrupted before it began has nothing to settle.
      expect(new Set(settled).size).toBe(settled.length)
      exits.forEach((exit, id) => {
        const times = processed.get(String(id)) ?? 0
        expect(times).toBeLessThanOrEqual(1)
        if (Exit.isSuccess(exit) && Exit.isSuccess(exit.value)) expect([exit.value.value, times]).toEqual(["ok", 1])
      })
      for (const exit of exits) {
        if (Exit.isFailure(exit)) seen.interrupted++
        else if (Exit.isSuccess(exit.value)) seen.ok++
        else if (JSON.stringify(exit.value).includes("the client was closed")) seen.closed++
        else seen.failed++
      }
      for (const key of ["retries", "dialsFailed", "rejected", "waited"] as const) seen[key] += stats[key]
      expect([stats.waiting, stats.connections]).toEqual([0, 0])
      expect(stats.dials).toBeGreaterThan(0)
    })
  )
}

it("the scripts have had of everything", () => {
  expect(Object.entries(seen).filter(([, times]) => times === 0)).toEqual([])
})
