import type { TransportError } from "@effect-http2/http2/Http2Error"
import * as NodeTransport from "@effect-http2/platform-node/NodeTransport"
import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/TestClock"
import * as Net from "node:net"
import * as Tls from "node:tls"
import { expect } from "vitest"
import * as Certificate from "@effect-http2/testkit/certificate"
import * as U from "./utils.js"

const ca = U.certificate.cert
const host = "127.0.0.1"

/** Fails to connect, and with what. */
const failing = (options: NodeTransport.ConnectOptions): Effect.Effect<TransportError> =>
  Effect.flip(Effect.scoped(NodeTransport.connect(options))).pipe(Effect.orDieWith(() => new Error("it connected")))

const tlsServer = (options: Tls.TlsOptions) => U.serve(Tls.createServer({ ...U.certificate, ...options }))

describe("what cannot be connected to", () => {
  U.check("a port that nobody listens at", () =>
    Effect.gen(function* () {
      const { port } = yield* Effect.scoped(U.serve(Net.createServer()))
      const error = yield* failing({ host, port })
      expect(error).toMatchObject({ reason: "Connect", processed: "no", cause: { code: "ECONNREFUSED" } })
      expect(error.description).toContain(`${host}:${port}`)
      const tls = yield* failing({ host, port, tls: true })
      expect(tls).toMatchObject({ reason: "Connect", cause: { code: "ECONNREFUSED" } })
      const all = yield* failing({ host: "localhost", port })
      expect(all.reason).toBe("Connect")
      expect(all.description).toContain("ECONNREFUSED")
    })
  )

  U.check("a unix socket that is not there", () =>
    Effect.gen(function* () {
      const path = U.socketPath()
      const error = yield* failing({ path })
      expect(error.reason).toBe("Connect")
      expect(error.description).toContain(path)
    })
  )

  U.check("options that Node throws at", () =>
    Effect.gen(function* () {
      for (const options of [
        { host, port: 70_000 },
        { host, port: -1 },
        { host },
        {},
        { host, port: 1, tls: { key: "no key", cert: "no certificate" } },
        { host, port: 1, tls: { ciphers: "no-such-cipher" } }
      ]) {
        const error = yield* failing(options)
        expect(error, JSON.stringify(options)).toMatchObject({ reason: "InvalidOptions", origin: "User" })
      }
    })
  )
})

describe("time", () => {
  // A server that accepts, and never says a word of TLS.
  it.scoped("connectTimeout covers TLS, 10 seconds by default", () =>
    Effect.gen(function* () {
      const server = yield* U.serve(Net.createServer())
      const connecting = yield* Effect.fork(failing({ host, port: server.port, tls: true }))
      const socket = yield* U.nextSocket(server)
      yield* TestClock.adjust("9 seconds")
      expect(yield* Fiber.poll(connecting)).toMatchObject({ _tag: "None" })
      socket.resume()
      const closed = yield* Effect.fork(U.once(socket, "close"))
      yield* TestClock.adjust("1 seconds")
      const error = yield* Fiber.join(connecting)
      expect(error.reason).toBe("ConnectTimeout")
      expect(error.description).toContain("10s")
      yield* Fiber.join(closed)
    })
  )

  U.check("a timeout of one's own", () =>
    Effect.gen(function* () {
      const server = yield* U.serve(Net.createServer())
      const error = yield* failing({ host, port: server.port, tls: true, connectTimeout: "20 millis" })
      expect(error.reason).toBe("ConnectTimeout")
    })
  )

  U.check("interruption while connecting destroys the socket", () =>
    Effect.gen(function* () {
      const server = yield* U.serve(Net.createServer())
      const connecting = yield* Effect.fork(failing({ host, port: server.port, tls: true }))
      const socket = yield* U.nextSocket(server)
      socket.resume()
      const closed = yield* Effect.fork(U.once(socket, "close"))
      yield* Effect.yieldNow()
      yield* Fiber.interrupt(connecting)
      yield* Fiber.join(closed)
      // At once, before TCP is through.
      yield* Fiber.interrupt(yield* Effect.fork(failing({ host, port: server.port })))
      const early = yield* Effect.fork(failing({ host: "localhost", port: server.port }))
      yield* Effect.yieldNow()
      yield* Fiber.interrupt(early)
    })
  )
})

