/**
 * Spans of requests: those of `HttpMiddleware.tracer`, with what only HTTP/2 has to say. A tracer of the user's gets them as they happen;
 * for Effect's own they are made when somebody looks. Decided once for each application; called by application.ts.
 */
import type * as Http2ServerRequest from "@effect-http2/http2/Http2ServerRequest"
import type * as HttpApp from "@effect/platform/HttpApp"
import * as Headers from "@effect/platform/Headers"
import * as HttpMiddleware from "@effect/platform/HttpMiddleware"
import * as HttpServerError from "@effect/platform/HttpServerError"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import type { HttpServerResponse } from "@effect/platform/HttpServerResponse"
import * as HttpTraceContext from "@effect/platform/HttpTraceContext"
import * as Chunk from "effect/Chunk"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as DefaultServices from "effect/DefaultServices"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as FiberRef from "effect/FiberRef"
import * as Option from "effect/Option"
import * as Tracer from "effect/Tracer"
import { isServerRequest, type ServerRequest } from "./serverRequest.js"
import { ServerSpan, type SpanSource } from "./serverSpan.js"

const nativeTracer = Context.get(DefaultServices.liveServices, Tracer.Tracer)

const connectionIds = new WeakMap<object, number>()
let connections = 0

/** A number for each connection, the same for all its requests. */
const connectionIdOf = ({ peer }: Http2ServerRequest.Http2ServerRequest): number => {
  let id = connectionIds.get(peer)
  if (id === undefined) {
    id = ++connections
    connectionIds.set(peer, id)
  }
  return id
}

const addHttp2 = (span: Tracer.Span, { http2: source }: ServerRequest): void => {
  span.attribute("network.protocol.version", "2")
  span.attribute("http2.connection.id", connectionIdOf(source))
  span.attribute("http2.stream.id", source.stream.id)
}

const addHeaders = (span: Tracer.Span, prefix: string, headers: Headers.Headers, redacted: Redacted): void => {
  const safe = Headers.redact(headers, redacted)
  for (const name in safe) {
    const value = safe[name]
    span.attribute(`${prefix}.${name}`, typeof value === "string" ? value : "<redacted>")
  }
}

type Redacted = ReadonlyArray<string | RegExp>

/** The attributes that `HttpMiddleware.tracer` gives. */
const addRequest = (span: Tracer.Span, request: ServerRequest, redacted: Redacted): void => {
  const url = Option.getOrUndefined(HttpServerRequest.toURL(request))
  span.attribute("http.request.method", request.method)
  if (url !== undefined) {
    if (url.username !== "" || url.password !== "") {
      url.username = "REDACTED"
      url.password = "REDACTED"
    }
    span.attribute("url.full", url.toString())
    span.attribute("url.path", url.pathname)
    if (url.search.length > 1) span.attribute("url.query", url.search.slice(1))
    span.attribute("url.scheme", url.protocol.slice(0, -1))
  }
  const agent = request.sharedHeaders["user-agent"]
  if (agent !== undefined) span.attribute("user_agent.original", agent)
  addHeaders(span, "http.request.header", request.sharedHeaders, redacted)
  if (request.remoteAddress._tag === "Some") span.attribute("client.address", request.remoteAddress.value)
}

/** Octets beyond which a field that names a parent is none: those in use have 55 and 68. */
const longestParent = 256

/** The span that the client names. The fields are split where they are read: a long one costs us more than it does the client. */
const parentOf = (headers: Headers.Headers): Option.Option<Tracer.ExternalSpan> =>
  (headers["traceparent"]?.length ?? 0) > longestParent || (headers["b3"]?.length ?? 0) > longestParent
    ? Option.none()
    : HttpTraceContext.fromHeaders(headers)

/** How an application is traced. */
export interface Tracing {
  /** The span of a request to be put into its context; undefined where `wrap` sees to it, or the request is not traced. */
  readonly spanOf: (request: ServerRequest) => ServerSpan<ServerRequest> | undefined
  readonly wrap: <E, R>(app: HttpApp.Default<E, R>) => HttpApp.Default<E, R>
}

