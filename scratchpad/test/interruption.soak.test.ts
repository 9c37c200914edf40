/** Requests that are given up, clients that are killed, a server that is killed: nothing is left, and nothing looks whole that is not. */
import type { Http2Error } from "@effect-http2/http2/Http2Error"
import * as NodeHttp2 from "@effect-http2/platform-node/NodeHttp2"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { describe, expect, it } from "vitest"
import type { PeerName } from "../../packages/platform-node/test/support/peers.js"
import { describeWithPeer } from "../../packages/platform-node/test/support/peers.js"
import { settled, stats, until } from "./support/observe.js"
import { playground, startCommand } from "./support/programs.js"
import { usePlayground } from "./support/suite.js"

const schemes = ["http", "https"] as const
const endless = Stream.repeatValue(new Uint8Array(50_000))

const server = usePlayground()

const run = <A>(effect: Effect.Effect<A, Http2Error, Scope.Scope>): Promise<A> =>
  Effect.runPromise(Effect.scoped(effect))

describe.each(schemes)("our client over %s, interrupted", (scheme) => {
  it.each([
    ["before a response", { path: "/hang" }],
    ["in server-sent events", { path: "/events" }],
    ["in a download", { path: "/bytes/10737418240" }],
    ["in an upload", { method: "POST", path: "/upload", body: endless }],
    ["in both directions", { method: "POST", path: "/echo", body: endless }]
  ] as const)("%s ends the server's handler, and the connection goes on", async (_, request) => {
    const before = await stats(server)
    await run(
      Effect.gen(function* () {
        const client = yield* NodeHttp2.connect(server[scheme], { tls: { rejectUnauthorized: false } })
        const fiber = yield* Effect.fork(
          Effect.scoped(Effect.flatMap(client.request(request), ({ body }) => Stream.runDrain(body)))
        )
        yield* Effect.promise(() => until(server, ({ activeHandlers }) => activeHandlers === 2))
        yield* Fiber.interrupt(fiber)
        // On the connection that goes on: nobody else's counters are in the way.
        yield* Effect.promise(() => until(server, ({ activeHandlers }) => activeHandlers === 1))
        yield* client.connection.ping
        expect({ streams: client.connection.activeStreams, unread: client.connection.unreadOctets }).toEqual({
          streams: 0,
          unread: 0
        })
        const hello = yield* Effect.flatMap(client.request({ path: "/hello" }), (response) => response.text())
        expect(hello).toBe("Hello World!")
      })
    )
    await settled(server, server.sockets)
    const after = await stats(server)
    expect({
      interrupted: after.handlersInterrupted - before.handlersInterrupted,
      resets: after.resetsReceived - before.resetsReceived
    }).toEqual({ interrupted: 1, resets: 1 })
  })

  it("a scope that ends gives up all of 200 requests at once", async () => {
    const before = await stats(server)
    await run(
      Effect.gen(function* () {
        const client = yield* NodeHttp2.connect(server[scheme], { tls: { rejectUnauthorized: false } })
        const hang = Effect.scoped(client.request({ path: "/hang" }))
        yield* Effect.forkScoped(
          Effect.all(
            Array.from({ length: 200 }, () => hang),
            { concurrency: "unbounded" }
          )
        )
        yield* Effect.promise(() => until(server, ({ activeHandlers }) => activeHandlers === 201))
      })
    )
    await settled(server, server.sockets)
    expect((await stats(server)).handlersInterrupted - before.handlersInterrupted).toBe(200)
  })
})

/** What is killed in the middle of what it does, and how many handlers that is. */
type Victim = readonly [what: string, peer: PeerName, args: (url: string) => ReadonlyArray<string>, handlers: number]

const download = "/bytes/10737418240"
const victims: ReadonlyArray<Victim> = [
  ["a curl that downloads", "curl", (url) => ["-skN", "--http2-prior-knowledge", `${url}${download}`], 1],
  [
    "a curl that uploads",
    "curl",
    (url) => ["-sk", "--http2-prior-knowledge", "-T", "/dev/zero", `${url}/upload`, "-X", "POST"],
    1
  ],
  ["an h2load with 50 downloads", "h2load", (url) => ["-n1000", "-c5", "-m10", `${url}${download}`], 50],
  ["an nghttp in server-sent events", "nghttp", (url) => [`${url}/events`, `${url}/hang`], 2]
]

for (const [what, peer, args, handlers] of victims) {
  describeWithPeer(peer, what, (program) => {
    it.each(schemes)("leaves nothing when it is killed, over %s", async (scheme) => {
      const before = await stats(server)
      const victim = spawn(program, args(server[scheme]), { stdio: ["ignore", "pipe", "ignore"] })
      victim.stdout.resume()
      await until(server, ({ activeHandlers }) => activeHandlers === handlers + 1)
      victim.kill("SIGKILL")
      await settled(server, server.sockets)
      expect((await stats(server)).handlersInterrupted - before.handlersInterrupted).toBe(handlers)
    })
  })
}

describe("effect-http2 get", () => {
  it.each(schemes)("leaves nothing when it is killed, over %s", async (scheme) => {
    const victim = startCommand(["get", "-k", `${server[scheme]}${download}`])
    await until(server, ({ activeHandlers }) => activeHandlers === 2)
    victim.process.kill("SIGKILL")
    await victim.finished
    await settled(server, server.sockets)
  })

  it.each(schemes)("says that a transfer is not whole whose server was killed, over %s", async (scheme) => {
    const other = await playground()
    const client = startCommand(["get", "-k", `${other[scheme]}${download}`])
    await client.says(/./s)
    other.process.kill("SIGKILL")
    const { code, stderr } = await client.finished
    expect(code).toBeOneOf([3, 4])
    expect(stderr).toMatch(/^Http2\w+Error: .*\n$/)
    await other.finished
  })
})

describeWithPeer("curl", "curl", (program) => {
  it.each(schemes)("says that a transfer is not whole whose server was killed, over %s", async (scheme) => {
    const other = await playground()
    const client = spawn(program, ["-skN", "--http2-prior-knowledge", `${other[scheme]}${download}`], {
      stdio: ["ignore", "pipe", "ignore"]
    })
    const finished = once(client, "close")
    await once(client.stdout, "data")
    other.process.kill("SIGKILL")
    client.stdout.resume()
    // 18: partial file, 56: failure in receiving, 92: stream error.
    expect((await finished)[0]).toBeOneOf([18, 56, 92])
    await other.finished
  })
})
