/**
 * Forms by the parser of Effect, so that parts, limits and files are the same; how they end is ours (`@effect-http2/node`, message/form). Called by
 * serverRequest.ts; those of HTTP/1.1 are the stock server's.
 */
import { Form, FormError, FormField, FormFile } from "@effect-http2/node/message/form"
import * as NodeStream from "@effect/platform-node/NodeStream"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import type * as Headers from "effect/http/Headers"
import * as Multipart from "effect/http/Multipart"
import * as MultipartParser from "effect/http/MultipartParser"
import * as Inspectable from "effect/Inspectable"
import type * as Path from "effect/Path"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { createWriteStream } from "node:fs"
import type { Readable } from "node:stream"
import { pipeline } from "node:stream/promises"

/** Where the octets of a form come from: a body of HTTP/2, bridged to a Readable that ends with the scope. */
export type Source = Effect.Effect<Readable, never, Scope.Scope>

export const fromBody = (body: Stream.Stream<Uint8Array, unknown>): Source =>
  Effect.acquireRelease(NodeStream.toReadable(body), (readable) => Effect.sync(() => readable.destroy()))

const toMultipartError = (error: unknown): Multipart.MultipartError =>
  error instanceof FormError
    ? Multipart.MultipartError.fromReason(error.reason, error.failure)
    : Multipart.MultipartError.fromReason("InternalError", error)

abstract class Part extends Inspectable.Class {
  readonly [Multipart.TypeId]: typeof Multipart.TypeId = Multipart.TypeId
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
    this.value = MultipartParser.decodeField(info, value)
  }

  toJSON(): unknown {
    const { _tag, contentType, key, value } = this
    return { _id: "effect/http/Multipart/Part", _tag, key, contentType, value }
  }
}

/** `file` is where `NodeMultipart.fileToReadable` looks. */
class File extends Part implements Multipart.File {
  readonly _tag = "File"
  readonly key: string
  readonly name: string
  readonly contentType: string
  readonly content: Stream.Stream<Uint8Array, Multipart.MultipartError>
  readonly contentEffect: Effect.Effect<Uint8Array<ArrayBuffer>, Multipart.MultipartError>

  constructor(readonly file: FormFile) {
    super()
    this.key = file.info.name
    this.name = file.info.filename ?? file.info.name
    this.contentType = file.info.contentType
    this.content = NodeStream.fromReadable<Uint8Array, Multipart.MultipartError>({
      evaluate: () => file,
      onError: toMultipartError
    })
    this.contentEffect = Effect.map(Stream.runCollect(this.content), (pieces) => new Uint8Array(Buffer.concat(pieces)))
  }

  toJSON(): unknown {
    const { _tag, contentType, key, name } = this
    return { _id: "effect/http/Multipart/Part", _tag, key, name, contentType }
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
  Stream.unwrap(
    Effect.gen(function* () {
      const config = yield* Multipart.makeConfig(headers)
      const form = new Form((handlers) => MultipartParser.make({ ...config, ...handlers })).readFrom(yield* source)
      return Stream.mapEffect(
        NodeStream.fromReadable<unknown, Multipart.MultipartError>({ evaluate: () => form, onError: toMultipartError }),
        toPart
      )
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
