/**
 * A platform response as the one that the engine sends: bodies of every kind as octets or as a Stream that is pulled as the client's windows allow.
 */
import type * as Http2Headers from "@effect-http2/http2/Headers"
import { type Http2ServerResponse, unsafeMake } from "@effect-http2/http2/Http2ServerResponse"
import type { HttpServerResponse } from "@effect/platform/HttpServerResponse"
import * as NodeStream from "@effect/platform-node/NodeStream"
import { identity } from "effect/Function"
import * as Stream from "effect/Stream"
import { Readable } from "node:stream"
import * as Readables from "../stream/readable.js"
import { override, withoutLength } from "@effect-http2/node/message/responseFields"
import { toHttp2Headers } from "./responseHeaders.js"
import * as Trailers from "./trailers.js"

type Octets = Stream.Stream<Uint8Array, unknown>

const encoder = new TextEncoder()
const noOctets = new Uint8Array(0)

/** Whether the response ends with its head (RFC 9110 §6.4.1). */
const isBodyless = (method: string, status: number): boolean => method === "HEAD" || status === 204 || status === 304

/** `body` undefined: none. */
const make = (
  response: HttpServerResponse,
  headers: Http2Headers.Headers,
  body: Uint8Array | Octets | undefined
): Http2ServerResponse => unsafeMake(response.status, headers, body, Trailers.get(response.body))

const ofOctets = (response: HttpServerResponse, octets: Uint8Array): Http2ServerResponse =>
  make(response, toHttp2Headers(response, octets.length), octets)

const ofStream = (response: HttpServerResponse, body: Octets): Http2ServerResponse =>
  make(response, toHttp2Headers(response, undefined), body)

/** A Response of the web: its headers, and its body as it comes. */
const ofWeb = (response: HttpServerResponse, web: Response): Http2ServerResponse => {
  const headers = override(toHttp2Headers(response, undefined), web.headers)
  return make(response, headers, web.body === null ? undefined : Readables.fromWeb(web.body))
}

const ignoreError = (): void => {}

const isDestroyable = (body: NodeJS.ReadableStream): body is NodeJS.ReadableStream & { destroy: () => unknown } =>
  "destroy" in body && typeof body.destroy === "function"

const isReadable = (body: object): body is NodeJS.ReadableStream => "pipe" in body && typeof body.pipe === "function"

const toOctets = (chunk: unknown): Uint8Array =>
  chunk instanceof Uint8Array ? chunk : encoder.encode(typeof chunk === "string" ? chunk : String(chunk))

/** A Readable is read no faster than its octets leave, and destroyed when the response is over. */
const fromReadable = (readable: NodeJS.ReadableStream): Octets =>
  readable instanceof Readable
    ? Readables.fromReadable(readable, () => readable.errored ?? new Error("the Readable was destroyed before its end"))
    : Stream.map(
        NodeStream.fromReadable<unknown, unknown>(() => readable, identity),
        toOctets
      )

/**
 * The first `length` octets. The platform's Readable for a part of a file has one octet more than the content-length that it says, which
 * `node:http` lets pass and HTTP/2 does not (RFC 9113 §8.1.1).
 */
const take = (body: Octets, length: number): Octets =>
  Stream.suspend(() => {
    let rest = length
    const cut = Stream.map(body, (octets) => {
      const part = octets.length > rest ? octets.subarray(0, rest) : octets
      rest -= part.length
      return part
    })
    return Stream.takeUntil(cut, () => rest === 0)
  })

const ofReadable = (response: HttpServerResponse, readable: NodeJS.ReadableStream): Http2ServerResponse => {
  const length = Number(response.headers["content-length"] ?? "NaN")
  if (length === 0) discard(readable)
  const body = length === 0 ? Stream.empty : fromReadable(readable)
  return ofStream(response, length > 0 ? take(body, length) : body)
}

/** Nobody will read it, or somebody has: what it holds open has to be let go. One that is locked has a reader, who cancels it. */
const discard = (body: unknown): void => {
  if (body instanceof ReadableStream) {
    if (!body.locked) body.cancel().catch(ignoreError)
  } else if (body instanceof Response) discard(body.body)
  else if (typeof body === "object" && body !== null && isReadable(body) && isDestroyable(body)) {
    // What it says of that is of no interest to anybody.
    body.on("error", ignoreError)
    body.destroy()
  }
}

/** Lets go of what a response holds open that is not sent. */
export const discardBody = ({ body }: HttpServerResponse): void => {
  if (body._tag === "Raw") discard(body.body)
}

/** Whether a response has something open, or may have: `discardBody` is called behind it, whatever becomes of it. */
export const holdsSource = ({ body }: HttpServerResponse): boolean =>
  body._tag === "Raw" && typeof body.body === "object" && body.body !== null && !(body.body instanceof Uint8Array)

/** What `HttpServerResponse.raw` was given: everything that a web Response can be made of, a Response, or a Readable of Node. */
const ofRaw = (response: HttpServerResponse, body: unknown): Http2ServerResponse => {
  if (body === undefined || body === null) return ofOctets(response, noOctets)
  if (typeof body === "string") return ofOctets(response, encoder.encode(body))
  if (body instanceof Uint8Array) return ofOctets(response, body)
  if (body instanceof ArrayBuffer) return ofOctets(response, new Uint8Array(body))
  if (ArrayBuffer.isView(body)) {
    return ofOctets(response, new Uint8Array(body.buffer, body.byteOffset, body.byteLength))
  }
  if (body instanceof Response) return ofWeb(response, body)
  if (body instanceof ReadableStream) return ofStream(response, Readables.fromWeb(body))
  if (typeof body === "object" && isReadable(body)) return ofReadable(response, body)
  if (body instanceof Blob || body instanceof URLSearchParams || body instanceof FormData) {
    return ofBodyInit(response, body)
  }
  throw new TypeError(`HttpServerResponse.raw: cannot send ${Object.prototype.toString.call(body)}`)
}

/** The type of the content is what `response` says, else what the web's own Response makes of it. */
const ofBodyInit = (response: HttpServerResponse, body: Blob | URLSearchParams | FormData): Http2ServerResponse => {
  const web = new Response(body)
  const type = response.headers["content-type"]
  if (type !== undefined && !(body instanceof FormData)) web.headers.set("content-type", type)
  return ofWeb(response, web)
}

const withBody = (response: HttpServerResponse): Http2ServerResponse => {
  const { body } = response
  switch (body._tag) {
    case "Empty":
      return ofOctets(response, noOctets)
    case "Uint8Array":
      return ofOctets(response, body.body)
    case "Raw":
      return ofRaw(response, body.body)
    case "FormData":
      return ofBodyInit(response, body.formData)
    case "Stream":
      return ofStream(response, body.stream)
  }
}

/** Throws a TypeError for a Raw body that is nothing that can be sent. */
export const toHttp2Response = (method: string, response: HttpServerResponse): Http2ServerResponse => {
  if (!isBodyless(method, response.status)) return withBody(response)
  if (response.body._tag === "Raw") discard(response.body.body)
  const headers = toHttp2Headers(response, undefined)
  return make(response, response.status === 204 ? withoutLength(headers) : headers, undefined)
}
