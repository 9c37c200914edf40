/** serve, as a process, asked by clients of others. */
import { execFile } from "node:child_process"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"
import type { Page } from "@effect-http2/testkit/browser"
import { launch } from "@effect-http2/testkit/browser"
import type { Program } from "@effect-http2/testkit/program"
import { afterAll, beforeAll, expect, it } from "vitest"
import { describeWithPeer } from "../../platform-node/test/support/peers.js"
import { startCommand } from "./support/programs.js"

const execute = promisify(execFile)
const words = "Many words that are compressed well.\n".repeat(1000)

const useServer = () => {
  const started: { folder: string; url: string; program?: Program } = { folder: "", url: "" }
  beforeAll(async () => {
    started.folder = await mkdtemp(join(tmpdir(), "effect-http2-serve-"))
    await writeFile(join(started.folder, "words.txt"), words)
    await writeFile(
      join(started.folder, "index.html"),
      `<!doctype html><title>served</title><script src="script.js"></script>`
    )
    await writeFile(join(started.folder, "script.js"), "globalThis.ran = true")
    started.program = startCommand(["serve", started.folder, "-p", "0"])
    started.url = await started.program.says(/ at (https:\/\/\S+)/)
  }, 90_000)
  afterAll(async () => {
    await started.program?.stop()
    await rm(started.folder, { recursive: true, force: true })
  })
  return started
}

describeWithPeer("curl", "serve and curl", (program) => {
  const server = useServer()
  const curl = async (...args: ReadonlyArray<string>) => (await execute(program, ["-sk", ...args])).stdout

  it.each(["--http2", "--http1.1"])("%s: whole, compressed, resumed", async (version) => {
    const url = `${server.url}/words.txt`
    expect(await curl(version, url)).toBe(words)
    expect(await curl(version, "--compressed", url)).toBe(words)
    expect(
      await curl(version, "-w", "%{http_version} %header{content-encoding}", "-o", "/dev/null", "--compressed", url)
    ).toMatch(version === "--http2" ? /^2 / : /^1\.1 /)
    const rest = join(server.folder, `rest${version}`)
    await writeFile(rest, words.slice(0, 10_000))
    await curl(version, "-C", "-", "-o", rest, url)
    expect(await curl(version, `${server.url}/rest${version}`)).toBe(words)
    expect(await curl(version, "-r", "0-3", url)).toBe("Many")
  })

  it("asks again only for what has changed", async () => {
    const file = join(server.folder, "etag")
    const again = ["--etag-save", file, "--etag-compare", file, "-w", "%{http_code}", "-o", "/dev/null"]
    const url = `${server.url}/words.txt`
    expect([await curl(...again, url), await curl(...again, url)]).toEqual(["200", "304"])
  })
})

describeWithPeer("chromium", "serve and Chromium", (program) => {
  const server = useServer()
  let page: Page
  beforeAll(async () => {
    page = await launch(program)
  }, 90_000)
  afterAll(() => page.close())

  it("shows the index, runs its script, over HTTP/2, compressed", async () => {
    await page.open(`${server.url}/`)
    expect(await page.evaluate("[document.title, globalThis.ran]")).toEqual(["served", true])
    expect(await page.evaluate(`performance.getEntriesByType("navigation")[0].nextHopProtocol`)).toBe("h2")
    expect(
      await page.evaluate(
        `fetch("words.txt").then(async (r) => [(await r.text()).length, r.headers.get("content-encoding") !== null])`
      )
    ).toEqual([words.length, true])
  })
})
