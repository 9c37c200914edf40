/** The sample application: nothing but `@effect/platform` and `@effect/rpc`, for whichever `HttpServer` it is given. */
import * as NodeHttp2Server from "@effect-http2/platform-node/NodeHttp2Server"
import { html } from "@effect-http2/scratchpad/appPage"
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import * as HttpLayerRouter from "@effect/platform/HttpLayerRouter"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as RpcSerialization from "@effect/rpc/RpcSerialization"
import * as RpcServer from "@effect/rpc/RpcServer"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import { Api, Nobody, NoSuchNote, Note, Rpcs, TicksParams } from "./api.js"

const Notes = HttpApiBuilder.group(Api, "notes", (handlers) =>
  Effect.sync(() => {
    const texts: Array<string> = []
    return handlers
      .handle("find", ({ path: { id }, urlParams: { upper } }) => {
        const text = texts[id - 1]
        if (text === undefined) return new NoSuchNote({ id })
        return Effect.succeed(new Note({ id, text: upper === true ? text.toUpperCase() : text }))
      })
      .handle("create", ({ payload: { text } }) => Effect.sync(() => new Note({ id: texts.push(text), text })))
  })
)

const NotesRoutes = HttpLayerRouter.addHttpApi(Api, { openapiPath: "/api/openapi.json" }).pipe(Layer.provide(Notes))

/** Server-sent events, as many as the path says. */
const ticks = HttpLayerRouter.schemaPathParams(TicksParams).pipe(
  Effect.map(({ count }) =>
    HttpServerResponse.stream(
      Stream.range(1, count).pipe(
        // A range from 1 to 0 is 1.
        Stream.take(count),
        Stream.schedule(Schedule.spaced("10 millis")),
        Stream.map((tick) => `data: ${tick}\n\n`),
        Stream.encodeText
      ),
      { contentType: "text/event-stream", headers: { "cache-control": "no-store" } }
    )
  ),
  Effect.catchTag("ParseError", ({ message }) => HttpServerResponse.text(`${message}\n`, { status: 400 }))
)

/** How the WebSocket came to be: by an extended CONNECT of HTTP/2 (RFC 8441), or by the upgrade of HTTP/1.1. */
const opening = (request: HttpServerRequest.HttpServerRequest): string =>
  NodeHttp2Server.toHttp2ServerRequest(request).pipe(
    Option.flatMapNullable(({ protocol }) => protocol),
    Option.match({ onNone: () => "HTTP/1.1 upgrade", onSome: (protocol) => `h2 CONNECT ${protocol}` })
  )

const decoder = new TextDecoder()

/** Sends back each message, and how the WebSocket came to be. */
const echo = Effect.gen(function* () {
  const request = yield* HttpServerRequest.HttpServerRequest
  const socket = yield* request.upgrade
  const write = yield* socket.writer
  yield* socket.runRaw((message) =>
    write(`${opening(request)}: ${typeof message === "string" ? message : decoder.decode(message)}`)
  )
  return HttpServerResponse.empty()
}).pipe(
  // Who left, or closed with a code, has had its answers.
  Effect.catchTag("SocketError", () => HttpServerResponse.empty()),
  Effect.scoped
)

const Routes = HttpLayerRouter.use((router) =>
  Effect.all([
    router.add("GET", "/", HttpServerResponse.html(html)),
    router.add("GET", "/ticks/:count", ticks),
    router.add("GET", "/echo", echo)
  ])
)

const RpcHandlers = Rpcs.toLayer({
  Greet: ({ name }) => (name === "" ? new Nobody() : Effect.succeed(`Hello, ${name}!`)),
  Count: ({ to }) => Stream.take(Stream.range(1, to), to)
})

const RpcRoute = RpcServer.layerHttpRouter({ group: Rpcs, path: "/rpc", protocol: "http" }).pipe(
  Layer.provide([RpcHandlers, RpcSerialization.layerNdjson])
)

export const layer = HttpLayerRouter.serve(Layer.mergeAll(Routes, NotesRoutes, RpcRoute), {
  disableLogger: true,
  disableListenLog: true
})
