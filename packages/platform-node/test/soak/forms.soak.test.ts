/**
 * Many forms that are not read to their end, at one server: no fiber of them is left, nor their octets. 120 of them; as many as the environment says in
 * FORMS, 1,200 for instance, which take a minute or two.
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
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { protocols } from "../server/support/harness.js"

const count = Number(process.env["FORMS"] ?? "120")
const size = 300_000
/** Octets that may be left: those of one form in three. */
const most = (count * size) / 3

const content = new Blob([new Uint8Array(size)])

const form = () => {
  const data = new FormData()
  data.append("file", content, "a")
  data.append("word", "b")
  return HttpBody.formData(data)
}

const request = HttpServerRequest.HttpServerRequest

const applications: ReadonlyArray<
  [string, Effect.Effect<unknown, Multipart.MultipartError, HttpServerRequest.HttpServerRequest>]
> = [
  [
    "exceed a limit",
    Effect.flatMap(request, ({ multipartStream }) =>
      Stream.runForEach(multipartStream, (part) =>
        Multipart.isFile(part) ? Effect.ignore(part.contentEffect) : Effect.void
      )
    ).pipe(Multipart.withMaxFileSize(Option.some(1000)), Effect.ignore)
  ],
  ["are left early", Effect.flatMap(request, ({ multipartStream }) => Stream.runDrain(Stream.take(multipartStream, 1)))]
]

setFlagsFromString("--expose-gc")
const collectGarbage = runInNewContext("gc") as () => void

/** Octets outside the heap, once nothing more goes. */
const external = Effect.async<number>((resume) => {
  const look = (turns: number): void => {
    collectGarbage()
    const { arrayBuffers, external } = process.memoryUsage()
    if (turns > 0) setImmediate(look, turns - 1)
    else resume(Effect.succeed(external + arrayBuffers))
  }
  look(5)
})

describe.each(protocols)("over $protocol", ({ layer }) => {
  it.scopedLive.each(applications)(
    `${count} forms that %s`,
    ([, application]) =>
      Effect.gen(function* () {
        const supervisor = yield* Supervisor.track
        const answered = Effect.as(application, HttpServerResponse.empty())
        yield* HttpServer.serveEffect(
          Effect.flatMap(request, ({ method }) => (method === "POST" ? answered : HttpServerResponse.empty()))
        ).pipe(Effect.supervised(supervisor))
        const post = Effect.scoped(HttpClient.post("/", { body: form() })).pipe(Effect.ignore)
        yield* Effect.repeatN(post, 20)
        yield* Effect.scoped(HttpClient.get("/"))
        const fibers = Effect.map(supervisor.value, (fibers) => fibers.length)
        const before = { fibers: yield* fibers, external: yield* external }
        yield* Effect.repeatN(post, count - 1)
        // The last connections of HTTP/1.1 take some turns of the event loop to end.
        yield* Effect.repeat(Effect.zipRight(Effect.yieldNow(), fibers), {
          times: 10_000,
          while: (count) => count > before.fibers
        })
        expect(yield* fibers).toBeLessThanOrEqual(before.fibers)
        expect((yield* external) - before.external).toBeLessThan(most)
      }).pipe(Effect.provide(layer)),
    240_000
  )
})
