import { once } from "node:events"
import * as Http2 from "node:http2"
import * as Net from "node:net"
import { describe, expect, it } from "vitest"
import { run, runSource, usePlayground } from "./support/programs.js"

const server = usePlayground()

const get = (...args: ReadonlyArray<string>) => run("get", ...args)

/** Runs `use` with a server of `node:net` or `node:http2` on a free port. */
const withServer = async <A>(other: Net.Server | Http2.Http2Server, use: (url: string) => Promise<A>): Promise<A> => {
  other.listen(0, "localhost")
  await once(other, "listening")
  try {
    return await use(`http://localhost:${(other.address() as Net.AddressInfo).port}/`)
  } finally {
    other.close()
  }
}

/** Arguments are made when the server is there. */
type Failure = readonly [what: string, target: () => string, code: number, stderr: RegExp]

describe.concurrent("get", () => {
  it("writes the body of a whole response, and exits with 0", async () => {
    expect(await get(`${server.http}/hello`)).toEqual({ code: 0, stdout: "Hello World!", stderr: "" })
    expect(await get("-k", `${server.https}/hello`)).toEqual({ code: 0, stdout: "Hello World!", stderr: "" })
  })

  it("--push shows what is pushed, too", async () => {
    expect(await get("--push", `${server.http}/push`)).toEqual({
      code: 0,
      stdout: "/hello was pushed.\n\nPushed GET /hello: 200\nHello World!\n",
      stderr: ""
    })
    expect(await get(`${server.http}/push`)).toEqual({ code: 0, stdout: "/hello was not pushed.\n", stderr: "" })
  })

  it("-d posts", async () => {
    expect(await get("-d", "one=1", `${server.http}/echo`)).toEqual({ code: 0, stdout: "one=1", stderr: "" })
  })

  it("-H adds a field", async () => {
    const { stdout } = await get("-H", "X-One: 1", "-H", "accept:text/plain", `${server.http}/headers`)
    expect(JSON.parse(stdout)).toMatchObject({ headers: { "x-one": "1", accept: "text/plain" } })
  })

  it("-v shows every frame on stderr", async () => {
    const { code, stderr, stdout } = await get("-v", `${server.http}/hello`)
    expect({ code, stdout }).toEqual({ code: 0, stdout: "Hello World!" })
    expect(stderr).toMatch(/^> +\d+\.\d ms SETTINGS stream=0 .*$/m)
    expect(stderr).toMatch(/^< +\d+\.\d ms SETTINGS stream=0 flags=ACK$/m)
    expect(stderr).toMatch(
      /^> +\d+\.\d ms HEADERS stream=1 flags=END_STREAM,END_HEADERS :method: GET .*:path: \/hello.*$/m
    )
    expect(stderr).toMatch(
      /^< +\d+\.\d ms HEADERS stream=1 flags=END_HEADERS :status: 200 content-type: text\/plain .*$/m
    )
    expect(stderr).toMatch(/^< +\d+\.\d ms DATA stream=1 length=12 flags=END_STREAM$/m)
  })

  it("streams: a body of 50 MB", async () => {
    const { code, stderr, stdout } = await get(`${server.http}/bytes/50000000`)
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" })
    // Bytes above 127 are no UTF-8: each becomes one replacement character.
    expect(stdout.length).toBe(50_000_000)
  })

  it.each([
    ["another status", () => `${server.http}/nope`, 1, /^StatusError: .*404\n$/],
    ["a bad option", () => "--nope", 2, /^UsageError: .*--nope/],
    ["no URL", () => "", 2, /^UsageError: /],
    ["another scheme", () => "ftp://localhost/", 2, /^UsageError: ftp: is not http: or https:/],
    ["nobody there", () => "http://localhost:1/", 3, /^Http2TransportError: transport: Connect: .*ECONNREFUSED/],
    [
      "a certificate that nobody vouches for",
      () => `${server.https}/hello`,
      3,
      /^Http2TransportError: transport: Tls: /
    ],
    ["a body that fails", () => `${server.http}/fail`, 4, /^Http2StreamError: stream 1: peer: INTERNAL_ERROR: /]
  ] satisfies ReadonlyArray<Failure>)(
    "%s: a line on stderr, and a code of its own",
    async (_, target, code, stderr) => {
      const result = await get(target())
      expect(result.code).toBe(code)
      expect(result.stderr).toMatch(stderr)
      expect(result.stderr.trimEnd()).not.toContain("\n")
    }
  )

  it("gives up after -m", async () => {
    expect(await get("-m", "0.5", `${server.http}/hang`)).toMatchObject({
      code: 5,
      stderr: "TimeoutError: no whole response within 500ms; -m allows more\n"
    })
    expect(await get("--max-time", "300 millis", `${server.http}/events`)).toMatchObject({ code: 5 })
    expect(await get("-m", "soon", server.http)).toMatchObject({ code: 2 })
  })

  it("a server that speaks something else is an error", async () => {
    const other = Net.createServer((socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"))
    const { code, stderr } = await withServer(other, (url) => get(url))
    expect(code).toBeOneOf([3, 4])
    expect(stderr).toMatch(/^Http2\w+Error: .*\n$/)
  })

  it("a body that is cut off is an error, whoever cuts it", async () => {
    const other = Http2.createServer()
    other.on("stream", (stream, headers) => {
      stream.on("error", () => {})
      stream.respond({ ":status": 200, "content-length": "100" })
      stream.write("the beginning")
      // Not at once, so that what has arrived is read before.
      setTimeout(() => (headers[":path"] === "/socket" ? stream.session?.destroy() : stream.end()), 100)
    })
    await withServer(other, async (url) => {
      const short = await get(url)
      expect(short).toMatchObject({ code: 4, stdout: "the beginning" })
      expect(short.stderr).toMatch(/^Http2StreamError: stream 1: PROTOCOL_ERROR: .*content-length.*\n$/)
      const lost = await get(`${url}socket`)
      expect(lost.code).toBeOneOf([3, 4])
      expect(lost.stderr).toMatch(/^Http2\w+Error: .*\n$/)
    })
  })

  it("runs from its source", async () => {
    expect(await runSource("get", `${server.http}/hello`)).toEqual({
      code: 0,
      stdout: "Hello World!",
      stderr: ""
    })
  })

  it("--help", async () => {
    expect(await get("--help")).toMatchObject({ code: 0, stdout: expect.stringContaining("exit codes") as unknown })
  })
})
