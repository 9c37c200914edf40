/** Spans and their propagation are those of the stock clients. */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as Tracer from "effect/Tracer"
import { expect } from "vitest"
import { check, http, http2, makeClient } from "./support/servers.js"

interface Seen {
  readonly name: string
  readonly kind: Tracer.SpanKind
  readonly attributes: ReadonlyMap<string, unknown>
  readonly parent: string | undefined
  readonly spanId: string
  exit: Exit.Exit<unknown, unknown>["_tag"] | undefined
}

/** A tracer that listens. */
const makeTracer = () => {
  const spans: Array<Seen> = []
  const tracer = Tracer.make({
    span: (options) => {
      const span = new Tracer.NativeSpan(options)
      const seen: Seen = {
        name: span.name,
        kind: span.kind,
        attributes: span.attributes,
        parent: Option.getOrUndefined(span.parent)?.spanId,
        spanId: span.spanId,
        exit: undefined
      }
      spans.push(seen)
      const end = span.end.bind(span)
      span.end = (time, exit) => {
        seen.exit ??= exit._tag
        end(time, exit)
      }
      return span
    }
  })
  return { spans, tracer }
}

const trace = { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331" }

const echo = () =>
  http2((stream, headers) => {
    stream.respond({ "content-type": "application/json" })
    stream.end(JSON.stringify({ b3: headers["b3"], traceparent: headers["traceparent"] }))
  })

const fields = (client: HttpClient.HttpClient, url: string) =>
  Effect.map(
    Effect.flatMap(client.get(url), (response) => response.json),
    (json) => json as { readonly b3?: string; readonly traceparent?: string }
  )

check("a tracer that listens sees what it sees of the stock client", () =>
  Effect.gen(function* () {
    const { url } = yield* http((_, response) => response.end("ok"))
    const request = HttpClientRequest.post(`${url}/path?a=b`).pipe(
      HttpClientRequest.setHeaders({ "x-one": "1", authorization: "secret" })
    )
    const spansOf = (client: HttpClient.HttpClient) =>
      Effect.gen(function* () {
        const { spans, tracer } = makeTracer()
        const response = yield* client.execute(request).pipe(
          Effect.provideService(HttpClient.TracerHeaderFilter, (name) => name === "x-one" || name === "authorization"),
          Effect.withTracer(tracer),
          Effect.withParentSpan(Tracer.externalSpan(trace))
        )
        yield* response.text
        return spans.map(({ spanId: _, ...rest }) => rest)
      })
    const ours = yield* spansOf(yield* makeClient())
    const theirs = yield* Effect.flatMap(HttpClient.HttpClient, spansOf).pipe(
      Effect.provide(NodeHttpClient.layerNodeHttp)
    )
    expect(ours).toEqual(theirs)
    expect(ours[0]).toMatchObject({ name: "POST", kind: "client", parent: trace.spanId, exit: "Success" })
    expect(ours[0]?.attributes.get("http.request.header.authorization")).toBe("<redacted>")
  })
)

check("a request that fails ends its span with the failure", () =>
  Effect.gen(function* () {
    const { url } = yield* http2((stream) => stream.close(2))
    const { spans, tracer } = makeTracer()
    yield* Effect.flip((yield* makeClient()).get(url)).pipe(Effect.withTracer(tracer))
    expect(spans.map(({ exit }) => exit)).toEqual(["Failure"])
  })
)

check("ids are sent, of the parent's trace where there is one", () =>
  Effect.gen(function* () {
    const { url } = yield* echo()
    const client = yield* makeClient()
    const alone = yield* fields(client, url)
    expect(alone.traceparent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/)
    expect(alone.b3).toBe(`${alone.traceparent?.slice(3, 52)}-1`)
    const below = yield* fields(client, url).pipe(Effect.withParentSpan(Tracer.externalSpan(trace)))
    expect(below.traceparent).toMatch(new RegExp(`^00-${trace.traceId}-[0-9a-f]{16}-01$`))
    const twice = yield* fields(client, url)
    expect(twice.traceparent).not.toBe(alone.traceparent)
  })
)

check("the response's request has the fields that went out", () =>
  Effect.gen(function* () {
    const { url } = yield* echo()
    const response = yield* (yield* makeClient()).get(url)
    expect(response.request.headers["traceparent"]).toMatch(/^00-/)
    expect(yield* response.json).toMatchObject({ traceparent: response.request.headers["traceparent"] })
  })
)

check("no span and no fields where the tracer is turned off for the request; no fields without propagation", () =>
  Effect.gen(function* () {
    const { url } = yield* echo()
    const client = yield* makeClient()
    const { spans, tracer } = makeTracer()
    const sent = Effect.withTracer(fields(client, url), tracer)
    expect(yield* Effect.provideService(sent, HttpClient.TracerDisabledWhen, () => true)).toEqual({})
    expect(spans).toEqual([])
    expect(yield* Effect.provideService(sent, HttpClient.TracerPropagationEnabled, false)).toEqual({})
    expect(spans.length).toBe(1)
  })
)

check("a body that is a Stream runs within the span, with the request's context", () =>
  Effect.gen(function* () {
    const { url } = yield* http2((stream) => {
      stream.respond()
      stream.resume().on("end", () => stream.end())
    })
    const { spans, tracer } = makeTracer()
    const client = yield* makeClient()
    const body = Stream.fromEffect(Effect.as(Effect.withSpan(Effect.void, "inner"), new Uint8Array(1)))
    const response = yield* client
      .execute(HttpClientRequest.bodyStream(HttpClientRequest.post(url), body))
      .pipe(Effect.withTracer(tracer))
    expect(yield* response.text).toBe("")
    expect(spans.map(({ name, parent }) => [name, parent])).toEqual([
      ["POST", undefined],
      ["inner", spans[0]?.spanId]
    ])
  })
)
