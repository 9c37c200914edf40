/** Every route of the playground, asked by the programs of others, over TLS and plain. */
import { execFile } from "node:child_process"
import { createHash } from "node:crypto"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { describeWithPeer } from "../../packages/platform-node/test/support/peers.js"
import { period } from "../plain/pattern.js"
import { connect, json } from "./support/http2Peer.js"
import { versions } from "./support/programs.js"
import { usePlayground } from "./support/suite.js"

let folder: string
/** 3 MB: larger than every window. */
let file: string
const content = Buffer.from(Uint8Array.from({ length: 3_000_000 }, (_, index) => (index * 7) % period))

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "effect-http2-peers-"))
  file = join(folder, "content")
  await writeFile(file, content)
})
afterAll(async () => {
  await rm(folder, { recursive: true, force: true })
})

interface Result {
  readonly code: number | string
  readonly stdout: Buffer
  readonly stderr: string
}

const run = (command: string, args: ReadonlyArray<string>, timeout = 25_000): Promise<Result> =>
  new Promise((resolve) => {
    execFile(command, args, { encoding: "buffer", maxBuffer: 1 << 26, timeout }, (error, stdout, stderr) => {
      resolve({ code: error?.code ?? (error === null ? 0 : "killed"), stdout, stderr: stderr.toString() })
    })
  })

const isPattern = (bytes: Buffer): boolean => bytes.every((byte, index) => byte === index % period)

const schemes = ["http", "https"] as const

