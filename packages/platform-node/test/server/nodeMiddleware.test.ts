/**
 * Middlewares that are written for `node:http`, under an application: what they read and write works as it does on the stock server.
 */
import * as HttpBody from "@effect/platform/HttpBody"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpRouter from "@effect/platform/HttpRouter"
import * as HttpServer from "@effect/platform/HttpServer"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as NodeHttpServerRequest from "@effect/platform-node/NodeHttpServerRequest"
import { describe, expect, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Http from "node:http"
import { Readable } from "node:stream"
import { finished, pipeline } from "node:stream"
import { servers } from "./support/sideBySide.js"

type Middleware = (
  request: Http.IncomingMessage,
  response: Http.ServerResponse,
  next: (error?: unknown) => void
) => void

class ExpressRequest extends Http.IncomingMessage {}
class ExpressResponse extends Http.ServerResponse {}

/** As in the adapters of users: until the response is over, or the middleware passes the request on. */
const runMiddleware = (middleware: Middleware) =>
  Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) =>
    Effect.async<HttpServerResponse.HttpServerResponse, unknown>((resume) => {
      const message = NodeHttpServerRequest.toIncomingMessage(request)
      const response = NodeHttpServerRequest.toServerResponse(request)
      // What Express does with both.
      Object.setPrototypeOf(message, ExpressRequest.prototype)
      Object.setPrototypeOf(response, ExpressResponse.prototype)
      response.once("close", () => resume(Effect.succeed(HttpServerResponse.empty())))
      middleware(message, response, (error) =>
        resume(error === undefined ? Effect.succeed(HttpServerResponse.text("passed on")) : Effect.fail(error))
      )
    }).pipe(Effect.interruptible)
  )

const readAll = (message: Http.IncomingMessage, done: (body: Buffer) => void) => {
  const chunks: Array<Buffer> = []
  message.on("data", (chunk: Buffer) => chunks.push(chunk))
  message.on("end", () => done(Buffer.concat(chunks)))
}

