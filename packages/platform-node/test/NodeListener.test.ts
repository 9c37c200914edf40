import * as Http2ServerResponse from "@effect-http2/http2/Http2ServerResponse"
import type { Transport } from "@effect-http2/http2/Transport"
import * as NodeHttp2 from "@effect-http2/platform-node/NodeHttp2"
import * as NodeHttp2Server from "@effect-http2/platform-node/NodeHttp2Server"
import * as NodeListener from "@effect-http2/platform-node/NodeListener"
import * as NodeTransport from "@effect-http2/platform-node/NodeTransport"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { describe } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Metric from "effect/Metric"
import * as Queue from "effect/Queue"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { existsSync } from "node:fs"
import * as Net from "node:net"
import * as Tls from "node:tls"
import { expect } from "vitest"
import * as Certificate from "@effect-http2/testkit/certificate"
import * as U from "./utils.js"

const ca = U.certificate.cert
const host = "127.0.0.1"

/** Runs with a logger that hands over "LEVEL message". */
const logged = <A, E, R>(test: (lines: Queue.Dequeue<string>) => Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const lines = yield* Queue.unbounded<string>()
    const logger = Logger.make(({ logLevel, message }) => {
      // Effect says it of the test's own client, whose reading fails where the listener closes without a word.
      if (message === "Fiber terminated with an unhandled error") return
      lines.unsafeOffer(`${logLevel.label} ${String(message)}`)
    })
    return yield* test(lines).pipe(
      Logger.withMinimumLogLevel(LogLevel.Debug),
      Effect.provide(Logger.replace(Logger.defaultLogger, logger))
    )
  })

/** A client of Node's own; completes with the code of its error when it has closed, or "" without one. */
const rawTls = (port: number, options: Tls.ConnectionOptions): Effect.Effect<string> =>
  Effect.async((resume) => {
    let code = ""
    const socket = Tls.connect({ port, host, ca, ...options }, () => socket.resume())
    socket.on("error", (error: NodeJS.ErrnoException) => (code = error.code ?? error.message))
    socket.on("close", () => resume(Effect.succeed(code)))
  })

const rawTcp = (port: number): Effect.Effect<Net.Socket, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.async<Net.Socket>((resume) => {
      const socket = Net.connect({ port, host }, () => resume(Effect.succeed(socket)))
      socket.on("error", () => {})
      socket.resume()
    }),
    (socket) => Effect.sync(() => socket.destroy())
  )

const portOf = (listener: NodeListener.Listener): number => listener.address.port ?? expect.unreachable()

describe("listening", () => {
  U.check("tells the port that the system chose, and hands services to the handler", () =>
    Effect.gen(function* () {
      class Greeting extends Context.Tag("Greeting")<Greeting, string>() {}
      const listener = yield* NodeListener.make({ host }, (transport) =>
        Effect.gen(function* () {
          yield* Effect.addFinalizer(() => Effect.sync(() => transport.write([Buffer.from(", bye")])))
          transport.write([Buffer.from(yield* Greeting)])
          expect(transport.peer.local).toEqual(listener.address)
        })
      ).pipe(Effect.provideService(Greeting, "hello"))
      expect(listener.address).toEqual({ host, port: expect.any(Number) })
      expect(portOf(listener)).toBeGreaterThan(0)
      const transport = yield* NodeTransport.connect({ host, port: portOf(listener) })
      expect((yield* U.collect(transport)).toString()).toBe("hello, bye")
    })
  )

  U.check("an address in use, and options that Node throws at", () =>
    Effect.gen(function* () {
      const { address } = yield* NodeListener.make({ host }, () => Effect.void)
      const used = yield* Effect.flip(NodeListener.make({ host, port: address.port }, () => Effect.void))
      expect(used).toMatchObject({ reason: "Listen", cause: { code: "EADDRINUSE" } })
      expect(used.description).toContain(`${host}:${address.port}`)
      for (const options of [{ port: 70_000 }, { tls: { key: "no key" } }, { tls: { ciphers: "no-such-cipher" } }]) {
        const error = yield* Effect.flip(NodeListener.make({ host, ...options }, () => Effect.void))
        expect(error.reason).toBe("InvalidOptions")
      }
    })
  )

  U.check("removes the path of a unix socket when it closes", () =>
    Effect.gen(function* () {
      const path = U.socketPath()
      yield* Effect.scoped(
        Effect.gen(function* () {
          const { address } = yield* NodeListener.make({ path }, U.echo)
          expect(address).toEqual({ host: path, port: undefined })
          expect(existsSync(path)).toBe(true)
          const { peer } = yield* NodeTransport.connect({ path })
          expect(peer).toEqual({ remote: { host: path, port: undefined }, local: undefined, tls: undefined })
        })
      )
      expect(existsSync(path)).toBe(false)
    })
  )

  U.check("interruption while it looks up its host", () =>
    Effect.gen(function* () {
      const listening = yield* Effect.fork(Effect.scoped(NodeListener.make({ host: "localhost" }, () => Effect.void)))
      yield* Effect.yieldNow()
      yield* Fiber.interrupt(listening)
    })
  )
})

