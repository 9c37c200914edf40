/**
 * What a WebSocket may have the server hold: a message up to a size, what its handlers are not done with, what its peer does not read. A peer cannot fill
 * the memory of the server by either.
 */
import * as NodeHttp2 from "@effect-http2/platform-node/NodeHttp2"
import * as NodeHttp2Server from "@effect-http2/platform-node/NodeHttp2Server"
import * as HttpRouter from "@effect/platform/HttpRouter"
import * as HttpServer from "@effect/platform/HttpServer"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import type * as Socket from "@effect/platform/Socket"
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Mailbox from "effect/Mailbox"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { WebSocket } from "ws"
import { layerWith, port } from "./support/harness.js"
import { connectHttp2 } from "./support/webSocket.js"

const connectHttp1 = (path: string) =>
  Effect.gen(function* () {
    const webSocket = new WebSocket(`ws://127.0.0.1:${yield* port}${path}`)
    webSocket.on("error", () => undefined)
    yield* Effect.addFinalizer(() => Effect.sync(() => webSocket.terminate()))
    yield* Effect.async<void>((resume) => void webSocket.once("open", () => resume(Effect.void)))
    return { webSocket }
  })

/** A WebSocket that is open, and whose peer never reads. */
const deafHttp1 = (path: string) =>
  Effect.map(connectHttp1(path), ({ webSocket }) => {
    webSocket.pause()
    // To the end of what has been sent, which the answer to its Close frame stands behind.
    const close = Effect.sync(() => {
      webSocket.close()
      webSocket.resume()
    })
    return { close, vanish: Effect.sync(() => webSocket.terminate()) }
  })

/** A Close frame, masked by zeros. */
const closeFrame = Uint8Array.of(0x88, 0x80, 0, 0, 0, 0)

const deafHttp2 = (path: string) =>
  Effect.gen(function* () {
    const scope = yield* Effect.acquireRelease(Scope.make(), (scope) => Scope.close(scope, Exit.void))
    const client = yield* Scope.extend(NodeHttp2.connect(`http://127.0.0.1:${yield* port}`), scope)
    const { tunnel } = yield* client.tunnel({
      protocol: "websocket",
      path,
      headers: { "sec-websocket-version": "13" }
    })
    const read = Effect.forkScoped(Effect.ignore(Stream.runDrain(tunnel.incoming)))
    return { close: Effect.all([tunnel.write(closeFrame), tunnel.end, read]), vanish: Scope.close(scope, Exit.void) }
  })

const versions = [
  { protocol: "HTTP/2", connect: (path: string) => connectHttp2(path), deaf: deafHttp2 },
  { protocol: "HTTP/1.1", connect: connectHttp1, deaf: deafHttp1 }
]

/** Serves `run` at /ws. */
const serve = (run: (socket: Socket.Socket) => Effect.Effect<unknown, unknown>) =>
  HttpRouter.empty.pipe(
    HttpRouter.get(
      "/ws",
      Effect.flatMap(HttpServerRequest.upgrade, (socket) =>
        Effect.as(Effect.ignore(run(socket)), HttpServerResponse.empty())
      )
    ),
    // A request that was modified upgrades within the same limits.
    (app) => HttpRouter.mountApp(HttpRouter.empty, "/", app),
    HttpServer.serveEffect()
  )

const echo = (socket: Socket.Socket) =>
  Effect.scoped(Effect.flatMap(socket.writer, (write) => socket.runRaw((message) => write(message))))

const closed = (webSocket: WebSocket) =>
  Effect.async<number>((resume) => {
    webSocket.on("error", () => undefined)
    webSocket.once("close", (code) => resume(Effect.succeed(code)))
  })

const turn = Effect.async<void>((resume) => {
  setImmediate(() => resume(Effect.void))
})

/** What `count` comes to: it is looked at until it has not changed for many turns of the event loop, or is `most`. */
const settled = (count: () => number, most: number) =>
  Effect.gen(function* () {
    let before = -1
    for (let turns = 0; turns < 500 && before < most; turns++) {
      yield* turn
      if (count() !== before) turns = 0
      before = count()
    }
    return before
  })

const many = 1000
const piece = Buffer.alloc(65_536)

