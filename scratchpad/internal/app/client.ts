/** A client of the sample application, derived from the same descriptions; for whichever `HttpClient` it is given. */
import * as HttpApiClient from "@effect/platform/HttpApiClient"
import type * as HttpApiError from "@effect/platform/HttpApiError"
import * as HttpClient from "@effect/platform/HttpClient"
import type * as HttpClientError from "@effect/platform/HttpClientError"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as RpcClient from "@effect/rpc/RpcClient"
import type * as RpcClientError from "@effect/rpc/RpcClientError"
import * as RpcSerialization from "@effect/rpc/RpcSerialization"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as ParseResult from "effect/ParseResult"
import * as Stream from "effect/Stream"
import type { Nobody, NoSuchNote } from "./api.js"
import { Api, Rpcs } from "./api.js"

/** `count` ticks, as they arrive. */
export const ticks = (
  url: string,
  count: number
): Stream.Stream<number, HttpClientError.HttpClientError, HttpClient.HttpClient> =>
  HttpClientResponse.stream(HttpClient.get(`${url}/ticks/${count}`)).pipe(
    Stream.decodeText(),
    Stream.splitLines,
    Stream.filter((line) => line !== ""),
    Stream.map((line) => Number(line.slice("data: ".length)))
  )

/** What the client of `rpcs` speaks by. */
export const layerRpc = (url: string): Layer.Layer<RpcClient.Protocol, never, HttpClient.HttpClient> =>
  RpcClient.layerProtocolHttp({ url: `${url}/rpc` }).pipe(Layer.provide(RpcSerialization.layerNdjson))

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

type Failure =
  | HttpClientError.HttpClientError
  | HttpApiError.HttpApiDecodeError
  | NoSuchNote
  | Nobody
  | ParseResult.ParseError
  | RpcClientError.RpcClientError

/** Uses every part that answers to an HttpClient, and tells what came of it. */
export const program = (url: string): Effect.Effect<Report, Failure, HttpClient.HttpClient> =>
  Effect.gen(function* () {
    const { notes } = yield* HttpApiClient.make(Api, { baseUrl: url })
    const created = yield* notes.create({ payload: { text: "from the client" } })
    const found = yield* notes.find({ path: { id: created.id }, urlParams: { upper: true } })
    const missing = yield* notes.find({ path: { id: 0 }, urlParams: {} }).pipe(
      Effect.as("found"),
      Effect.catchTag("NoSuchNote", ({ id }) => Effect.succeed(`no note ${id}`))
    )
    const ticked = yield* Stream.runCollect(ticks(url, 3))
    const client = yield* RpcClient.make(Rpcs)
    const greeting = yield* client.Greet({ name: "client" })
    const nobody = yield* client.Greet({ name: "" }).pipe(Effect.catchTag("Nobody", () => Effect.succeed("nobody")))
    const counted = yield* Stream.runCollect(client.Count({ to: 5 }))
    return {
      created: created.text,
      found: found.text,
      missing,
      ticks: Chunk.toReadonlyArray(ticked),
      greeting,
      nobody,
      counted: Chunk.toReadonlyArray(counted)
    }
  }).pipe(Effect.scoped, Effect.provide(layerRpc(url)))
