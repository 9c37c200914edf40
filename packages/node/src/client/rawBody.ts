/**
 * What users give as the raw body of a request, seen for what it is. Called by the skins, which make Streams of what has to be read.
 */
import * as Http2Error from "@effect-http2/engine/Http2Error"
import { Readable } from "node:stream"
import { ReadableStream } from "node:stream/web"

/** How a body comes: whole, or from a source that is read as it is sent. */
export type RawBody =
  | { readonly _tag: "None" }
  | { readonly _tag: "Octets"; readonly octets: Uint8Array; readonly contentType: string | undefined }
  | {
      readonly _tag: "Web"
      /** Gives the source, from its beginning where it can be read again. */
      readonly open: () => ReadableStream<unknown>
      readonly contentType: string | undefined
      readonly contentLength: number | undefined
    }
  | { readonly _tag: "Readable"; readonly source: Readable }
  | { readonly _tag: "AsyncIterable"; readonly source: AsyncIterable<unknown> }
  | { readonly _tag: "Iterable"; readonly source: Iterable<unknown> }

const none: RawBody = { _tag: "None" }

const octets = (octets: Uint8Array, contentType?: string): RawBody => ({ _tag: "Octets", octets, contentType })

const web = (open: () => ReadableStream<unknown>, contentType?: string, contentLength?: number): RawBody => ({
  _tag: "Web",
  open,
  contentType,
  contentLength
})

const isAsyncIterable = (u: object): u is AsyncIterable<unknown> => Symbol.asyncIterator in u
const isIterable = (u: object): u is Iterable<unknown> => Symbol.iterator in u

const unsendable = (what: string): Http2Error.StreamError =>
  Http2Error.usageError(0, undefined, `a body of ${what} cannot be sent`)

/** The encoder of the platform: it chooses the boundary, and reads files as they are sent. */
export const fromFormData = (formData: FormData): RawBody => fromResponse(new Response(formData))

const fromResponse = ({ body, headers }: Response): RawBody =>
  body === null ? none : web(() => body, headers.get("content-type") ?? undefined)

const fromObject = (body: object): RawBody | Http2Error.StreamError => {
  if (body instanceof Uint8Array) return octets(body)
  if (ArrayBuffer.isView(body)) return octets(new Uint8Array(body.buffer, body.byteOffset, body.byteLength))
  if (body instanceof ArrayBuffer) return octets(new Uint8Array(body))
  if (body instanceof Blob) return web(() => body.stream(), body.type || undefined, body.size)
  if (body instanceof FormData) return fromFormData(body)
  if (body instanceof URLSearchParams) {
    return octets(Buffer.from(body.toString()), "application/x-www-form-urlencoded;charset=UTF-8")
  }
  if (body instanceof Response) return fromResponse(body)
  if (body instanceof Readable) return { _tag: "Readable", source: body }
  if (body instanceof ReadableStream) return web(() => body)
  if (isAsyncIterable(body)) return { _tag: "AsyncIterable", source: body }
  if (isIterable(body)) return { _tag: "Iterable", source: body }
  return unsendable(Object.prototype.toString.call(body))
}

/** A usage error for what nothing can be made of. */
export const fromRaw = (body: unknown): RawBody | Http2Error.StreamError => {
  if (body === undefined || body === null) return none
  if (typeof body === "string") return octets(Buffer.from(body))
  return typeof body === "object" ? fromObject(body) : unsendable(`type ${typeof body}`)
}

/** Whether the body can be sent a second time. */
export const isReplayable = (raw: unknown): boolean =>
  raw === undefined ||
  raw === null ||
  typeof raw === "string" ||
  ArrayBuffer.isView(raw) ||
  raw instanceof ArrayBuffer ||
  raw instanceof Blob ||
  raw instanceof FormData ||
  raw instanceof URLSearchParams

/** A source that will not be read, or not to its end, is destroyed or cancelled, once. */
export const dispose = (raw: unknown): void => {
  const source = raw instanceof Response ? raw.body : raw
  if (source instanceof Readable) {
    source.on("error", () => undefined)
    source.destroy()
  } else if (source instanceof ReadableStream && !source.locked) {
    // One that is locked is cancelled by its reader.
    source.cancel().catch(() => undefined)
  }
}