describe("what handlers do", () => {
  U.check("a failure is logged at debug, a defect at error, and the listener goes on", () =>
    logged((lines) =>
      Effect.gen(function* () {
        let connections = 0
        const listener = yield* NodeListener.make({ host }, (transport) => {
          switch (++connections) {
            case 1:
              return Effect.fail("oops")
            case 2:
              return Effect.die("boom")
            case 3:
              throw new Error("not even an Effect")
            default:
              return U.echo(transport)
          }
        })
        const exchange = Effect.scoped(
          Effect.gen(function* () {
            const transport = yield* NodeTransport.connect({ host, port: portOf(listener) })
            transport.write([Buffer.from("x")])
            yield* transport.end
            // Closed with octets unread, the connection may be reset.
            return yield* Effect.orElseSucceed(U.collect(transport), () => Buffer.alloc(0))
          })
        )
        for (const level of ["DEBUG", "ERROR", "ERROR"]) {
          expect((yield* exchange).length).toBe(0)
          expect(yield* Queue.take(lines)).toMatch(level)
        }
        expect((yield* exchange).toString()).toBe("x")
        expect(yield* Queue.size(lines)).toBe(0)
      })
    )
  )
})

describe("closing", () => {
  U.check("stops accepting, lets all connections finish at once, and waits for them", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const ready = yield* Queue.unbounded<void>()
      const refused = yield* Deferred.make<string>()
      const barrier = [yield* Deferred.make<void>(), yield* Deferred.make<void>()]
      let accepted = 0
      const listener: NodeListener.Listener = yield* NodeListener.make({ host }, (transport) =>
        Effect.gen(function* () {
          const mine = accepted++
          yield* Effect.addFinalizer(() =>
            Effect.gen(function* () {
              // Each waits for the other: one after the other they would wait for ever.
              yield* Effect.forEach(barrier, (each, i) =>
                i === mine ? Deferred.succeed(each, undefined) : Effect.void
              )
              yield* Effect.forEach(barrier, Deferred.await)
              const error = yield* Effect.flip(Effect.scoped(NodeTransport.connect({ host, port: portOf(listener) })))
              yield* Deferred.succeed(refused, error.reason)
              transport.write([Buffer.from("bye")])
              yield* transport.end
            }).pipe(Effect.orDie)
          )
          yield* Queue.offer(ready, undefined)
          yield* Effect.never
        })
      ).pipe(Scope.extend(scope))
      const connect = NodeTransport.connect({ host, port: portOf(listener) })
      const clients = yield* Effect.all([connect, connect])
      yield* Queue.takeN(ready, 2)
      yield* Scope.close(scope, Exit.void)
      expect(yield* Deferred.await(refused)).toBe("Connect")
      for (const client of clients) expect((yield* U.collect(client)).toString()).toBe("bye")
    })
  )

  U.check("ends what is still in its TLS handshake", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const listener = yield* Scope.extend(
        NodeListener.make({ host, tls: U.certificate }, () => Effect.void),
        scope
      )
      const socket = yield* rawTcp(portOf(listener))
      const transport = yield* NodeTransport.connect({ host, port: portOf(listener), tls: { ca } })
      const closed = yield* Effect.fork(U.once(socket, "close"))
      yield* Effect.yieldNow()
      yield* Effect.ignore(Stream.runDrain(transport.incoming))
      yield* Scope.close(scope, Exit.void)
      yield* Fiber.join(closed)
    })
  )
})

