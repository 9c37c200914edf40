/** The sample application: nothing but what `effect` has, for whichever `HttpServer` it is given. */
import * as NodeHttp2Server from "@effect-http2/effect4-platform-node/NodeHttp2Server"
import { html } from "@effect-http2/scratchpad/appPage"
import * as Effect from "effect/Effect"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as RpcSerialization from "effect/rpc/RpcSerialization"
import * as RpcServer from "effect/rpc/RpcServer"
import * as Schedule from "effect/Schedule"
import * as Socket from "effect/socket/Socket"
import * as Stream from "effect/Stream"
import { Api, Nobody, NoSuchNote, Note, Rpcs, TicksParams } from "./api.js"

const Notes = HttpApiBuilder.group(Api, "notes", (handlers) => {
  const texts: Array<string> = []
  return handlers
    .handle("find", ({ params: { id }, query: { upper } }) => {
      const text = texts[id - 1]
      if (text === undefined) return Effect.fail(new NoSuchNote({ id }))
      return Effect.succeed(new Note({ id, text: upper === "true" ? text.toUpperCase() : text }))
    })
    .handle("create", ({ payload: { text } }) => Effect.sync(() => new Note({ id: texts.push(text), text })))
})

const NotesRoutes = HttpApiBuilder.layer(Api, { openapiPath: "/api/openapi.json" }).pipe(Layer.provide(Notes))

/** Server-sent events, as many as the path says. */
const ticks = HttpRouter.schemaPathParams(TicksParams).pipe(
  Effect.map(({ count }) =>
    HttpServerResponse.stream(
      Stream.range(1, count).pipe(
        Stream.schedule(Schedule.spaced("10 millis")),
        Stream.map((tick) => `data: ${tick}\n\n`),
        Stream.encodeText
      ),
      { contentType: "text/event-stream", headers: { "cache-control": "no-store" } }
    )
  ),
  Effect.catchTag("SchemaError", ({ message }) =>
    Effect.succeed(HttpServerResponse.text(`${message}\n`, { status: 400 }))
  )
)

/** How the WebSocket came to be: by an extended CONNECT of HTTP/2 (RFC 8441), or by the upgrade of HTTP/1.1. */
const opening = (request: HttpServerRequest.HttpServerRequest): string =>
  NodeHttp2Server.toHttp2ServerRequest(request).pipe(
    Option.flatMapNullishOr(({ protocol }) => protocol),
    Option.match({ onNone: () => "HTTP/1.1 upgrade", onSome: (protocol) => `h2 CONNECT ${protocol}` })
  )

const decoder = new TextDecoder()

/** Sends back each message, and how the WebSocket came to be. */
const echo = Effect.gen(function* () {
  const request = yield* HttpServerRequest.HttpServerRequest
  const socket = yield* request.upgrade
  const { pull } = yield* socket.reader
  const { write } = yield* socket.writer
  const answer = (message: Uint8Array | string) =>
    write(`${opening(request)}: ${typeof message === "string" ? message : decoder.decode(message)}`)
  return yield* Effect.forever(Effect.flatMap(pull, (messages) => Effect.forEach(messages, answer, { discard: true })))
}).pipe(
  // Who left, or closed with a code, has had its answers.
  Effect.catchIf(Socket.isSocketError, () => Effect.succeed(HttpServerResponse.empty())),
  Effect.scoped
)

const Routes = HttpRouter.use((router) =>
  Effect.all([
    router.add("GET", "/", HttpServerResponse.html(html)),
    router.add("GET", "/ticks/:count", ticks),
    router.add("GET", "/echo", echo)
  ])
)

const RpcHandlers = Rpcs.toLayer({
  Greet: ({ name }) => (name === "" ? Effect.fail(new Nobody()) : Effect.succeed(`Hello, ${name}!`)),
  Count: ({ to }) => Stream.range(1, to)
})

const RpcRoute = RpcServer.layerHttp({ group: Rpcs, path: "/rpc", protocol: "http" }).pipe(
  Layer.provide([RpcHandlers, RpcSerialization.layerNdjson])
)

export const layer = HttpRouter.serve(Layer.mergeAll(Routes, NotesRoutes, RpcRoute), {
  disableLogger: true,
  disableListenLog: true
})
