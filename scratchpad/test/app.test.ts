/**
 * The sample application, part for part: that of Effect 3 with both layers, that of Effect 4 asked by clients of Effect 3; and the programs of `npm run app`,
 * also with their one line changed.
 */
import * as NodeHttp2Client from "@effect-http2/platform-node/NodeHttp2Client"
import * as HttpApiClient from "@effect/platform/HttpApiClient"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as RpcClient from "@effect/rpc/RpcClient"
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { readFile, writeFile } from "node:fs/promises"
import { fileURLToPath } from "node:url"
import { Api, Nobody, NoSuchNote, Note, Rpcs } from "../internal/app/api.js"
import * as Client from "../internal/app/client.js"
import * as App from "./support/app.js"
import { compiled, startProgram, versions } from "./support/programs.js"
import { exchange, openHttp1, openHttp2 } from "./support/webSocket.js"

const report: Client.Report = {
  created: "from the client",
  found: "FROM THE CLIENT",
  missing: "no note 0",
  ticks: [1, 2, 3],
  greeting: "Hello, client!",
  nobody: "nobody",
  counted: [1, 2, 3, 4, 5]
}

const upTo = (count: number): ReadonlyArray<number> => Array.from({ length: count }, (_, index) => index + 1)

describe.each([
  { name: "NodeHttp2Server", serve: App.nodeHttp2, protocol: Option.some("h2"), version: 3 },
  { name: "NodeHttpServer", serve: App.nodeHttp, protocol: Option.none(), version: 3 },
  { name: "NodeHttp2Server of Effect 4", serve: App.nodeHttp2OfEffect4, protocol: Option.some("h2"), version: 4 }
])("the application with $name", ({ protocol, serve, version }) => {
  /** Serves, and gives `use` the URL and a client. */
  const served = <A, E>(use: (url: string) => Effect.Effect<A, E, HttpClient.HttpClient>) =>
    Effect.flatMap(serve, ({ client, url }) => Effect.provide(use(url), client))

  it.scopedLive("answers its typed client", () =>
    served((url) =>
      Effect.gen(function* () {
        const { notes } = yield* HttpApiClient.make(Api, { baseUrl: url })
        // The program has a client of its own, which was there before.
        const id = version === 3 ? 1 : 2
        expect(yield* notes.create({ payload: { text: "one" } })).toEqual(new Note({ id, text: "one" }))
        expect(yield* notes.create({ payload: { text: "two ü" } })).toEqual(new Note({ id: id + 1, text: "two ü" }))
        const found = yield* notes.find({ path: { id: id + 1 }, urlParams: { upper: true } })
        expect(found).toEqual(new Note({ id: id + 1, text: "TWO Ü" }))
        expect(yield* notes.find({ path: { id }, urlParams: {} })).toEqual(new Note({ id, text: "one" }))
        const missing = yield* Effect.flip(notes.find({ path: { id: id + 2 }, urlParams: {} }))
        expect(missing).toEqual(new NoSuchNote({ id: id + 2 }))
      })
    )
  )

  it.scopedLive("refuses what does not fit the schemas, and other routes", () =>
    served((url) =>
      Effect.gen(function* () {
        const post = (body: unknown) =>
          HttpClientRequest.post(`${url}/api/notes`).pipe(HttpClientRequest.bodyUnsafeJson(body), HttpClient.execute)
        const status = (path: string) => Effect.map(HttpClient.get(`${url}${path}`), (response) => response.status)
        expect((yield* post({ text: "" })).status).toBe(400)
        expect((yield* post({ text: "one" })).status).toBe(201)
        expect(yield* status("/api/notes/one")).toBe(400)
        expect(yield* status("/ticks/1001")).toBe(400)
        expect(yield* status("/ticks/many")).toBe(400)
        expect(yield* status("/nowhere")).toBe(404)
      })
    )
  )

  it.scopedLive("streams ticks: all, none, and as many as their reader wants", () =>
    served((url) =>
      Effect.gen(function* () {
        expect([...(yield* Stream.runCollect(Client.ticks(url, 20)))]).toEqual(upTo(20))
        expect([...(yield* Stream.runCollect(Client.ticks(url, 0)))]).toEqual([])
        expect([...(yield* Stream.runCollect(Stream.take(Client.ticks(url, 1000), 2)))]).toEqual([1, 2])
        const response = yield* HttpClient.get(`${url}/ticks/1`)
        expect(response.headers["content-type"]).toBe("text/event-stream")
        expect(yield* response.text).toBe("data: 1\n\n")
      })
    )
  )

  it.scopedLive("answers Rpc as its page asks", () =>
    served((url) =>
      Effect.gen(function* () {
        const call = (tag: string, payload: object) =>
          HttpClientRequest.post(`${url}/rpc`).pipe(
            HttpClientRequest.bodyText(
              `${JSON.stringify({ _tag: "Request", id: "1", tag, payload, headers: [] })}\n`,
              "application/ndjson"
            ),
            HttpClient.execute,
            Effect.flatMap((response) => response.text),
            Effect.map((text) => text.trimEnd().split("\n")),
            Effect.map((lines) => lines.map((line) => JSON.parse(line) as { readonly values?: ReadonlyArray<number> }))
          )
        expect(yield* call("Greet", { name: "Ada" })).toMatchObject([
          { _tag: "Exit", requestId: "1", exit: { _tag: "Success", value: "Hello, Ada!" } }
        ])
        expect(yield* call("Greet", { name: "" })).toMatchObject([{ _tag: "Exit", exit: { _tag: "Failure" } }])
        expect((yield* call("Count", { to: 1000 })).flatMap(({ values = [] }) => values)).toEqual(upTo(1000))
        expect((yield* call("Count", { to: 0 })).flatMap(({ values = [] }) => values)).toEqual([])
      })
    )
  )

  // The messages of a failure are others in version 4.
  it.scopedLive.runIf(version === 3)("answers its Rpc client, with streams as well", () =>
    served((url) =>
      Effect.gen(function* () {
        const client = yield* RpcClient.make(Rpcs)
        expect(yield* client.Greet({ name: "Ada" })).toBe("Hello, Ada!")
        expect(yield* Effect.flip(client.Greet({ name: "" }))).toEqual(new Nobody())
        expect([...(yield* Stream.runCollect(client.Count({ to: 1000 })))]).toEqual(upTo(1000))
        expect([...(yield* Stream.runCollect(client.Count({ to: 0 })))]).toEqual([])
        expect([...(yield* Stream.runCollect(Stream.take(client.Count({ to: 1000 }), 3)))]).toEqual([1, 2, 3])
      }).pipe(Effect.scoped, Effect.provide(Client.layerRpc(url)))
    )
  )

  it.scopedLive("echoes over a WebSocket of HTTP/1.1", () =>
    Effect.gen(function* () {
      const { tls, url } = yield* serve
      const connection = yield* openHttp1(`${url}/echo`, tls)
      expect(yield* exchange(connection, "one", "two")).toEqual({
        texts: ["HTTP/1.1 upgrade: one", "HTTP/1.1 upgrade: two"],
        code: 1000
      })
    })
  )

  it.scopedLive("serves its page and what describes its HttpApi", () =>
    served((url) =>
      Effect.gen(function* () {
        const page = yield* HttpClient.get(`${url}/`)
        expect(page.headers["content-type"]).toMatch(/^text\/html/)
        expect(yield* page.text).toContain(`<script type="module">`)
        expect(NodeHttp2Client.protocolOf(page)).toEqual(protocol)
        const description = yield* Effect.flatMap(HttpClient.get(`${url}/api/openapi.json`), ({ json }) => json)
        expect(description).toMatchObject({ paths: { "/api/notes": {}, "/api/notes/{id}": {} } })
      })
    )
  )

  it.scopedLive.runIf(version === 3)("does the client program of the sample", () =>
    served((url) => Effect.map(Client.program(url), (result) => expect(result).toEqual(report)))
  )

  it.scopedLive.runIf(Option.isSome(protocol))("echoes over a WebSocket of HTTP/2", () =>
    Effect.gen(function* () {
      const { tls, url } = yield* serve
      const connection = yield* openHttp2(`${url}/echo`, tls)
      expect(yield* exchange(connection, "one", "two")).toEqual({
        texts: ["h2 CONNECT websocket: one", "h2 CONNECT websocket: two"],
        code: 1000
      })
    })
  )
})