describe("TLS", () => {
  const never = () => Effect.sync(() => expect.unreachable("no connection should come about"))

  U.check("clients without h2, or with prohibited cipher suites, are turned away", () =>
    logged((lines) =>
      Effect.gen(function* () {
        const port = portOf(yield* NodeListener.make({ host, tls: U.certificate }, never))
        expect(yield* rawTls(port, { ALPNProtocols: ["http/1.1"] })).toContain("NO_APPLICATION_PROTOCOL")
        expect(yield* Queue.take(lines)).toMatch(/^DEBUG a TLS handshake failed/)
        expect(yield* rawTls(port, {})).toBe("")
        expect(yield* Queue.take(lines)).toMatch(/^DEBUG a TLS connection was refused.*Alpn/)
        const prohibited = { ALPNProtocols: ["h2"], maxVersion: "TLSv1.2", ciphers: "ECDHE-RSA-AES128-SHA256" } as const
        expect(yield* rawTls(port, prohibited)).toContain("HANDSHAKE_FAILURE")
        expect(yield* Queue.take(lines)).toMatch(/^DEBUG a TLS handshake failed/)
        const custom = { ...U.certificate, maxVersion: "TLSv1.2", ciphers: "ECDHE-RSA-AES128-SHA256" } as const
        const lax = portOf(yield* NodeListener.make({ host, tls: custom }, never))
        expect(yield* rawTls(lax, prohibited)).toBe("")
        expect(yield* Queue.take(lines)).toMatch(/^DEBUG a TLS connection was refused.*9\.2\.2/)
      })
    )
  )

  U.check("other protocols, and none, where the options say so", () =>
    Effect.gen(function* () {
      const options = { host, tls: U.certificate, alpnProtocols: ["h2", "http/1.1"], requireAlpn: false }
      const seen = yield* Queue.unbounded<string>()
      const port = portOf(
        yield* NodeListener.make(options, ({ peer }) => Queue.offer(seen, String(peer.tls?.alpnProtocol)))
      )
      expect(yield* rawTls(port, { ALPNProtocols: ["http/1.1"] })).toBe("")
      expect(yield* rawTls(port, { ALPNProtocols: ["http/1.1", "h2"] })).toBe("")
      expect(yield* rawTls(port, {})).toBe("")
      expect([...(yield* Queue.takeAll(seen))]).toEqual(["http/1.1", "h2", "undefined"])
    })
  )

  U.check("a handshake that never comes", () =>
    logged((lines) =>
      Effect.gen(function* () {
        const options = { host, tls: U.certificate, tlsHandshakeTimeout: "20 millis" } as const
        const socket = yield* rawTcp(portOf(yield* NodeListener.make(options, never)))
        yield* socket.closed ? Effect.void : U.once(socket, "close")
        expect(yield* Queue.take(lines)).toMatch(/DEBUG a TLS handshake failed.*timeout/)
        // And one that is not TLS.
        const other = yield* rawTcp(
          portOf(yield* NodeListener.make({ ...options, tlsHandshakeTimeout: "1 days" }, never))
        )
        other.write("GET / HTTP/1.1\r\n\r\n")
        yield* U.once(other, "close")
        expect(yield* Queue.take(lines)).toMatch(/DEBUG a TLS handshake failed/)
      })
    )
  )

  U.check(
    "certificates by name; a callback that throws fails its handshake only (CVE-2026-21637) [rfc9113-9.2-3]",
    () =>
      Effect.gen(function* () {
        const named = yield* Effect.promise(() => Certificate.make("example.org"))
        const SNICallback: NodeListener.TlsOptions["SNICallback"] = (serverName, callback) => {
          switch (serverName) {
            case "throws.test":
              throw new Error("no such name")
            case "throws-late.test":
              callback(null, Tls.createSecureContext(named))
              throw new Error("too late")
            case "fails.test":
              return callback(new Error("no such name"))
            case "late.test":
              return void setImmediate(callback, new Error("no such name"))
            default:
              return callback(null, Tls.createSecureContext(named))
          }
        }
        const listener = yield* NodeListener.make({ host, tls: { ...U.certificate, SNICallback } }, (transport) =>
          Effect.suspend(() => {
            transport.write([Buffer.from(transport.peer.tls?.serverName ?? "")])
            return transport.end
          })
        )
        const visit = (servername: string) =>
          Effect.scoped(
            Effect.flatMap(
              NodeTransport.connect({ host, port: listener.address.port, tls: { ca: named.cert, servername } }),
              U.collect
            )
          )
        for (const name of ["throws.test", "fails.test", "late.test", "throws-late.test"]) {
          expect((yield* Effect.flip(visit(name))).reason).toBe("Tls")
        }
        expect((yield* visit("example.org")).toString()).toBe("example.org")
      })
  )
})

