/**
 * The files of a folder as an application of the platform: what a request names, the conditions that it has, the part that it wants, compressed where that is
 * worth it. Made by serve.ts.
 */
import * as Coding from "@effect-http2/node/content/coding"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Effect from "effect/Effect"
import Mime from "mime"
import { randomUUID } from "node:crypto"
import { pipeline, Readable } from "node:stream"
import * as Conditions from "./conditions.js"
import * as Listing from "./listing.js"
import * as Places from "./places.js"
import * as Range from "./range.js"

export interface FilesOptions {
  /** A real path. */
  readonly root: string
  /** Whether files and folders are served whose names begin with a dot. */
  readonly showsHidden: boolean
  /** Whether a folder without index.html is shown as a list. */
  readonly lists: boolean
  /** Seconds for which clients need not ask again. */
  readonly maxAge: number
}

type Response = HttpServerResponse.HttpServerResponse
type Fields = Record<string, string>

/** Below that compression gains less than its field costs. */
const WORTH_IT = 1024

const methods = "GET, HEAD, OPTIONS"

const text = (status: number, reason: string, headers: Fields = {}): Response =>
  HttpServerResponse.text(`${status} ${reason}\n`, {
    status,
    headers: { ...headers, "x-content-type-options": "nosniff" }
  })

/** A file that was found, and how it is to be named. */
interface Found extends Places.Opened {
  readonly name: string
  /** 200, or 404 for the page that says so. */
  readonly status: number
}

const typeOf = (name: string): string => {
  const type = Mime.getType(name) ?? "application/octet-stream"
  return /^text\/|\/(?:javascript|json|xml)$|\+(?:json|xml)$/.test(type) ? `${type}; charset=utf-8` : type
}

const find = async (root: string, names: ReadonlyArray<string>): Promise<Found | undefined> => {
  const opened = await Places.open(root, names)
  if (opened?.stats.isFile() === true) return { ...opened, name: names.at(-1) ?? "", status: 200 }
  await opened?.handle.close()
  return undefined
}

const octetsOf = ({ handle }: Found, { first, last }: Range.Range): Readable =>
  handle.createReadStream({ start: first, end: last, autoClose: true, highWaterMark: 131_072 })

async function* multipart(
  { handle }: Found,
  parts: ReadonlyArray<readonly [head: string, range: Range.Range]>,
  end: string
) {
  for (const [head, { first, last }] of parts) {
    yield Buffer.from(head)
    for await (const octets of handle.createReadStream({ start: first, end: last, autoClose: false })) {
      yield octets as Buffer
    }
  }
  yield Buffer.from(end)
}

/** Closes the handle with the stream: a generator that nobody has read from never comes to its own end. */
const closing = (body: Readable, { handle }: Found): Readable =>
  body.once("close", () => {
    handle
      .close()
      .catch((cause: unknown) => process.emitWarning(`a file that was served cannot be closed: ${String(cause)}`))
  })

/** multipart/byteranges (RFC 9110 §14.6). */
const ofParts = (found: Found, ranges: ReadonlyArray<Range.Range>, size: number, fields: Fields) => {
  const boundary = randomUUID()
  const parts = ranges.map((range) => {
    const about = `content-type: ${fields["content-type"]}\r\ncontent-range: ${Range.contentRange(range, size)}`
    return [`\r\n--${boundary}\r\n${about}\r\n\r\n`, range] as const
  })
  const end = `\r\n--${boundary}--\r\n`
  const length = parts.reduce((sum, [head, { first, last }]) => sum + head.length + last - first + 1, end.length)
  return {
    body: () => closing(Readable.from(multipart(found, parts, end)), found),
    headers: {
      ...fields,
      "content-type": `multipart/byteranges; boundary=${boundary}`,
      "content-length": String(length)
    }
  }
}