describe("TLS", () => {
  U.check("what was agreed on is told", () =>
    Effect.gen(function* () {
      const server = yield* tlsServer({ ALPNProtocols: ["h2"] })
      const { peer } = yield* NodeTransport.connect({ host: "localhost", port: server.port, tls: { ca } })
      expect(peer.tls).toEqual({
        version: "TLSv1.3",
        cipher: expect.stringMatching(/^TLS_(AES|CHACHA20)/),
        alpnProtocol: "h2",
        serverName: "localhost",
        authorized: true
      })
      expect(peer.remote).toEqual({ host, port: server.port })
      expect(peer.local).toEqual({ host, port: expect.any(Number) })
      const older = yield* NodeTransport.connect({
        host,
        port: server.port,
        tls: { ca, maxVersion: "TLSv1.2", ciphers: undefined, minVersion: undefined }
      })
      expect(older.peer.tls).toEqual({
        version: "TLSv1.2",
        cipher: "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
        alpnProtocol: "h2",
        serverName: undefined,
        authorized: true
      })
    })
  )

  U.check("a certificate that is not trusted, or of another name", () =>
    Effect.gen(function* () {
      const server = yield* tlsServer({ ALPNProtocols: ["h2"] })
      const { port } = server
      const untrusted = yield* failing({ host, port, tls: true })
      expect(untrusted).toMatchObject({ reason: "Tls", cause: { code: "DEPTH_ZERO_SELF_SIGNED_CERT" } })
      const other = yield* failing({ host, port, tls: { ca, servername: "example.org" } })
      expect(other).toMatchObject({ reason: "Tls", cause: { code: "ERR_TLS_CERT_ALTNAME_INVALID" } })
      const accepted = yield* NodeTransport.connect({ host, port, tls: { rejectUnauthorized: false } })
      expect(accepted.peer.tls?.authorized).toBe(false)
    })
  )

  U.check("a server that chooses another protocol, or none [rfc9113-3.3-1]", () =>
    Effect.gen(function* () {
      const other = yield* tlsServer({ ALPNProtocols: ["http/1.1"] })
      expect((yield* failing({ host, port: other.port, tls: { ca } })).reason).toBe("Alpn")
      const none = yield* tlsServer({})
      const error = yield* failing({ host, port: none.port, tls: { ca } })
      expect(error.reason).toBe("Alpn")
      expect(error.description).toContain("no protocol was negotiated, not h2")
      const fallback = yield* NodeTransport.connect({
        host,
        port: other.port,
        tls: { ca },
        alpnProtocols: ["h2", "http/1.1"]
      })
      expect(fallback.peer.tls?.alpnProtocol).toBe("http/1.1")
    })
  )

  U.check(
    "a cipher suite of TLS 1.2 that is prohibited, offered by the server or asked for by us [rfc9113-9.2.2-1]",
    () =>
      Effect.gen(function* () {
        const prohibited = { maxVersion: "TLSv1.2", ciphers: "ECDHE-RSA-AES128-SHA256:AES128-GCM-SHA256" } as const
        const server = yield* tlsServer({ ...prohibited, ALPNProtocols: ["h2"] })
        expect((yield* failing({ host, port: server.port, tls: { ca } })).reason).toBe("Tls")
        const error = yield* failing({ host, port: server.port, tls: { ca, ...prohibited } })
        expect(error.reason).toBe("Tls")
        expect(error.description).toContain("TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256")
        expect(error.description).toContain("§9.2.2")
      })
  )

  U.check("TLS 1.1 and a server that hangs up [rfc9113-9.2-1]", () =>
    Effect.gen(function* () {
      const old = yield* tlsServer({ minVersion: "TLSv1.1", maxVersion: "TLSv1.1", ALPNProtocols: ["h2"] })
      expect((yield* failing({ host, port: old.port, tls: { ca } })).reason).toBe("Tls")
      const rude = yield* U.serve(Net.createServer((socket) => socket.destroy()))
      expect((yield* failing({ host, port: rude.port, tls: { ca } })).reason).toBe("Tls")
      const babbling = yield* U.serve(Net.createServer((socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n")))
      expect((yield* failing({ host, port: babbling.port, tls: { ca } })).reason).toBe("Tls")
    })
  )

  U.check("a certificate of the client", () =>
    Effect.gen(function* () {
      const mine = yield* Effect.promise(() => Certificate.make("client"))
      const server = yield* tlsServer({ ALPNProtocols: ["h2"], requestCert: true, ca: mine.cert })
      const accepted = yield* Effect.fork(U.nextSocket<Tls.TLSSocket>(server, "secureConnection"))
      yield* Effect.yieldNow()
      yield* NodeTransport.connect({ host, port: server.port, tls: { ca, ...mine } })
      const far = yield* NodeTransport.fromSocket(yield* Fiber.join(accepted))
      expect(far.peer.tls?.authorized).toBe(true)
    })
  )
})