describe.each(servers)("on $server", ({ layer }) => {
  const serve = (middleware: Middleware) =>
    HttpRouter.empty.pipe(HttpRouter.all("*", runMiddleware(middleware)), HttpServer.serveEffect())

  it.scopedLive("a middleware reads the request: method, url, headers, socket, body", () =>
    Effect.gen(function* () {
      yield* serve((message, response) =>
        readAll(message, (body) => {
          const { headers, method, socket, url } = message
          response.setHeader("content-type", "application/json")
          response.end(
            JSON.stringify({
              body: body.toString(),
              complete: message.complete,
              custom: [headers["x-custom"], message.rawHeaders.includes("x-custom")],
              host: typeof headers.host,
              isMessage: message instanceof Http.IncomingMessage,
              method,
              socket: [
                socket.remoteAddress?.endsWith("127.0.0.1"),
                socket.remotePort !== undefined,
                Reflect.get(socket, "encrypted") === true
              ],
              url
            })
          )
        })
      )
      const response = yield* HttpClient.post("/path?a=1", {
        body: HttpBody.text("x".repeat(300_000)),
        headers: { "x-custom": "1" }
      })
      expect(yield* response.json).toEqual({
        body: "x".repeat(300_000),
        complete: true,
        custom: ["1", true],
        host: "string",
        isMessage: true,
        method: "POST",
        socket: [true, true, false],
        url: "/path?a=1"
      })
    }).pipe(Effect.provide(layer))
  )

  it.scopedLive("a middleware writes the response: writeHead, write, end, cookies, status", () =>
    Effect.gen(function* () {
      const seen: Array<unknown> = []
      yield* serve((_, response) => {
        response.statusCode = 404
        response.setHeader("x-a", ["1", "2"])
        response.setHeader("x-removed", "1")
        response.removeHeader("x-removed")
        response.appendHeader("set-cookie", "a=1")
        response.appendHeader("set-cookie", "b=2")
        seen.push(response.headersSent, response.writableEnded)
        response.writeHead(201, { "x-b": 3, connection: "close" })
        seen.push(response.headersSent, response.statusCode, response.getHeader("x-b"))
        expect(() => response.setHeader("x-late", "1")).toThrow()
        expect(() => response.writeHead(200)).toThrow()
        response.on("finish", () => seen.push("finish", response.writableFinished))
        response.write("some ")
        response.write(Buffer.from("more "), () => seen.push("written"))
        response.end("7071", "hex", () => seen.push("ended"))
        seen.push(response.writableEnded)
      })
      const response = yield* HttpClient.get("/")
      expect(yield* response.text).toBe("some more pq")
      expect(response.status).toBe(201)
      expect([response.headers["x-a"], response.headers["x-b"], response.headers["x-removed"]]).toEqual([
        "1, 2",
        "3",
        undefined
      ])
      expect(Object.keys(response.cookies.cookies)).toEqual(["a", "b"])
      expect(seen.slice(0, 6)).toEqual([false, false, true, 201, 3, true])
      expect(seen.slice(6).sort()).toEqual(["ended", "finish", true, "written"].sort())
    }).pipe(Effect.provide(layer))
  )

  it.scopedLive("a whole body has its length; HEAD and 204 have none to send", () =>
    Effect.gen(function* () {
      yield* serve((message, response) => {
        if (message.url === "/none") return void response.writeHead(204).end()
        if (message.method === "HEAD") response.setHeader("content-length", 4)
        response.end("body")
      })
      const whole = yield* HttpClient.get("/")
      expect([whole.headers["content-length"], yield* whole.text]).toEqual(["4", "body"])
      const head = yield* HttpClient.head("/")
      expect([head.status, head.headers["content-length"], yield* head.text]).toEqual([200, "4", ""])
      const none = yield* HttpClient.get("/none")
      expect([none.status, yield* none.text]).toEqual([204, ""])
    }).pipe(Effect.provide(layer))
  )

  it.scopedLive("a middleware pipes: with back-pressure, by pipeline too, the request into the response", () =>
    Effect.gen(function* () {
      const size = 3 << 20
      yield* serve((message, response) => {
        if (message.method === "POST") return void message.pipe(response)
        const source = Readable.from(
          (function* () {
            for (let i = 0; i < size; i += 1 << 16) yield Buffer.alloc(1 << 16, "x")
          })()
        )
        if (message.url === "/pipe") source.pipe(response)
        else pipeline(source, response, () => {})
      })
      for (const path of ["/pipe", "/pipeline"]) {
        const response = yield* HttpClient.get(path)
        expect((yield* response.arrayBuffer).byteLength).toBe(size)
      }
      const body = new Uint8Array(size).fill(7)
      const echoed = yield* HttpClient.post("/", { body: HttpBody.uint8Array(body) })
      expect(Buffer.from(yield* echoed.arrayBuffer).equals(body)).toBe(true)
    }).pipe(Effect.provide(layer))
  )

  it.scopedLive("wrapped methods are called, as on-headers and compression wrap them", () =>
    Effect.gen(function* () {
      yield* serve((_, response) => {
        const { end, writeHead } = response
        Reflect.set(response, "writeHead", (...parameters: Array<unknown>): unknown => {
          response.setHeader("x-time", "1")
          const wrapped: unknown = Reflect.apply(writeHead, response, parameters)
          return wrapped
        })
        Reflect.set(response, "end", (...parameters: Array<unknown>): unknown => {
          response.setHeader("x-end", "1")
          const wrapped: unknown = Reflect.apply(end, response, parameters)
          return wrapped
        })
        response.end("wrapped")
      })
      const response = yield* HttpClient.get("/")
      expect([yield* response.text, response.headers["x-time"], response.headers["x-end"]]).toEqual([
        "wrapped",
        "1",
        "1"
      ])
    }).pipe(Effect.provide(layer))
  )

  it.scopedLive("a request that is passed on is answered by the application, its failure by 500", () =>
    Effect.gen(function* () {
      yield* serve((message, response, next) => {
        response.setHeader("x-ignored", "1")
        if (message.url === "/error") next(new Error("broken"))
        else next()
      })
      expect(yield* Effect.flatMap(HttpClient.get("/"), ({ text }) => text)).toBe("passed on")
      expect((yield* HttpClient.get("/error")).status).toBe(500)
    }).pipe(Effect.provide(layer))
  )

  it.scopedLive("who waits for the end of both hears of it, as on-finished does, and of a client that has left", () =>
    Effect.gen(function* () {
      const ends = yield* Deferred.make<string>()
      const left = yield* Deferred.make<string>()
      const began = yield* Deferred.make<void>()
      yield* serve((message, response) => {
        if (message.url === "/stay") {
          finished(response, (error) => Deferred.unsafeDone(ends, Effect.succeed(error?.code ?? "ended")))
          return void response.end("stay")
        }
        let isClosed = false
        response.on("close", () => {
          if (isClosed) throw new Error("closed twice")
          isClosed = true
          Deferred.unsafeDone(
            left,
            Effect.succeed(`${response.writableFinished} ${message.aborted || message.destroyed}`)
          )
        })
        response.write("some")
        Deferred.unsafeDone(began, Effect.void)
      })
      expect(yield* Effect.flatMap(HttpClient.get("/stay"), ({ text }) => text)).toBe("stay")
      expect(yield* Deferred.await(ends)).toBe("ended")
      const fiber = yield* Effect.fork(Effect.flatMap(HttpClient.get("/leave"), ({ text }) => text))
      yield* Deferred.await(began)
      yield* Fiber.interrupt(fiber)
      expect(yield* Deferred.await(left)).toBe("false true")
    }).pipe(Effect.provide(layer))
  )
})
