/**
 * Rpc at our port: over HTTP in every serialization, over WebSockets of either version; streams that the client interrupts.
 */
import * as NodeHttp2Server from "@effect-http2/platform-node/NodeHttp2Server"
import * as NodeSocket from "@effect/platform-node/NodeSocket"
import * as HttpLayerRouter from "@effect/platform/HttpLayerRouter"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpRouter from "@effect/platform/HttpRouter"
import * as Socket from "@effect/platform/Socket"
import * as Rpc from "@effect/rpc/Rpc"
import * as RpcClient from "@effect/rpc/RpcClient"
import * as RpcGroup from "@effect/rpc/RpcGroup"
import * as RpcMiddleware from "@effect/rpc/RpcMiddleware"
import * as RpcSerialization from "@effect/rpc/RpcSerialization"
import * as RpcServer from "@effect/rpc/RpcServer"
import { describe, expect, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { port, protocols } from "./support/harness.js"
import { connectHttp2 } from "./support/webSocket.js"

class Refused extends Schema.TaggedError<Refused>()("Refused", { why: Schema.String }) {}

class CurrentUser extends Context.Tag("CurrentUser")<CurrentUser, string>() {}
class Authorization extends RpcMiddleware.Tag<Authorization>()("Authorization", {
  failure: Refused,
  provides: CurrentUser
}) {}
const AuthorizationLive = Layer.succeed(
  Authorization,
  Authorization.of(({ headers }) => {
    const { user } = headers
    return user === undefined ? new Refused({ why: "nobody" }) : Effect.succeed(user)
  })
)

const Group = RpcGroup.make(
  Rpc.make("Greet", { payload: { name: Schema.String }, success: Schema.String, error: Refused }),
  Rpc.make("Count", { payload: { to: Schema.Number }, success: Schema.Number, stream: true }),
  Rpc.make("Forever", { success: Schema.Number, stream: true }),
  Rpc.make("Maybe", { success: Schema.Option(Schema.Number) }),
  Rpc.make("WhoAmI", { success: Schema.String }).middleware(Authorization),
  Rpc.make("Broken"),
  Rpc.make("nested.Nothing")
)

const handlers = (stopped: Deferred.Deferred<void>) =>
  Group.toLayer({
    Greet: ({ name }) => (name === "" ? new Refused({ why: "nobody" }) : Effect.succeed(`Hello, ${name}`)),
    Count: ({ to }) => Stream.range(1, to),
    Forever: () =>
      Stream.ensuring(Stream.concat(Stream.make(1, 2, 3), Stream.never), Deferred.succeed(stopped, undefined)),
    Maybe: () => Effect.succeed(Option.some(1)),
    WhoAmI: () => CurrentUser,
    Broken: () => Effect.die(new Error("what is wrong")),
    "nested.Nothing": () => Effect.void
  }).pipe(Layer.merge(AuthorizationLive))

const use = Effect.gen(function* () {
  const client = yield* RpcClient.make(Group)
  expect(yield* client.Greet({ name: "Ada" })).toBe("Hello, Ada")
  expect(yield* Effect.flip(client.Greet({ name: "" }))).toEqual(new Refused({ why: "nobody" }))
  const counted = yield* Stream.runCollect(client.Count({ to: 100 }))
  expect([...counted]).toEqual(Array.from({ length: 100 }, (_, i) => i + 1))
  expect(yield* client.Maybe()).toEqual(Option.some(1))
  expect(yield* Effect.flip(client.WhoAmI())).toEqual(new Refused({ why: "nobody" }))
  expect(yield* client.WhoAmI(undefined, { headers: { user: "Ada" } })).toBe("Ada")
  expect(yield* RpcClient.withHeaders(client.WhoAmI(), { user: "Grace" })).toBe("Grace")
  yield* client.nested.Nothing()
  expect(Cause.squash(yield* Effect.flip(Effect.sandbox(client.Broken())))).toMatchObject({ message: "what is wrong" })
  const three = yield* Stream.runCollect(Stream.take(client.Forever(), 3))
  expect([...three]).toEqual([1, 2, 3])
})

const serializations = [
  { name: "ndjson", serialization: RpcSerialization.layerNdjson },
  { name: "msgpack", serialization: RpcSerialization.layerMsgPack },
  { name: "ndjson of JSON-RPC", serialization: RpcSerialization.layerNdJsonRpc() }
]

describe.each(protocols)("Rpc over $protocol", ({ layer }) => {
  for (const { name, serialization } of serializations) {
    it.scopedLive(`as ${name}; who interrupts a stream stops the server`, () =>
      Effect.gen(function* () {
        const stopped = yield* Deferred.make<void>()
        const server = HttpRouter.Default.serve().pipe(
          Layer.provide(RpcServer.layer(Group)),
          Layer.provide(handlers(stopped)),
          Layer.provide(RpcServer.layerProtocolHttp({ path: "/rpc" }))
        )
        yield* Layer.build(server)
        // The client at hand has the server's URL in front.
        const transformClient = HttpClient.mapRequest(HttpClientRequest.appendUrl("/rpc"))
        const client = RpcClient.layerProtocolHttp({ url: "", transformClient })
        yield* Effect.provide(use, client)
        yield* Deferred.await(stopped)
      }).pipe(Effect.scoped, Effect.provide([layer, serialization]))
    )
  }
})

/** A Socket of the platform over HTTP/2. */
const socketHttp2 = (path: string) =>
  Layer.scoped(
    Socket.Socket,
    Effect.flatMap(Effect.orDie(connectHttp2(path)), ({ webSocket }) =>
      // The types differ; `ws` has all of the interface that a Socket uses.
      Socket.fromWebSocket(Effect.succeed(webSocket as unknown as globalThis.WebSocket))
    )
  )

const socketSerializations = [
  { name: "ndjson", serialization: RpcSerialization.layerNdjson },
  { name: "JSON", serialization: RpcSerialization.layerJson },
  { name: "msgpack", serialization: RpcSerialization.layerMsgPack },
  { name: "JSON-RPC", serialization: RpcSerialization.layerJsonRpc() }
]

const sockets = ["HTTP/2", "HTTP/1.1"].flatMap((version) => socketSerializations.map((each) => ({ ...each, version })))

describe.each(sockets)("Rpc over a WebSocket over $version, as $name", ({ serialization, version }) => {
  it.scopedLive("at a router of either kind", () =>
    Effect.gen(function* () {
      for (const kind of ["HttpRouter", "HttpLayerRouter"]) {
        const stopped = yield* Deferred.make<void>()
        const rpc = RpcServer.layer(Group).pipe(Layer.provide(handlers(stopped)))
        const server =
          kind === "HttpRouter"
            ? HttpRouter.Default.serve().pipe(
                Layer.provide(rpc),
                Layer.provide(RpcServer.layerProtocolWebsocket({ path: "/ws" }))
              )
            : HttpLayerRouter.serve(rpc.pipe(Layer.provide(RpcServer.layerProtocolWebsocketRouter({ path: "/ws" }))), {
                disableListenLog: true,
                disableLogger: true
              })
        yield* Effect.gen(function* () {
          yield* Layer.build(Layer.fresh(server))
          const socket =
            version === "HTTP/1.1" ? NodeSocket.layerWebSocket(`ws://127.0.0.1:${yield* port}/ws`) : socketHttp2("/ws")
          yield* Effect.provide(use, RpcClient.layerProtocolSocket().pipe(Layer.provide(socket)))
          yield* Deferred.await(stopped)
        }).pipe(Effect.scoped, Effect.provide(NodeHttp2Server.layerTest))
      }
    }).pipe(Effect.provide(serialization))
  )
})
