/** serve, as a process, asked by the client of node:http2, which sends paths as they are given. */
import { once } from "node:events"
import { chmod, mkdir, mkdtemp, readdir, rm, symlink, utimes, writeFile } from "node:fs/promises"
import * as Http2 from "node:http2"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Zlib from "node:zlib"
import type { Program } from "@effect-http2/testkit/program"
import { start } from "@effect-http2/testkit/program"
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest"
import { INTERRUPTED } from "../src/failure.js"
import { run, startCommand } from "./support/programs.js"

const text = "0123456789abcdefghij"
const page = "<p>Many words that are compressed well.</p>\n".repeat(200)
/** More than the window of the client takes. */
const large = Buffer.alloc(3_000_000, "x")
const modified = new Date("2024-02-03T04:05:06.789Z")
const modifiedField = "Sat, 03 Feb 2024 04:05:06 GMT"

let folder: string
let root: string
let server: Program
let session: Http2.ClientHttp2Session

interface Answer {
  readonly status: number | undefined
  readonly headers: Http2.IncomingHttpHeaders & Http2.IncomingHttpStatusHeader
  readonly body: Buffer
}

const bodyOf = async (stream: Http2.ClientHttp2Stream): Promise<Buffer> => {
  const chunks: Array<Buffer> = []
  for await (const chunk of stream) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

const headOf = async (stream: Http2.ClientHttp2Stream): Promise<Answer["headers"]> => {
  const [headers] = (await once(stream, "response")) as [Answer["headers"]]
  return headers
}

const ask = async (path: string, headers: Http2.OutgoingHttpHeaders = {}, method = "GET", by = session) => {
  const stream = by.request({ ":path": path, ":method": method, ...headers })
  const head = await headOf(stream)
  return { status: head[":status"], headers: head, body: await bodyOf(stream) } satisfies Answer
}

/** Where a server that was started listens. */
const urlOf = (program: Program): Promise<string> => program.says(/ at (https?:\/\/\S+)/)

const connect = async (program: Program): Promise<Http2.ClientHttp2Session> => {
  const connected = Http2.connect(await urlOf(program), { rejectUnauthorized: false })
  await once(connected, "connect")
  return connected
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "effect-http2-serve-"))
  await chmod(folder, 0o755)
  root = join(folder, "root")
  await mkdir(join(root, "sub", "deep"), { recursive: true })
  await mkdir(join(root, "list"))
  await mkdir(join(root, ".well-known"))
  await mkdir(join(root, ".git"))
  await mkdir(join(folder, "root-beside"))
  await Promise.all([
    writeFile(join(folder, "secret.txt"), "secret"),
    writeFile(join(folder, "root-beside", "secret.txt"), "secret"),
    writeFile(join(root, "text.txt"), text),
    writeFile(join(root, "page.html"), page),
    writeFile(join(root, "picture.png"), page),
    writeFile(join(root, "empty.txt"), ""),
    writeFile(join(root, "large.bin"), large),
    writeFile(join(root, "shut.txt"), "nobody reads this", { mode: 0 }),
    writeFile(join(root, "a&b <c>.txt"), "odd"),
    writeFile(join(root, ".env"), "secret"),
    writeFile(join(root, ".git", "config"), "secret"),
    writeFile(join(root, ".well-known", "security.txt"), "Contact: nobody"),
    writeFile(join(root, "sub", "index.html"), "the index"),
    writeFile(join(root, "list", "one.txt"), "1"),
    writeFile(join(root, "list", "bell\u0007.txt"), "1"),
    writeFile(join(root, "list", ".hidden"), "1")
  ])
  await Promise.all([
    symlink("../secret.txt", join(root, "out.txt")),
    symlink("..", join(root, "outside")),
    symlink("../root-beside", join(root, "beside")),
    symlink("loop", join(root, "loop")),
    symlink("text.txt", join(root, "inside.txt")),
    symlink("../../secret.txt", join(root, "list", "out.txt")),
    utimes(join(root, "text.txt"), modified, modified)
  ])
  server = startCommand(["serve", root, "--plain", "-p", "0"])
  session = await connect(server)
})

afterAll(async () => {
  session.close()
  await server.stop()
  await rm(folder, { recursive: true, force: true })
})

