/** Every option of `get`, against a server of node:http2 that tells what it was asked. */
import { once } from "node:events"
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import * as Http2 from "node:http2"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib"
import * as Certificate from "@effect-http2/testkit/certificate"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { runHere as run, startCommand } from "./support/programs.js"

interface Asked {
  readonly method: string
  readonly path: string
  readonly headers: Http2.IncomingHttpHeaders
  readonly body: string
}

const hello = Buffer.from("Hello World!\n".repeat(1000))

const encoded: { readonly [name: string]: Buffer } = {
  gzip: gzipSync(hello),
  br: brotliCompressSync(hello),
  deflate: deflateSync(hello),
  "gzip, br": brotliCompressSync(gzipSync(hello))
}

const sessions = new Set<unknown>()

const respond = (stream: Http2.ServerHttp2Stream, asked: Asked): void => {
  const url = new URL(asked.path, "http://localhost")
  const to = url.searchParams.get("to")
  switch (url.pathname) {
    case "/redirect":
      stream.respond({ ":status": Number(url.searchParams.get("status")), location: to ?? "" })
      return void stream.end("elsewhere")
    case "/around":
      stream.respond({ ":status": 302, location: "/around" })
      return void stream.end()
    case "/trailers":
      stream.additionalHeaders({ ":status": 103, link: "</a>" })
      stream.respond({ ":status": 200, "x-one": "1" }, { waitForTrailers: true })
      stream.on("wantTrailers", () => stream.sendTrailers({ "x-behind": "2" }))
      return void stream.end("body\n")
    case "/encoded": {
      const name = url.searchParams.get("as") ?? ""
      stream.respond({ ":status": 200, "content-encoding": name })
      return void stream.end(encoded[name] ?? hello)
    }
    case "/cut":
      stream.respond({ ":status": 200, "content-encoding": "gzip" })
      return void stream.end(encoded["gzip"]?.subarray(0, 40))
    case "/octets":
      stream.respond({ ":status": 200 })
      return void stream.end(Buffer.from([0xff, 0xfe, 0x00]))
    case "/large":
      stream.respond({ ":status": 200 })
      return void stream.end(Buffer.alloc(2_000_000, url.searchParams.get("of") ?? ""))
    case "/empty":
      stream.respond({ ":status": 200 }, { endStream: true })
      return
    default:
      stream.respond({ ":status": 200, "content-type": "application/json" })
      stream.end(JSON.stringify(asked))
  }
}

const answer = (stream: Http2.ServerHttp2Stream, headers: Http2.IncomingHttpHeaders): void => {
  sessions.add(stream.session)
  const chunks: Array<Buffer> = []
  stream.on("error", () => {})
  stream.on("data", (chunk: Buffer) => chunks.push(chunk))
  stream.on("end", () => {
    const body = Buffer.concat(chunks).toString("latin1")
    respond(stream, { method: headers[":method"] ?? "", path: headers[":path"] ?? "", headers, body })
  })
}

const listen = async (server: Http2.Http2Server | Http2.Http2SecureServer): Promise<number> => {
  server.on("stream", answer)
  server.listen(0, "localhost")
  await once(server, "listening")
  return (server.address() as AddressInfo).port
}

let folder: string
let http: string
let secure: string
const servers: Array<Http2.Http2Server | Http2.Http2SecureServer> = []

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "effect-http2-get-"))
  const { cert, key } = await Certificate.make()
  await writeFile(join(folder, "ca.pem"), cert)
  const plain = Http2.createServer({ maxSessionMemory: 100 })
  const tls = Http2.createSecureServer({ key, cert })
  servers.push(plain, tls)
  http = `http://localhost:${await listen(plain)}`
  secure = `localhost:${await listen(tls)}`
})
afterAll(async () => {
  for (const server of servers) server.close()
  await rm(folder, { recursive: true })
})

const get = (...args: ReadonlyArray<string>) => run("get", ...args)

/** What the server says that it was asked. */
const ask = async (...args: ReadonlyArray<string>): Promise<Asked> => {
  const { code, stderr, stdout } = await get(...args)
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" })
  return JSON.parse(stdout) as Asked
}

