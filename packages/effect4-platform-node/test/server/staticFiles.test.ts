/**
 * `HttpStaticServer` and files as responses: whole, in parts, by condition, for HEAD, compressed. Each request is answered as the stock server answers it, over
 * either protocol.
 */
import * as ByteSize from "effect/ByteSize"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import type * as HttpMethod from "effect/http/HttpMethod"
import * as HttpMiddleware from "effect/http/HttpMiddleware"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as HttpStaticServer from "effect/http/HttpStaticServer"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { mkdirSync, mkdtempSync, readdirSync, readlinkSync, rmSync, utimesSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect } from "vitest"
import { randomBytes } from "../support/check.js"
import { live } from "../support/run.js"
import { servers } from "./support/sideBySide.js"

const digits = "0123456789".repeat(1000)
const modified = new Date("2024-01-02T03:04:05Z")

/** A folder for one test, whose files are as old in each run. */
const folder = Effect.acquireRelease(
  Effect.sync(() => {
    const root = mkdtempSync(join(tmpdir(), "effect-http2-static-"))
    mkdirSync(join(root, "deep"))
    const files: Record<string, string | Buffer> = {
      "digits.txt": digits,
      "empty.txt": "",
      "index.html": "<p>index</p>",
      "deep/index.html": "<p>deep</p>",
      "large.bin": randomBytes(3 << 20),
      "spaß.css": "a {}",
      "no extension": "what",
      ".hidden": "hidden"
    }
    for (const [name, content] of Object.entries(files)) {
      writeFileSync(join(root, name), content)
      utimesSync(join(root, name), modified, modified)
    }
    return root
  }),
  (root) => Effect.sync(() => rmSync(root, { recursive: true }))
)

interface Asking {
  readonly path: string
  readonly method?: HttpMethod.HttpMethod
  /** `ETAG` stands for that of digits.txt. */
  readonly headers?: Record<string, string>
}

const digitsWith = (headers: Record<string, string>): Asking => ({ path: "/files/digits.txt", headers })

const asked: ReadonlyArray<Asking> = [
  { path: "/files/digits.txt" },
  { path: "/files/digits.txt?query=1" },
  { path: "/files/digits.txt", method: "HEAD" },
  { path: "/files/digits.txt", method: "HEAD", headers: { range: "bytes=0-4" } },
  { path: "/files/digits.txt", method: "POST" },
  { path: "/files/empty.txt" },
  { path: "/files/empty.txt", headers: { range: "bytes=0-" } },
  { path: "/files/large.bin" },
  { path: "/files/large.bin", headers: { range: "bytes=1000000-2999999" } },
  { path: "/files/large.bin", method: "HEAD" },
  { path: "/files/spa%C3%9F.css" },
  { path: "/files/no%20extension" },
  { path: "/files/.hidden" },
  { path: "/files/" },
  { path: "/files" },
  { path: "/files/deep" },
  { path: "/files/deep?a=b" },
  { path: "/files/deep/" },
  { path: "/files/missing.txt" },
  { path: "/files/missing", headers: { accept: "text/html" } },
  { path: "/files/%2e%2e/%2e%2e/etc/passwd" },
  { path: "/files/..%2f..%2fetc%2fpasswd" },
  { path: "/files/%00" },
  { path: "/files/%ZZ" },
  { path: "/spa/some/page", headers: { accept: "text/html" } },
  { path: "/spa/some/page", headers: { accept: "application/json" } },
  { path: "/spa/some/page.js", headers: { accept: "text/html" } },
  digitsWith({ range: "bytes=5-9" }),
  digitsWith({ range: "bytes=9990-" }),
  digitsWith({ range: "bytes=-3" }),
  digitsWith({ range: "bytes=0-0" }),
  digitsWith({ range: "bytes=0-99999" }),
  digitsWith({ range: "bytes=10000-" }),
  digitsWith({ range: "bytes=9-5" }),
  digitsWith({ range: "bytes=-0" }),
  digitsWith({ range: "bytes=0-1,3-4" }),
  digitsWith({ range: "lines=0-1" }),
  digitsWith({ range: "bytes=a-b" }),
  digitsWith({ "if-none-match": "ETAG" }),
  digitsWith({ "if-none-match": `"other", ETAG` }),
  digitsWith({ "if-none-match": "*" }),
  digitsWith({ "if-none-match": '"other"' }),
  digitsWith({ "if-match": "ETAG" }),
  digitsWith({ "if-match": '"other"' }),
  digitsWith({ "if-match": "*" }),
  digitsWith({ "if-modified-since": "Tue, 02 Jan 2024 03:04:05 GMT" }),
  digitsWith({ "if-modified-since": "Mon, 01 Jan 2024 00:00:00 GMT" }),
  digitsWith({ "if-modified-since": "no date" }),
  digitsWith({ "if-unmodified-since": "Mon, 01 Jan 2024 00:00:00 GMT" }),
  digitsWith({ "if-unmodified-since": "Wed, 03 Jan 2024 00:00:00 GMT" }),
  digitsWith({ range: "bytes=1-2", "if-range": "ETAG" }),
  digitsWith({ range: "bytes=1-2", "if-range": '"other"' }),
  digitsWith({ range: "bytes=1-2", "if-none-match": "ETAG" }),
  { path: "/files/digits.txt", method: "HEAD", headers: { "if-none-match": "ETAG" } },
  { path: "/compressed/digits.txt", headers: { "accept-encoding": "gzip" } },
  { path: "/compressed/digits.txt", headers: { "accept-encoding": "br;q=0.5, deflate" } },
  { path: "/compressed/digits.txt", headers: { "accept-encoding": "gzip;q=0, identity" } },
  { path: "/compressed/digits.txt", headers: { "accept-encoding": "gzip", range: "bytes=0-4999" } },
  { path: "/compressed/digits.txt", headers: { "accept-encoding": "gzip", "if-none-match": "ETAG" } },
  { path: "/compressed/digits.txt", method: "HEAD", headers: { "accept-encoding": "gzip" } },
  { path: "/compressed/large.bin", headers: { "accept-encoding": "gzip" } },
  { path: "/compressed/large.bin", method: "HEAD", headers: { "accept-encoding": "gzip" } },
  { path: "/compressed/empty.txt", headers: { "accept-encoding": "gzip" } },
  { path: "/part" },
  { path: "/part", method: "HEAD" },
  { path: "/web" },
  { path: "/web", method: "HEAD" }
]