describe("serve: a file", () => {
  it("has its type, its length, its validators, and is not to be sniffed", async () => {
    const { body, headers, status } = await ask("/text.txt")
    expect({ status, body: body.toString() }).toEqual({ status: 200, body: text })
    expect(headers).toMatchObject({
      "content-type": "text/plain; charset=utf-8",
      "content-length": "20",
      "last-modified": modifiedField,
      "accept-ranges": "bytes",
      "cache-control": "no-cache",
      "x-content-type-options": "nosniff"
    })
    expect(headers.etag).toMatch(/^"[0-9a-f]+-[0-9a-f]+"$/)
  })

  it("HEAD has the same fields and no content, for a whole file, a compressed one and an empty one", async () => {
    for (const path of ["/text.txt", "/page.html", "/empty.txt"]) {
      const accepted = { "accept-encoding": "gzip" }
      const [get, head] = await Promise.all([ask(path, accepted), ask(path, accepted, "HEAD")])
      const { date: _, ...fields } = get.headers
      const { date: __, ...same } = head.headers
      expect(same).toEqual(fields)
      expect(head.body).toHaveLength(0)
    }
  })

  it("HEAD heeds no range (RFC 9110 §14.2)", async () => {
    expect(await ask("/text.txt", { range: "bytes=0-1" }, "HEAD")).toMatchObject({
      status: 200,
      headers: { "content-length": "20" }
    })
  })

  it("is found without .html, and by an encoded name", async () => {
    expect((await ask("/page")).body.toString()).toBe(page)
    expect((await ask("/a%26b%20%3Cc%3E.txt?query")).body.toString()).toBe("odd")
  })

  it("other methods are refused, OPTIONS says which there are", async () => {
    expect(await ask("/text.txt", {}, "DELETE")).toMatchObject({
      status: 405,
      headers: { allow: "GET, HEAD, OPTIONS" }
    })
    expect(await ask("/text.txt", {}, "OPTIONS")).toMatchObject({ headers: { allow: "GET, HEAD, OPTIONS" } })
  })
})

describe("serve: ranges (RFC 9110 §14)", () => {
  it.each([
    ["bytes=0-3", "0123", "0-3"],
    ["bytes=10-", "abcdefghij", "10-19"],
    ["bytes=-4", "ghij", "16-19"],
    ["bytes=-100", text, "0-19"],
    ["bytes=18-99", "ij", "18-19"],
    ["BYTES = 5-5", "5", "5-5"],
    ["bytes=0-0,50-60", "0", "0-0"]
  ])("%s", async (range, content, at) => {
    const { body, headers, status } = await ask("/text.txt", { range })
    expect({ status, body: body.toString() }).toEqual({ status: 206, body: content })
    expect(headers).toMatchObject({ "content-range": `bytes ${at}/20`, "content-length": String(content.length) })
  })

  it("several are parts, each with its type and its place, and the length is true", async () => {
    const { body, headers, status } = await ask("/text.txt", { range: "bytes=0-1, 5-6,-2" })
    const boundary = /^multipart\/byteranges; boundary=(\S+)$/.exec(headers["content-type"] ?? "")?.[1]
    const part = (at: string, content: string) =>
      `\r\n--${boundary}\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-range: bytes ${at}/20\r\n\r\n${content}`
    expect(status).toBe(206)
    expect(body.toString()).toBe(
      `${part("0-1", "01")}${part("5-6", "56")}${part("18-19", "ij")}\r\n--${boundary}--\r\n`
    )
    expect(headers["content-length"]).toBe(String(body.length))
    expect(headers).not.toHaveProperty("content-range")
  })

  it.each(["bytes=20-", "bytes=99-100", "bytes=-0", "bytes=20-,30-"])("%s is unsatisfiable", async (range) => {
    expect(await ask("/text.txt", { range })).toMatchObject({ status: 416, headers: { "content-range": "bytes */20" } })
  })

  it.each([
    ["malformed", "bytes=a-b"],
    ["of another unit", "lines=0-1"],
    ["the wrong way round", "bytes=5-2"],
    ["none", "bytes="],
    ["more than the whole: CVE-2011-3192", "bytes=0-,0-,0-"],
    ["too many", `bytes=${Array.from({ length: 17 }, () => "0-0").join()}`]
  ])("%s: the whole", async (_, range) => {
    expect(await ask("/text.txt", { range })).toMatchObject({ status: 200, headers: { "content-length": "20" } })
  })

  it("a range is one of the file as it is, whatever codings there are", async () => {
    const { body, headers, status } = await ask("/page.html", { range: "bytes=0-2", "accept-encoding": "gzip" })
    expect({ status, body: body.toString() }).toEqual({ status: 206, body: "<p>" })
    expect(headers).not.toHaveProperty("content-encoding")
  })
})

