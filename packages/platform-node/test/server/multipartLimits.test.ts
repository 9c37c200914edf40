/**
 * One table of forms and of what bounds them, read in every way that a handler has: the stock server and ours, over either protocol, come to the same.
 */
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as FileSystem from "@effect/platform/FileSystem"
import * as HttpBody from "@effect/platform/HttpBody"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpIncomingMessage from "@effect/platform/HttpIncomingMessage"
import * as HttpServer from "@effect/platform/HttpServer"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Multipart from "@effect/platform/Multipart"
import type * as Path from "@effect/platform/Path"
import { expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { identity } from "effect/Function"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { protocols } from "./support/harness.js"

const boundary = "----boundary"
const field = (name: string, value: string, type = "") =>
  `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n${type}\r\n${value}\r\n`
const file = (name: string, value: string, type = "text/plain") =>
  `--${boundary}\r\nContent-Disposition: form-data; name="${name}"; filename="${name}.txt"\r\nContent-Type: ${type}\r\n\r\n${value}\r\n`
const end = `--${boundary}--\r\n`

const json = field("word", '"abc"')
const small = `${json}${file("file", "0123456789")}${end}`
const parts = `${json}${file("file", "0123456789")}${field("more", "d")}${end}`

/** In more than one piece: what follows a part that is too much is still on its way. */
const large = `${json}${field("more", "d")}${file("file", "x".repeat(500_000))}${end}`

type Limit = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>

interface Row {
  readonly title: string
  readonly limit: Limit
  readonly body: string
  /** What persisting the form comes to. */
  readonly outcome: string
}

const whole = 'file=0123456789 word="abc"'

const rows: ReadonlyArray<Row> = [
  { title: "no limit", limit: identity, body: small, outcome: whole },
  { title: "as many parts as may be", limit: Multipart.withMaxParts(Option.some(2)), body: small, outcome: whole },
  { title: "a part too many", limit: Multipart.withMaxParts(Option.some(1)), body: large, outcome: "TooManyParts" },
  {
    title: "any number of parts",
    limit: Multipart.withMaxParts(Option.none()),
    body: parts,
    outcome: 'file=0123456789 more=d word="abc"'
  },
  { title: "a field as long as may be", limit: Multipart.withMaxFieldSize(5), body: small, outcome: whole },
  { title: "a field that is too long", limit: Multipart.withMaxFieldSize(4), body: large, outcome: "FieldTooLarge" },
  {
    title: "a file that is short enough",
    limit: Multipart.withMaxFileSize(Option.some(1000)),
    body: small,
    outcome: whole
  },
  { title: "files of any length", limit: Multipart.withMaxFileSize(Option.none()), body: small, outcome: whole },
  {
    title: "a body as long as may be",
    limit: HttpIncomingMessage.withMaxBodySize(Option.some(small.length)),
    body: small,
    outcome: whole
  },
  {
    title: "a body that is too long",
    limit: HttpIncomingMessage.withMaxBodySize(Option.some(small.length - 1)),
    body: small,
    outcome: "BodyTooLarge"
  },
  {
    title: "several limits, none of which is met",
    limit: Multipart.withLimits({
      maxParts: Option.some(2),
      maxFieldSize: 5,
      maxFileSize: Option.some(1000),
      maxTotalSize: Option.some(small.length)
    }),
    body: small,
    outcome: whole
  },
  {
    title: "several limits, one of which is met",
    limit: Multipart.withLimits({ maxFieldSize: 4, maxTotalSize: Option.some(1_000_000) }),
    body: large,
    outcome: "FieldTooLarge"
  },
  {
    title: "a type of files that is one of fields",
    limit: Multipart.withFieldMimeTypes(["application/x-field"]),
    body: `${json}${file("file", "0123456789", "application/x-field")}${end}`,
    outcome: whole
  },
  { title: "a form without parts", limit: identity, body: end, outcome: "" }
]

type Read = Effect.Effect<
  string,
  unknown,
  FileSystem.FileSystem | HttpServerRequest.HttpServerRequest | Path.Path | Scope.Scope
>

const show = (entries: Iterable<readonly [string, string]>): string =>
  Array.from(entries, ([name, value]) => `${name}=${value}`)
    .sort()
    .join(" ")

const showPersisted = (form: unknown) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const entries: Array<[string, string]> = []
    for (const [name, value] of Object.entries<unknown>(form as Record<string, unknown>)) {
      const values: ReadonlyArray<unknown> = Array.isArray(value) ? value : [value]
      for (const each of values) {
        entries.push([name, Multipart.isPersistedFile(each) ? yield* fs.readFileString(each.path) : String(each)])
      }
    }
    return show(entries)
  })

