/** Priorities (RFC 9218) between our server and client and those of others: who says them, and who sends by them. */
import type * as Http2Client from "@effect-http2/http2/Http2Client"
import type * as Http2ClientResponse from "@effect-http2/http2/Http2ClientResponse"
import * as Http2ServerResponse from "@effect-http2/http2/Http2ServerResponse"
import type * as Priority from "@effect-http2/http2/Priority"
import * as NodeHttp2 from "@effect-http2/platform-node/NodeHttp2"
import * as Effect from "effect/Effect"
import { writeFile } from "node:fs/promises"
import * as Http2 from "node:http2"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect } from "vitest"
import * as NodeServer from "../support/nodeServer.js"
import { describeWithPeer } from "../support/peers.js"
import * as PeerServers from "../support/peerServers.js"
import { check } from "../utils.js"

const length = 600_000

/** Asks for `path` once for each priority while there are windows of an octet alone, opens them, and gives the order in which the responses end. */
const ends = (client: Http2Client.Http2Client, path: string, priorities: ReadonlyArray<Priority.Parameters>) =>
  Effect.gen(function* () {
    const ended: Array<number> = []
    const heads = yield* Effect.forEach(priorities, (priority) => client.request({ path, priority }), {
      concurrency: "unbounded"
    })
    yield* client.connection.updateSettings({ initialWindowSize: 1_000_000 })
    yield* Effect.forEach(
      heads,
      (response, i) =>
        Effect.map(response.bytes(), (bytes) => {
          expect(bytes.length).toBe(length)
          ended.push(i)
        }),
      { concurrency: "unbounded" }
    )
    return ended
  })

const narrow = { initialWindowSize: 1, connectionWindowSize: 10_000_000 } as const

describeWithPeer("nghttpd", "our client and nghttpd, which does without the priorities of RFC 7540", (program) => {
  let server: PeerServers.PeerServer
  beforeAll(async () => {
    server = await PeerServers.nghttpd(program, "--no-rfc7540-pri")
    await writeFile(join(server.root, "large"), new Uint8Array(length))
  })
  afterAll(() => server.stop())

  check("responses come in the order of their urgency", () =>
    Effect.gen(function* () {
      const client = yield* NodeHttp2.connect(server.http, narrow)
      expect((yield* client.connection.awaitSettings).noRfc7540Priorities).toBe(true)
      const urgencies = [7, 2, 0, 5] as const
      const ended = yield* ends(
        client,
        "/large",
        urgencies.map((urgency) => ({ urgency }))
      )
      expect(ended.map((i) => urgencies[i])).toEqual([0, 2, 5, 7])
    })
  )

  check("PRIORITY_UPDATE is taken, whatever it makes of it", () =>
    Effect.gen(function* () {
      const client = yield* NodeHttp2.connect(server.https, { ...narrow, tls: { ca: server.ca } })
      const response = yield* client.request({ path: "/large" })
      expect(yield* response.reprioritize({ urgency: 1, incremental: true })).toBe(true)
      yield* client.connection.ping
      yield* client.connection.updateSettings({ initialWindowSize: 1_000_000 })
      expect((yield* response.bytes()).length).toBe(length)
    })
  )
})

describe("our client and node:http2, which knows nothing of priorities", () => {
  check("PRIORITY_UPDATE before its SETTINGS is ignored, and none is sent behind them", () =>
    Effect.gen(function* () {
      const server = yield* NodeServer.make("http")
      const client = yield* NodeHttp2.connect(server.url)
      const response = yield* Effect.async<Http2ClientResponse.Http2ClientResponse, unknown>((resume) => {
        const started = client.unsafeRequest(
          { path: `/bytes/${length}/1`, priority: { urgency: 5 } },
          {
            onResponse: (response) => resume(Effect.succeed(response)),
            onFailure: (error) => resume(Effect.fail(error))
          }
        )
        started.unsafeReprioritize({ urgency: 1 })
      })
      expect(yield* response.reprioritize({ urgency: 0 })).toBe(false)
      expect((yield* response.bytes()).length).toBe(length)
    })
  )
})

describe("node:http2 as a client of our server", () => {
  check("responses come in the order that its fields ask for", () =>
    Effect.gen(function* () {
      const { address } = yield* NodeHttp2.serve(
        () => Effect.succeed(Http2ServerResponse.make({ body: new Uint8Array(length) })),
        { host: "127.0.0.1", gracefulShutdownTimeout: 0 }
      )
      const session = yield* Effect.acquireRelease(
        Effect.sync(() => Http2.connect(`http://127.0.0.1:${address.port}`, { settings: { initialWindowSize: 1 } })),
        (session) => Effect.async<void>((resume) => session.close(() => resume(Effect.void)))
      )
      const fields = ["u=6", "u=1", "u=3", "u=0"]
      const ended: Array<string> = []
      yield* Effect.async<void>((resume) => {
        let heads = 0
        for (const priority of fields) {
          const stream = session.request({ ":path": "/", priority })
          stream.on("response", () => {
            if (++heads < fields.length) return
            session.setLocalWindowSize(10_000_000)
            session.settings({ initialWindowSize: 1_000_000 })
          })
          stream.resume()
          stream.on("end", () => {
            ended.push(priority)
            if (ended.length === fields.length) resume(Effect.void)
          })
        }
      })
      expect(ended).toEqual(["u=0", "u=1", "u=3", "u=6"])
    })
  )
})
