/** Connections over TLS and without: how both sides begin, and the end of one that renegotiates. */
import * as NodeHttp2 from "@effect-http2/platform-node/NodeHttp2"
import * as NodeListener from "@effect-http2/platform-node/NodeListener"
import * as NodeTransport from "@effect-http2/platform-node/NodeTransport"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import * as Net from "node:net"
import * as Tls from "node:tls"
import { describe, expect } from "vitest"
import * as U from "../utils.js"
import * as Raw from "@effect-http2/testkit/rawFrame"
import * as RawPeer from "@effect-http2/testkit/rawPeer"
import { dial, host, listen } from "./support/tlsPeer.js"

const ca = U.certificate.cert

describe("9.2.1 renegotiation", () => {
  U.check(
    "a client that begins another handshake loses its connection, and nothing more is served [rfc9113-9.2.1-2] [rfc9113-9.2.1-3]",
    () =>
      Effect.gen(function* () {
        const failed = yield* Deferred.make<unknown>()
        const { address } = yield* NodeListener.make({ host, tls: U.certificate }, ({ incoming }) =>
          Effect.tapError(Stream.runDrain(incoming), (error) => Deferred.succeed(failed, error))
        )
        const socket = yield* dial(address.port ?? 0, { maxVersion: "TLSv1.2" })
        socket.resume()
        const closed = yield* Effect.fork(U.once(socket, "close"))
        yield* Effect.yieldNow()
        let renegotiated = false
        socket.renegotiate({}, (error) => (renegotiated = error === null))
        yield* Fiber.join(closed)
        expect(renegotiated).toBe(false)
        expect(yield* Deferred.await(failed)).toMatchObject({
          _tag: "Http2TransportError",
          cause: { code: "ERR_TLS_RENEGOTIATION_DISABLED" }
        })
      })
  )

  U.check("also one that nobody reads yet, and whatever it would be for [rfc9113-9.2.1-2] [rfc9113-9.2.1-4]", () =>
    Effect.gen(function* () {
      const { address } = yield* NodeListener.make({ host, tls: U.certificate }, () => Effect.never)
      const socket = yield* dial(address.port ?? 0, { maxVersion: "TLSv1.2" })
      socket.resume()
      const closed = yield* Effect.fork(U.once(socket, "close"))
      yield* Effect.yieldNow()
      socket.renegotiate({}, () => undefined)
      yield* Fiber.join(closed)
    })
  )

  U.check("our client does not take part in one [rfc9113-9.2.1-2]", () =>
    Effect.gen(function* () {
      const server = yield* U.serve(
        Tls.createServer({ ...U.certificate, maxVersion: "TLSv1.2", ALPNProtocols: ["h2"] })
      )
      const accepted = yield* Effect.fork(U.nextSocket<Tls.TLSSocket>(server, "secureConnection"))
      yield* Effect.yieldNow()
      const { incoming } = yield* NodeTransport.connect({ host, port: server.port, tls: { ca } })
      const socket = yield* Fiber.join(accepted)
      socket.resume()
      const refused = yield* Deferred.make<unknown>()
      socket.on("error", (error) => Deferred.unsafeDone(refused, Effect.succeed(error)))
      socket.renegotiate({}, () => undefined)
      expect(yield* Deferred.await(refused)).toMatchObject({ code: "ERR_SSL_NO_RENEGOTIATION" })
      yield* Effect.flip(Stream.runDrain(incoming))
    })
  )
})

describe("3.2, 3.3 both sides send their preface", () => {
  const beginning = (socket: Net.Socket, length: number): Effect.Effect<Buffer> =>
    Effect.async((resume) => {
      let octets: Buffer = Buffer.alloc(0)
      socket.on("data", (chunk: Buffer) => {
        octets = Buffer.concat([octets, chunk])
        if (octets.length >= length) resume(Effect.succeed(octets))
      })
    })

  for (const tls of [true, false]) {
    const rule = tls ? "over TLS [rfc9113-3.2-2]" : "with prior knowledge [rfc9113-3.3-2]"
    // Without TLS the client's first octets tell whether it speaks HTTP/2: one that does not is answered in HTTP/1.1.
    const when = tls
      ? "at once, before it hears anything"
      : "behind the first octets of the client's, before its SETTINGS"
    U.check(`our server ${when}, ${rule}`, () =>
      Effect.gen(function* () {
        const port = yield* listen(tls ? {} : { tls: undefined })
        const socket = tls ? yield* dial(port, {}) : yield* RawPeer.connectSocket(port)
        if (!tls) socket.write(Raw.preface)
        const [first] = Raw.parse(yield* beginning(socket, 9))
        expect(first).toMatchObject({ type: Raw.Type.SETTINGS, flags: 0, streamId: 0 })
      })
    )

    U.check(`our client at once, before it hears anything, ${rule}`, () =>
      Effect.gen(function* () {
        const server = yield* U.serve(
          tls ? Tls.createServer({ ...U.certificate, ALPNProtocols: ["h2"] }) : Net.createServer()
        )
        const accepted = yield* Effect.fork(U.nextSocket(server, tls ? "secureConnection" : "connection"))
        yield* Effect.yieldNow()
        yield* NodeHttp2.connect(`${tls ? "https" : "http"}://${host}:${server.port}`, { tls: { ca } })
        const octets = yield* beginning(yield* Fiber.join(accepted), 24 + 9)
        expect(octets.subarray(0, 24)).toEqual(Raw.preface)
        expect(Raw.parse(octets.subarray(24))[0]).toMatchObject({ type: Raw.Type.SETTINGS, flags: 0, streamId: 0 })
      })
    )
  }
})