describe("serve: conditions (RFC 9110 §13)", () => {
  it("If-None-Match and If-Modified-Since: 304 without content, with the validators", async () => {
    const { headers } = await ask("/text.txt")
    const etag = headers.etag ?? ""
    for (const condition of [
      { "if-none-match": etag },
      { "if-none-match": `"other", W/${etag}` },
      { "if-none-match": "*" },
      { "if-modified-since": modifiedField },
      { "if-modified-since": "Sun, 04 Feb 2024 04:05:06 GMT" }
    ]) {
      const answer = await ask("/text.txt", condition)
      expect(answer).toMatchObject({ status: 304, headers: { etag, "last-modified": modifiedField } })
      expect(answer.body).toHaveLength(0)
      expect(answer.headers).not.toHaveProperty("content-length")
    }
    for (const condition of [
      { "if-none-match": '"other"' },
      { "if-modified-since": "Sat, 03 Feb 2024 04:05:05 GMT" },
      { "if-modified-since": "soon" },
      { "if-none-match": '"other"', "if-modified-since": modifiedField }
    ]) {
      expect((await ask("/text.txt", condition)).status).toBe(200)
    }
  })

  it("If-Match and If-Unmodified-Since: 412", async () => {
    const { headers } = await ask("/text.txt")
    const status = async (condition: Http2.OutgoingHttpHeaders) => (await ask("/text.txt", condition)).status
    expect(await status({ "if-match": '"other"' })).toBe(412)
    expect(await status({ "if-match": `W/${headers.etag ?? ""}` })).toBe(412)
    expect(await status({ "if-match": headers.etag })).toBe(200)
    expect(await status({ "if-unmodified-since": "Sat, 03 Feb 2024 04:05:05 GMT" })).toBe(412)
    expect(await status({ "if-unmodified-since": modifiedField })).toBe(200)
  })

  it("If-Range: a part of the same, the whole of another", async () => {
    const { headers } = await ask("/text.txt")
    const status = async (ifRange: string) =>
      (await ask("/text.txt", { range: "bytes=0-1", "if-range": ifRange })).status
    expect(await status(headers.etag ?? "")).toBe(206)
    expect(await status(modifiedField)).toBe(206)
    expect(await status('"other"')).toBe(200)
    expect(await status(`W/${headers.etag ?? ""}`)).toBe(200)
    expect(await status("Sun, 04 Feb 2024 04:05:06 GMT")).toBe(200)
  })

  it("a compressed file has a validator of its own, which is weak", async () => {
    const accepted = { "accept-encoding": "gzip" }
    const [plain, gzip] = [await ask("/page.html"), await ask("/page.html", accepted)]
    expect(gzip.headers.etag).toMatch(/^W\/".*-gzip"$/)
    expect((await ask("/page.html", { ...accepted, "if-none-match": gzip.headers.etag })).status).toBe(304)
    expect((await ask("/page.html", { ...accepted, "if-none-match": plain.headers.etag })).status).toBe(200)
  })

  it("--max-age says for how long nobody needs to ask", async () => {
    const other = startCommand(["serve", root, "--plain", "-p", "0", "--max-age", "60"])
    const client = await connect(other)
    expect((await ask("/text.txt", {}, "GET", client)).headers["cache-control"]).toBe("public, max-age=60")
    client.close()
    await other.stop()
  })
})

describe("serve: compression by Accept-Encoding (RFC 9110 §12.5.3)", () => {
  it.each([
    ["gzip", "gzip"],
    ["br, gzip", "br"],
    ["br;q=0.5, gzip;q=0.9", "gzip"],
    ["br;q=0, *", Reflect.has(Zlib, "createZstdCompress") ? "zstd" : "gzip"],
    ["GZIP;Q=1", "gzip"],
    ["x-gzip", "gzip"],
    ["gzip;q=0.5, identity", undefined],
    ["gzip;q=0", undefined],
    ["deflate", undefined],
    ["", undefined]
  ])("%j: %s", async (accepted, coding) => {
    const { body, headers } = await ask("/page.html", { "accept-encoding": accepted })
    expect(headers).toMatchObject({ vary: "accept-encoding" })
    expect(headers["content-encoding"]).toBe(coding)
    if (coding === undefined) expect(body.toString()).toBe(page)
    if (coding === "gzip") expect(Zlib.gunzipSync(body).toString()).toBe(page)
    if (coding === "br") expect(Zlib.brotliDecompressSync(body).toString()).toBe(page)
    if (coding !== undefined) expect(body.length).toBeLessThan(page.length / 4)
  })

  it("not of what is small, and not of what is compressed already", async () => {
    for (const path of ["/text.txt", "/picture.png"]) {
      const { headers } = await ask(path, { "accept-encoding": "gzip" })
      expect(headers).not.toHaveProperty("content-encoding")
      expect(headers).not.toHaveProperty("vary")
    }
  })
})

