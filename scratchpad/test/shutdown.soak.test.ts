/** SIGTERM under load: every request either completes or is refused so that it can be sent again, and the process ends. */
import type * as Http2Error from "@effect-http2/http2/Http2Error"
import * as NodeHttp2 from "@effect-http2/platform-node/NodeHttp2"
import * as Effect from "effect/Effect"
import { execFile } from "node:child_process"
import { describe, expect, it } from "vitest"
import { describeWithPeer } from "../../packages/platform-node/test/support/peers.js"
import { answer, connect } from "./support/http2Peer.js"
import { until } from "./support/observe.js"
import type { Playground } from "./support/programs.js"
import { playground } from "./support/programs.js"

const schemes = ["http", "https"] as const
const connections = 4
const concurrency = 50

/** Lets the load run, then SIGTERM; how the process ended. */
const stopUnderLoad = async (server: Playground) => {
  await until(server, ({ requests }) => requests > 5000)
  return server.stop()
}

/** Asks again and again on one connection, several times at once, until a request fails; counts what came whole. */
const load = (url: string, path: string, expected: string) =>
  Effect.gen(function* () {
    const client = yield* NodeHttp2.connect(url, { tls: { rejectUnauthorized: false } })
    const counts = { whole: 0, wrong: 0 }
    const ask: Effect.Effect<never, Http2Error.Http2Error> = Effect.forever(
      Effect.scoped(
        Effect.flatMap(client.request({ path }), (response) =>
          Effect.map(response.text(), (text) => {
            if (response.status === 200 && text === expected) counts.whole++
            else counts.wrong++
          })
        )
      )
    )
    const errors = yield* Effect.all(
      Array.from({ length: concurrency }, () => Effect.flip(ask)),
      { concurrency: "unbounded" }
    )
    return { ...counts, errors }
  })

describe.each(schemes)("SIGTERM under the load of our client over %s", (scheme) => {
  it.each([
    ["/hello", "Hello World!"],
    ["/delay/20", "20 ms later.\n"]
  ])("GET %s: whole, or not processed", async (path, expected) => {
    const server = await playground()
    const clients = Effect.all(
      Array.from({ length: connections }, () => load(server[scheme], path, expected)),
      { concurrency: "unbounded" }
    )
    const [results, end] = await Promise.all([Effect.runPromise(Effect.scoped(clients)), stopUnderLoad(server)])
    expect(end).toMatchObject({ code: 0, stderr: "" })
    for (const { errors, whole, wrong } of results) {
      expect(whole).toBeGreaterThan(0)
      expect(wrong).toBe(0)
      expect(errors.filter(({ processed }) => processed !== "no").map(String)).toEqual([])
    }
  })
})

describe.each(schemes)("SIGTERM under the load of node:http2 over %s", (scheme) => {
  it("whole, or refused", async () => {
    const server = await playground()
    const sessions = await Promise.all(Array.from({ length: connections }, () => connect(server[scheme])))
    const partial: Array<unknown> = []
    let whole = 0
    const ask = async (session: (typeof sessions)[number]): Promise<void> => {
      while (!session.closed && !session.destroyed) {
        const { body, rstCode, status } = await answer(session.request({ ":path": "/hello" }))
        if (status === 200 && rstCode === 0 && body.toString() === "Hello World!") whole++
        // Nothing of a response: REFUSED_STREAM, or what node:http2 makes of a stream above GOAWAY's last id.
        else if (status !== undefined || body.length > 0) partial.push({ status, rstCode, length: body.length })
      }
    }
    for (const session of sessions) session.on("error", () => {})
    const asking = sessions.flatMap((session) => Array.from({ length: concurrency }, () => ask(session)))
    expect(await stopUnderLoad(server)).toMatchObject({ code: 0, stderr: "" })
    await Promise.all(asking)
    expect(partial).toEqual([])
    expect(whole).toBeGreaterThan(1000)
  })
})

describeWithPeer("h2load", "SIGTERM under h2load", (program) => {
  it.each(schemes)("nothing fails but what was never answered, over %s", async (scheme) => {
    const server = await playground()
    const args = ["-n10000000", "-c10", "-m100", `${server[scheme]}/hello`]
    const loaded = new Promise<string>((resolve) => execFile(program, args, (_, stdout) => resolve(stdout)))
    expect(await stopUnderLoad(server)).toMatchObject({ code: 0, stderr: "" })
    const output = await loaded
    const numbers = (pattern: RegExp): ReadonlyArray<number> =>
      (pattern.exec(output) ?? expect.fail(output)).slice(1).map(Number)
    const [started, succeeded, failed, errored, timeout] = numbers(
      /(\d+) started, \d+ done, (\d+) succeeded, (\d+) failed, (\d+) errored, (\d+) timeout/
    )
    const statuses = numbers(/status codes: (\d+) 2xx, (\d+) 3xx, (\d+) 4xx, (\d+) 5xx/)
    console.log(output.match(/requests: .*|status codes: .*/g)?.join("\n"))
    // An answer of another status would be failed and not errored; h2load counts as errored what has no answer.
    expect(statuses).toEqual([succeeded, 0, 0, 0])
    expect({ timeout, failed }).toEqual({ timeout: 0, failed: errored })
    expect(succeeded).toBeGreaterThan(5000)
    expect(started).toBeGreaterThanOrEqual(succeeded ?? 0)
  })
})