describe.each(versions)("the program on Effect %i", (version) => {
  const file = fileURLToPath(new URL(`../../${compiled("app", version)}`, import.meta.url))

  const runs = async (name: string) => {
    const program = startProgram(name, [], { APP_PORT: "0" }, version)
    await program.says(/\n.*\n/)
    const { code, stderr, stdout } = await program.stop()
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" })
    const [listens, says = ""] = stdout.split("\n")
    expect(listens).toMatch(/^The sample application listens on https:\/\/localhost:[1-9]\d*$/)
    expect(JSON.parse(says.replace("Its typed client says: ", ""))).toEqual(report)
  }

  it("runs with our layer, and ends with 0 at SIGTERM", () => runs("app"))

  /** The client of version 4's stock layer, undici 8, is for Node 22.19 and later, and does not load on Node 20. */
  const hasStockLayers = version === 3 || Number.parseInt(process.versions.node) >= 22

  it.runIf(hasStockLayers)("runs with the layer of @effect/platform-node when one line is changed", async () => {
    const ours = (await readFile(file, "utf8")).split("\n")
    const theirs = ours.map((line) => line.replace("const layers = Layers.nodeHttp2", "const layers = Layers.nodeHttp"))
    expect(ours.filter((line, index) => line !== theirs[index])).toHaveLength(1)
    await writeFile(file.replace(/app\.js$/, "app.nodeHttp.js"), theirs.join("\n"))
    await runs("app.nodeHttp")
  })

  it("says in one line why it cannot listen", async () => {
    const { code, stderr, stdout } = await startProgram("app", [], { APP_PORT: "65536" }, version).finished
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" })
    expect(stderr).toMatch(/^.*APP_PORT.*a port from 0 to 65535.*\n$/)
  })
})
