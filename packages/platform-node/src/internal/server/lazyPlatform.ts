/**
 * The `HttpPlatform` of Node with files that are opened when the body is read, and not when the response is made: one that is never sent, since
 * a middleware has put another in its place, holds nothing open. All else is as in `NodeHttpPlatform`. Called by NodeHttp2Server.ts.
 */
import * as Etag from "@effect/platform/Etag"
import * as HttpPlatform from "@effect/platform/HttpPlatform"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import type { Headers } from "@effect/platform/Headers"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import Mime from "mime"
import * as Fs from "node:fs"
import { fromReadable, fromWeb } from "../stream/readable.js"

type Octets = Stream.Stream<Uint8Array, unknown>

/** `length` octets of a file, or what there is of them. */
const partOf = (path: string, start: number, length: number): Octets =>
  length <= 0
    ? Stream.empty
    : Stream.suspend(() => {
        const file = Fs.createReadStream(path, { start, end: start + length - 1 })
        return fromReadable(file, () => file.errored ?? new Error("the file was closed before its end"))
      })

const toWeb = (stream: unknown): globalThis.ReadableStream<Uint8Array> => {
  if (stream instanceof ReadableStream) return stream
  throw new TypeError("HttpServerResponse.fileWeb: the stream of the file is no ReadableStream")
}

const respond = (
  name: string,
  body: Octets,
  contentLength: number,
  { headers, status, statusText }: { headers: Headers; status: number; statusText: string | undefined }
): HttpServerResponse.HttpServerResponse =>
  HttpServerResponse.stream(body, {
    // The body says it only where it is not 0.
    headers: { ...headers, "content-length": String(contentLength) },
    contentLength,
    contentType: headers["content-type"] ?? Mime.getType(name) ?? "application/octet-stream",
    status,
    statusText
  })

const make = HttpPlatform.make({
  fileResponse: (path, status, statusText, headers, start, _end, contentLength) =>
    respond(path, partOf(path, start, contentLength), contentLength, { headers, status, statusText }),
  fileWebResponse: (file, status, statusText, headers) => {
    const body = Stream.suspend(() => fromWeb(toWeb(file.stream())))
    return respond(file.name, body, file.size, { headers, status, statusText })
  }
})

export const layer: Layer.Layer<HttpPlatform.HttpPlatform> = Layer.effect(HttpPlatform.HttpPlatform, make).pipe(
  Layer.provide(NodeFileSystem.layer),
  Layer.provide(Etag.layer)
)
