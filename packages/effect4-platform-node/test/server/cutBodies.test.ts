/**
 * Bodies that are cut off, by every way to read one and over either protocol: whoever reads them fails, and neither waits for the rest nor takes what has
 * come for the whole.
 */
import * as NodeHttp2Server from "@effect-http2/effect4-platform-node/NodeHttp2Server"
import { cuts, type Body, type Cut } from "@effect-http2/testkit/cutBodies"
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { FileSystem } from "effect/FileSystem"
import * as Ndjson from "effect/encoding/Ndjson"
import * as HttpServer from "effect/http/HttpServer"
import * as HttpServerError from "effect/http/HttpServerError"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import type { Path } from "effect/Path"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { describe, expect } from "vitest"
import { live } from "../support/run.js"

const request = HttpServerRequest.HttpServerRequest

type Read = Effect.Effect<unknown, unknown, FileSystem | HttpServerRequest.HttpServerRequest | Path | Scope.Scope>

interface Reader extends Body {
  readonly read: Read
}

const plain = { type: "text/plain", body: "whole" }
const json = { type: "application/json", body: '{"a":1}' }
const parameters = { type: "application/x-www-form-urlencoded", body: "a=1" }
const record = Schema.Struct({ a: Schema.String })

/** Each with a body that a reader could take for the whole. */
const readers: { readonly [name: string]: Reader } = {
  text: { read: Effect.flatMap(request, ({ text }) => text), ...plain },
  arrayBuffer: { read: Effect.flatMap(request, ({ arrayBuffer }) => arrayBuffer), ...plain },
  json: { read: Effect.flatMap(request, ({ json }) => json), ...json },
  "JSON by a schema": { read: HttpServerRequest.schemaBodyJson(Schema.Struct({ a: Schema.Number })), ...json },
  "URL parameters": { read: Effect.flatMap(request, ({ urlParamsBody }) => urlParamsBody), ...parameters },
  "URL parameters by a schema": { read: HttpServerRequest.schemaBodyUrlParams(record), ...parameters },
  "a form by a schema": { read: HttpServerRequest.schemaBodyForm(record), ...parameters },
  stream: { read: Effect.flatMap(request, ({ stream }) => Stream.runDrain(stream)), ...plain },
  "lines of text": {
    read: Effect.flatMap(request, ({ stream }) => Stream.runCollect(stream.pipe(Stream.decodeText, Stream.splitLines))),
    type: "text/plain",
    body: "one\ntwo\n"
  },
  ndjson: {
    read: Effect.flatMap(request, ({ stream }) =>
      Stream.runCollect(Stream.pipeThroughChannel(stream, Ndjson.decode({ ignoreEmptyLines: true })))
    ),
    type: "application/x-ndjson",
    body: '{"a":1}\n{"a":2}\n'
  },
  "a Request of the web": {
    read: Effect.flatMap(Effect.flatMap(request, HttpServerRequest.toWeb), (web) =>
      Effect.tryPromise(() => web.text())
    ),
    ...plain
  }
}

const outcomeOf = (cut: Cut, reader: Reader, mode: (read: Read) => Read) =>
  Effect.gen(function* () {
    const outcome = yield* Deferred.make<Exit.Exit<unknown, unknown>>()
    yield* HttpServer.serveEffect(
      Effect.as(
        Effect.onExit(mode(reader.read), (exit) => Deferred.succeed(outcome, exit)),
        HttpServerResponse.text("read")
      )
    )
    const { address } = yield* HttpServer.HttpServer
    if (address._tag === "UnixPathAddress") return expect.unreachable("not a TCP address")
    const { port } = address
    yield* Effect.promise(() => cut(port, reader))
    return yield* Effect.timeout(Deferred.await(outcome), "10 seconds")
  }).pipe(Effect.provide(NodeHttp2Server.layer({ port: 0 })), Effect.scoped)

describe.each(Object.entries(cuts))("a body that is cut off, %s", (_, cut) => {
  for (const [name, reader] of Object.entries(readers)) {
    live(`'${name}' fails`, () =>
      Effect.gen(function* () {
        const exit = yield* outcomeOf(cut, reader, (read) => read)
        expect(Exit.isFailure(exit)).toBe(true)
      })
    )

    live(`'${name}' fails, typed, where nothing interrupts it`, () =>
      Effect.gen(function* () {
        const exit = yield* outcomeOf(cut, reader, Effect.uninterruptible)
        if (Exit.isSuccess(exit)) return expect.unreachable("the body looked whole")
        expect(Cause.hasFails(exit.cause), Cause.pretty(exit.cause)).toBe(true)
        if (name !== "a Request of the web") {
          expect(HttpServerError.isHttpServerError(Cause.squash(exit.cause)), Cause.pretty(exit.cause)).toBe(true)
        }
      })
    )
  }
})
