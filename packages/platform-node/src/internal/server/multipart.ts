/**
 * Multipart bodies by the parser that platform-node uses, so that parts, limits and files are the same. It takes a Readable of Node: the
 * body is bridged to one that reads no faster than it is read, and that is destroyed when nobody wants it any more. Called by
 * serverRequest.ts.
 */
import type { Http2Error } from "@effect-http2/http2/Http2Error"
import * as InterruptibleRuntime from "@effect-http2/http2/InterruptibleRuntime"
import type * as FileSystem from "@effect/platform/FileSystem"
import type * as Headers from "@effect/platform/Headers"
import type * as Multipart from "@effect/platform/Multipart"
import type * as Path from "@effect/platform/Path"
import * as NodeMultipart from "@effect/platform-node/NodeMultipart"
import * as Effect from "effect/Effect"
import * as Runtime from "effect/Runtime"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { IncomingHttpHeaders } from "node:http"
import type { Readable } from "node:stream"
import { BodyReadable } from "../stream/bodyReadable.js"

type Body = Stream.Stream<Uint8Array, Http2Error>

const acquire = (body: Body): Effect.Effect<Readable, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.map(InterruptibleRuntime.capture(), (runtime) => new BodyReadable(body, Runtime.runFork(runtime))),
    (readable) => Effect.sync(() => readable.destroy())
  )

/** The parser looks at one field, which is there as it was in HTTP/1.1. */
const fields = (headers: Headers.Headers): IncomingHttpHeaders => ({ ...headers })

export const stream = (body: Body, headers: Headers.Headers): Stream.Stream<Multipart.Part, Multipart.MultipartError> =>
  Stream.unwrapScoped(Effect.map(acquire(body), (readable) => NodeMultipart.stream(readable, fields(headers))))

export const persisted = (
  body: Body,
  headers: Headers.Headers
): Effect.Effect<Multipart.Persisted, Multipart.MultipartError, Scope.Scope | FileSystem.FileSystem | Path.Path> =>
  Effect.flatMap(acquire(body), (readable) => NodeMultipart.persisted(readable, fields(headers)))
