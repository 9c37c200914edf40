/**
 * Forms that are not read to their end: nothing of them is left.
 */
import * as HttpBody from "@effect/platform/HttpBody"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpServer from "@effect/platform/HttpServer"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Multipart from "@effect/platform/Multipart"
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as Supervisor from "effect/Supervisor"
import { servers } from "./support/sideBySide.js"

const form = () => {
  const data = new FormData()
  data.append("file", new Blob([new Uint8Array(300_000)]), "a")
  data.append("word", "b")
  return HttpBody.formData(data)
}

const multipart = HttpServerRequest.HttpServerRequest.pipe(Effect.map((request) => request.multipartStream))

/** What applications do with a form, none of which reads all of it. */
const applications: ReadonlyArray<
  [string, Effect.Effect<unknown, Multipart.MultipartError, HttpServerRequest.HttpServerRequest>]
> = [
  ["parts that are left early", Effect.flatMap(multipart, (parts) => Stream.runDrain(Stream.take(parts, 1)))],
  [
    "content that is left early",
    Effect.flatMap(multipart, (parts) =>
      Stream.runDrain(
        Stream.take(
          Stream.flatMap(parts, (part) => (Multipart.isFile(part) ? part.content : Stream.empty)),
          1
        )
      )
    )
  ],
  [
    "a file over its limit",
    Effect.flatMap(multipart, (parts) =>
      Stream.runForEach(parts, (part) => (Multipart.isFile(part) ? Effect.ignore(part.contentEffect) : Effect.void))
    ).pipe(Multipart.withMaxFileSize(Option.some(1000)), Effect.ignore)
  ]
]

describe.each(servers)("$server", ({ layer }) => {
  it.scopedLive.each(applications)("is left without a fiber behind 40 forms: %s", ([, application]) =>
    Effect.gen(function* () {
      const supervisor = yield* Supervisor.track
      const answered = Effect.as(application, HttpServerResponse.empty())
      yield* HttpServer.serveEffect(
        HttpServerRequest.HttpServerRequest.pipe(
          Effect.flatMap(({ method }) => (method === "POST" ? answered : HttpServerResponse.empty()))
        )
      ).pipe(Effect.supervised(supervisor))
      // HTTP/2 keeps its connection.
      yield* Effect.scoped(HttpClient.get("/"))
      const before = (yield* supervisor.value).length
      for (let i = 0; i < 40; i++) yield* Effect.scoped(HttpClient.post("/", { body: form() }))
      // The last connections of HTTP/1.1 take some turns of the event loop to end.
      yield* Effect.repeat(
        Effect.zipRight(
          Effect.yieldNow(),
          Effect.map(supervisor.value, (fibers) => fibers.length)
        ),
        {
          times: 10_000,
          while: (count) => count > before
        }
      )
      expect((yield* supervisor.value).length).toBe(before)
    }).pipe(Effect.provide(layer))
  )
})