describe.each(versions)("a WebSocket over $protocol", ({ connect, deaf }) => {
  it.scopedLive("a message beyond maxMessageSize closes it with 1009, in one frame or in many", () =>
    Effect.gen(function* () {
      yield* serve(echo)
      const fits = yield* connect("/ws")
      fits.webSocket.send(Buffer.alloc(1000))
      const echoed = yield* Effect.async<number>((resume) => {
        fits.webSocket.once("message", (data: Buffer) => resume(Effect.succeed(data.length)))
      })
      expect(echoed).toBe(1000)
      const whole = yield* connect("/ws")
      whole.webSocket.send(Buffer.alloc(1001))
      expect(yield* closed(whole.webSocket)).toBe(1009)
      const fragments = yield* connect("/ws")
      for (let i = 0; i < 2; i++) fragments.webSocket.send(Buffer.alloc(600), { fin: false })
      expect(yield* closed(fragments.webSocket)).toBe(1009)
    }).pipe(Effect.scoped, Effect.provide(layerWith({ webSocket: { maxMessageSize: 1000 } })))
  )

  it.scopedLive("without the option, a message has up to 16 MiB", () =>
    Effect.gen(function* () {
      yield* serve(echo)
      const { webSocket } = yield* connect("/ws")
      webSocket.send(Buffer.alloc(16 * 1024 * 1024 + 1))
      expect(yield* closed(webSocket)).toBe(1009)
    }).pipe(Effect.scoped, Effect.provide(NodeHttp2Server.layerTest))
  )

  it.scopedLive("a writer waits where the peer does not read", () =>
    Effect.gen(function* () {
      let written = 0
      yield* serve((socket) =>
        Effect.scoped(
          Effect.flatMap(socket.writer, (write) => {
            const one = Effect.tap(write(piece), () => Effect.sync(() => written++))
            return Effect.zipRight(
              Effect.forkScoped(Effect.replicateEffect(one, many)),
              socket.runRaw(() => undefined)
            )
          })
        )
      )
      yield* deaf("/ws")
      // Buffers of the system take some.
      const most = yield* settled(() => written, many)
      expect(most).toBeGreaterThan(0)
      expect(most).toBeLessThan(many / 2)
    }).pipe(Effect.scoped, Effect.provide(NodeHttp2Server.layerTest))
  )

  it.scopedLive("nothing more is read where handlers are not done, and all is once they are", () =>
    Effect.gen(function* () {
      let seen = 0
      const latch = yield* Effect.makeLatch(false)
      yield* serve((socket) =>
        socket.runRaw(() => {
          seen++
          return latch.await
        })
      )
      const { webSocket } = yield* connect("/ws")
      for (let i = 0; i < many; i++) webSocket.send(piece)
      expect(yield* settled(() => seen, many)).toBeLessThan(100)
      yield* latch.open
      expect(yield* settled(() => seen, many)).toBe(many)
    }).pipe(Effect.scoped, Effect.provide(NodeHttp2Server.layerTest))
  )

  it.scopedLive("nothing more is read where handlers wait for room in a mailbox", () =>
    Effect.gen(function* () {
      let seen = 0
      const mailbox = yield* Mailbox.make<unknown>(4)
      yield* serve((socket) =>
        socket.runRaw((message) => {
          seen++
          return mailbox.offer(message)
        })
      )
      const { webSocket } = yield* connect("/ws")
      for (let i = 0; i < many; i++) webSocket.send(piece)
      expect(yield* settled(() => seen, many)).toBeLessThan(100)
      yield* Effect.forkScoped(Effect.forever(mailbox.take))
      expect(yield* settled(() => seen, many)).toBe(many)
    }).pipe(Effect.scoped, Effect.provide(NodeHttp2Server.layerTest))
  )

  const endings = [
    ["closes", "close"],
    ["is gone", "vanish"]
  ] as const
  it.scopedLive.each(endings)("a writer in a loop lets others run while its peer %s", ([, end]) =>
    Effect.gen(function* () {
      const most = 20_000
      let written = 0
      let isOver = false
      yield* serve((socket) =>
        Effect.scoped(
          Effect.flatMap(socket.writer, (write) =>
            Effect.raceFirst(
              socket.runRaw(() => undefined),
              // What it would do for ever.
              Effect.replicateEffect(
                Effect.tap(write(piece), () => Effect.sync(() => written++)),
                most
              )
            )
          )
        ).pipe(Effect.ensuring(Effect.sync(() => void (isOver = true))))
      )
      const peer = yield* deaf("/ws")
      expect(yield* settled(() => written, most)).toBeLessThan(most / 2)
      yield* peer[end]
      while (!isOver) yield* turn
      expect(written).toBeLessThan(most)
    }).pipe(Effect.scoped, Effect.provide(NodeHttp2Server.layerTest))
  )
})
