import * as NodeTransport from "@effect-http2/platform-node/NodeTransport"
import { describe } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import * as Net from "node:net"
import * as Tls from "node:tls"
import { expect } from "vitest"
import * as U from "./utils.js"

const MIB = 1024 * 1024

const octetsOf = (chunks: Iterable<Uint8Array>): number => {
  let octets = 0
  for (const { length } of chunks) octets += length
  return octets
}

describe("reading", () => {
  U.check("what nobody pulls pauses the socket, with little in memory; pulling resumes it", () =>
    Effect.gen(function* () {
      const [client, socket] = yield* U.socketPair
      const paused = yield* Effect.fork(U.once(socket, "pause"))
      yield* Effect.yieldNow()
      const transport = yield* NodeTransport.fromSocket(socket)
      const sent = U.randomBytes(8 * MIB)
      client.end(sent)
      yield* Fiber.join(paused)
      expect(socket.isPaused()).toBe(true)
      // Node keeps nothing besides, and the system holds back the peer.
      expect(socket.readableLength).toBe(0)
      expect(client.writableLength).toBeGreaterThan(0)
      const chunks: Array<Uint8Array> = []
      let first = 0
      yield* Stream.runForEachChunk(transport.incoming, (chunk) =>
        Effect.sync(() => {
          if (first === 0) first = octetsOf(chunk)
          chunks.push(...chunk)
        })
      )
      expect(first).toBeGreaterThan(0)
      expect(first).toBeLessThanOrEqual(256 * 1024)
      expect(Buffer.concat(chunks).equals(sent)).toBe(true)
    })
  )

  U.check("large reads of one turn of the event loop are one pull, up to 256 KiB; what is small is there at once", () =>
    Effect.gen(function* () {
      const [, socket] = yield* U.socketPair
      const transport = yield* NodeTransport.fromSocket(socket)
      const pulls: Array<number> = []
      yield* Effect.forkScoped(
        Stream.runForEachChunk(transport.incoming, (chunk) => Effect.sync(() => pulls.push(chunk.length)))
      )
      const loop = Effect.async<void>((resume) => void setImmediate(() => resume(Effect.void)))
      yield* loop
      const arrive = (count: number, octets: number): void => {
        for (let i = 0; i < count; i++) socket.emit("data", Buffer.alloc(octets))
      }
      arrive(3, 16_384)
      expect(pulls).toEqual([])
      yield* Effect.repeatN(loop, 2)
      expect(pulls).toEqual([3])
      arrive(2, 16_384)
      arrive(1, 10)
      yield* Effect.promise(() => Promise.resolve())
      expect(pulls).toEqual([3, 3])
      yield* loop
      arrive(17, 16_384)
      yield* Effect.repeatN(loop, 2)
      expect(pulls).toEqual([3, 3, 16, 1])
    })
  )

  U.check("a reset by the peer fails incoming, behind what arrived before", () =>
    Effect.gen(function* () {
      const [client, socket] = yield* U.socketPair
      const transport = yield* NodeTransport.fromSocket(socket)
      const arrived = yield* Deferred.make<string>()
      const reader = yield* Effect.fork(
        Stream.runForEach(transport.incoming, (bytes) => Deferred.succeed(arrived, Buffer.from(bytes).toString()))
      )
      client.write("first")
      expect(yield* Deferred.await(arrived)).toBe("first")
      client.resetAndDestroy()
      const error = yield* Effect.flip(Fiber.join(reader))
      expect(error).toMatchObject({
        _tag: "Http2TransportError",
        reason: "Reset",
        cause: { code: "ECONNRESET" }
      })
      expect(transport.write([Buffer.from("x")])).toBe(true)
      yield* transport.end
    })
  )

  U.check("what a paused socket held when it broke is handed on before the failure", () =>
    Effect.gen(function* () {
      const [client, socket] = yield* U.socketPair
      const transport = yield* NodeTransport.fromSocket(socket)
      const paused = yield* Effect.fork(U.once(socket, "pause"))
      yield* Effect.yieldNow()
      const turn = Effect.async<void>((resume) => void setImmediate(() => resume(Effect.void)))
      client.write("a")
      while (socket.bytesRead < 1) yield* turn
      client.write("b")
      yield* Fiber.join(paused)
      // As Node does where it reads into memory of its own.
      socket.push("c")
      expect(socket.readableLength).toBe(1)
      socket.destroy(Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET", syscall: "read" }))
      yield* U.once(socket, "close")
      const seen: Array<string> = []
      const error = yield* Effect.flip(
        Stream.runForEach(transport.incoming, (bytes) => Effect.sync(() => seen.push(Buffer.from(bytes).toString())))
      )
      expect(seen.join("")).toBe("abc")
      expect(error.reason).toBe("Reset")
    })
  )

  U.check("a socket that somebody else destroys fails incoming", () =>
    Effect.gen(function* () {
      const [, socket] = yield* U.socketPair
      const transport = yield* NodeTransport.fromSocket(socket)
      const reader = yield* Effect.fork(U.collect(transport))
      yield* Effect.yieldNow()
      socket.destroy()
      expect((yield* Effect.flip(Fiber.join(reader))).reason).toBe("Closed")
    })
  )

  U.check("interruption of the reader leaves the socket quiet", () =>
    Effect.gen(function* () {
      const [client, socket] = yield* U.socketPair
      const transport = yield* NodeTransport.fromSocket(socket)
      const reader = yield* Effect.fork(Stream.runDrain(transport.incoming))
      yield* Effect.yieldNow()
      yield* Fiber.interrupt(reader)
      const paused = yield* Effect.fork(U.once(socket, "pause"))
      yield* Effect.yieldNow()
      client.write(Buffer.alloc(8 * MIB))
      yield* Fiber.join(paused)
    })
  )
})

describe("fromSocket", () => {
  U.check("hands on what was received before, paused or not", () =>
    Effect.gen(function* () {
      for (const pause of [true, false]) {
        const [client, socket] = yield* U.socketPair
        client.end("early")
        while (socket.readableLength === 0) yield* U.once(socket, "readable")
        if (pause) socket.pause()
        const transport = yield* NodeTransport.fromSocket(socket)
        expect((yield* U.collect(transport)).toString()).toBe("early")
      }
    })
  )

  U.check("a socket that has ended, or was destroyed", () =>
    Effect.gen(function* () {
      const [client, ended] = yield* U.socketPair
      ended.resume()
      client.end()
      yield* U.once(ended, "end")
      expect((yield* U.collect(yield* NodeTransport.fromSocket(ended))).length).toBe(0)
      const [, destroyed] = yield* U.socketPair
      destroyed.destroy()
      const error = yield* Effect.flip(U.collect(yield* NodeTransport.fromSocket(destroyed)))
      expect(error.reason).toBe("Closed")
    })
  )

  U.check("decides for itself when to end, whatever the socket was made with", () =>
    Effect.gen(function* () {
      for (const server of [
        yield* U.serve(Net.createServer()),
        yield* U.serve(Tls.createServer({ ...U.certificate, ALPNProtocols: ["h2"] }))
      ]) {
        const tls = server instanceof Tls.Server
        const accepted = yield* Effect.fork(U.nextSocket(server, tls ? "secureConnection" : "connection"))
        yield* Effect.yieldNow()
        const near = yield* NodeTransport.connect({
          host: "127.0.0.1",
          port: server.port,
          tls: tls ? { ca: U.certificate.cert } : undefined
        })
        const far = yield* NodeTransport.fromSocket(yield* Fiber.join(accepted))
        yield* near.end
        expect((yield* U.collect(far)).length).toBe(0)
        yield* Effect.async<void>((resume) => far.defer(() => resume(Effect.void)))
        far.write([Buffer.from("open still")])
        yield* far.end
        expect((yield* U.collect(near)).toString()).toBe("open still")
      }
    })
  )

  U.check("takes its listeners away when it has closed, and swallows late errors", () =>
    Effect.gen(function* () {
      const server = yield* U.serve(Net.createServer())
      const accepted = yield* Effect.fork(U.nextSocket(server))
      yield* Effect.yieldNow()
      const socket = Net.connect(server.port, "127.0.0.1")
      const events = ["data", "end", "close", "finish", "drain", "connect", "timeout"]
      yield* U.once(socket, "connect")
      const before = events.map((event) => socket.listenerCount(event))
      const transport = yield* NodeTransport.fromSocket(socket)
      const far = yield* Fiber.join(accepted)
      far.resetAndDestroy()
      yield* Effect.flip(U.collect(transport))
      for (let i = 0; i < 3; i++) yield* transport.close
      expect(events.map((event) => socket.listenerCount(event))).toEqual(before)
      expect(socket.emit("error", new Error("late"))).toBe(true)
      expect(socket.listenerCount("error")).toBe(1)
    })
  )

  U.check("empty writes are nothing", () =>
    Effect.gen(function* () {
      const [client, socket] = yield* U.socketPair
      const transport = yield* NodeTransport.fromSocket(socket)
      expect(transport.write([])).toBe(true)
      expect(transport.write([new Uint8Array(0)])).toBe(true)
      expect(transport.write([new Uint8Array(0), new Uint8Array(0)])).toBe(true)
      expect(transport.write([Buffer.from("a"), new Uint8Array(0), Buffer.alloc(5000)])).toBe(true)
      yield* transport.end
      const far = yield* NodeTransport.fromSocket(client)
      expect(Chunk.toReadonlyArray(yield* Stream.runCollect(far.incoming)).reduce((n, c) => n + c.length, 0)).toBe(5001)
    })
  )
})