describe("serve: folders", () => {
  it("index.html, at the path with a slash, to which the one without leads, with its query", async () => {
    expect((await ask("/sub/")).body.toString()).toBe("the index")
    expect(await ask("/sub?a=1")).toMatchObject({ status: 301, headers: { location: "/sub/?a=1" } })
    expect((await ask("/text.txt/")).status).toBe(404)
  })

  it("a redirect never leads to another host", async () => {
    expect((await ask("//sub")).headers.location).toBe("/sub/")
    expect((await ask("/%5c%5csub")).status).toBe(404)
  })

  it("others are lists, in which names are text: nothing hidden, nothing that lies outside, nothing that cannot be asked for", async () => {
    const list = (await ask("/list/")).body.toString()
    expect(list).toContain('<a href="/list/one.txt">one.txt</a>')
    for (const absent of [".hidden", "bell", "out.txt"]) expect(list).not.toContain(absent)
    expect((await ask("/")).body.toString()).toContain('<a href="/a%26b%20%3Cc%3E.txt">a&amp;b &lt;c&gt;.txt</a>')
  })

  it("no lists with --no-listing; a 404.html is the page for what is not there", async () => {
    const other = startCommand(["serve", root, "--plain", "-p", "0", "--no-listing"])
    const client = await connect(other)
    expect((await ask("/list/", {}, "GET", client)).status).toBe(404)
    await writeFile(join(root, "404.html"), "nothing here")
    expect(await ask("/nope", {}, "GET", client)).toMatchObject({
      status: 404,
      headers: { "cache-control": "no-store" },
      body: Buffer.from("nothing here")
    })
    await rm(join(root, "404.html"))
    client.close()
    await other.stop()
  })
})

describe("serve: no way out of the folder", () => {
  it.each([
    "/../secret.txt",
    "/..%2fsecret.txt",
    "/%2e%2e/secret.txt",
    "/%2e%2e%2fsecret.txt",
    "/sub/../../secret.txt",
    "/sub/..%2f..%2fsecret.txt",
    "/..%5csecret.txt",
    "/.%2e/secret.txt",
    "/%252e%252e/secret.txt",
    "/../root-beside/secret.txt",
    "//..//secret.txt",
    "/out.txt",
    "/outside/secret.txt",
    "/outside/",
    "/beside/secret.txt",
    "/loop",
    "/.env",
    "/%2eenv",
    "/.git/config",
    "/sub/%2e%2e/.env",
    "/text.txt/../page.html",
    `/${"a".repeat(300)}`
  ])("%s is not there", async (path) => {
    const { body, status } = await ask(path)
    expect(status).toBe(404)
    expect(body.toString()).toBe("404 Not Found\n")
  })

  it.each(["/text.txt%00.html", "/%", "/%ff", "/%0a"])("%s is no path", async (path) => {
    expect((await ask(path)).status).toBe(400)
  })

  it("links within the folder are followed, and .well-known is not hidden", async () => {
    expect((await ask("/inside.txt")).body.toString()).toBe(text)
    expect((await ask("/.well-known/security.txt")).status).toBe(200)
  })

  it("-a shows what begins with a dot", async () => {
    const other = startCommand(["serve", root, "--plain", "-p", "0", "-a"])
    const client = await connect(other)
    expect((await ask("/.env", {}, "GET", client)).status).toBe(200)
    client.close()
    await other.stop()
  })

  it("what the system does not let the server read is not there", async () => {
    const args = [join(import.meta.dirname, "../dist/main.js"), "serve", root, "--plain", "-p", "0"]
    // The superuser reads everything.
    const other = start(process.execPath, args, process.getuid?.() === 0 ? { uid: 65_534 } : {})
    const client = await connect(other)
    expect((await ask("/shut.txt", {}, "GET", client)).status).toBe(404)
    expect((await ask("/text.txt", {}, "GET", client)).status).toBe(200)
    client.close()
    await other.stop()
  })
})