describe("maxConnections", () => {
  /** What a new connection gets: octets, or its end. */
  const answer = (port: number) =>
    Effect.async<"octets" | "end">((resume) => {
      const socket = Net.connect({ port, host })
      socket.on("error", () => {})
      socket.once("data", () => resume(Effect.succeed("octets")))
      socket.once("close", () => resume(Effect.succeed("end")))
      return Effect.sync(() => socket.destroy())
    })

  U.check("closes one more at once, says so, and counts it; those that are open go on", () =>
    logged((lines) =>
      Effect.gen(function* () {
        const before = (yield* Metric.value(NodeListener.connectionsRefused)).count
        const greet = (transport: Transport) =>
          Effect.zipRight(
            Effect.sync(() => transport.write([Buffer.from("hello")])),
            Stream.runDrain(transport.incoming)
          )
        const listener = yield* NodeListener.make({ host, maxConnections: 2 }, greet)
        const first = yield* rawTcp(portOf(listener))
        yield* rawTcp(portOf(listener))
        expect(yield* answer(portOf(listener))).toBe("end")
        expect(yield* answer(portOf(listener))).toBe("end")
        expect(yield* Queue.take(lines)).toContain("DEBUG a connection of 127.0.0.1 was refused")
        expect((yield* Metric.value(NodeListener.connectionsRefused)).count - before).toBe(2)
        expect(yield* Queue.size(lines)).toBe(0)
        expect(first.destroyed).toBe(false)
        const closed = Effect.async<void>((resume) => {
          first.once("close", () => resume(Effect.void))
          first.end()
        })
        yield* closed
        expect(yield* answer(portOf(listener))).toBe("octets")
      })
    )
  )

  U.check("is 1 or more", () =>
    Effect.gen(function* () {
      const failure = yield* Effect.flip(NodeListener.make({ host, maxConnections: 0 }, () => Effect.void))
      expect(failure).toMatchObject({ reason: "InvalidOptions" })
      expect(failure.message).toContain("maxConnections has to be 1 or more")
    })
  )
})

describe("maxConnections of the servers", () => {
  const servers = {
    "NodeHttp2.serve": (options: NodeListener.ListenOptions) =>
      Effect.map(
        NodeHttp2.serve(() => Effect.succeed(Http2ServerResponse.text("served")), options),
        (listener) => portOf(listener)
      ),
    NodeHttp2Server: (options: NodeListener.ListenOptions) =>
      Effect.gen(function* () {
        const server = yield* NodeHttp2Server.make(options)
        yield* server.serve(Effect.succeed(HttpServerResponse.text("served")))
        return server.address._tag === "TcpAddress" ? server.address.port : expect.unreachable()
      })
  } as const
  for (const [name, serve] of Object.entries(servers)) {
    U.check(`${name}: a connection that is open answers while others are refused`, () =>
      Effect.gen(function* () {
        const port = yield* serve({ host, port: 0, maxConnections: 1 })
        const client = yield* NodeHttp2.connect(`http://${host}:${port}`)
        expect((yield* client.collect({})).status).toBe(200)
        const other = yield* Effect.flip(
          Effect.scoped(Effect.flatMap(NodeHttp2.connect(`http://${host}:${port}`), (http) => http.collect({})))
        )
        expect(other).toMatchObject({ processed: expect.any(String) as string })
        expect((yield* client.collect({})).status).toBe(200)
      })
    )
  }
})
