/**
 * Spans of requests, as the platform's `HttpClient.make` has them. Where Effect's own tracer is in place, which hands its spans to nobody, all that is
 * seen of a span is its ids in the fields of the request: only those are made. Called by execute.ts.
 */
import { HeaderField } from "@effect-http2/hpack/HeaderField"
import * as Headers from "@effect/platform/Headers"
import * as HttpClient from "@effect/platform/HttpClient"
import type * as HttpClientError from "@effect/platform/HttpClientError"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpTraceContext from "@effect/platform/HttpTraceContext"
import * as Context from "effect/Context"
import * as DefaultServices from "effect/DefaultServices"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as FiberRef from "effect/FiberRef"
import * as Option from "effect/Option"
import * as Tracer from "effect/Tracer"
import type { ClientResponse } from "./clientResponse.js"
import { TraceFields } from "@effect-http2/node/client/traceFields"

type AnyFiber = Fiber.RuntimeFiber<unknown, unknown>
type Sent = Effect.Effect<ClientResponse, HttpClientError.RequestError>

const native = Context.get(DefaultServices.liveServices, Tracer.Tracer)

export const isTraced = (fiber: AnyFiber, request: HttpClientRequest.HttpClientRequest): boolean =>
  fiber.getFiberRef(FiberRef.currentTracerEnabled) && !fiber.getFiberRef(HttpClient.currentTracerDisabledWhen)(request)

/** Whether nobody can see a span but the peer, its ids. */
export const isUnobserved = (fiber: AnyFiber): boolean =>
  Context.get(fiber.getFiberRef(DefaultServices.currentServices), Tracer.Tracer) === native

export const isPropagated = (fiber: AnyFiber): boolean => fiber.getFiberRef(HttpClient.currentTracerPropagation)

const parentOf = (span: Option.Option<Tracer.AnySpan>): Tracer.AnySpan | undefined => {
  if (Option.isNone(span)) return undefined
  const { value } = span
  if (!Context.get(value.context, Tracer.DisablePropagation)) return value
  return value._tag === "Span" ? parentOf(value.parent) : undefined
}

const octets = Array.from({ length: 256 }, (_, octet) => octet.toString(16).padStart(2, "0"))

const word = (): string => {
  const bits = (Math.random() * 0x1_0000_0000) >>> 0
  return `${octets[bits >>> 24]}${octets[(bits >>> 16) & 255]}${octets[(bits >>> 8) & 255]}${octets[bits & 255]}`
}

/** The fields of a span that nobody will see. */
export const unobservedFields = (fiber: AnyFiber): TraceFields => {
  const parent = parentOf(Context.getOption(fiber.currentContext, Tracer.ParentSpan))
  const traceId = parent === undefined ? `${word()}${word()}${word()}${word()}` : parent.traceId
  const spanId = `${word()}${word()}`
  const ids = `${traceId}-${spanId}`
  return new TraceFields([
    new HeaderField("b3", parent === undefined ? `${ids}-1` : `${ids}-1-${parent.spanId}`),
    new HeaderField("traceparent", `00-${ids}-01`)
  ])
}

const describeRequest = (
  span: Tracer.Span,
  request: HttpClientRequest.HttpClientRequest,
  url: URL,
  redacted: ReadonlyArray<string | RegExp>
): void => {
  span.attribute("http.request.method", request.method)
  span.attribute("server.address", url.origin)
  if (url.port !== "") span.attribute("server.port", Number(url.port))
  span.attribute("url.full", url.toString())
  span.attribute("url.path", url.pathname)
  span.attribute("url.scheme", url.protocol.slice(0, -1))
  const query = url.search.slice(1)
  if (query !== "") span.attribute("url.query", query)
  describeHeaders(span, "request", request.headers, redacted)
}

const describeHeaders = (
  span: Tracer.Span,
  of: "request" | "response",
  headers: Headers.Headers,
  redacted: ReadonlyArray<string | RegExp>
): void => {
  const shown = Headers.redact(headers, redacted)
  for (const name in shown) {
    const value = shown[name]
    span.attribute(`http.${of}.header.${name}`, typeof value === "string" ? value : "<redacted>")
  }
}

/** Runs `send` in a span of its own, with the fields that tell the server of it. */
export const inSpan = (
  fiber: AnyFiber,
  request: HttpClientRequest.HttpClientRequest,
  url: URL,
  send: (fields: TraceFields | undefined) => Sent
): Sent => {
  const name = Context.get(fiber.currentContext, HttpClient.SpanNameGenerator)(request)
  return Effect.useSpan(name, { kind: "client", captureStackTrace: false }, (span) => {
    const redacted = fiber.getFiberRef(Headers.currentRedactedNames)
    describeRequest(span, request, url, redacted)
    const fields = isPropagated(fiber) ? TraceFields.from(HttpTraceContext.toHeaders(span)) : undefined
    return Effect.map(Effect.withParentSpan(send(fields), span), (response) => {
      span.attribute("http.response.status_code", response.status)
      span.attribute("network.protocol.version", response.protocol === "h2" ? "2" : "1.1")
      describeHeaders(span, "response", response.headers, redacted)
      return response
    })
  })
}