describe("serve: as a process", () => {
  it("a certificate made at start, whose fingerprint it prints, and a line for each request; --json", async () => {
    const other = startCommand(["serve", root, "-p", "0", "--json"])
    const line = await other.says(/^(\{.*\})\n/)
    const { fingerprint, folder: served, url } = JSON.parse(line) as { [name: string]: string }
    expect(served).toBe(root)
    const client = Http2.connect(url ?? "", { rejectUnauthorized: false })
    await ask("/text.txt?a=1", {}, "GET", client)
    const socket = client.socket as unknown as { getPeerCertificate: () => { fingerprint256: string } }
    expect(socket.getPeerCertificate().fingerprint256).toBe(fingerprint)
    client.close()
    const { code, stderr, stdout } = await other.stop()
    expect({ code, stderr }).toEqual({ code: INTERRUPTED, stderr: "" })
    expect(JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "")).toMatchObject({
      method: "GET",
      path: "/text.txt?a=1",
      protocol: "HTTP/2",
      status: 200,
      octets: 20
    })
  })

  it("SIGTERM: what is on its way arrives, then it ends", async () => {
    const other = startCommand(["serve", root, "--plain", "-p", "0"])
    const client = await connect(other)
    const stream = client.request({ ":path": "/large.bin" })
    await headOf(stream)
    other.process.kill("SIGTERM")
    await once(client, "goaway")
    expect((await bodyOf(stream)).equals(large)).toBe(true)
    expect(await other.finished).toMatchObject({ code: INTERRUPTED })
  })

  it("closes each file whose reader goes away: whole, a part, parts, compressed", async () => {
    const other = startCommand(["serve", root, "--plain", "-p", "0", "-s"])
    const client = await connect(other)
    const open = async () => (await readdir(`/proc/${other.process.pid}/fd`)).length
    await ask("/text.txt", {}, "GET", client)
    const before = await open()
    for (let round = 0; round < 5; round++) {
      for (const headers of [{}, { range: "bytes=5-" }, { range: "bytes=0-999999,1000000-2999999" }]) {
        const stream = client.request({ ":path": "/large.bin", ...headers })
        await headOf(stream)
        stream.close(Http2.constants.NGHTTP2_CANCEL)
        await once(stream, "close")
        // And one that nobody waits for.
        const hasty = client.request({ ":path": "/large.bin", ...headers })
        hasty.close(Http2.constants.NGHTTP2_CANCEL)
        await once(hasty, "close")
      }
    }
    await ask("/page.html", { "accept-encoding": "gzip" }, "GET", client)
    await vi.waitFor(async () => expect(await open()).toBeLessThanOrEqual(before), { timeout: 10_000 })
    client.close()
    await other.stop()
  })

  it("a port that is taken: 3, and one line", async () => {
    const port = new URL(await urlOf(server)).port
    const { code, stderr, stdout } = await run("serve", root, "--plain", "-p", port)
    expect({ code, stdout }).toEqual({ code: 3, stdout: "" })
    expect(stderr).toMatch(
      new RegExp(`^ListenError: localhost:${port} cannot be listened at: .*EADDRINUSE.*; -p takes another port\n$`)
    )
  })

  it.each([
    ["a folder that is not there", ["nope"], 7, /^InputError: nope cannot be read: ENOENT/],
    ["a file", ["package.json"], 7, /^InputError: package.json cannot be read: it is no folder/],
    ["a port that is none", [".", "-p", "70000"], 2, /^UsageError: .*0 to 65535/],
    ["--cert alone", [".", "--cert", "package.json"], 2, /^UsageError: .*--cert and --key come together/],
    [
      "no certificate",
      [".", "--cert", "package.json", "--key", "package.json"],
      7,
      /^InputError: package.json with package.json cannot be read: /
    ]
  ])("%s: a line on stderr, and a code of its own", async (_, args, code, stderr) => {
    const result = await startCommand(["serve", ...args], { cwd: join(import.meta.dirname, "..") }).finished
    expect(result.code).toBe(code)
    expect(result.stderr).toMatch(stderr)
    expect(result.stderr.trimEnd()).not.toContain("\n")
  })
})
