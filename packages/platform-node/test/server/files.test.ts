/**
 * Files as responses: the platform's own way to send them, over whatever is spoken.
 */
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpRouter from "@effect/platform/HttpRouter"
import * as HttpServer from "@effect/platform/HttpServer"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { File } from "node:buffer"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { randomBytes } from "../utils.js"
import { protocols } from "./support/harness.js"

const path = fileURLToPath(new URL("./fixtures/text.txt", import.meta.url))

const large = Effect.acquireRelease(
  Effect.sync(() => {
    const folder = mkdtempSync(join(tmpdir(), "effect-http2-"))
    const octets = randomBytes(4 << 20)
    writeFileSync(join(folder, "large.bin"), octets)
    return { folder, file: join(folder, "large.bin"), octets }
  }),
  ({ folder }) => Effect.sync(() => rmSync(folder, { recursive: true }))
)

describe.each(protocols)("files over $protocol", ({ layer }) => {
  it.scopedLive("have a type, a length, an ETag and a date", () =>
    Effect.gen(function* () {
      yield* HttpRouter.empty.pipe(HttpRouter.get("/", HttpServerResponse.file(path)), HttpServer.serveEffect())
      const response = yield* HttpClient.get("/")
      expect(response.status).toBe(200)
      expect(response.headers["content-type"]).toBe("text/plain")
      expect(response.headers["content-length"]).toBe("27")
      expect(response.headers["etag"]).toMatch(/^"/)
      expect(response.headers["last-modified"]).toMatch(/GMT$/)
      expect((yield* response.text).trim()).toBe("lorem ipsum dolar sit amet")
      const head = yield* HttpClient.head("/")
      expect([head.status, head.headers["content-length"], yield* head.text]).toEqual([200, "27", ""])
    }).pipe(Effect.provide(layer))
  )

  it.scopedLive("of the web", () =>
    Effect.gen(function* () {
      const file = new File(["test"], "test.txt", { type: "text/plain" })
      yield* HttpRouter.empty.pipe(HttpRouter.get("/", HttpServerResponse.fileWeb(file)), HttpServer.serveEffect())
      const response = yield* HttpClient.get("/")
      expect(response.headers["content-type"]).toBe("text/plain")
      expect(response.headers["content-length"]).toBe("4")
      expect(yield* response.text).toBe("test")
    }).pipe(Effect.provide(layer))
  )

  it.scopedLive("in part", () =>
    Effect.gen(function* () {
      const ranged = Effect.flatMap(HttpServerRequest.HttpServerRequest, ({ headers }) => {
        const [, from = "0", to = "0"] = /^bytes=(\d+)-(\d+)$/.exec(headers["range"] ?? "") ?? []
        const offset = Number(from)
        return HttpServerResponse.file(path, {
          offset,
          bytesToRead: Number(to) - offset + 1,
          status: 206,
          headers: { "content-range": `bytes ${from}-${to}/27` }
        })
      })
      yield* HttpRouter.empty.pipe(HttpRouter.get("/", ranged), HttpServer.serveEffect())
      const response = yield* HttpClient.get("/", { headers: { range: "bytes=6-10" } })
      expect([response.status, response.headers["content-length"]]).toEqual([206, "5"])
      expect(response.headers["content-range"]).toBe("bytes 6-10/27")
      expect(yield* response.text).toBe("ipsum")
    }).pipe(Effect.provide(layer))
  )

  it.scopedLive("that are large, and those of which the client wants only a part", () =>
    Effect.gen(function* () {
      const { file, octets } = yield* large
      yield* HttpRouter.empty.pipe(HttpRouter.get("/", HttpServerResponse.file(file)), HttpServer.serveEffect())
      const response = yield* HttpClient.get("/")
      expect(Buffer.from(yield* response.arrayBuffer).equals(octets)).toBe(true)
      const cut = yield* HttpClient.get("/")
      const first = yield* Stream.runHead(cut.stream)
      expect(first._tag).toBe("Some")
      const again = yield* HttpClient.get("/")
      expect((yield* again.arrayBuffer).byteLength).toBe(octets.length)
    }).pipe(Effect.provide(layer))
  )

  it.scopedLive("that are not there", () =>
    Effect.gen(function* () {
      yield* HttpRouter.empty.pipe(
        HttpRouter.get("/", HttpServerResponse.file(`${path}.not`)),
        HttpRouter.catchTag("SystemError", (error) => HttpServerResponse.text(error.reason, { status: 404 })),
        HttpServer.serveEffect()
      )
      const response = yield* HttpClient.get("/")
      expect([response.status, yield* response.text]).toEqual([404, "NotFound"])
    }).pipe(Effect.provide(layer))
  )
})
