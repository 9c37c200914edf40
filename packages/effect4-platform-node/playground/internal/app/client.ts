/** A client of the sample application, derived from the same descriptions; for whichever `HttpClient` it is given. */
import * as Effect from "effect/Effect"
import * as HttpApiClient from "effect/http-api/HttpApiClient"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Layer from "effect/Layer"
import * as RpcClient from "effect/rpc/RpcClient"
import * as RpcSerialization from "effect/rpc/RpcSerialization"
import * as Stream from "effect/Stream"
import { Api, Rpcs } from "./api.js"

/** `count` ticks, as they arrive. */
const ticks = (url: string, count: number) =>
  HttpClientResponse.stream(HttpClient.get(`${url}/ticks/${count}`)).pipe(
    Stream.decodeText,
    Stream.splitLines,
    Stream.filter((line) => line !== ""),
    Stream.map((line) => Number(line.slice("data: ".length)))
  )

/** What came of using every part. */
export interface Report {
  readonly created: string
  readonly found: string
  readonly missing: string
  readonly ticks: ReadonlyArray<number>
  readonly greeting: string
  readonly nobody: string
  readonly counted: ReadonlyArray<number>
}

/** Uses every part that answers to an HttpClient, and tells what came of it. */
export const program = (url: string): Effect.Effect<Report, Error, HttpClient.HttpClient> =>
  Effect.gen(function* () {
    const { notes } = yield* HttpApiClient.make(Api, { baseUrl: url })
    const created = yield* notes.create({ payload: { text: "from the client" } })
    const found = yield* notes.find({ params: { id: created.id }, query: { upper: "true" } })
    const missing = yield* notes.find({ params: { id: 0 }, query: {} }).pipe(
      Effect.as("found"),
      Effect.catchTag("NoSuchNote", ({ id }) => Effect.succeed(`no note ${id}`))
    )
    const ticked = yield* Stream.runCollect(ticks(url, 3))
    const client = yield* RpcClient.make(Rpcs)
    const greeting = yield* client.Greet({ name: "client" })
    const nobody = yield* client.Greet({ name: "" }).pipe(Effect.catchTag("Nobody", () => Effect.succeed("nobody")))
    const counted = yield* Stream.runCollect(client.Count({ to: 5 }))
    return { created: created.text, found: found.text, missing, ticks: ticked, greeting, nobody, counted }
  }).pipe(
    Effect.scoped,
    Effect.provide(RpcClient.layerProtocolHttp({ url: `${url}/rpc` }).pipe(Layer.provide(RpcSerialization.layerNdjson)))
  )
