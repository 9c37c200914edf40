/**
 * Forms that are cut off, and forms over a limit that come in one piece: whoever reads them is told, by every way to read a form, over either protocol.
 */
import * as NodeMultipart from "@effect/platform-node/NodeMultipart"
import * as HttpBody from "@effect/platform/HttpBody"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpIncomingMessage from "@effect/platform/HttpIncomingMessage"
import * as HttpServer from "@effect/platform/HttpServer"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Multipart from "@effect/platform/Multipart"
import type { FileSystem } from "@effect/platform/FileSystem"
import type { Path } from "@effect/platform/Path"
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { identity } from "effect/Function"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { protocols } from "./support/harness.js"

const boundary = "boundary"
const contentType = `multipart/form-data; boundary=${boundary}`
const field = (name: string, value: string) =>
  `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`
const file = (name: string, value: string, parameters = `filename="${name}.txt"`) =>
  `--${boundary}\r\nContent-Disposition: form-data; name="${name}"; ${parameters}\r\nContent-Type: text/plain\r\n\r\n${value}\r\n`
const end = `--${boundary}--`

const whole = `${field("word", "abcde")}${file("file", "0123456789")}${field("last", "xyz")}${end}`

const request = HttpServerRequest.HttpServerRequest

type Read = Effect.Effect<unknown, unknown, FileSystem | HttpServerRequest.HttpServerRequest | Path | Scope.Scope>

const eachFile = (read: (file: Multipart.File) => Effect.Effect<unknown, unknown>): Read =>
  Effect.flatMap(request, ({ multipartStream }) =>
    Stream.runForEach(multipartStream, (part) => (Multipart.isFile(part) ? Effect.asVoid(read(part)) : Effect.void))
  )

/** What `for await` meets, as an application does that hands a file to a library of Node. */
const drained = async (file: Multipart.File): Promise<number> => {
  let length = 0
  for await (const chunk of NodeMultipart.fileToReadable(file)) length += Buffer.from(chunk as Uint8Array).length
  return length
}

const readers: Record<string, Read> = {
  persisted: Effect.flatMap(request, ({ multipart }) => multipart),
  contents: eachFile(({ contentEffect }) => contentEffect),
  "contents as Streams": eachFile(({ content }) => Stream.runDrain(content)),
  "contents as Readables": eachFile((file) => Effect.ignore(Effect.tryPromise(() => drained(file)))),
  "files that are left": eachFile(({ content }) => Stream.runDrain(Stream.take(content, 1))),
  "contents that are read late": Effect.gen(function* () {
    const { multipartStream } = yield* request
    const files: Array<Multipart.File> = []
    yield* Stream.runForEach(multipartStream, (part) =>
      Effect.sync(() => {
        if (Multipart.isFile(part)) files.push(part)
      })
    ).pipe(Effect.onError(() => Effect.forEach(files, ({ contentEffect }) => Effect.exit(contentEffect))))
  })
}

const reasonOf = (error: unknown): string =>
  error instanceof Multipart.MultipartError
    ? error.reason
    : String(Predicate.hasProperty(error, "_tag") ? error._tag : error)

const app = (limit: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const { url } = yield* request
    const read = readers[decodeURIComponent(url.slice(1))]
    if (read === undefined) return HttpServerResponse.empty({ status: 404 })
    const outcome = yield* limit(read).pipe(
      Effect.as("read"),
      Effect.catchAll((error) => Effect.succeed(reasonOf(error))),
      Effect.timeoutTo({ duration: "5 seconds", onSuccess: identity, onTimeout: () => "hangs" })
    )
    return HttpServerResponse.text(outcome)
  })

const post = (reader: string, body: string, type = contentType) =>
  HttpClient.post(`/${encodeURIComponent(reader)}`, { body: HttpBody.uint8Array(Buffer.from(body), type) }).pipe(
    Effect.flatMap(({ text }) => text),
    Effect.scoped
  )

const outcomes = (body: string, type?: string) =>
  Effect.map(
    Effect.forEach(Object.keys(readers), (reader) =>
      Effect.map(post(reader, body, type), (text) => [reader, text] as const)
    ),
    (entries) => Object.fromEntries<string>(entries)
  )

const all = (outcome: string) => Object.fromEntries(Object.keys(readers).map((reader) => [reader, outcome]))

const cuts: Record<string, string> = {
  "that is empty": "",
  "of a line end alone": "\r\n",
  "of no boundary": "nothing of a form",
  "of the first boundary alone": `--${boundary}\r\n`,
  "that ends within the head of its first part": `--${boundary}\r\nContent-Disposition: form-da`,
  "that ends within a field": `--${boundary}\r\nContent-Disposition: form-data; name="word"\r\n\r\nabc`,
  "that ends behind a field": field("word", "abcde"),
  "that ends within a file": `${field("word", "abcde")}${file("file", "0123456789").slice(0, -6)}`,
  "that ends behind a file": `${field("word", "abcde")}${file("file", "0123456789")}`,
  "that ends within its last boundary": whole.slice(0, -1)
}

