/** What nghttp shows of the routes, frame by frame: those that peers.interop.test.ts does not ask it for. */
import { execFile, spawn } from "node:child_process"
import { describe, expect, it } from "vitest"
import { describeWithPeer } from "../../packages/platform-node/test/support/peers.js"
import { until } from "./support/observe.js"
import { versions } from "./support/programs.js"
import { usePlayground } from "./support/suite.js"

describe.each(versions)("on Effect %i", (version) => {
  describeWithPeer("nghttp", "nghttp", (program) => {
    const server = usePlayground({ version, settles: true })

    describe.each(["http", "https"] as const)("over %s", (scheme) => {
      /** The frames that were sent and received, in colours no more. */
      const frames = (path: string, ...args: ReadonlyArray<string>): Promise<string> =>
        new Promise((resolve) => {
          execFile(program, ["-nv", "--no-dep", ...args, `${server[scheme]}${path}`], (error, stdout) => {
            expect(error).toBeNull()
            resolve(stdout)
          })
        })
      const status = (output: string): string | undefined => /recv \(stream_id=\d+\) :status: (\d+)/.exec(output)?.[1]

      it("POST /", async () => {
        const output = await frames("/", "-d", "package.json")
        expect(status(output)).toBe("200")
        expect(output).not.toContain("RST_STREAM")
      })

      it("HEAD /bytes/N ends with its head", async () => {
        const output = await frames("/bytes/10737418240", "-H", ":method: HEAD")
        expect(status(output)).toBe("200")
        expect(output).toContain("content-length: 10737418240")
        expect(output).toMatch(/recv HEADERS frame <.*flags=0x05/)
        expect(output).not.toContain("recv DATA")
      })

      it("404 and 405", async () => {
        expect(status(await frames("/nope"))).toBe("404")
        const output = await frames("/hello", "-H", ":method: DELETE")
        expect(status(output)).toBe("405")
        expect(output).toContain("allow: GET, HEAD")
      })

      it("the trailer of POST /echo ends the stream", async () => {
        const output = await frames("/echo", "-d", "package.json")
        expect(output).toMatch(/x-echo-bytes: \d+\n.*recv HEADERS frame <.*flags=0x05/)
      })

      it("many at once on one connection", async () => {
        const more = Array.from({ length: 100 }, (_, index) => `${server[scheme]}/bytes/${index * 1000}?${index}`)
        const output = await frames("/hello", ...more)
        expect(output.match(/:status: 200/g)).toHaveLength(101)
        expect(output.match(/recv DATA frame <.*flags=0x01/g)?.length).toBeGreaterThan(90)
      })

      it("GET /events and /hang, until it is stopped", async () => {
        const client = spawn(program, ["-n", `${server[scheme]}/events`, `${server[scheme]}/hang`], { stdio: "ignore" })
        await until(server, ({ activeHandlers }) => activeHandlers === 3)
        client.kill("SIGINT")
        await until(server, ({ activeHandlers, activeStreams }) => activeHandlers === 1 && activeStreams === 1)
      })
    })
  })
})
