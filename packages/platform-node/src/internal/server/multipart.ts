/**
 * Forms by the parser that @effect/platform uses, so that parts, limits and files are the same; how they end is ours (`@effect-http2/node`, message/form). Called
 * by serverRequest.ts and http1/http1Request.ts.
 */
import * as InterruptibleRuntime from "@effect-http2/http2/InterruptibleRuntime"
import { Form, FormError, FormField, FormFile } from "@effect-http2/node/message/form"
import type * as FileSystem from "@effect/platform/FileSystem"
import type * as Headers from "@effect/platform/Headers"
import * as Multipart from "@effect/platform/Multipart"
import type * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Inspectable from "effect/Inspectable"
import * as Runtime from "effect/Runtime"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { decodeField, make as makeParser } from "multipasta"
import { createWriteStream } from "node:fs"
import type { Readable } from "node:stream"
import { pipeline } from "node:stream/promises"
import { BodyReadable } from "../stream/bodyReadable.js"
import { fromObjects, fromReadable } from "../stream/readable.js"

/** Where the octets of a form come from: a body of HTTP/2, bridged to a Readable that ends with the scope, or the request of HTTP/1.1 itself. */
export type Source = Effect.Effect<Readable, never, Scope.Scope>

export const fromBody = (body: Stream.Stream<Uint8Array, unknown>): Source =>
  Effect.acquireRelease(
    Effect.map(InterruptibleRuntime.capture(), (runtime) => new BodyReadable(body, Runtime.runFork(runtime))),
    (readable) => Effect.sync(() => readable.destroy())
  )

const toMultipartError = (error: unknown): Multipart.MultipartError =>
  error instanceof FormError
    ? new Multipart.MultipartError({ reason: error.reason, cause: error.failure })
    : new Multipart.MultipartError({ reason: "InternalError", cause: error })

abstract class Part extends Inspectable.Class {
  readonly [Multipart.TypeId]: Multipart.TypeId = Multipart.TypeId
}

class Field extends Part implements Multipart.Field {
  readonly _tag = "Field"
  readonly key: string
  readonly contentType: string
  readonly value: string

  constructor({ info, value }: FormField) {
    super()
    this.key = info.name
    this.contentType = info.contentType
    this.value = decodeField(info, value)
  }

  toJSON(): unknown {
    const { _tag, contentType, key, value } = this
    return { _id: "@effect/platform/Multipart/Part", _tag, key, value, contentType }
  }
}

/** `file` is where `NodeMultipart.fileToReadable` looks. */
class File extends Part implements Multipart.File {
  readonly _tag = "File"
  readonly key: string
  readonly name: string
  readonly contentType: string
  readonly content: Stream.Stream<Uint8Array, Multipart.MultipartError>
  readonly contentEffect: Effect.Effect<Uint8Array, Multipart.MultipartError>

  constructor(readonly file: FormFile) {
    super()
    this.key = file.info.name
    this.name = file.info.filename ?? file.info.name
    this.contentType = file.info.contentType
    this.content = Stream.mapError(
      fromReadable(file, () => toMultipartError(file.errored)),
      (error) => (error instanceof Multipart.MultipartError ? error : toMultipartError(error))
    )
    this.contentEffect = Effect.map(
      Stream.runCollect(this.content),
      (pieces) => new Uint8Array(Buffer.concat([...pieces]))
    )
  }

  toJSON(): unknown {
    const { _tag, contentType, key, name } = this
    return { _id: "@effect/platform/Multipart/Part", _tag, key, name, contentType }
  }
}

const toPart = (piece: unknown): Effect.Effect<Multipart.Part, Multipart.MultipartError> => {
  if (piece instanceof FormField) return Effect.sync(() => new Field(piece))
  if (piece instanceof FormFile) return Effect.sync(() => new File(piece))
  return Effect.fail(toMultipartError(piece))
}

export const stream = (
  source: Source,
  headers: Headers.Headers
): Stream.Stream<Multipart.Part, Multipart.MultipartError> =>
  Stream.unwrapScoped(
    Effect.zipWith(source, Multipart.makeConfig(headers), (readable, config) => {
      const form = new Form((handlers) => makeParser({ ...config, ...handlers })).readFrom(readable)
      return fromObjects(form, () => toMultipartError(form.errored), toPart)
    })
  )

const writeFile = (path: string, file: Multipart.File): Effect.Effect<void, Multipart.MultipartError> =>
  file instanceof File
    ? Effect.tryPromise({
        try: (signal) => pipeline(file.file, createWriteStream(path), { signal }),
        catch: toMultipartError
      })
    : Effect.fail(toMultipartError(new Error("not a file of this form")))

export const persisted = (
  source: Source,
  headers: Headers.Headers
): Effect.Effect<Multipart.Persisted, Multipart.MultipartError, Scope.Scope | FileSystem.FileSystem | Path.Path> =>
  Multipart.toPersisted(stream(source, headers), writeFile)
