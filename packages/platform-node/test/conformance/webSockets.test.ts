/** WebSockets over HTTP/2 (RFC 8441) on the wire: what our client asks, what our server makes of it, and the setting that allows it. */
import * as NodeHttp2Server from "@effect-http2/platform-node/NodeHttp2Server"
import * as HttpRouter from "@effect/platform/HttpRouter"
import * as HttpServer from "@effect/platform/HttpServer"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import * as Net from "node:net"
import { port } from "../server/support/harness.js"
import * as U from "../utils.js"
import * as C from "./support/clientCase.js"
import * as Octets from "@effect-http2/testkit/octets"
import * as Raw from "@effect-http2/testkit/rawFrame"
import * as RawPeer from "@effect-http2/testkit/rawPeer"
import * as S from "./support/serverCase.js"

const { Code, Type } = Raw
const enableConnectProtocol = 8

describe("RFC 8441 4, 5 what our client asks", () => {
  for (const [isTls, scheme] of [
    [false, "http"],
    [true, "https"]
  ] as const) {
    U.check(
      `:protocol, :scheme ${scheme} and :path, and no field of an upgrade [rfc8441-4-1] [rfc8441-5-1] [rfc8441-5-2] [rfc8441-5-3]`,
      () =>
        Effect.gen(function* () {
          const [client, peer, stats] = yield* C.open(isTls)
          yield* C.shake(peer, [enableConnectProtocol, 1])
          const headers = { "sec-websocket-version": "13", origin: "http://localhost" }
          const opening = yield* Effect.forkScoped(client.tunnel({ protocol: "websocket", path: "/chat", headers }))
          const frame = yield* peer.frame(Type.HEADERS, 1)
          expect(frame.flags).toBe(Raw.OPEN)
          const fields = peer.fields(frame)
          expect(fields.slice(0, 5).sort()).toEqual([
            [":authority", expect.stringMatching(/^127\.0\.0\.1:/)],
            [":method", "CONNECT"],
            [":path", "/chat"],
            [":protocol", "websocket"],
            [":scheme", scheme]
          ])
          expect(fields.slice(5)).toEqual(Object.entries(headers))
          yield* peer.send(Raw.headers(1, [0x88], Raw.OPEN))
          yield* Fiber.join(opening)
          peer.end()
          yield* S.nothingLeft(stats)
        })
    )
  }

  U.check("Connection and Upgrade are misuse [rfc8441-5-3]", () =>
    Effect.gen(function* () {
      const [client, peer] = yield* C.open(false)
      yield* C.shake(peer, [enableConnectProtocol, 1])
      for (const headers of [{ connection: "Upgrade" }, { upgrade: "websocket" }]) {
        const error = yield* Effect.flip(client.tunnel({ protocol: "websocket", path: "/chat", headers }))
        expect(error).toMatchObject({ _tag: "Http2StreamError", origin: "User" })
      }
      expect((yield* peer.roundTrip).filter(({ type }) => type === Type.HEADERS)).toEqual([])
    })
  )

  U.check(
    "nothing before SETTINGS have come, nor where they do not say 1 [rfc9113-5.5-5] [rfc9113-5.5-6] [rfc8441-3-1]",
    () =>
      Effect.gen(function* () {
        const [client, peer] = yield* C.open(false)
        const opening = yield* Effect.fork(
          Effect.flip(Effect.scoped(client.tunnel({ protocol: "websocket", path: "/chat" })))
        )
        // The acknowledgement of its SETTINGS would be the first thing to let it go on.
        yield* peer.frame(Type.SETTINGS)
        yield* Effect.yieldNow()
        yield* peer.send(Raw.settings(), Raw.settingsAck)
        expect(yield* Fiber.join(opening)).toMatchObject({ origin: "User", processed: "no" })
        const frames = yield* peer.roundTrip
        expect(frames.filter(({ type }) => type === Type.HEADERS)).toEqual([])
        yield* peer.send(Raw.settings([enableConnectProtocol, 0]))
        yield* peer.roundTrip
        yield* Effect.flip(client.tunnel({ protocol: "websocket", path: "/chat" }))
        yield* peer.send(Raw.settings([enableConnectProtocol, 1]))
        yield* peer.roundTrip
        yield* Effect.forkScoped(client.tunnel({ protocol: "websocket", path: "/chat" }))
        yield* peer.frame(Type.HEADERS, 1)
      })
  )
})

const extended = (changes: Readonly<Record<string, string | undefined>> = {}): Buffer =>
  S.request({ ":method": "CONNECT", ":protocol": "websocket", ":path": "/ws", ...changes })

/** A server with one WebSocket, which sends back what it gets, and a bare client of it. */
const serve = Effect.gen(function* () {
  const echo = Effect.gen(function* () {
    const socket = yield* HttpServerRequest.upgrade
    const write = yield* socket.writer
    yield* socket.runRaw((message) => write(message))
    return HttpServerResponse.empty()
  }).pipe(
    Effect.catchTag("SocketError", () => HttpServerResponse.empty()),
    Effect.scoped
  )
  yield* HttpServer.serveEffect(HttpRouter.empty.pipe(HttpRouter.get("/ws", echo)))
  const peer = yield* RawPeer.connect(yield* port)
  yield* S.shake(peer)
  return peer
})

