/** What has to hold in bulk: large bodies both ways at once, a thousand slow readers, a shutdown under load. */
import { execFile } from "node:child_process"
import { once } from "node:events"
import { readFileSync } from "node:fs"
import type * as Http2 from "node:http2"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { describeWithPeer } from "../../packages/platform-node/test/support/peers.js"
import { period } from "../internal/pattern.js"
import { answer, connect, json, request } from "./support/http2Peer.js"
import type { Playground } from "./support/programs.js"
import { playground } from "./support/programs.js"

const MiB = 1024 * 1024
const CANCEL = 8

/** The most memory that a process has had resident so far, in octets; undefined where the system does not tell. */
const peakMemory = (process: Playground["process"]): number | undefined => {
  try {
    return Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${process.pid}/status`, "utf8"))?.[1]) * 1024
  } catch {
    return undefined
  }
}

describe.each(["http", "https"] as const)("1 GiB through /echo over %s", (scheme) => {
  let server: Playground
  beforeAll(async () => {
    server = await playground()
  })
  afterAll(() => server.stop())

  it("comes back unchanged, both directions at once, in less than 200 MiB", async () => {
    const total = 1024 * MiB
    const session = await connect(server[scheme])
    const stream = session.request({ ":method": "POST", ":path": "/echo" })
    const pattern = Buffer.from(Uint8Array.from({ length: MiB + period }, (_, index) => index % period))
    const send = async (): Promise<void> => {
      for (let sent = 0; sent < total; sent += MiB) {
        const start = sent % period
        if (!stream.write(pattern.subarray(start, start + MiB))) await once(stream, "drain")
      }
      stream.end()
    }
    let received = 0
    let wrong = 0
    let overlapped = false
    stream.on("data", (chunk: Buffer) => {
      overlapped ||= !stream.writableEnded
      const start = received % period
      if (!chunk.equals(pattern.subarray(start, start + chunk.length))) wrong++
      received += chunk.length
    })
    const trailers = once(stream, "trailers") as Promise<[Http2.IncomingHttpHeaders]>
    await Promise.all([send(), once(stream, "end")])
    expect({ received, wrong, overlapped, rstCode: stream.rstCode }).toEqual({
      received: total,
      wrong: 0,
      overlapped: true,
      rstCode: 0
    })
    expect((await trailers)[0]["x-echo-bytes"]).toBe(String(total))
    session.close()
    const peak = peakMemory(server.process)
    if (peak !== undefined) expect(peak / MiB).toBeLessThan(200)
  }, 120_000)
})

describe("a thousand slow readers on one connection", () => {
  let server: Playground
  beforeAll(async () => {
    server = await playground()
  })
  afterAll(() => server.stop())

  it("do not delay /hello on it, and leave nothing behind", async () => {
    const session = await connect(server.http)
    session.setLocalWindowSize(256 * MiB)
    const before = (await json(session, "/stats")) as { readonly heapUsed: number }
    const readers = await Promise.all(
      Array.from({ length: 1000 }, async () => {
        const stream = session.request({ ":path": "/bytes/10000000" })
        await once(stream, "response")
        stream.once("readable", () => void stream.read(1))
        return stream
      })
    )
    const times: Array<number> = []
    for (let i = 0; i < 200; i++) {
      const start = performance.now()
      const { body } = await request(session, "GET", "/hello")
      expect(body.toString()).toBe("Hello World!")
      times.push(performance.now() - start)
    }
    times.sort((a, b) => a - b)
    expect(times[100]).toBeLessThan(20)
    expect(times[198]).toBeLessThan(250)
    const during = (await json(session, "/stats")) as { readonly activeStreams: number; readonly heapUsed: number }
    expect(during.activeStreams).toBe(1001)
    expect((during.heapUsed - before.heapUsed) / MiB).toBeLessThan(100)
    const closed = readers.map(answer)
    for (const stream of readers) stream.close(CANCEL)
    await Promise.all(closed)
    await expect.poll(() => json(session, "/stats")).toMatchObject({ activeStreams: 1, activeHandlers: 1 })
    session.close()
  }, 60_000)
})

describeWithPeer("h2load", "SIGTERM under h2load", (program) => {
  it("lets every request either finish or be refused, and the process exits", async () => {
    const server = await playground()
    const load = new Promise<string>((resolve) => {
      execFile(program, ["-c10", "-m100", "-D4", `${server.http}/hello`], (_, stdout) => resolve(stdout))
    })
    const session = await connect(server.http)
    const requests = async () => ((await json(session, "/stats")) as { readonly requests: number }).requests
    await expect.poll(requests, { timeout: 3000 }).toBeGreaterThan(20_000)
    const before = performance.now()
    expect(await server.stop()).toMatchObject({ code: 0, stderr: "" })
    expect(performance.now() - before).toBeLessThan(11_000)
    const output = await load
    // h2load counts what was refused, and what it never got to send, as errored; an answer that is not 200 as failed.
    expect(output).toMatch(/status codes: [1-9]\d* 2xx, 0 3xx, 0 4xx, 0 5xx/)
  })
})
