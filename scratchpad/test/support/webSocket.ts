/** A client of WebSockets over TLS that says which way it goes: by the upgrade of HTTP/1.1, or by an extended CONNECT of HTTP/2. */
import * as NodeHttp2 from "@effect-http2/platform-node/NodeHttp2"
import * as NodeStream from "@effect/platform-node/NodeStream"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { randomBytes } from "node:crypto"
import { request } from "node:https"
import type { Duplex } from "node:stream"
import type { Served } from "./app.js"

interface Connection {
  readonly write: (octets: Uint8Array) => Effect.Effect<void, unknown>
  readonly incoming: Stream.Stream<Uint8Array, unknown>
}

const TEXT = 1
const CLOSE = 8

/** A short frame, masked with zeros, as a client's has to be masked. */
const frame = (opcode: number, payload: Buffer): Buffer =>
  Buffer.concat([Buffer.from([0x80 | opcode, 0x80 | payload.length, 0, 0, 0, 0]), payload])

const closing = frame(CLOSE, Buffer.from([1000 >> 8, 1000 & 255]))

/** The short frames in `octets`, and what is behind them. */
const parse = (octets: Buffer): readonly [Buffer, ReadonlyArray<readonly [opcode: number, payload: Buffer]>] => {
  const frames: Array<readonly [number, Buffer]> = []
  let rest = octets
  for (;;) {
    const end = 2 + (rest[1] ?? 0)
    if (rest.length < 2 || rest.length < end) return [rest, frames]
    frames.push([(rest[0] ?? 0) & 15, rest.subarray(2, end)])
    rest = rest.subarray(end)
  }
}

export interface Exchanged {
  readonly texts: ReadonlyArray<string>
  readonly code: number | undefined
}

/** Sends `texts`, waits for as many, closes with 1000; then everything that came, to the end of the connection. */
export const exchange = ({ incoming, write }: Connection, ...texts: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    yield* write(Buffer.concat(texts.map((text) => frame(TEXT, Buffer.from(text)))))
    const received: Array<string> = []
    let code: number | undefined
    yield* incoming.pipe(
      Stream.mapAccum(Buffer.alloc(0) as Buffer, (rest, octets) => parse(Buffer.concat([rest, octets]))),
      Stream.mapConcat((frames) => frames),
      Stream.runForEach(([opcode, payload]) => {
        if (opcode === CLOSE) {
          code = payload.readUInt16BE(0)
          return Effect.void
        }
        return received.push(payload.toString()) === texts.length ? write(closing) : Effect.void
      })
    )
    return { texts: received, code } satisfies Exchanged
  })

/** By the upgrade of HTTP/1.1. */
export const openHttp1 = (url: string, tls: Served["tls"]) =>
  Effect.acquireRelease(
    Effect.async<Duplex, unknown>((resume) => {
      const headers = {
        connection: "Upgrade",
        upgrade: "websocket",
        "sec-websocket-version": "13",
        "sec-websocket-key": randomBytes(16).toString("base64")
      }
      request(url, { ...tls, headers, agent: false })
        .on("upgrade", (_response, socket) => resume(Effect.succeed(socket)))
        .on("response", ({ statusCode }) => resume(Effect.fail(new Error(`refused with ${statusCode}`))))
        .on("error", (error) => resume(Effect.fail(error)))
        .end()
    }),
    (socket) => Effect.sync(() => socket.destroy())
  ).pipe(
    Effect.map((socket): Connection => ({
      write: (octets) => Effect.sync(() => socket.write(octets)),
      incoming: NodeStream.fromReadable<unknown, Uint8Array>(() => socket, String)
    }))
  )

/** By an extended CONNECT of HTTP/2. */
export const openHttp2 = (url: string, tls: Served["tls"]) =>
  Effect.gen(function* () {
    const client = yield* NodeHttp2.connect(url, { tls })
    const { tunnel } = yield* client.tunnel({
      protocol: "websocket",
      path: new URL(url).pathname,
      headers: { "sec-websocket-version": "13" }
    })
    return { write: (octets) => tunnel.write(octets), incoming: tunnel.incoming } satisfies Connection
  })