describe.each(versions)("on Effect %i", (version) => {
  const server = usePlayground({ version, mayLog: true })

  describeWithPeer("curl", "curl", (program) => {
    describe.each(schemes)("over %s", (scheme) => {
      const curl = (path: string, ...args: ReadonlyArray<string>): Promise<Result> =>
        run(program, [
          "-sSk",
          scheme === "http" ? "--http2-prior-knowledge" : "--http2",
          ...args,
          `${server[scheme]}${path}`
        ])

      it.each(["/", "/hello", "/headers", "/stats", "/delay/20"])("GET %s", async (path) => {
        const { code, stdout } = await curl(path, "-w", "\n%{http_version} %{http_code}")
        expect(code).toBe(0)
        expect(stdout.toString()).toMatch(/.+\n2 200$/s)
      })

      it("GET /bytes/N", async () => {
        const { code, stdout } = await curl("/bytes/5000000")
        expect(code).toBe(0)
        expect(stdout.length).toBe(5_000_000)
        expect(isPattern(stdout)).toBe(true)
      })

      it("HEAD", async () => {
        const { stdout } = await curl("/bytes/10737418240", "-I")
        expect(stdout.toString()).toMatch(/^HTTP\/2 200 \r\n.*content-length: 10737418240\r\n/s)
      })

      it("POST /echo, with its trailer", async () => {
        const output = join(folder, `echo-${scheme}`)
        const { code, stdout } = await curl("/echo", "--data-binary", `@${file}`, "-D", "-", "-o", output)
        expect(code).toBe(0)
        expect(stdout.toString()).toMatch(/^HTTP\/2 200 .*x-echo-bytes: 3000000\r\n/s)
        expect((await run("cmp", [file, output])).code).toBe(0)
      })

      it("POST /upload", async () => {
        const { stdout } = await curl("/upload", "-T", file, "-X", "POST")
        const sha256 = createHash("sha256").update(content).digest("hex")
        expect(JSON.parse(stdout.toString())).toEqual({ length: content.length, sha256 })
      })

      it("POST /", async () => {
        expect((await curl("/", "-d", "x")).stdout.toString()).toBe("Thank you for 1 bytes.\n")
      })

      it("404 and 405", async () => {
        expect((await curl("/nope", "-o", "/dev/null", "-w", "%{http_code}")).stdout.toString()).toBe("404")
        expect((await curl("/hello", "-X", "PATCH", "-i")).stdout.toString()).toMatch(
          /^HTTP\/2 405.*allow: GET, HEAD\r\n/s
        )
      })

      it("GET /events, until it gives up", async () => {
        const { code, stdout } = await curl("/events", "-N", "-m", "1.5")
        expect(code).toBe(28)
        expect(stdout.toString().match(/^data: /gm)).toHaveLength(2)
      })

      it("GET /fail is an error, and not a whole response", async () => {
        const { code, stderr, stdout } = await curl("/fail")
        expect(stdout.toString()).toBe("The first chunk, and no second one.\n")
        expect(code).toBe(92)
        expect(stderr).toContain("INTERNAL_ERROR")
      })

      it("GET /hang, until it gives up", async () => {
        expect((await curl("/hang", "-m", "0.5")).code).toBe(28)
        const session = await connect(server.http)
        await expect.poll(() => json(session, "/stats")).toMatchObject({ activeHandlers: 1, activeStreams: 1 })
        session.close()
      })
    })
  })

  describeWithPeer("nghttp", "nghttp", (program) => {
    describe.each(schemes)("over %s", (scheme) => {
      const nghttp = (path: string, ...args: ReadonlyArray<string>): Promise<Result> =>
        run(program, [...args, `${server[scheme]}${path}`])

      it.each(["/", "/hello", "/headers", "/stats", "/delay/20"])("GET %s", async (path) => {
        const { code, stdout } = await nghttp(path, "-nv")
        expect(code).toBe(0)
        expect(stdout.toString()).toMatch(/:status: 200/)
        expect(stdout.toString()).not.toMatch(/RST_STREAM|error_code=(?!NO_ERROR)/)
      })

      it("GET /bytes/N, with padding asked of us and small windows", async () => {
        const { code, stdout } = await nghttp("/bytes/2000000", "-w", "15", "-W", "16")
        expect(code).toBe(0)
        expect(stdout.length).toBe(2_000_000)
        expect(isPattern(stdout)).toBe(true)
      })

      it("POST /echo with padded frames and a trailer of its own", async () => {
        const { code, stdout } = await nghttp("/echo", "-d", file, "-b", "100", "--trailer", "x-one: 1")
        expect(code).toBe(0)
        expect(stdout.equals(content)).toBe(true)
      })

      it("POST /upload in CONTINUATION frames", async () => {
        const { stdout } = await nghttp("/upload", "-d", file, "--continuation")
        expect(JSON.parse(stdout.toString())).toMatchObject({ length: content.length })
      })

      it("GET /fail is reset", async () => {
        const { stdout } = await nghttp("/fail", "-nv")
        expect(stdout.toString()).toMatch(/recv RST_STREAM.*\n.*error_code=INTERNAL_ERROR/)
      })
    })
  })

  describeWithPeer("h2load", "h2load", (program) => {
    describe.each(schemes)("over %s", (scheme) => {
      const h2load = async (path: string, requests: number, ...args: ReadonlyArray<string>): Promise<string> => {
        const { stdout } = await run(program, [`-n${requests}`, ...args, `${server[scheme]}${path}`])
        return stdout.toString()
      }
      const allDone = (requests: number): string =>
        `${requests} total, ${requests} started, ${requests} done, ${requests} succeeded, 0 failed, 0 errored, 0 timeout`

      it("20,000 times GET /hello, 10 connections by 100 streams", async () => {
        expect(await h2load("/hello", 20_000, "-c10", "-m100")).toContain(allDone(20_000))
      })

      it.each(["/", "/headers", "/bytes/20000", "/delay/5", "/stats"])("500 times GET %s", async (path) => {
        expect(await h2load(path, 500, "-c5", "-m20")).toContain(allDone(500))
      })

      it.each(["/echo", "/upload", "/"])("20 times POST %s, 3 MB each", async (path) => {
        expect(await h2load(path, 20, "-c2", "-m5", `-d${file}`)).toContain(allDone(20))
      })
    })
  })

  describeWithPeer("chromium", "Chromium", (program) => {
    const chromium = async (path: string): Promise<string> => {
      const flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
      const profile = await mkdtemp(join(folder, "chromium-"))
      const { stdout } = await run(program, [
        ...flags,
        "--ignore-certificate-errors",
        `--user-data-dir=${profile}`,
        "--timeout=10000",
        "--dump-dom",
        `${server.https}${path}`
      ])
      return stdout.toString()
    }

    it("shows the page", async () => {
      expect(await chromium("/")).toContain('<a href="/bytes/1000000">')
    }, 60_000)

    it("shows what it sent, over HTTP/2", async () => {
      const dom = await chromium("/headers?chromium")
      expect(dom).toContain('"path":"/headers?chromium"')
      expect(dom).toContain('"sec-fetch-mode":"navigate"')
    }, 60_000)

    it("shows 404, too", async () => {
      expect(await chromium("/nope")).toContain("404 Not Found")
    }, 60_000)
  })
})