/** What the application answers, or what is known of it where it failed. */
const addResponse = (span: Tracer.Span, exit: Exit.Exit<HttpServerResponse, unknown>, redacted: Redacted): void => {
  const response = HttpServerError.exitResponse(exit)
  span.attribute("http.response.status_code", response.status)
  addHeaders(span, "http.response.header", response.headers, redacted)
}

const traced = <E, R>(
  app: HttpApp.Default<E, R>,
  request: ServerRequest,
  fiber: Fiber.RuntimeFiber<unknown, unknown>
): HttpApp.Default<E, R> => {
  const redacted = fiber.getFiberRef(Headers.currentRedactedNames)
  const nameOf = Context.get(fiber.currentContext, HttpMiddleware.SpanNameGenerator)
  const options: Tracer.SpanOptions = {
    parent: Option.getOrUndefined(parentOf(request.sharedHeaders)),
    kind: "server",
    captureStackTrace: false
  }
  return Effect.useSpan(nameOf(request), options, (span) => {
    addRequest(span, request, redacted)
    addHttp2(span, request)
    return Effect.flatMap(Effect.exit(Effect.withParentSpan(app, span)), (exit) => {
      addResponse(span, exit, redacted)
      return exit
    })
  })
}

/** Where the platform itself traces. */
export const none: Tracing = { spanOf: () => undefined, wrap: (app) => app }

/** A tracer that is told of everything as it happens. */
const eager: Tracing = {
  spanOf: () => undefined,
  wrap: <E, R>(app: HttpApp.Default<E, R>): HttpApp.Default<E, R> =>
    Effect.withFiberRuntime<HttpServerResponse, E, R | HttpServerRequest.HttpServerRequest>((fiber) => {
      const request = Context.unsafeGet(fiber.currentContext, HttpServerRequest.HttpServerRequest)
      const isDisabled = fiber.getFiberRef(HttpMiddleware.currentTracerDisabledWhen)(request)
      return isDisabled || !isServerRequest(request) ? app : traced(app, request, fiber)
    })
}

const lazy = (fiber: Fiber.RuntimeFiber<unknown, unknown>): Tracing => {
  const context = fiber.currentContext
  const redacted = fiber.getFiberRef(Headers.currentRedactedNames)
  const isDisabled = fiber.getFiberRef(HttpMiddleware.currentTracerDisabledWhen)
  const nameOf = Context.get(context, HttpMiddleware.SpanNameGenerator)
  const annotations = fiber.getFiberRef(FiberRef.currentTracerSpanAnnotations)
  const links = Chunk.toReadonlyArray(fiber.getFiberRef(FiberRef.currentTracerSpanLinks))
  const ambient = Option.filter(
    Context.getOption(context, Tracer.ParentSpan),
    (span) => !Context.get(span.context, Tracer.DisablePropagation)
  )
  const source: SpanSource<ServerRequest> = {
    clock: Context.get(fiber.currentDefaultServices, Clock.Clock),
    isTimed: fiber.getFiberRef(FiberRef.currentTracerTimingEnabled),
    make: (request, startTime) => {
      const parent = Option.orElse(parentOf(request.sharedHeaders), () => ambient)
      const span = nativeTracer.span(nameOf(request), parent, Context.empty(), links, startTime, "server", {
        captureStackTrace: false
      })
      for (const [key, value] of annotations) span.attribute(key, value)
      addRequest(span, request, redacted)
      addHttp2(span, request)
      return span
    },
    describe: (span, exit) => addResponse(span, exit, redacted)
  }
  return {
    spanOf: (request) => (isDisabled(request) ? undefined : new ServerSpan(source, request)),
    wrap: (app) => app
  }
}

/** How the application that is served now is traced. */
export const make: Effect.Effect<Tracing> = Effect.withFiberRuntime((fiber) => {
  const isNative = fiber.currentTracer === nativeTracer && fiber.getFiberRef(FiberRef.currentTracerEnabled)
  return Effect.succeed(isNative ? lazy(fiber) : eager)
})
