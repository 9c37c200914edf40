/**
 * Bodies that are cut off, by every way to read one and over either protocol: whoever reads them fails, and neither waits for the rest nor takes what has
 * come for the whole.
 */
import * as NodeHttp2Server from "@effect-http2/platform-node/NodeHttp2Server"
import * as HttpServer from "@effect/platform/HttpServer"
import * as HttpServerError from "@effect/platform/HttpServerError"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Ndjson from "@effect/platform/Ndjson"
import type { FileSystem } from "@effect/platform/FileSystem"
import type { Path } from "@effect/platform/Path"
import { describe, expect, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Http2 from "node:http2"
import * as Net from "node:net"
import { port } from "./support/harness.js"

const request = HttpServerRequest.HttpServerRequest

type Read = Effect.Effect<unknown, unknown, FileSystem | HttpServerRequest.HttpServerRequest | Path | Scope.Scope>

const records = Schema.Struct({ a: Schema.NumberFromString })

interface Reader {
  readonly read: Read
  readonly type: string
  /** What comes of the body: as it stands it would be a whole one. */
  readonly body: string
}

/** Each with a body that a reader could take for the whole. */
const readers: Record<string, Reader> = {
  text: { read: Effect.flatMap(request, ({ text }) => text), type: "text/plain", body: "whole" },
  arrayBuffer: {
    read: Effect.flatMap(request, ({ arrayBuffer }) => arrayBuffer),
    type: "application/octet-stream",
    body: "whole"
  },
  json: { read: Effect.flatMap(request, ({ json }) => json), type: "application/json", body: '{"a":1}' },
  "JSON by a schema": {
    read: HttpServerRequest.schemaBodyJson(Schema.Struct({ a: Schema.Number })),
    type: "application/json",
    body: '{"a":1}'
  },
  "URL parameters": {
    read: Effect.flatMap(request, ({ urlParamsBody }) => urlParamsBody),
    type: "application/x-www-form-urlencoded",
    body: "a=1"
  },
  "URL parameters by a schema": {
    read: HttpServerRequest.schemaBodyUrlParams(records),
    type: "application/x-www-form-urlencoded",
    body: "a=1"
  },
  "a form by a schema": {
    read: HttpServerRequest.schemaBodyForm(records),
    type: "application/x-www-form-urlencoded",
    body: "a=1"
  },
  stream: {
    read: Effect.flatMap(request, ({ stream }) => Stream.runDrain(stream)),
    type: "text/plain",
    body: "whole"
  },
  "lines of text": {
    read: Effect.flatMap(request, ({ stream }) =>
      Stream.runCollect(stream.pipe(Stream.decodeText(), Stream.splitLines))
    ),
    type: "text/plain",
    body: "one\ntwo\n"
  },
  ndjson: {
    read: Effect.flatMap(request, ({ stream }) =>
      Stream.runCollect(Stream.pipeThroughChannel(stream, Ndjson.unpack({ ignoreEmptyLines: true })))
    ),
    type: "application/x-ndjson",
    body: '{"a":1}\n{"a":2}\n'
  },
  "a Request of the web": {
    read: Effect.flatMap(Effect.flatMap(request, HttpServerRequest.toWeb), (web) =>
      Effect.tryPromise(() => web.text())
    ),
    type: "text/plain",
    body: "whole"
  }
}

type Cut = (port: number, reader: Reader) => Effect.Effect<unknown>

const http1 =
  (head: (body: string) => string, leave: (socket: Net.Socket) => void): Cut =>
  (port, { body, type }) =>
    Effect.async<void>((resume) => {
      const socket = Net.connect(port, "127.0.0.1", () => {
        socket.write(`POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: ${type}\r\n${head(body)}`, () => {
          leave(socket)
          resume(Effect.void)
        })
      })
      socket.on("error", () => {})
    })

const http2 =
  (leave: (session: Http2.ClientHttp2Session, stream: Http2.ClientHttp2Stream) => void, length?: number): Cut =>
  (port, { body, type }) =>
    Effect.async<void>((resume) => {
      const session = Http2.connect(`http://127.0.0.1:${port}`)
      session.on("error", () => {})
      const stream = session.request(
        {
          ":method": "POST",
          "content-type": type,
          ...(length === undefined ? {} : { "content-length": body.length + length })
        },
        { endStream: false }
      )
      stream.on("error", () => {})
      stream.write(body)
      // The server has read what was sent before.
      session.once("connect", () =>
        session.ping(() => {
          leave(session, stream)
          resume(Effect.void)
        })
      )
    })

const counted = (body: string) => `Content-Length: ${body.length + 1}\r\n\r\n${body}`
const chunked = (body: string) => `Transfer-Encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n${body}\r\n`

const cuts: Record<string, Cut> = {
  "HTTP/1.1, content-length, FIN": http1(counted, (socket) => socket.end()),
  "HTTP/1.1, content-length, RST": http1(counted, (socket) => socket.resetAndDestroy()),
  "HTTP/1.1, chunked, FIN": http1(chunked, (socket) => socket.end()),
  "HTTP/1.1, chunked, RST": http1(chunked, (socket) => socket.resetAndDestroy()),
  "HTTP/1.1, a chunk that is none": http1(
    (body) => `${chunked(body)}none\r\n`,
    () => {}
  ),
  // Node's `close` would end the body first.
  "HTTP/2, RST_STREAM": http2((_, stream) => stream.destroy()),
  "HTTP/2, shorter than content-length": http2((_, stream) => stream.end(), 1),
  "HTTP/2, the connection closes": http2((session) => session.destroy())
}

const cases = Object.keys(cuts).flatMap((cut) => Object.keys(readers).map((reader) => [cut, reader] as const))

const outcomeOf = (cut: Cut, reader: Reader, mode: (read: Read) => Read) =>
  Effect.gen(function* () {
    const outcome = yield* Deferred.make<Exit.Exit<unknown, unknown>>()
    yield* HttpServer.serveEffect(
      Effect.as(
        Effect.onExit(mode(reader.read), (exit) => Deferred.succeed(outcome, exit)),
        HttpServerResponse.text("read")
      )
    )
    yield* cut(yield* port, reader)
    return yield* Effect.timeoutFail(Deferred.await(outcome), {
      duration: "10 seconds",
      onTimeout: () => new Error("the reader waits for ever")
    })
  }).pipe(Effect.provide(NodeHttp2Server.layer({ port: 0 })), Effect.scoped)

describe("a body that is cut off", () => {
  it.live.each(cases)("%s: '%s' fails", ([cut, reader]) =>
    Effect.gen(function* () {
      const exit = yield* outcomeOf(
        cuts[cut] ?? expect.unreachable(),
        readers[reader] ?? expect.unreachable(),
        (read) => read
      )
      expect(Exit.isFailure(exit)).toBe(true)
    })
  )

  it.live.each(cases)("%s: '%s' fails, typed, where nothing interrupts it", ([cut, reader]) =>
    Effect.gen(function* () {
      const exit = yield* outcomeOf(
        cuts[cut] ?? expect.unreachable(),
        readers[reader] ?? expect.unreachable(),
        Effect.uninterruptible
      )
      if (Exit.isSuccess(exit)) return expect.unreachable("the body looked whole")
      expect(Cause.isFailType(exit.cause) || Cause.failures(exit.cause).length > 0, Cause.pretty(exit.cause)).toBe(true)
      if (!reader.startsWith("a Request")) {
        expect(HttpServerError.isServerError(Cause.squash(exit.cause)), Cause.pretty(exit.cause)).toBe(true)
      }
    })
  )
})
