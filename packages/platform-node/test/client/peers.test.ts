/** Servers that others wrote: nginx, with HTTP/2 and with HTTP/1.1 only, and nghttpd. */
import * as NodeHttp2Client from "@effect-http2/platform-node/NodeHttp2Client"
import type * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { afterAll, beforeAll, expect } from "vitest"
import { describeWithPeer } from "../support/peers.js"
import { nghttpd, nginx, type PeerServer } from "../support/peerServers.js"
import { check, randomBytes } from "./support/servers.js"

const octets = randomBytes(2_000_000)

const ask = (client: HttpClient.HttpClient, url: string) =>
  Effect.flatMap(client.get(url), (response) =>
    Effect.map(response.arrayBuffer, (body) => ({
      protocol: Option.getOrUndefined(NodeHttp2Client.protocolOf(response)),
      status: response.status,
      body: Buffer.from(body)
    }))
  )

const withServer = (start: () => Promise<PeerServer>): (() => PeerServer) => {
  let server: PeerServer | undefined
  beforeAll(async () => {
    server = await start()
    await writeFile(join(server.root, "large"), octets)
    await writeFile(join(server.root, "hello"), "Hello")
  })
  afterAll(() => server?.stop())
  return () => {
    if (server === undefined) throw new Error("the server did not start")
    return server
  }
}

const makeClient = ({ ca, http }: PeerServer) => NodeHttp2Client.make({ tls: { ca }, priorKnowledge: [http] })

for (const [name, start] of [
  ["nginx", nginx],
  ["nghttpd", nghttpd]
] as const) {
  describeWithPeer(name, `${name} speaks to our client`, (program) => {
    const server = withServer(() => start(program))

    check("over TLS and with prior knowledge: small, large, many at once", () =>
      Effect.gen(function* () {
        const { http, https } = server()
        const client = yield* makeClient(server())
        for (const url of [https, http]) {
          const small = yield* ask(client, `${url}/hello`)
          expect([small.protocol, small.status, small.body.toString()]).toEqual(["h2", 200, "Hello"])
          expect((yield* ask(client, `${url}/large`)).body.equals(octets)).toBe(true)
          const all = yield* Effect.all(
            Array.from({ length: 300 }, () => ask(client, `${url}/hello`)),
            { concurrency: "unbounded" }
          )
          expect(all.every(({ body }) => body.toString() === "Hello")).toBe(true)
          expect((yield* ask(client, `${url}/missing`)).status).toBe(404)
        }
      })
    )
  })
}

describeWithPeer("nginx", "nginx, what only it does", (program) => {
  const server = withServer(() => nginx(program))

  check("takes an upload of a Stream", () =>
    Effect.gen(function* () {
      const { https, root } = server()
      const client = yield* makeClient(server())
      const body = Stream.fromIterable(
        Array.from({ length: 20 }, (_, i) => octets.subarray(i * 100_000, (i + 1) * 100_000))
      )
      const response = yield* client.execute(
        HttpClientRequest.bodyStream(HttpClientRequest.put(`${https}/upload/a`), body)
      )
      expect([201, 204]).toContain(response.status)
      const written = yield* Effect.promise(() => readFile(join(root, "upload", "a")))
      expect(written.equals(octets)).toBe(true)
    })
  )

  check("over HTTP/1.1, on the socket that ALPN said so of", () =>
    Effect.gen(function* () {
      const { http1 } = server()
      const client = yield* makeClient(server())
      const large = yield* ask(client, `${http1}/large`)
      expect([large.protocol, large.body.equals(octets)]).toEqual(["http/1.1", true])
      const all = yield* Effect.all(
        Array.from({ length: 100 }, () => ask(client, `${http1}/hello`)),
        { concurrency: "unbounded" }
      )
      expect(all.every(({ body }) => body.toString() === "Hello")).toBe(true)
    })
  )
})
