/**
 * A platform response as the one that the engine sends: bodies of every kind as octets or as a Stream that is pulled as the client's windows allow. Called
 * by application.ts; http1.ts has the bodies that `node:http` does not take from here.
 */
import type * as Http2Headers from "@effect-http2/effect4-http2/Headers"
import * as Http2ServerResponse from "@effect-http2/effect4-http2/Http2ServerResponse"
import { override, toHttp2Headers, withoutLength } from "@effect-http2/node/message/responseFields"
import * as NodeStream from "@effect/platform-node/NodeStream"
import { identity } from "effect/Function"
import * as Cookies from "effect/http/Cookies"
import * as HttpBody from "effect/http/HttpBody"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Stream from "effect/Stream"
import * as Trailers from "./trailers.js"

type Response = HttpServerResponse.HttpServerResponse
type Octets = Stream.Stream<Uint8Array, unknown>

const encoder = new TextEncoder()
const noOctets = new Uint8Array(0)
const noCookies: ReadonlyArray<string> = []

const headersOf = ({ cookies, headers }: Response, contentLength: number | undefined): Http2Headers.Headers =>
  toHttp2Headers(headers, Cookies.isEmpty(cookies) ? noCookies : Cookies.toSetCookieHeaders(cookies), contentLength)

/** `body` undefined: none. */
const make = (
  response: Response,
  headers: Http2Headers.Headers,
  body: Uint8Array | Octets | undefined
): Http2ServerResponse.Http2ServerResponse =>
  Http2ServerResponse.make({ status: response.status, headers, body, trailers: Trailers.get(response.body) })

const ofOctets = (response: Response, octets: Uint8Array): Http2ServerResponse.Http2ServerResponse =>
  make(response, headersOf(response, octets.length), octets)

const ofStream = (response: Response, body: Octets): Http2ServerResponse.Http2ServerResponse =>
  make(response, headersOf(response, undefined), body)

const fromWeb = (body: ReadableStream<Uint8Array>): Octets =>
  Stream.fromReadableStream({ evaluate: () => body, onError: identity })

/** A Response of the web: its headers, and its body as it comes. */
const ofWeb = (response: Response, web: globalThis.Response): Http2ServerResponse.Http2ServerResponse => {
  const headers = override(headersOf(response, undefined), web.headers)
  return make(response, headers, web.body === null ? undefined : fromWeb(web.body))
}

const ignoreError = (): void => {}

const isReadable = (body: object): body is NodeJS.ReadableStream => "pipe" in body && typeof body.pipe === "function"

const isDestroyable = (body: object): body is { destroy: () => unknown } =>
  "destroy" in body && typeof body.destroy === "function"

const toOctets = (chunk: unknown): Uint8Array =>
  chunk instanceof Uint8Array ? chunk : encoder.encode(typeof chunk === "string" ? chunk : String(chunk))

/** A Readable is read no faster than its octets leave, and destroyed when the response is over. */
const fromReadable = (readable: NodeJS.ReadableStream): Octets =>
  Stream.map(NodeStream.fromReadable<unknown, unknown>({ evaluate: () => readable, onError: identity }), toOctets)

/** Nobody will read it, or somebody has: what it holds open has to be let go. One that is locked has a reader, who cancels it. */
const discard = (body: unknown): void => {
  if (body instanceof ReadableStream) {
    if (!body.locked) body.cancel().catch(ignoreError)
  } else if (body instanceof globalThis.Response) discard(body.body)
  else if (typeof body === "object" && body !== null && isReadable(body) && isDestroyable(body)) {
    // What it says of that is of no interest to anybody.
    body.on("error", ignoreError)
    body.destroy()
  }
}

/** Lets go of what a response holds open that is not sent. */
export const discardBody = ({ body }: Response): void => {
  if (body._tag === "Raw") discard(body.body)
}

/** Whether a response has something open, or may have: `discardBody` is called behind it, whatever becomes of it. */
export const holdsSource = ({ body }: Response): boolean =>
  body._tag === "Raw" && typeof body.body === "object" && body.body !== null && !(body.body instanceof Uint8Array)

