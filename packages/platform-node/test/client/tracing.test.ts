/** Spans and their propagation are those of the platform's other clients. */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as Tracer from "effect/Tracer"
import { expect } from "vitest"
import { check, http, http2, makeClient } from "./support/servers.js"

interface Seen {
  readonly name: string
  readonly kind: Tracer.SpanKind
  readonly attributes: Map<string, unknown>
  readonly parent: string | undefined
  readonly spanId: string
  exit: string | undefined
}

/** A tracer that listens. */
const makeTracer = () => {
  const spans: Array<Seen> = []
  const tracer = Tracer.make({
    span: (name, parent, context, links, startTime, kind) => {
      const seen: Seen = {
        name,
        kind,
        attributes: new Map(),
        parent: Option.getOrUndefined(parent)?.spanId,
        spanId: `0123456789abcde${spans.length}`,
        exit: undefined
      }
      spans.push(seen)
      return {
        _tag: "Span",
        name,
        spanId: seen.spanId,
        traceId: "0123456789abcdef0123456789abcdef",
        parent,
        context,
        status: { _tag: "Started", startTime },
        attributes: seen.attributes,
        links,
        sampled: true,
        kind,
        end: (_, exit) => {
          seen.exit = exit._tag
        },
        attribute: (key, value) => void seen.attributes.set(key, value),
        event: () => undefined,
        addLinks: () => undefined
      }
    },
    context: (f) => f()
  })
  return { spans, tracer }
}

const trace = { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331" }

const echo = () =>
  http2((stream, headers) => {
    stream.respond({ "content-type": "application/json", "x-answer": "1", "set-cookie": "secret=1" })
    stream.end(JSON.stringify({ b3: headers["b3"], traceparent: headers["traceparent"] }))
  })

const fields = (client: HttpClient.HttpClient, url: string) =>
  Effect.flatMap(client.get(url), (response) => response.json) as Effect.Effect<{ b3?: string; traceparent?: string }>

check("a tracer that listens sees what it sees of the platform's own client", () =>
  Effect.gen(function* () {
    const { url } = yield* http((_, response) => {
      response.sendDate = false
      response.setHeader("connection", "close")
      response.setHeader("x-answer", "1")
      response.setHeader("set-cookie", "secret=1")
      response.end("ok")
    })
    const request = HttpClientRequest.post(`${url}/path?a=b`).pipe(
      HttpClientRequest.setHeaders({ "x-one": "1", authorization: "secret" })
    )
    const spansOf = (client: HttpClient.HttpClient) =>
      Effect.gen(function* () {
        const { spans, tracer } = makeTracer()
        yield* client
          .execute(request)
          .pipe(Effect.withTracer(tracer), Effect.withParentSpan(Tracer.externalSpan(trace)))
        return spans
      })
    const ours = yield* spansOf(yield* makeClient())
    const theirs = yield* spansOf(Context.get(yield* Layer.build(NodeHttpClient.layer), HttpClient.HttpClient))
    expect(ours[0]?.attributes.get("network.protocol.version")).toBe("1.1")
    ours[0]?.attributes.delete("network.protocol.version")
    expect(ours).toEqual(theirs)
    expect(ours[0]).toMatchObject({ name: "http.client POST", kind: "client", parent: trace.spanId, exit: "Success" })
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

check("the span that listens is propagated", () =>
  Effect.gen(function* () {
    const { url } = yield* echo()
    const { spans, tracer } = makeTracer()
    const sent = yield* fields(yield* makeClient(), url).pipe(Effect.withTracer(tracer))
    const id = spans[0]?.spanId
    expect(sent).toEqual({
      b3: `0123456789abcdef0123456789abcdef-${id}-1`,
      traceparent: `00-0123456789abcdef0123456789abcdef-${id}-01`
    })
  })
)

check("Effect's own tracer: ids are sent, of the parent's trace where there is one", () =>
  Effect.gen(function* () {
    const { url } = yield* echo()
    const client = yield* makeClient()
    const alone = yield* fields(client, url)
    expect(alone.traceparent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/)
    expect(alone.b3).toBe(`${alone.traceparent?.slice(3, 52)}-1`)
    const below = yield* fields(client, url).pipe(Effect.withParentSpan(Tracer.externalSpan(trace)))
    expect(below.traceparent).toMatch(new RegExp(`^00-${trace.traceId}-[0-9a-f]{16}-01$`))
    expect(below.b3).toMatch(new RegExp(`^${trace.traceId}-[0-9a-f]{16}-1-${trace.spanId}$`))
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

check("no span and no fields where the tracer is off or turned off for the request", () =>
  Effect.gen(function* () {
    const { url } = yield* echo()
    const client = yield* makeClient()
    const { spans, tracer } = makeTracer()
    expect(yield* Effect.withTracerEnabled(fields(client, url), false)).toEqual({})
    const disabled = HttpClient.withTracerDisabledWhen(client, () => true)
    expect(yield* Effect.withTracer(fields(disabled, url), tracer)).toEqual({})
    expect(spans).toEqual([])
  })
)

check("no fields without propagation", () =>
  Effect.gen(function* () {
    const { url } = yield* echo()
    const client = HttpClient.withTracerPropagation(yield* makeClient(), false)
    const { spans, tracer } = makeTracer()
    expect(yield* fields(client, url)).toEqual({})
    expect(yield* Effect.withTracer(fields(client, url), tracer)).toEqual({})
    expect(spans.length).toBe(1)
  })
)

check("a name for spans, given with the client", () =>
  Effect.gen(function* () {
    const { url } = yield* echo()
    const { spans, tracer } = makeTracer()
    const named = HttpClient.withSpanNameGenerator(yield* makeClient(), (request) => `my ${request.method}`)
    yield* Effect.withTracer(named.get(url), tracer)
    const later = yield* Effect.provideService(makeClient(), HttpClient.SpanNameGenerator, () => "given")
    yield* Effect.withTracer(later.get(url), tracer)
    expect(spans.map(({ name }) => name)).toEqual(["my GET", "given"])
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
    yield* client
      .execute(HttpClientRequest.bodyStream(HttpClientRequest.post(url), body))
      .pipe(Effect.withTracer(tracer))
    expect(spans.map(({ name, parent }) => [name, parent])).toEqual([
      ["http.client POST", undefined],
      ["inner", spans[0]?.spanId]
    ])
  })
)