/** A file, as the request wants it. The handle is closed with the body, or at once where there is none. */
const respond = async (
  { headers, method }: HttpServerRequest.HttpServerRequest,
  found: Found,
  { maxAge }: FilesOptions
): Promise<Response> => {
  const { handle, name, stats, status } = found
  const size = Number(stats.size)
  const modified = Number(stats.mtimeMs)
  const type = typeOf(name)
  const isWorthIt = size >= WORTH_IT && Coding.isCompressible(type)
  const etag = `${size.toString(16)}-${stats.mtimeNs.toString(16)}`
  const common: Fields = {
    "content-type": type,
    "cache-control": status === 404 ? "no-store" : maxAge === 0 ? "no-cache" : `public, max-age=${maxAge}`,
    "last-modified": new Date(modified).toUTCString(),
    "accept-ranges": "bytes",
    "x-content-type-options": "nosniff",
    ...(isWorthIt ? { vary: "accept-encoding" } : {})
  }
  const strong = { etag: `"${etag}"`, modified }
  const ranges =
    method === "GET" && status === 200 && Conditions.isSame(headers["if-range"], strong)
      ? Range.parse(headers["range"], size)
      : undefined
  // A range is one of the file as it is: what is compressed anew each time has no parts that stay (RFC 9110 §14).
  const coding = isWorthIt && ranges === undefined ? Coding.negotiate(headers["accept-encoding"]) : "identity"
  const validators = coding === "identity" ? strong : { etag: `W/"${etag}-${coding}"`, modified }
  const close = async (response: Response): Promise<Response> => {
    await handle.close()
    return response
  }
  const fields: Fields = { ...common, etag: validators.etag }

  const outcome = status === 200 ? Conditions.evaluate(headers, validators) : undefined
  if (outcome === 412) return close(text(412, "Precondition Failed"))
  if (outcome === 304) {
    const { "content-type": _, ...rest } = fields
    return close(HttpServerResponse.empty({ status: 304, headers: rest }))
  }
  if (ranges === "unsatisfiable") {
    return close(text(416, "Range Not Satisfiable", { "content-range": `bytes */${size}`, "accept-ranges": "bytes" }))
  }

  const send = (status: number, headers: Fields, body: () => Readable): Response | Promise<Response> =>
    method === "HEAD" || headers["content-length"] === "0"
      ? close(HttpServerResponse.raw(Readable.from([]), { status, headers }))
      : HttpServerResponse.raw(body(), { status, headers })

  if (ranges !== undefined) {
    const [range, ...more] = ranges
    if (range !== undefined && more.length === 0) {
      const about = {
        "content-range": Range.contentRange(range, size),
        "content-length": String(range.last - range.first + 1)
      }
      return send(206, { ...fields, ...about }, () => octetsOf(found, range))
    }
    const parts = ofParts(found, ranges, size, fields)
    return send(206, parts.headers, parts.body)
  }
  const whole = { first: 0, last: size - 1 }
  if (coding === "identity") {
    return send(status, { ...fields, "content-length": String(size) }, () => octetsOf(found, whole))
  }
  return send(status, { ...fields, "content-encoding": coding }, () =>
    // What fails on one side destroys the other, and with it the response.
    pipeline(octetsOf(found, whole), Coding.makeEncoder(coding), () => {})
  )
}

const moved = (path: string): Response =>
  HttpServerResponse.text(`${path}\n`, { status: 301, headers: { location: path, "cache-control": "no-cache" } })

const notFound = async (request: HttpServerRequest.HttpServerRequest, options: FilesOptions): Promise<Response> => {
  const page = await find(options.root, ["404.html"])
  return page === undefined ? text(404, "Not Found") : respond(request, { ...page, status: 404 }, options)
}

const ofFolder = async (
  request: HttpServerRequest.HttpServerRequest,
  names: ReadonlyArray<string>,
  options: FilesOptions
): Promise<Response> => {
  const index = await find(options.root, [...names, "index.html"])
  if (index !== undefined) return respond(request, index, options)
  if (!options.lists) return notFound(request, options)
  const html = await Listing.html(options.root, names, options.showsHidden)
  const headers = { "cache-control": "no-store", "x-content-type-options": "nosniff" }
  return HttpServerResponse.text(html, { headers, contentType: "text/html; charset=utf-8" })
}

const answer = async (request: HttpServerRequest.HttpServerRequest, options: FilesOptions): Promise<Response> => {
  const { method, originalUrl } = request
  if (method === "OPTIONS") return HttpServerResponse.empty({ headers: { allow: methods } })
  if (method !== "GET" && method !== "HEAD") return text(405, "Method Not Allowed", { allow: methods })
  const query = originalUrl.indexOf("?")
  const path = query === -1 ? originalUrl : originalUrl.slice(0, query)
  const parsed = Places.parse(path, options.showsHidden)
  if (parsed === 400) return text(400, "Bad Request")
  if (parsed === 404) return notFound(request, options)
  const { isFolder, names } = parsed
  const opened = await Places.open(options.root, names)
  if (opened === undefined) {
    // `/guide` for guide.html, as pages of documentation link to each other.
    const page = isFolder || names.length === 0 ? undefined : await find(options.root, withHtml(names))
    return page === undefined ? notFound(request, options) : respond(request, page, options)
  }
  if (opened.stats.isFile() && !isFolder) {
    return respond(request, { ...opened, name: names.at(-1) ?? "", status: 200 }, options)
  }
  await opened.handle.close()
  if (opened.stats.isFile()) return notFound(request, options)
  return isFolder
    ? ofFolder(request, names, options)
    : moved(Places.toPath(names, true) + (query === -1 ? "" : originalUrl.slice(query)))
}

const withHtml = (names: ReadonlyArray<string>): ReadonlyArray<string> =>
  names.map((name, index) => (index === names.length - 1 ? `${name}.html` : name))

/** Answers every request. What the system refuses, a disk that fails for instance, is a defect, and answered with 500. */
export const make = (options: FilesOptions): Effect.Effect<Response, never, HttpServerRequest.HttpServerRequest> =>
  Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) =>
    // A handle that was opened is with a response, or closed.
    Effect.uninterruptible(Effect.promise(() => answer(request, options)))
  )