const partsOfRequest = Stream.unwrap(
  Effect.map(HttpServerRequest.HttpServerRequest, ({ multipartStream }) => multipartStream)
)
const partsOf = (file: (file: Multipart.File) => Effect.Effect<Uint8Array, Multipart.MultipartError>): Read =>
  Effect.map(
    Stream.runCollect(
      Stream.mapEffect(partsOfRequest, (part) =>
        Multipart.isFile(part)
          ? Effect.map(file(part), (octets) => [part.key, Buffer.from(octets).toString()] as const)
          : Effect.succeed([part.key, Multipart.isField(part) ? part.value : ""] as const)
      )
    ),
    show
  )

const Form = Schema.Struct({ word: Schema.String, file: Multipart.SingleFileSchema })

/** The ways to read a form; `outcome` is what the first comes to. */
const readers: Record<string, Read> = {
  persisted: Effect.flatMap(HttpServerRequest.persistedMultipart, showPersisted),
  schemaBodyForm: Effect.flatMap(HttpServerRequest.schemaBodyForm(Form), showPersisted),
  schemaBodyMultipart: Effect.flatMap(HttpServerRequest.schemaBodyMultipart(Form), showPersisted),
  schemaBodyFormJson: HttpServerRequest.schemaBodyFormJson(Schema.String)("word"),
  parts: partsOf(({ contentEffect }) => contentEffect),
  "parts as Streams": partsOf(({ content }) =>
    Stream.runFold(content, new Uint8Array(), (sum, octets) => Buffer.concat([sum, octets]))
  ),
  "parts without their contents": partsOf(({ content }) => Effect.as(Stream.runDrain(content), new Uint8Array()))
}

const app = Effect.gen(function* () {
  const { url } = yield* HttpServerRequest.HttpServerRequest
  const [row, reader] = url.slice(1).split("/")
  const read = readers[decodeURIComponent(reader ?? "")]
  const limit = rows[Number(row)]?.limit
  if (read === undefined || limit === undefined) return HttpServerResponse.empty({ status: 404 })
  return yield* limit(read).pipe(
    Effect.catchAll((error) =>
      Effect.succeed(
        error instanceof Multipart.MultipartError
          ? error.reason
          : String(Predicate.hasProperty(error, "_tag") ? error._tag : error)
      )
    ),
    Effect.map((outcome) => HttpServerResponse.text(outcome))
  )
})

/** What each row comes to, by way of each reader. */
const outcomes = Effect.gen(function* () {
  yield* HttpServer.serveEffect(app)
  const table: Record<string, Record<string, string>> = {}
  for (const [index, { body, title }] of rows.entries()) {
    const row: Record<string, string> = {}
    for (const reader of Object.keys(readers)) {
      row[reader] = yield* HttpClient.post(`/${index}/${encodeURIComponent(reader)}`, {
        body: HttpBody.uint8Array(Buffer.from(body), `multipart/form-data; boundary=${boundary}`)
      }).pipe(
        Effect.flatMap(({ text }) => text),
        Effect.catchAll((error) => Effect.succeed(error._tag)),
        Effect.scoped
      )
    }
    table[title] = row
  }
  return table
}).pipe(Effect.scoped)

it.effect("the stock server comes to what the table says", () =>
  Effect.gen(function* () {
    const table = yield* Effect.provide(outcomes, NodeHttpServer.layerTest)
    const persisted = rows.map(({ title }) => [title, table[title]?.["persisted"]])
    expect(persisted).toEqual(rows.map(({ outcome, title }) => [title, outcome]))
  })
)

it.effect.each(protocols)("and ours comes to the same over $protocol", ({ layer }) =>
  Effect.gen(function* () {
    const expected = yield* Effect.provide(outcomes, NodeHttpServer.layerTest)
    expect(yield* Effect.provide(outcomes, layer)).toEqual(expected)
  })
)
