/**
 * A client of WebSockets over HTTP/2 (RFC 8441), made of `ws` and our own client.
 */
import type { Http2Tunnel } from "@effect-http2/effect4-http2/Http2Tunnel"
import * as NodeHttp2 from "@effect-http2/effect4-platform-node/NodeHttp2"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { Duplex } from "node:stream"
import { WebSocket } from "ws"

/** A WebSocket that waits for a socket; the types do not know of it. */
const fromNothing = (): WebSocket => {
  const webSocket: unknown = Reflect.construct(WebSocket, [null, undefined, { autoPong: true, closeTimeout: 30_000 }])
  if (!(webSocket instanceof WebSocket)) throw new Error("ws has changed")
  return webSocket
}

/** Frames over a tunnel of HTTP/2, by `ws` as well: its client side, over a Duplex. */
const overTunnel = (tunnel: Http2Tunnel) =>
  Effect.gen(function* () {
    const duplex = new Duplex({
      read: () => {},
      write: (chunk: Uint8Array, _encoding, done) =>
        void Effect.runPromise(tunnel.write(chunk)).then(() => done(), done),
      final: (done) => void Effect.runPromise(tunnel.end).then(() => done(), done)
    })
    yield* Effect.forkScoped(
      Stream.runForEach(tunnel.incoming, (chunk) => Effect.sync(() => duplex.push(chunk))).pipe(
        Effect.ensuring(Effect.sync(() => duplex.push(null))),
        Effect.ignore
      )
    )
    const webSocket = fromNothing()
    // A client masks what it sends.
    Reflect.set(webSocket, "_isServer", false)
    const setSocket: unknown = Reflect.get(webSocket, "setSocket")
    if (typeof setSocket !== "function") throw new Error("ws has changed")
    Reflect.apply(setSocket, webSocket, [duplex, Buffer.alloc(0), { maxPayload: 0, allowSynchronousEvents: true }])
    return webSocket
  })

/** Opens a WebSocket at a port over HTTP/2. */
export const connectHttp2 = Effect.fnUntraced(function* (port: number) {
  const client = yield* NodeHttp2.connect(`http://127.0.0.1:${port}`)
  const { tunnel } = yield* client.tunnel({
    protocol: "websocket",
    path: "/socket",
    headers: { "sec-websocket-version": "13" }
  })
  return yield* overTunnel(tunnel)
})

/** The same over HTTP/1.1. */
export const connectHttp1 = (port: number) =>
  Effect.callback<WebSocket>((resume) => {
    const webSocket = new WebSocket(`ws://127.0.0.1:${port}/socket`)
    webSocket.on("open", () => resume(Effect.succeed(webSocket)))
    webSocket.on("error", (error) => resume(Effect.die(error)))
  })