const limits: Record<string, [<A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>, string]> = {
  "a part too many": [Multipart.withMaxParts(Option.some(2)), "TooManyParts"],
  "a field too long": [Multipart.withMaxFieldSize(4), "FieldTooLarge"],
  "a file too long": [Multipart.withMaxFileSize(Option.some(9)), "FileTooLarge"],
  "a body too long": [HttpIncomingMessage.withMaxBodySize(Option.some(whole.length - 1)), "BodyTooLarge"]
}

describe.each(protocols)("over $protocol", ({ layer }) => {
  it.scopedLive("reads a whole form", () =>
    Effect.gen(function* () {
      yield* HttpServer.serveEffect(app(identity))
      expect(yield* outcomes(whole)).toEqual(all("read"))
    }).pipe(Effect.provide(layer))
  )

  it.scopedLive.each(Object.entries(cuts))("a form %s fails whoever reads it", ([, body]) =>
    Effect.gen(function* () {
      yield* HttpServer.serveEffect(app(identity))
      expect(yield* outcomes(body)).toEqual(all("Parse"))
    }).pipe(Effect.provide(layer))
  )

  it.scopedLive("a form that is cut off anywhere fails whoever reads it", () =>
    Effect.gen(function* () {
      yield* HttpServer.serveEffect(app(identity))
      const outcomes: Array<string> = []
      for (let length = 0; length < whole.length; length++) {
        outcomes.push(yield* post("contents", whole.slice(0, length)))
      }
      expect(outcomes).toEqual(outcomes.map(() => "Parse"))
    }).pipe(Effect.provide(layer))
  )

  it.scopedLive.each(Object.entries(limits))("%s is told of a form that comes in one piece", ([, [limit, reason]]) =>
    Effect.gen(function* () {
      yield* HttpServer.serveEffect(app(limit))
      expect(yield* outcomes(whole)).toEqual(all(reason))
    }).pipe(Effect.provide(layer))
  )

  it.scopedLive("a file over its limit fails its reader, also where it came to its end", () =>
    Effect.gen(function* () {
      yield* HttpServer.serveEffect(
        Effect.gen(function* () {
          const { multipartStream } = yield* request
          const first = Stream.filter(multipartStream, Multipart.isFile).pipe(
            Stream.mapEffect((file) => file.contentEffect),
            Stream.runHead
          )
          const reason = yield* Effect.match(first, { onFailure: reasonOf, onSuccess: () => "read" })
          return HttpServerResponse.text(reason)
        }).pipe(Multipart.withMaxFileSize(Option.some(9)))
      )
      expect(yield* post("", whole)).toBe("FileTooLarge")
    }).pipe(Effect.provide(layer))
  )

  it.scopedLive("a form without a boundary, and one whose head cannot be read, fail", () =>
    Effect.gen(function* () {
      yield* HttpServer.serveEffect(app(identity))
      expect(yield* outcomes(whole, "multipart/form-data")).toEqual(all("Parse"))
      expect(yield* outcomes(`${file("file", "0", "filename*=UTF-8''%")}${end}`)).toEqual(all("Parse"))
    }).pipe(Effect.provide(layer))
  )

  it.scopedLive("ends for a raw application, which nothing interrupts", () =>
    Effect.gen(function* () {
      const raw = Effect.uninterruptible(
        Effect.flatMap(request, ({ multipartStream }) => Effect.exit(Stream.runDrain(multipartStream)))
      )
      yield* HttpServer.serveEffect(Effect.as(raw, HttpServerResponse.text("answered")))
      for (const body of Object.values(cuts)) expect(yield* post("", body)).toBe("answered")
    }).pipe(Effect.provide(layer), Effect.timeout("20 seconds"))
  )

  it.scopedLive("a large file that is left is skipped", () =>
    Effect.gen(function* () {
      yield* HttpServer.serveEffect(app(identity))
      const large = `${file("file", "x".repeat(1_000_000))}${field("last", "xyz")}${end}`
      expect(yield* post("files that are left", large)).toBe("read")
    }).pipe(Effect.provide(layer))
  )

  it.scopedLive("many fields wait for their reader", () =>
    Effect.gen(function* () {
      yield* HttpServer.serveEffect(
        Effect.gen(function* () {
          const { multipartStream } = yield* request
          return HttpServerResponse.text(
            String(yield* Stream.runCount(Stream.tap(multipartStream, () => Effect.yieldNow())))
          )
        })
      )
      const fields = Array.from({ length: 1000 }, (_, index) => field(`field${index}`, "x".repeat(index)))
      expect(yield* post("", `${fields.join("")}${end}`)).toBe("1000")
    }).pipe(Effect.provide(layer))
  )
})
