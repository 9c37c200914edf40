/**
 * A platform application at `node:http`'s server: what application.ts is for HTTP/2, with the same outcome for whatever an application does. Made by
 * port.ts for each application that is served; http1.ts hands it the requests.
 */
import * as InterruptibleRuntime from "@effect-http2/http2/InterruptibleRuntime"
import type { Http1Handler } from "@effect-http2/node/http1/http1Server"
import * as HttpApp from "@effect/platform/HttpApp"
import type * as HttpMiddleware from "@effect/platform/HttpMiddleware"
import * as HttpServerError from "@effect/platform/HttpServerError"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Runtime from "effect/Runtime"
import type * as Scope from "effect/Scope"
import * as Http from "node:http"
import type * as Net from "node:net"
import type { Services } from "../server/application.js"
import type { WebSocketLimits } from "@effect-http2/node/webSocket/boundedWebSocket"
import * as Http1ServerRequest from "./http1Request.js"
import { respond } from "./http1Response.js"
import { upgrade } from "./http1WebSocket.js"
import { discardBody, holdsSource } from "../server/serverResponse.js"

/** What an application does with the requests of HTTP/1.1. */
export interface Http1Application extends Http1Handler {
  /** Interrupts the handlers that run, and waits for them, up to `timeout`. Those that run on then are named in the log, and abandoned. */
  readonly end: (timeout: Duration.DurationInput) => Effect.Effect<void>
}

/** The response to a request that asked to be upgraded. The connection ends with it: Node has let go of that. */
const responseOf = (request: Http.IncomingMessage, socket: Net.Socket): (() => Http.ServerResponse) => {
  let response: Http.ServerResponse | undefined
  return () => {
    if (response === undefined) {
      response = new Http.ServerResponse(request)
      response.shouldKeepAlive = false
      response.assignSocket(socket)
      response.on("finish", () => socket.end())
    }
    return response
  }
}

/** With what its response holds open let go at the end of the request: another may have been sent in its place, or none. */
const releasing = <E, R>(httpApp: HttpApp.Default<E, R>): HttpApp.Default<E, R | Scope.Scope> =>
  Effect.tap(httpApp, (response) =>
    holdsSource(response) ? Effect.addFinalizer(() => Effect.sync(() => discardBody(response))) : Effect.void
  )

/** Nobody is left to respond: the application has failed where even the error could not be sent. */
const answer = (response: Http.ServerResponse): void => {
  if (response.writableEnded || response.destroyed || response.socket?.destroyed === true) return
  if (response.headersSent) response.destroy()
  else response.writeHead(500, { "content-length": "0" }).end()
}

/** What a client has sent, for a log. */
const shortened = (text: string): string => (text.length > 256 ? `${text.slice(0, 256)}...` : text)

const logAbandoned = ({ method, originalUrl }: Http1ServerRequest.Http1ServerRequest): Effect.Effect<void> =>
  Effect.logWarning(
    `The handler of ${shortened(method)} ${shortened(originalUrl)} did not end in time, and is abandoned`
  )

export const make = <E, R>(
  httpApp: HttpApp.Default<E, R>,
  middleware: HttpMiddleware.HttpMiddleware | undefined,
  webSocketLimits: WebSocketLimits
): Effect.Effect<Http1Application, never, Services<R>> =>
  Effect.gen(function* () {
    const runtime = yield* InterruptibleRuntime.capture<Services<R>>()
    const runFork = Runtime.runFork(runtime)
    // A middleware may take away what the application needs, and adds nothing here: `HttpServer.serve` has seen to it.
    const handled = HttpApp.toHandled(releasing(httpApp), respond, middleware) as Effect.Effect<
      void,
      unknown,
      Services<R> | HttpServerRequest.HttpServerRequest
    >
    const running = new Map<Fiber.RuntimeFiber<void, unknown>, Http1ServerRequest.Http1ServerRequest>()
    const run = (request: Http1ServerRequest.Http1ServerRequest): Fiber.RuntimeFiber<void, unknown> => {
      const fiber = runFork(
        Effect.provideService(handled, HttpServerRequest.HttpServerRequest, request) as Effect.Effect<
          void,
          unknown,
          Services<R>
        >
      )
      running.set(fiber, request)
      fiber.addObserver(() => {
        running.delete(fiber)
        if (!request.isUpgraded) answer(request.nodeResponse)
      })
      return fiber
    }
    return {
      onRequest: (request, response) => {
        const fiber = run(Http1ServerRequest.make(request, response))
        response.on("close", () => {
          if (!response.writableEnded) fiber.unsafeInterruptAsFork(HttpServerError.clientAbortFiberId)
        })
      },
      onUpgrade: (request, socket, head) => {
        const fiber = run(
          Http1ServerRequest.make(request, responseOf(request, socket), upgrade(request, socket, head, webSocketLimits))
        )
        socket.on("close", () => {
          if (!socket.writableEnded) fiber.unsafeInterruptAsFork(HttpServerError.clientAbortFiberId)
        })
      },
      end: (timeout) =>
        Effect.suspend(() => {
          if (running.size === 0) return Effect.void
          // The wait is given up, and not what is waited for: a handler may be uninterruptible.
          const ended = Effect.interruptible(Fiber.interruptAll([...running.keys()]))
          const abandoned = Effect.suspend(() => Effect.forEach(running.values(), logAbandoned, { discard: true }))
          return Effect.provide(Effect.zipRight(Effect.timeoutOption(ended, timeout), abandoned), runtime)
        })
    }
  })
