/**
 * Forms that are cut off, and forms over a limit that come in one piece: whoever reads them is told, by every way to read a form.
 */
import * as NodeHttp2Server from "@effect-http2/effect4-platform-node/NodeHttp2Server"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as NodeMultipart from "@effect/platform-node/NodeMultipart"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as HttpBody from "effect/http/HttpBody"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServer from "effect/http/HttpServer"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Multipart from "effect/http/Multipart"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { describe, expect } from "vitest"
import { live } from "../support/run.js"

const boundary = "boundary"
const contentType = `multipart/form-data; boundary=${boundary}`
const field = (name: string, value: string) =>
  `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`
const file = (name: string, value: string) =>
  `--${boundary}\r\nContent-Disposition: form-data; name="${name}"; filename="${name}.txt"\r\nContent-Type: text/plain\r\n\r\n${value}\r\n`
const end = `--${boundary}--`
const whole = `${field("word", "abcde")}${file("file", "0123456789")}${field("last", "xyz")}${end}`

const request = HttpServerRequest.HttpServerRequest

const eachFile = <E>(read: (file: Multipart.File) => Effect.Effect<unknown, E>) =>
  Effect.flatMap(request, ({ multipartStream }) =>
    Stream.runForEach(multipartStream, (part) => (Multipart.isFile(part) ? Effect.asVoid(read(part)) : Effect.void))
  )

const drained = async (file: Multipart.File): Promise<number> => {
  let length = 0
  for await (const chunk of NodeMultipart.fileToReadable(file)) length += Buffer.from(chunk as Uint8Array).length
  return length
}

const readers = {
  persisted: Effect.asVoid(Effect.flatMap(request, ({ multipart }) => multipart)),
  contents: eachFile(({ contentEffect }) => contentEffect),
  streams: eachFile(({ content }) => Stream.runDrain(content)),
  readables: eachFile((file) => Effect.ignore(Effect.tryPromise(() => drained(file)))),
  left: eachFile(({ content }) => Stream.runDrain(Stream.take(content, 1)))
}
type Reader = keyof typeof readers
const names = Object.keys(readers) as ReadonlyArray<Reader>

const route = (name: Reader) =>
  HttpRouter.add(
    "POST",
    `/${name}`,
    readers[name].pipe(
      Effect.as("read"),
      Effect.catchTag("MultipartError", (error) => Effect.succeed<string>(error.reason._tag)),
      Effect.timeoutOption("5 seconds"),
      Effect.map((outcome) => HttpServerResponse.text(Option.getOrElse(outcome, () => "hangs")))
    )
  )

const lengths = HttpRouter.add(
  "POST",
  "/lengths",
  Effect.gen(function* () {
    const { multipartStream } = yield* request
    const files = Stream.filter(multipartStream, Multipart.isFile)
    const lengths = Stream.mapEffect(files, (file) => Effect.promise(() => drained(file)))
    return HttpServerResponse.text((yield* Stream.runCollect(lengths)).join())
  })
)

const routes = Layer.mergeAll(
  lengths,
  route("persisted"),
  route("contents"),
  route("streams"),
  route("readables"),
  route("left")
)

const overHttp1 = HttpServer.layerTestClient.pipe(
  Layer.provide(NodeHttpClient.layerNodeHttp),
  Layer.provideMerge(NodeHttp2Server.layer({ port: 0 }))
)

const protocols = [
  { protocol: "HTTP/2", server: NodeHttp2Server.layerTest },
  { protocol: "HTTP/1.1", server: overHttp1 }
]

const clientOf = (server: (typeof protocols)[number]["server"]) =>
  Effect.map(
    Layer.build(
      HttpRouter.serve(routes, { disableLogger: true, disableListenLog: true }).pipe(Layer.provideMerge(server))
    ),
    (context) => Context.get(context, HttpClient.HttpClient)
  )

const outcomesOf = (http: HttpClient.HttpClient, body: string, type = contentType) =>
  Effect.forEach(names, (name) =>
    Effect.flatMap(http.post(`/${name}`, { body: HttpBody.uint8Array(Buffer.from(body), type) }), ({ text }) => text)
  )

const all = (outcome: string) => names.map(() => outcome)

const cuts = [
  "",
  "\r\n",
  "nothing of a form",
  `--${boundary}\r\n`,
  `--${boundary}\r\nContent-Disposition: form-da`,
  `--${boundary}\r\nContent-Disposition: form-data; name="word"\r\n\r\nabc`,
  field("word", "abcde"),
  `${field("word", "abcde")}${file("file", "0123456789").slice(0, -6)}`,
  `${field("word", "abcde")}${file("file", "0123456789")}`,
  whole.slice(0, -1)
]

describe.each(protocols)("forms over $protocol", ({ server }) => {
  live("that are whole are read", () =>
    Effect.gen(function* () {
      expect(yield* outcomesOf(yield* clientOf(server), whole)).toEqual(all("read"))
    })
  )

  live("that are cut off, empty or without a boundary fail whoever reads them", () =>
    Effect.gen(function* () {
      const http = yield* clientOf(server)
      for (const body of cuts) expect([body, yield* outcomesOf(http, body)]).toEqual([body, all("Parse")])
      expect(yield* outcomesOf(http, whole, "multipart/form-data")).toEqual(all("Parse"))
    })
  )

  live("have files that fileToReadable gives to libraries of Node", () =>
    Effect.gen(function* () {
      const http = yield* clientOf(server)
      const response = yield* http.post("/lengths", { body: HttpBody.uint8Array(Buffer.from(whole), contentType) })
      expect(yield* response.text).toBe("10")
    })
  )

  live("over a limit fail with its reason, where they come in one piece too", () =>
    Effect.gen(function* () {
      const http = yield* clientOf(server)
      expect(yield* outcomesOf(http, whole)).toEqual(all("read"))
      const long = "x".repeat(11 * 1024 * 1024)
      expect(yield* outcomesOf(http, `${field("word", long)}${end}`)).toEqual(all("FieldTooLarge"))
    })
  )
})
