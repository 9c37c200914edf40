/** Our client and our server with a proxy between them: nginx, which speaks HTTP/1.1 to the server, and HAProxy, which speaks HTTP/2 to it. */
import * as NodeHttp2Client from "@effect-http2/platform-node/NodeHttp2Client"
import * as NodeHttp2Server from "@effect-http2/platform-node/NodeHttp2Server"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpRouter from "@effect/platform/HttpRouter"
import * as HttpServer from "@effect/platform/HttpServer"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { expect } from "vitest"
import { describeWithPeer } from "../support/peers.js"
import * as PeerServers from "../support/peerServers.js"
import { octets, sha256, stream } from "../support/pseudoRandom.js"
import { certificate, check } from "../utils.js"

const MiB = 1024 * 1024
const large = octets(2 * MiB, 1)

/** What the handlers and a test tell each other. */
class Signals extends Context.Tag("Signals")<
  Signals,
  {
    readonly began: Deferred.Deferred<void>
    readonly received: Deferred.Deferred<void>
    readonly ended: Deferred.Deferred<void>
  }
>() {}

const signals = Layer.effect(
  Signals,
  Effect.all({ began: Deferred.make<void>(), received: Deferred.make<void>(), ended: Deferred.make<void>() })
)

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

const signal = (name: "began" | "received" | "ended") =>
  Effect.flatMap(Signals, (signals) => Deferred.succeed(signals[name], undefined))

const awaiting = (name: "began" | "received" | "ended") =>
  Effect.flatMap(Signals, (signals) => Deferred.await(signals[name]))

const facts = Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) =>
  HttpServerResponse.json({
    protocol: Option.isSome(NodeHttp2Server.toHttp2ServerRequest(request)) ? "h2" : "http/1.1",
    url: request.url,
    one: request.headers["x-one"],
    forwarded: request.headers["x-forwarded-proto"]
  })
)

const echo = Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) =>
  Effect.map(request.arrayBuffer, (body) => HttpServerResponse.uint8Array(new Uint8Array(body)))
)

const application = HttpRouter.empty.pipe(
  HttpRouter.get("/facts", facts),
  HttpRouter.post("/echo", echo),
  HttpRouter.get(
    "/parts",
    Effect.map(Signals, ({ received }) =>
      HttpServerResponse.stream(
        Stream.concat(Stream.make(bytes("one,")), Stream.fromEffect(Effect.as(Deferred.await(received), bytes("two"))))
      )
    )
  ),
  HttpRouter.get("/large", Effect.succeed(HttpServerResponse.stream(stream(2 * MiB, 1)))),
  HttpRouter.get(
    "/trailers",
    Effect.sync(() => NodeHttp2Server.withTrailers(HttpServerResponse.text("text"), { "x-end": "behind" }))
  ),
  HttpRouter.get(
    "/never",
    Effect.zipRight(
      signal("began"),
      Effect.onInterrupt(Effect.never, () => signal("ended"))
    )
  ),
  HttpRouter.get(
    "/endless",
    Effect.map(Signals, ({ ended }) =>
      HttpServerResponse.stream(
        Stream.concat(Stream.make(bytes("one")), Stream.never).pipe(Stream.ensuring(Deferred.succeed(ended, undefined)))
      )
    )
  )
)

/** Starts a proxy in front of a port. */
type Start = (port: number) => Promise<PeerServers.Proxy>

class Origin extends Context.Tag("Origin")<Origin, string>() {}

/** The proxy in front of the server at hand. */
const proxy = (start: Start) =>
  Layer.scoped(
    Origin,
    Effect.gen(function* () {
      const { address } = yield* HttpServer.HttpServer
      if (address._tag === "UnixAddress") return yield* Effect.dieMessage("not a TCP address")
      const running = yield* Effect.acquireRelease(
        Effect.promise(() => start(address.port)),
        ({ stop }) => Effect.promise(stop)
      )
      return running.https
    })
  )

const layer = (start: Start) =>
  Layer.mergeAll(NodeHttp2Client.layer({ tls: { ca: certificate.cert } }), proxy(start)).pipe(
    Layer.provideMerge(HttpServer.serve(application)),
    Layer.provideMerge(signals),
    Layer.provideMerge(NodeHttp2Server.layerServer({ host: "127.0.0.1", port: 0 }))
  )

const get = (path: string, headers: Record<string, string> = {}) =>
  Effect.flatMap(Origin, (origin) => HttpClient.get(`${origin}${path}`, { headers }))

