/** CONNECT at a server (RFC 9113 §8.5): a proxy written with what a handler has, a client and a target that are bare sockets, and how each of them ends. */
import * as ErrorCode from "@effect-http2/http2/ErrorCode"
import * as Http2ServerResponse from "@effect-http2/http2/Http2ServerResponse"
import type * as Http2ServerRequest from "@effect-http2/http2/Http2ServerRequest"
import type * as Http2Stats from "@effect-http2/http2/Http2Stats"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import * as Net from "node:net"
import { describe, expect } from "vitest"
import * as U from "../utils.js"
import * as Block from "@effect-http2/testkit/fieldBlock"
import * as Octets from "@effect-http2/testkit/octets"
import * as Raw from "@effect-http2/testkit/rawFrame"
import type { RawPeer } from "@effect-http2/testkit/rawPeer"
import * as S from "./support/serverCase.js"

const { Code, Type } = Raw

/** What comes from the target, up to its FIN; fails where it resets. */
const received = (socket: Net.Socket): Stream.Stream<Uint8Array, Error> =>
  Stream.async<Uint8Array, Error>((emit) => {
    socket.on("data", (chunk: Buffer) => void emit.single(chunk))
    socket.on("end", () => void emit.end())
    socket.on("error", (error) => void emit.fail(error))
  })

/** To the target; closed with a reset, unless both directions came to their end. */
const dial = (port: number) =>
  Effect.acquireRelease(
    Effect.async<Net.Socket>((resume) => {
      const socket = Net.connect({ host: "127.0.0.1", port, allowHalfOpen: true }, () => resume(Effect.succeed(socket)))
    }),
    (socket, exit) =>
      Effect.sync(() => {
        socket.on("error", () => undefined)
        if (Exit.isSuccess(exit)) socket.destroy()
        else socket.resetAndDestroy()
      })
  )

/** Everything that a proxy has to do. */
const proxy =
  (port: number) =>
  (request: Http2ServerRequest.Http2ServerRequest): Effect.Effect<Http2ServerResponse.Http2ServerResponse, unknown> =>
    Effect.gen(function* () {
      const socket = yield* dial(port)
      const tunnel = yield* request.tunnel()
      const up = Stream.runForEach(tunnel.incoming, (chunk) => Effect.sync(() => void socket.write(chunk))).pipe(
        Effect.zipRight(Effect.sync(() => void socket.end()))
      )
      const down = Stream.runForEach(received(socket), (chunk) => tunnel.write(chunk)).pipe(
        Effect.zipRight(tunnel.end),
        Effect.tapError(() => request.stream.reset(ErrorCode.CONNECT_ERROR))
      )
      yield* Effect.all([up, down], { concurrency: 2 })
      return Http2ServerResponse.empty()
    }).pipe(Effect.scoped)

interface Ends {
  readonly client: RawPeer
  readonly target: Net.Socket
  /** How the target hears of the end. */
  readonly heard: Effect.Effect<string>
  readonly stats: Http2Stats.Http2Stats
}

const connect = Block.block([":method", "CONNECT"], [":authority", "target:80"])

/** A tunnel through which octets have gone both ways. */
const check = (title: string, script: (ends: Ends) => Effect.Effect<void, unknown>): void =>
  U.check(title, () =>
    Effect.gen(function* () {
      const server = yield* U.serve(Net.createServer({ allowHalfOpen: true }))
      const [client, stats] = yield* S.open(proxy(server.port))
      yield* S.shake(client)
      const accepted = yield* Effect.fork(U.nextSocket(server))
      yield* Effect.yieldNow()
      yield* client.send(Raw.headers(1, connect, Raw.OPEN))
      const target = yield* Fiber.join(accepted)
      const heard = yield* Effect.fork(
        Effect.async<string>((resume) => {
          target.on("end", () => resume(Effect.succeed("FIN")))
          target.on("error", (error: NodeJS.ErrnoException) => resume(Effect.succeed(error.code ?? "")))
        })
      )
      const arrived = yield* Effect.fork(U.once(target, "data"))
      yield* Effect.yieldNow()
      yield* client.send(Raw.data(1, "ping"))
      yield* Fiber.join(arrived)
      target.write("pong")
      expect((yield* client.frame(Type.DATA, 1)).payload.toString()).toBe("pong")
      yield* script({ client, target, heard: Fiber.join(heard), stats })
      client.destroy()
      yield* S.nothingLeft(stats)
    })
  )