describe.concurrent("get's options", () => {
  it("a host alone is of https:, and --cacert trusts it", async () => {
    const asked = await ask("--cacert", join(folder, "ca.pem"), `${secure}/one?two`)
    expect(asked).toMatchObject({ method: "GET", path: "/one?two", headers: { ":scheme": "https" }, body: "" })
    expect(await get("--cacert", join(folder, "nope.pem"), secure)).toMatchObject({
      code: 7,
      stderr: expect.stringMatching(/^InputError: .*nope\.pem cannot be read: ENOENT.*\n$/)
    })
  })

  it("-X, -d and -d @file, in clusters and behind the URL; values that look like options", async () => {
    const file = join(folder, "form")
    await writeFile(file, "two=2\r\nand\n")
    expect(await ask("-XPUT", http, "-d", "--data=1", `-d@${file}`, "--data=")).toMatchObject({
      method: "PUT",
      body: "--data=1&two=2and&",
      headers: { "content-type": "application/x-www-form-urlencoded", "content-length": "18" }
    })
  })

  it("--data-binary @file as it is, small and large, and -d @- from stdin", async () => {
    const small = join(folder, "small")
    await writeFile(small, "a\nb\r\n")
    expect(await ask("--data-binary", `@${small}`, "-H", "Content-Type: text/plain", http)).toMatchObject({
      method: "POST",
      body: "a\nb\r\n",
      headers: { "content-type": "text/plain" }
    })
    const large = join(folder, "large")
    await writeFile(large, Buffer.alloc(3_000_000, "x\n"))
    const asked = await ask("--data-binary", `@${large}`, http)
    expect(asked.headers["content-length"]).toBe("3000000")
    expect(asked.body.length).toBe(3_000_000)
    expect(await get("-d", `@${folder}/nope`, http)).toMatchObject({ code: 7 })
    // The tests' programs have no stdin: it is empty.
    const { stdout } = await startCommand(["get", "--data-binary", "@-", http]).finished
    expect(JSON.parse(stdout)).toMatchObject({ method: "POST", body: "" })
  })

  it("-H adds, replaces, empties and leaves out", async () => {
    const { headers } = await ask("-H", "X-One:  1 ", "-H", "user-agent: me", "-H", "accept:", "-H", "x-none;", http)
    expect(headers).toMatchObject({ "x-one": "1", "user-agent": "me", "x-none": "" })
    expect(headers).not.toHaveProperty("accept")
    expect(await get("-H", "no colon", http)).toMatchObject({ code: 2 })
  })

  it("-i shows heads and trailers, -I the head alone", async () => {
    expect((await get("-i", `${http}/trailers`)).stdout).toMatch(
      /^HTTP\/2 103\r\nlink: <\/a>\r\n\r\nHTTP\/2 200\r\nx-one: 1\r\n(.+\r\n)*\r\nbody\n\r\nx-behind: 2\r\n$/
    )
    const { stdout } = await get("-I", `${http}/large`)
    expect(stdout).toMatch(/^HTTP\/2 200\r\n(.+\r\n)*\r\n$/)
    expect(await get("-I", "-d", "x", http)).toMatchObject({ code: 2 })
  })

  it("-o for each URL in order, -O by name, -o - to stdout; an empty response is an empty file", async () => {
    const [one, two] = [join(folder, "one"), join(folder, "two")]
    await writeFile(two, "what was there")
    const both = await get("-o", one, "-o", two, `${http}/large?of=1`, `${http}/empty`)
    expect(both).toEqual({ code: 0, stdout: "", stderr: "" })
    expect((await readFile(one)).equals(Buffer.alloc(2_000_000, "1"))).toBe(true)
    expect((await readFile(two)).length).toBe(0)
    const named = await startCommand(["get", "-O", `${http}/name%2F..?query`], { cwd: folder }).finished
    expect(named).toEqual({ code: 0, stdout: "", stderr: "" })
    expect(await readFile(join(folder, "name%2F.."), "utf8")).toContain("/name%2F..?query")
    expect(await get("-O", http)).toMatchObject({ code: 2 })
    expect(await get("-o", one, "-o", one, http, http)).toMatchObject({ code: 2 })
    expect(await get("-o", one, "-o", two, http)).toMatchObject({ code: 2 })
    expect((await get("-o", "-", `${http}/octets`)).stdout).not.toBe("")
    expect(await get("-o", join(folder, "no", "such"), http)).toMatchObject({
      code: 6,
      stderr: expect.stringMatching(/^OutputError: .* cannot be written: ENOENT/)
    })
  })

  it("-L follows, as RFC 9110 §15.4 says of methods; without it a redirect is a status", async () => {
    const to = (status: number, url: string) => `${http}/redirect?status=${status}&to=${encodeURIComponent(url)}`
    expect(await ask("-L", "-d", "x", to(303, "/there"))).toMatchObject({ method: "GET", path: "/there", body: "" })
    expect(await ask("-L", "-d", "x", to(302, "there"))).toMatchObject({ method: "GET", path: "/there" })
    expect(await ask("-L", "-d", "x", to(307, "/there"))).toMatchObject({ method: "POST", body: "x" })
    expect(await get(to(302, "/there"))).toMatchObject({
      code: 1,
      stdout: "elsewhere",
      stderr: expect.stringContaining("-L follows")
    })
    expect(await get("-L", `${http}/around`)).toMatchObject({ code: 9 })
    expect(await get("-L", to(302, "ftp://localhost/"))).toMatchObject({ code: 9 })
  })

  it("-L keeps credentials to their origin", async () => {
    const fields = ["-H", "authorization: secret", "-H", "cookie: secret", "-H", "x-other: yes"]
    const redirect = (url: string) => `${http}/redirect?status=302&to=${encodeURIComponent(url)}`
    const same = await ask("-L", ...fields, redirect("/there"))
    expect(same.headers).toMatchObject({ authorization: "secret", cookie: "secret" })
    const other = await ask("-kL", ...fields, redirect(`https://${secure}/there`))
    expect(other.headers).toMatchObject({ "x-other": "yes" })
    expect(other.headers).not.toHaveProperty("authorization")
    expect(other.headers).not.toHaveProperty("cookie")
  })

  it("several URLs: at once on one connection, in their order, each failure with its line", async () => {
    sessions.clear()
    const urls = ["a", "b", "c", "d", "e", "f", "g", "h"].map((of) => `${http}/large?of=${of}`)
    const { code, stderr, stdout } = await get("-v", ...urls)
    expect(code).toBe(0)
    const expected = ["a", "b", "c", "d", "e", "f", "g", "h"].map((of) => of.repeat(2_000_000)).join("")
    expect(stdout === expected).toBe(true)
    expect(stderr.match(/^\* .* connected to /gm)).toHaveLength(1)
    expect(stderr).toMatch(/^> .* HEADERS stream=15 /m)
    const mixed = await get("http://localhost:1/", `${http}/redirect?status=404`, `${http}/octets`)
    expect(mixed.code).toBe(3)
    expect(mixed.stderr.trimEnd().split("\n")).toEqual([
      expect.stringMatching(/^Http2TransportError: .*ECONNREFUSED/),
      expect.stringMatching(/^StatusError: .* 404$/)
    ])
  })

  it("-s says nothing, -S errors all the same", async () => {
    expect(await get("-s", "http://localhost:1/")).toEqual({ code: 3, stdout: "", stderr: "" })
    expect((await get("-sS", "http://localhost:1/")).stderr).toMatch(/ECONNREFUSED/)
  })

  it("--compressed asks and decodes, each coding and two of them; what is cut off or unknown is an error", async () => {
    expect((await ask("--compressed", http)).headers["accept-encoding"]).toMatch(/^br, gzip, deflate/)
    for (const name of Object.keys(encoded)) {
      const { code, stdout } = await get("--compressed", `${http}/encoded?as=${encodeURIComponent(name)}`)
      expect({ name, code, same: stdout === hello.toString() }).toEqual({ name, code: 0, same: true })
    }
    expect(await get("--compressed", `${http}/cut`)).toMatchObject({
      code: 8,
      stderr: expect.stringMatching(/^ContentError: .*\/cut: .* gzip: unexpected end of file\n$/)
    })
    expect(await get("--compressed", `${http}/encoded?as=rot13`)).toMatchObject({ code: 8 })
    expect((await get(`${http}/encoded?as=gzip`)).stdout).not.toBe(hello.toString())
  })

  it("--json: a line for each URL, text or base64, and a line for a failure; frames with -v", async () => {
    const { code, stderr, stdout } = await get(
      "--json",
      "-v",
      `${http}/octets`,
      `${http}/trailers`,
      "http://localhost:1"
    )
    const lines = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as unknown)
    expect(code).toBe(3)
    expect(lines).toEqual([
      expect.objectContaining({ url: `${http}/octets`, status: 200, octets: 3, bodyBase64: "//4A" }),
      expect.objectContaining({ trailers: [["x-behind", "2"]], body: "body\n" }),
      { url: "http://localhost:1/", error: { tag: "Http2TransportError", message: expect.any(String), code: 3 } }
    ])
    const frames = stderr
      .split("\n")
      .filter((line) => line.startsWith("{"))
      .map((line) => JSON.parse(line) as unknown)
    expect(frames).toContainEqual(
      expect.objectContaining({ connection: 1, direction: "received", streamId: 1, type: "DATA" })
    )
  })

  it("a command that is none, none at all, --version", async () => {
    expect(await run("fetch")).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^UsageError: "fetch" is none.*\n$/)
    })
    expect(await run()).toMatchObject({ code: 0, stdout: expect.stringContaining("get") })
    expect((await run("--version")).stdout.trim()).toMatch(/^\d+\.\d+\.\d+$/)
    expect(await run("get", "--max-time", http)).toMatchObject({ code: 2 })
    expect(await run("get", "--json=yes", http)).toMatchObject({ code: 2 })
    expect(await run("get", http, "-m")).toMatchObject({ code: 2 })
  })
})
