/**
 * The platform's `HttpClient` over the pools: what `HttpClient.make` does for each request, in as few steps. Called by `NodeHttp2Client`.
 */
import type { TraceFields } from "@effect-http2/node/client/traceFields"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientError from "@effect/platform/HttpClientError"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as FiberRef from "effect/FiberRef"
import type * as FiberRefs from "effect/FiberRefs"
import { globalValue } from "effect/GlobalValue"
import * as Tracer from "effect/Tracer"
import type { ClientResponse } from "./clientResponse.js"
import { scopedRequests } from "../effectInternals.js"
import { type OnInformational, PlatformRequest } from "./clientRequest.js"
import type { ClientPools } from "./pool/skin.js"
import { dispose } from "./wire/requestBody.js"
import { Targets } from "./wire/target.js"
import * as Tracing from "./tracing.js"

/** Who hears of informational responses. */
export const currentOnInformational: FiberRef.FiberRef<OnInformational | undefined> = globalValue(
  "@effect-http2/platform-node/NodeHttp2Client/currentOnInformational",
  () => FiberRef.unsafeMake<OnInformational | undefined>(undefined)
)

type Sent = Effect.Effect<ClientResponse, HttpClientError.HttpClientError>

const isStreaming = ({ body }: HttpClientRequest.HttpClientRequest): boolean => body._tag === "Stream"

/** `isDirect`: whether what `HttpClient.make` does is done here, in fewer steps. */
export const makeClient = (
  pools: ClientPools,
  context: Context.Context<never>,
  isDirect = scopedRequests !== undefined
): HttpClient.HttpClient => {
  if (!isDirect) return makePlainClient(pools)
  const targets = new Targets()

  const execute = (request: HttpClientRequest.HttpClientRequest, fiber: Fiber.RuntimeFiber<unknown, unknown>): Sent => {
    const target = targets.of(request)
    if (target instanceof Error) {
      dispose(request.body)
      return Effect.fail(new HttpClientError.RequestError({ request, reason: "InvalidUrl", cause: target }))
    }
    const exchange = (trace: TraceFields | undefined, fiberRefs?: FiberRefs.FiberRefs) => {
      const signal = scopedRequests?.get(request)?.signal
      const onInformational = fiber.getFiberRef(currentOnInformational)
      return new PlatformRequest(request, target, pools, trace, signal, onInformational, fiberRefs).response
    }
    const send = (trace: TraceFields | undefined) =>
      isStreaming(request)
        ? Effect.flatMap(Effect.getFiberRefs, (fiberRefs) => exchange(trace, fiberRefs))
        : exchange(trace)
    if (!Tracing.isTraced(fiber, request)) return send(undefined)
    if (isStreaming(request) || !Tracing.isUnobserved(fiber)) return Tracing.inSpan(fiber, request, target.url, send)
    return send(Tracing.isPropagated(fiber) ? Tracing.unobservedFields(fiber) : undefined)
  }

  const given = inherited(context)
  const postprocess: HttpClient.HttpClient.Postprocess<HttpClientError.HttpClientError> = (effect) => {
    const sent = isKnown(effect)
      ? Effect.withFiberRuntime<ClientResponse, HttpClientError.HttpClientError>((fiber) =>
          execute(effect.value, fiber)
        )
      : Effect.flatMap(effect, (request) =>
          Effect.withFiberRuntime<ClientResponse, HttpClientError.HttpClientError>((fiber) => execute(request, fiber))
        )
    return given === undefined ? sent : Effect.mapInputContext(sent, (input) => Context.merge(given, input))
  }
  return HttpClient.makeWith(postprocess, Effect.succeed)
}

/** The client by `HttpClient.make`, which knows of scopes, and traces. */
const makePlainClient = (pools: ClientPools): HttpClient.HttpClient => {
  const targets = new Targets()
  return HttpClient.make((request, _url, signal, fiber) => {
    const target = targets.of(request)
    if (target instanceof Error) {
      dispose(request.body)
      return Effect.fail(new HttpClientError.RequestError({ request, reason: "InvalidUrl", cause: target }))
    }
    const onInformational = fiber.getFiberRef(currentOnInformational)
    return Effect.flatMap(
      Effect.getFiberRefs,
      (fiberRefs) => new PlatformRequest(request, target, pools, undefined, signal, onInformational, fiberRefs).response
    )
  })
}

/** Whether the request is there already, as it is where nothing was put before the client: one step less. */
const isKnown = <A, E>(effect: Effect.Effect<A, E>): effect is Exit.Success<A, E> =>
  Exit.isExit(effect) && Exit.isSuccess(effect)

/** What requests take from the context in which the client was made, where their own does not have it; undefined where that is nothing. */
const inherited = (context: Context.Context<never>): Context.Context<never> | undefined => {
  const keys = [Tracer.ParentSpan.key, HttpClient.SpanNameGenerator.key]
  return keys.some((key) => context.unsafeMap.has(key)) ? context : undefined
}