const unsendable = (body: unknown): TypeError =>
  new TypeError(`HttpServerResponse.raw: cannot send ${Object.prototype.toString.call(body)}`)

const isBodyInit = (body: unknown): body is Blob | URLSearchParams | FormData =>
  body instanceof Blob || body instanceof URLSearchParams || body instanceof FormData

/** What `HttpServerResponse.raw` was given: everything that a web Response can be made of, a Response, or a Readable of Node. */
const ofRaw = (response: Response, body: unknown): Http2ServerResponse.Http2ServerResponse => {
  if (body === undefined || body === null) return ofOctets(response, noOctets)
  if (typeof body === "string") return ofOctets(response, encoder.encode(body))
  if (body instanceof Uint8Array) return ofOctets(response, body)
  if (body instanceof ArrayBuffer) return ofOctets(response, new Uint8Array(body))
  if (ArrayBuffer.isView(body)) {
    return ofOctets(response, new Uint8Array(body.buffer, body.byteOffset, body.byteLength))
  }
  if (body instanceof globalThis.Response) return ofWeb(response, body)
  if (body instanceof ReadableStream) return ofStream(response, fromWeb(body))
  if (typeof body === "object" && isReadable(body)) return ofStream(response, fromReadable(body))
  if (isBodyInit(body)) return ofBodyInit(response, body)
  throw unsendable(body)
}

/** The type of the content is what `response` says, else what the web's own Response makes of it. */
const ofBodyInit = (
  response: Response,
  body: Blob | URLSearchParams | FormData
): Http2ServerResponse.Http2ServerResponse => {
  const web = new globalThis.Response(body)
  const type = response.headers["content-type"]
  if (type !== undefined && !(body instanceof FormData)) web.headers.set("content-type", type)
  return ofWeb(response, web)
}

/** Throws a TypeError for a Raw body that is nothing that can be sent. */
export const toHttp2Response = (method: string, response: Response): Http2ServerResponse.Http2ServerResponse => {
  const { body, status } = response
  if (HttpServerResponse.omitsBody(response, method === "HEAD")) {
    discardBody(response)
    const headers = headersOf(response, undefined)
    return make(response, status === 204 || status === 205 ? withoutLength(headers) : headers, undefined)
  }
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

/** The headers stay as they are. */
export const withBody = (response: Response, body: HttpBody.HttpBody): Response =>
  HttpServerResponse.setHeaders(HttpServerResponse.setBody(response, body), response.headers)

const withWebHeaders = (response: Response, web: globalThis.Response): Response => {
  const fields: Record<string, string> = {}
  for (const [name, value] of web.headers) if (name !== "set-cookie") fields[name] = value
  const cookies = Cookies.merge(response.cookies, Cookies.fromSetCookie(web.headers.getSetCookie()))
  return HttpServerResponse.replaceCookies(HttpServerResponse.setHeaders(response, fields), cookies)
}

/**
 * The response with a body that the HTTP/1.1 side of the platform takes as well: it knows octets, text and Readables of Node, and nothing else of what
 * `HttpServerResponse.raw` is given. Throws a TypeError for what is nothing that can be sent.
 */
export const toHttp1Response = (response: Response): Response => {
  const { body } = response
  if (body._tag !== "Raw") return response
  const raw = body.body
  if (raw instanceof globalThis.Response || isBodyInit(raw)) {
    const web = raw instanceof globalThis.Response ? raw : new globalThis.Response(raw)
    const type = response.headers["content-type"]
    if (type !== undefined && raw !== web && !(raw instanceof FormData)) web.headers.set("content-type", type)
    const stream = web.body === null ? Stream.empty : fromWeb(web.body)
    return withBody(withWebHeaders(response, web), HttpBody.stream(stream))
  }
  if (raw instanceof ReadableStream) {
    return withBody(response, HttpBody.stream(fromWeb(raw), body.contentType))
  }
  if (raw instanceof ArrayBuffer) return withBody(response, HttpBody.uint8Array(new Uint8Array(raw), body.contentType))
  if (ArrayBuffer.isView(raw) || (typeof raw === "object" && raw !== null && isReadable(raw))) return response
  if (typeof raw === "string" || raw === undefined || raw === null) return response
  throw unsendable(raw)
}