const routes = (root: string) => {
  const compressed = Effect.flatMap(HttpStaticServer.make({ root }), (files) =>
    Effect.flatMap(HttpRouter.HttpRouter, (router) =>
      router.prefixed("/compressed").add("GET", "/*", HttpMiddleware.compression({ minSize: 0 })(files))
    )
  )
  return Layer.mergeAll(
    HttpStaticServer.layer({ root, prefix: "/files", cacheControl: "max-age=60" }),
    HttpStaticServer.layer({ root, prefix: "/spa", spa: true }),
    Layer.effectDiscard(compressed),
    HttpRouter.add(
      "GET",
      "/part",
      HttpServerResponse.file(join(root, "digits.txt"), { offset: 3, bytesToRead: ByteSize.bytes(5) })
    ),
    HttpRouter.add(
      "GET",
      "/web",
      HttpServerResponse.fileWeb(new File(["web"], "web.txt", { type: "text/plain", lastModified: modified.getTime() }))
    )
  )
}

const serving = Effect.fnUntraced(function* ({ layer }: (typeof servers)[number], root: string) {
  const context = yield* Layer.build(
    HttpRouter.serve(routes(root), { disableLogger: true, disableListenLog: true }).pipe(Layer.provideMerge(layer))
  )
  return Context.get(context, HttpClient.HttpClient)
})

/** What is of the connection, the moment or the port, and not of the application. */
const ofTransport = new Set(["date", "connection", "keep-alive", "transfer-encoding"])

const answerTo = Effect.fnUntraced(function* (client: HttpClient.HttpClient, asking: Asking, etag: string) {
  const headers = Object.fromEntries(
    Object.entries(asking.headers ?? {}).map(([name, value]) => [name, value.replace("ETAG", etag)])
  )
  const response = yield* client.execute(HttpClientRequest.make(asking.method ?? "GET")(asking.path, { headers }))
  const body = Buffer.from(yield* response.arrayBuffer)
  // Where a body is empty, how long it is may be told by its framing as well.
  const isPlain = ([name, value]: [string, string]) =>
    !ofTransport.has(name) && !(name === "content-length" && value === "0" && asking.method !== "HEAD")
  return {
    status: response.status,
    headers: Object.fromEntries(Object.entries(response.headers).filter(isPlain).sort()),
    body: body.toString("base64")
  }
})

const answers = Effect.fnUntraced(function* (server: (typeof servers)[number], root: string) {
  const client = yield* serving(server, root)
  const { headers } = yield* client.head("/files/digits.txt")
  return yield* Effect.forEach(asked, (asking) =>
    Effect.map(answerTo(client, asking, headers["etag"] ?? ""), (answer) => ({ asking, answer }))
  )
})

describe("static files", () => {
  const [stock, ...ours] = servers
  for (const server of ours) {
    live(`are answered by ${server.server} as by NodeHttpServer`, () =>
      Effect.gen(function* () {
        const root = yield* folder
        const expected = yield* answers(stock, root)
        const found = yield* answers(server, root)
        for (const [index, { answer, asking }] of found.entries())
          expect({ asking, answer }).toEqual({ asking, answer: expected[index]?.answer })
        // The stock server does what the table means to ask for.
        const statuses = new Set(expected.map(({ answer }) => answer.status))
        for (const status of [200, 206, 301, 304, 404, 412, 416]) expect(statuses).toContain(status)
      })
    )
  }

  for (const server of servers) {
    live(`a HEAD, a condition and a client that leaves close their files: ${server.server}`, () =>
      Effect.gen(function* () {
        const root = yield* folder
        const client = yield* serving(server, root)
        yield* client.head("/files/large.bin")
        yield* client.get("/files/large.bin", { headers: { "if-none-match": "*" } })
        for (let times = 0; times < 3; times++) {
          const response = yield* client.get("/files/large.bin")
          expect(yield* Stream.runCount(Stream.take(response.stream, 1))).toBe(1)
        }
        const whole = yield* client.get("/files/large.bin")
        expect((yield* whole.arrayBuffer).byteLength).toBe(3 << 20)
        while (openFiles(root).length > 0) yield* Effect.sleep("5 millis")
      })
    )
  }
})

/** The files below `root` that this process has open. Where the system does not say it, none. */
const openFiles = (root: string): ReadonlyArray<string> => {
  if (process.platform !== "linux") return []
  return readdirSync("/proc/self/fd").flatMap((descriptor) => {
    try {
      const file = readlinkSync(`/proc/self/fd/${descriptor}`)
      return file.startsWith(root) ? [file] : []
    } catch {
      // It is closed since the folder was read.
      return []
    }
  })
}
