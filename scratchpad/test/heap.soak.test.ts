/** A hundred thousand requests of every kind leave the heap as it was. */
import { execFile } from "node:child_process"
import { expect, it } from "vitest"
import { describeWithPeer } from "../../packages/platform-node/test/support/peers.js"
import { connect, request } from "./support/http2Peer.js"
import { collectBeforeMeasuring, settled, stats, toMiB } from "./support/observe.js"
import { usePlayground } from "./support/suite.js"

const CANCEL = 8

const server = usePlayground({ nodeOptions: collectBeforeMeasuring })

describeWithPeer("h2load", "the heap", (program) => {
  const h2load = (url: string, requests: number, ...args: ReadonlyArray<string>): Promise<void> =>
    new Promise((resolve, reject) => {
      execFile(program, [`-n${requests}`, "-c10", "-m50", ...args, url], (error, stdout) => {
        const isWhole = error === null && stdout.includes(`${requests} succeeded, 0 failed, 0 errored, 0 timeout`)
        if (isWhole) resolve()
        else reject(new Error(`h2load ${url}: ${error?.message ?? ""} ${stdout}`))
      })
    })

  /** Requests that are reset, on connections that are not many. */
  const cancel = async (url: string, times: number): Promise<void> => {
    for (let left = times; left > 0; left -= 100) {
      const session = await connect(url)
      for (let index = 0; index < 100; index++) {
        const stream = session.request({ ":path": index % 2 === 0 ? "/hang" : "/bytes/10737418240" })
        stream.on("error", () => {}).resume()
        stream.once("ready", () => stream.close(CANCEL))
      }
      await request(session, "GET", "/hello")
      session.destroy()
    }
  }

  /** `share` of the whole load. */
  const mixture = async (share: number): Promise<void> => {
    for (const url of [server.http, server.https]) {
      await h2load(`${url}/hello`, 30_000 * share)
      await h2load(`${url}/headers`, 10_000 * share)
      await h2load(`${url}/bytes/3000`, 4000 * share)
      await h2load(`${url}/echo`, 4000 * share, "-d", "package.json")
      await h2load(`${url}/delay/1`, 2000 * share)
      await cancel(url, 1000 * share)
    }
    await settled(server, server.sockets)
  }

  it("is flat behind 100,000 requests", async () => {
    await mixture(0.3)
    const before = await stats(server)
    await mixture(1)
    const after = await stats(server)
    const growth = toMiB(after.heapUsed - before.heapUsed)
    console.log(`${after.requests - before.requests} requests: the heap grew by ${growth.toFixed(2)} MiB`)
    expect(after.requests - before.requests).toBeGreaterThan(100_000)
    expect(growth).toBeLessThan(2)
  }, 120_000)
})
