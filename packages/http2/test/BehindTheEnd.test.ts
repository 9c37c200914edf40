/**
 * A peer that goes on sending behind the end of a connection (RFC 9113 §5.4.1): what an honest one had on its way is read and dropped, so that it gets to see
 * GOAWAY; one that sends without end is not read on, and its connection closes at once.
 */
import * as ErrorCode from "@effect-http2/http2/ErrorCode"
import * as Http2Client from "@effect-http2/http2/Http2Client"
import * as Http2ServerResponse from "@effect-http2/http2/Http2ServerResponse"
import * as Http2Server from "@effect-http2/http2/Http2Server"
import * as MemoryTransport from "@effect-http2/http2/MemoryTransport"
import type { Transport } from "@effect-http2/http2/Transport"
import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { expect } from "vitest"
import { Peer } from "./support/peer.js"
import { data, encode, filled, preface, settings, settingsAck } from "./support/wire.js"

const roles = {
  server: {
    make: Http2Server.make(() => Effect.succeed(Http2ServerResponse.text("ok"))),
    begin: [preface, settings(), settingsAck]
  },
  client: {
    make: (transport: Transport) => Effect.map(Http2Client.make(transport), ({ connection }) => connection),
    begin: [settings(), settingsAck]
  }
}

/** A connection that has failed, as its peer has seen. `read` is how much was read of what the peer has sent since. */
const failed = (role: keyof typeof roles) =>
  Effect.gen(function* () {
    const scripted = yield* MemoryTransport.scripted()
    let octets = 0
    const incoming = Stream.tap(scripted.transport.incoming, (read) =>
      Effect.sync(() => {
        octets += read.length
      })
    )
    const { begin, make } = roles[role]
    const connection = yield* make({ ...scripted.transport, incoming })
    // Closing does not wait for a peer that is gone.
    yield* Effect.addFinalizer(() => scripted.reset)
    const peer = new Peer(scripted, role === "client")
    yield* peer.send(...begin, data(0x7fff, "x"))
    expect(yield* Effect.flip(connection.awaitClosed)).toMatchObject({ code: ErrorCode.PROTOCOL_ERROR })
    expect(yield* peer.await("GoAway")).toMatchObject({ errorCode: ErrorCode.PROTOCOL_ERROR })
    const before = octets
    return { peer, read: () => octets - before }
  })

const frame = encode(data(1, filled(16_384)))
const mebibyte = 1024 * 1024

/** Up to `count` turns of the event loop, or until `isDone`. */
const turns = (count: number, isDone: Effect.Effect<boolean>): Effect.Effect<boolean> =>
  Effect.flatMap(isDone, (done) =>
    done || count === 0
      ? Effect.succeed(done)
      : Effect.zipRight(
          Effect.promise(() => new Promise((resolve) => setImmediate(resolve))),
          turns(count - 1, isDone)
        )
  )

const test = (role: keyof typeof roles, title: string, run: Effect.Effect<void, unknown, Scope.Scope>): void =>
  it.scoped(`a ${role}: ${title}`, () => run)

describe("behind a connection error", () => {
  for (const role of ["server", "client"] as const) {
    test(
      role,
      "a peer that sends without end is read for a mebibyte, and its connection closes with no time passing",
      Effect.gen(function* () {
        const { peer, read } = yield* failed(role)
        for (let sent = 0; sent < 16 * mebibyte; sent += frame.length) {
          yield* peer.scripted.send(frame)
          if (sent % mebibyte < frame.length) yield* turns(2, peer.scripted.closed)
        }
        expect(yield* turns(100, peer.scripted.closed)).toBe(true)
        expect(read()).toBeLessThan(2 * mebibyte)
      })
    )

    test(
      role,
      "a peer that ends behind what was on its way is read to its end",
      Effect.gen(function* () {
        const { peer, read } = yield* failed(role)
        for (let i = 0; i < 32; i++) {
          yield* peer.scripted.send(frame)
          yield* turns(2, peer.scripted.closed)
        }
        expect(yield* turns(100, peer.scripted.closed)).toBe(false)
        expect(read()).toBe(32 * frame.length)
        yield* peer.scripted.end
        expect(yield* turns(100, peer.scripted.closed)).toBe(true)
      })
    )
  }
})