const post = (
  path: string,
  withBody: (request: HttpClientRequest.HttpClientRequest) => HttpClientRequest.HttpClientRequest
) => Effect.flatMap(Origin, (origin) => HttpClient.execute(withBody(HttpClientRequest.post(`${origin}${path}`))))

/** A test of its own server behind its own proxy, all of which are gone at its end. */
const behind = (
  start: Start,
  name: string,
  test: () => Effect.Effect<unknown, unknown, HttpClient.HttpClient | Origin | Signals>
): void => check(name, () => Effect.provide(test(), layer(start)))

/** What every proxy has to let through. */
const define = (start: Start, front: NodeHttp2Client.Protocol, back: NodeHttp2Client.Protocol): void => {
  behind(start, `GET by ${front}, and by ${back} behind the proxy; 100 at once`, () =>
    Effect.gen(function* () {
      const ask = (index: number) =>
        Effect.flatMap(get(`/facts?index=${index}`, { "x-one": String(index) }), (response) =>
          Effect.map(response.json, (json) => ({
            status: response.status,
            protocol: Option.getOrUndefined(NodeHttp2Client.protocolOf(response)),
            json
          }))
        )
      const answers = yield* Effect.forEach(Array.from({ length: 100 }).keys(), ask, { concurrency: "unbounded" })
      expect(answers).toEqual(
        answers.map((_, index) => ({
          status: 200,
          protocol: front,
          json: { protocol: back, url: `/facts?index=${index}`, one: String(index), forwarded: "https" }
        }))
      )
      expect(answers.length).toBe(100)
      expect((yield* get("/missing")).status).toBe(404)
    })
  )

  behind(start, "POST with 2 MiB, from octets and from a Stream", () =>
    Effect.gen(function* () {
      const bodies = [HttpClientRequest.bodyUint8Array(large), HttpClientRequest.bodyStream(stream(2 * MiB, 1))]
      for (const body of bodies) {
        const response = yield* post("/echo", body)
        const received = new Uint8Array(yield* response.arrayBuffer)
        expect([response.status, sha256(received)]).toEqual([200, sha256(large)])
      }
    })
  )

  behind(start, "a streamed response: each part as it leaves, and 2 MiB", () =>
    Effect.gen(function* () {
      const parts = yield* get("/parts")
      // The server sends the second part once the first one is here.
      const text = yield* parts.stream.pipe(
        Stream.tap(() => signal("received")),
        Stream.decodeText(),
        Stream.mkString
      )
      expect(text).toBe("one,two")
      const received = yield* Effect.flatMap(get("/large"), (response) => response.arrayBuffer)
      expect(sha256(new Uint8Array(received))).toBe(sha256(large))
    })
  )

  behind(start, "trailers, where the proxy passes them; the response in any case", () =>
    Effect.gen(function* () {
      const response = yield* get("/trailers")
      expect(yield* response.text).toBe("text")
      const trailers = yield* Option.getOrThrow(NodeHttp2Client.trailersOf(response))
      expect(trailers["x-end"]).toBe(back === "h2" ? "behind" : undefined)
    })
  )

  behind(start, "a request that is cancelled ends its handler", () =>
    Effect.gen(function* () {
      const request = yield* Effect.fork(get("/never"))
      yield* awaiting("began")
      yield* Fiber.interrupt(request)
      yield* awaiting("ended")
      expect((yield* get("/facts")).status).toBe(200)
    })
  )

  behind(start, "a response that is given up ends its stream", () =>
    Effect.gen(function* () {
      const response = yield* get("/endless")
      const first = yield* Stream.runHead(Stream.decodeText(response.stream))
      expect(Option.getOrUndefined(first)).toBe("one")
      yield* awaiting("ended")
      expect((yield* get("/facts")).status).toBe(200)
    })
  )
}

describeWithPeer("nginx", "behind nginx, which speaks HTTP/2 in front", (program) => {
  define((port) => PeerServers.nginxProxy(program, certificate, port, true), "h2", "http/1.1")
})

describeWithPeer("nginx", "behind nginx, which speaks HTTP/1.1 only", (program) => {
  define((port) => PeerServers.nginxProxy(program, certificate, port, false), "http/1.1", "http/1.1")
})

describeWithPeer("haproxy", "behind HAProxy, which speaks HTTP/2 on both sides", (program) => {
  define((port) => PeerServers.haproxy(program, certificate, port), "h2", "h2")
})