describe("8.5 a proxy", () => {
  check("END_STREAM is the client's FIN, and the other direction goes on", ({ client, heard, target }) =>
    Effect.gen(function* () {
      yield* client.send(Raw.data(1, "", Raw.END_STREAM))
      expect(yield* heard).toBe("FIN")
      target.write("more")
      expect((yield* client.frame(Type.DATA, 1)).payload.toString()).toBe("more")
      target.end()
      expect((yield* client.frame(Type.DATA, 1)).flags).toBe(Raw.END_STREAM)
      yield* S.goOn(client)
    })
  )

  check("RST_STREAM of the client is a reset at the target [rfc9113-8.5-3]", ({ client, heard }) =>
    Effect.gen(function* () {
      yield* client.send(Raw.rstStream(1, Code.CANCEL))
      expect(yield* heard).toBe("ECONNRESET")
      yield* S.goOn(client)
    })
  )

  check("RST_STREAM behind END_STREAM too [rfc9113-8.5-3]", ({ client, target }) =>
    Effect.gen(function* () {
      const failed = yield* Effect.fork(
        Effect.async<string>((resume) => {
          target.on("error", (error: NodeJS.ErrnoException) => resume(Effect.succeed(error.code ?? "")))
        })
      )
      yield* Effect.yieldNow()
      yield* client.send(Raw.data(1, "", Raw.END_STREAM), Raw.rstStream(1, Code.CANCEL))
      expect(yield* Fiber.join(failed)).toBe("ECONNRESET")
    })
  )

  check("an error of the stream is a reset at the target [rfc9113-8.5-3] [rfc9113-8.5-2]", ({ client, heard }) =>
    Effect.gen(function* () {
      yield* client.send(Raw.headers(1, Block.block(["x-trailer", "test"])))
      expect((yield* client.frame(Type.RST_STREAM, 1)).payload).toEqual(Octets.uint32(Code.PROTOCOL_ERROR))
      expect(yield* heard).toBe("ECONNRESET")
      yield* S.goOn(client)
    })
  )

  check("an error of the connection is a reset at the target [rfc9113-8.5-3]", ({ client, heard }) =>
    Effect.gen(function* () {
      yield* client.send(Raw.ping("short"))
      expect(yield* heard).toBe("ECONNRESET")
    })
  )

  check("a connection that is lost is a reset at the target [rfc9113-8.5-3]", ({ client, heard }) =>
    Effect.gen(function* () {
      client.reset()
      expect(yield* heard).toBe("ECONNRESET")
    })
  )

  check("a reset of the target is RST_STREAM with CONNECT_ERROR", ({ client, target }) =>
    Effect.gen(function* () {
      target.resetAndDestroy()
      expect((yield* client.frame(Type.RST_STREAM, 1)).payload).toEqual(Octets.uint32(ErrorCode.CONNECT_ERROR))
      yield* S.goOn(client)
    })
  )
})

describe("8.5 frames on a tunnel", () => {
  check("PRIORITY, WINDOW_UPDATE and PING do it no harm", ({ client, target }) =>
    Effect.gen(function* () {
      yield* client.send(Raw.priority(1, 0), Raw.windowUpdate(1, 5), Raw.ping(S.pong))
      yield* client.roundTrip
      target.write("more")
      expect((yield* client.frame(Type.DATA, 1)).payload.toString()).toBe("more")
    })
  )
})
