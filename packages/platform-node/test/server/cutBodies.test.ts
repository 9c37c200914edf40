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
import { cuts, type Cut } from "@effect-http2/testkit/cutBodies"
import { describe, expect, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
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
    yield* Effect.flatMap(port, (port) => Effect.promise(() => cut(port, reader)))
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
