/**
 * Forms with files: parts, persisted files, limits.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as HttpBody from "@effect/platform/HttpBody"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpRouter from "@effect/platform/HttpRouter"
import * as HttpServer from "@effect/platform/HttpServer"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Multipart from "@effect/platform/Multipart"
import * as UrlParams from "@effect/platform/UrlParams"
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { randomBytes } from "../utils.js"
import { protocols } from "./support/harness.js"

const form = (...entries: ReadonlyArray<readonly [name: string, value: string | Blob, file?: string]>) => {
  const data = new FormData()
  for (const [name, value, file] of entries) {
    if (typeof value === "string") data.append(name, value)
    else data.append(name, value, file ?? "file")
  }
  return HttpBody.formData(data)
}
const post = (body: HttpBody.HttpBody) => HttpClient.post("/", { body })

describe.each(protocols)("forms over $protocol", ({ layer }) => {
  it.scopedLive("persists files for as long as the request lasts", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      let path = ""
      yield* HttpRouter.empty.pipe(
        HttpRouter.post(
          "/",
          Effect.gen(function* () {
            const { file, word } = yield* HttpServerRequest.schemaBodyForm(
              Schema.Struct({ file: Multipart.SingleFileSchema, word: Schema.String })
            )
            path = file.path
            return yield* HttpServerResponse.json([file.name, file.contentType, yield* fs.readFileString(path), word])
          })
        ),
        HttpServer.serveEffect()
      )
      const blob = new Blob(["contents"], { type: "text/plain" })
      const response = yield* post(form(["file", blob, "test.txt"], ["word", "wörd"]))
      expect(yield* response.json).toEqual(["test.txt", "text/plain", "contents", "wörd"])
      // Removed just behind the response.
      yield* Effect.repeat(fs.exists(path), { while: (exists) => exists })
    }).pipe(Effect.provide(layer))
  )

  it.scopedLive("streams parts, large ones with back-pressure", () =>
    Effect.gen(function* () {
      const large = randomBytes(3 << 20)
      yield* HttpRouter.empty.pipe(
        HttpRouter.post(
          "/",
          Effect.gen(function* () {
            const request = yield* HttpServerRequest.HttpServerRequest
            const parts = yield* request.multipartStream.pipe(
              Stream.mapEffect((part) =>
                Multipart.isFile(part)
                  ? Effect.map(
                      Stream.runFold(part.content, 0, (sum, chunk) => sum + chunk.length),
                      (size) => [part.key, part.name, size]
                    )
                  : Effect.succeed(Multipart.isField(part) ? [part.key, part.value] : [])
              ),
              Stream.runCollect
            )
            return HttpServerResponse.unsafeJson([...parts])
          })
        ),
        HttpServer.serveEffect()
      )
      const response = yield* post(form(["a", "1"], ["file", new Blob([large]), "large.bin"], ["b", "2"]))
      expect(yield* response.json).toEqual([
        ["a", "1"],
        ["file", "large.bin", large.length],
        ["b", "2"]
      ])
    }).pipe(Effect.provide(layer))
  )

  const limits: ReadonlyArray<
    [string, <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>, HttpBody.HttpBody]
  > = [
    [
      "FileTooLarge",
      Multipart.withMaxFileSize(Option.some(100)),
      form(["file", new Blob([new Uint8Array(1000)]), "a"])
    ],
    ["FieldTooLarge", Multipart.withMaxFieldSize(100), form(["field", "x".repeat(1000)])],
    ["TooManyParts", Multipart.withMaxParts(Option.some(1)), form(["a", "1"], ["b", "2"])]
  ]
  it.scopedLive.each(limits)("keeps to the limit: %s", ([reason, withLimit, body]) =>
    Effect.gen(function* () {
      yield* HttpRouter.empty.pipe(
        HttpRouter.post("/", Effect.as(HttpServerRequest.persistedMultipart, HttpServerResponse.empty())),
        Effect.catchTag("MultipartError", (error) => HttpServerResponse.text(error.reason, { status: 413 })),
        HttpServer.serveEffect(),
        withLimit
      )
      const response = yield* post(body)
      expect([response.status, yield* response.text]).toEqual([413, reason])
    }).pipe(Effect.provide(layer))
  )

  it.scopedLive("decodes JSON in a field, a file or a URL encoded body", () =>
    Effect.gen(function* () {
      yield* HttpRouter.empty.pipe(
        HttpRouter.post(
          "/",
          Effect.map(HttpServerRequest.schemaBodyFormJson(Schema.Struct({ test: Schema.String }))("json"), ({ test }) =>
            HttpServerResponse.text(test)
          )
        ),
        HttpServer.serveEffect()
      )
      const json = JSON.stringify({ test: "content" })
      const bodies = [
        form(["json", json]),
        form(["json", new Blob([json], { type: "application/json" }), "test.json"]),
        HttpBody.urlParams(UrlParams.fromInput({ json }))
      ]
      for (const body of bodies) expect(yield* (yield* post(body)).text).toBe("content")
    }).pipe(Effect.provide(layer))
  )
})