const version: Readonly<Record<string, string>> = { "sec-websocket-version": "13" }
/** A text frame of RFC 6455 §5.2, masked with zeros. */
const message = (text: string): Buffer =>
  Buffer.concat([Buffer.of(0x81, 0x80 | text.length, 0, 0, 0, 0), Buffer.from(text)])

describe("RFC 8441 4, 5 what our server makes of it", () => {
  it.scopedLive("a WebSocket of the application; nobody is dialled for :authority [rfc8441-4-2] [rfc8441-5-1]", () =>
    Effect.gen(function* () {
      let dials = 0
      const other = yield* U.serve(Net.createServer(() => dials++))
      const peer = yield* serve
      yield* peer.send(
        Raw.headers(1, extended({ ":authority": `127.0.0.1:${other.port}`, ...version }), Raw.OPEN),
        Raw.data(1, message("hello"))
      )
      const head = yield* peer.frame(Type.HEADERS, 1)
      expect(head.flags).toBe(Raw.OPEN)
      const fields = peer.fields(head)
      expect(fields).toContainEqual([":status", "200"])
      expect(fields.filter(([name]) => /^(connection|upgrade|sec-websocket-accept)$/.test(name))).toEqual([])
      expect((yield* peer.frame(Type.DATA, 1)).payload).toEqual(Buffer.from("\x81\x05hello", "latin1"))
      yield* peer.send(Raw.data(1, "", Raw.END_STREAM))
      yield* peer.roundTrip
      expect(dials).toBe(0)
    }).pipe(Effect.scoped, Effect.provide(NodeHttp2Server.layerTest))
  )

  it.scopedLive("another protocol, and CONNECT without one, are no WebSocket [rfc8441-5-1]", () =>
    Effect.gen(function* () {
      const peer = yield* serve
      yield* peer.send(Raw.headers(1, extended({ ":protocol": "connect-udp", ...version }), Raw.OPEN))
      const refused = peer.fields(yield* peer.frame(Type.HEADERS, 1))
      expect(refused).toContainEqual([":status", expect.stringMatching(/^[45]\d\d$/)])
      const plain = S.request({ ":method": "CONNECT", ":scheme": undefined, ":path": undefined, ...version })
      yield* peer.send(Raw.headers(3, plain, Raw.OPEN))
      expect(peer.fields(yield* peer.frame(Type.HEADERS, 3))).toContainEqual([
        ":status",
        expect.stringMatching(/^[45]\d\d$/)
      ])
    }).pipe(Effect.scoped, Effect.provide(NodeHttp2Server.layerTest))
  )

  for (const missing of [":scheme", ":path"]) {
    it.scopedLive(`:protocol without ${missing} is malformed [rfc8441-4-1]`, () =>
      Effect.gen(function* () {
        const peer = yield* serve
        yield* peer.send(Raw.headers(1, extended({ [missing]: undefined, ...version }), Raw.OPEN))
        expect((yield* peer.frame(Type.RST_STREAM, 1)).payload).toEqual(Octets.uint32(Code.PROTOCOL_ERROR))
      }).pipe(Effect.scoped, Effect.provide(NodeHttp2Server.layerTest))
    )
  }
})

describe("RFC 8441 3 the setting", () => {
  const entries = (payload: Buffer): ReadonlyArray<readonly [id: number, value: number]> =>
    Array.from({ length: payload.length / 6 }, (_, i) => [payload.readUInt16BE(i * 6), payload.readUInt32BE(i * 6 + 2)])

  U.check("is off where nobody has asked for it [rfc9113-5.5-6]", () =>
    Effect.gen(function* () {
      const [peer] = yield* S.open("answering")
      const { payload } = yield* S.shake(peer)
      expect(entries(payload).filter(([id]) => id === enableConnectProtocol)).toEqual([])
      peer.end()
    })
  )

  U.check("is said once, and not taken back to the end of the connection [rfc8441-3-1] [rfc8441-3-2]", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const opening = S.open("answering", { enableConnectProtocol: true })
      const [peer] = yield* Scope.extend(opening, scope)
      const said = [...entries((yield* S.shake(peer)).payload)]
      yield* peer.send(Raw.settings([Raw.Setting.MAX_FRAME_SIZE, 20_000]), Raw.headers(1, S.get))
      const seen = [...(yield* peer.roundTrip)]
      yield* Effect.forkScoped(Scope.close(scope, Exit.void))
      for (let frame = yield* peer.next; typeof frame !== "string"; frame = yield* peer.next) {
        seen.push(frame)
        if (frame.type === Type.PING && frame.flags === 0) yield* peer.send(Raw.ping(frame.payload, Raw.ACK))
      }
      for (const { payload, type } of seen) if (type === Type.SETTINGS) said.push(...entries(payload))
      expect(said.filter(([id]) => id === enableConnectProtocol)).toEqual([[enableConnectProtocol, 1]])
      peer.end()
    })
  )
})
