/** The source of an upload that is given up, a Readable or a ReadableStream, is destroyed or cancelled, however far the request has come. */
import * as NodeHttp2Client from "@effect-http2/effect4-platform-node/NodeHttp2Client"
import * as HttpBody from "effect/http/HttpBody"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { Readable } from "node:stream"
import { ReadableStream } from "node:stream/web"
import { describe, expect } from "vitest"
import { hasUndici, undici } from "./support/clients.js"
import type { Handler } from "./support/servers.js"
import { certificate, check, http, http2Application, makeEvent } from "./support/servers.js"

const ours = NodeHttp2Client.layer({ tls: { ca: certificate.cert } })

interface Source {
  readonly body: HttpBody.HttpBody
  /** Completes when it is destroyed or cancelled. */
  readonly released: Effect.Effect<void>
}

/** Each yields 100 octets and is silent then. */
const sources: ReadonlyArray<readonly [string, () => Source]> = [
  [
    "a Readable",
    () => {
      const released = makeEvent()
      let isFirst = true
      const readable = new Readable({
        read() {
          if (isFirst) this.push(Buffer.alloc(100))
          isFirst = false
        },
        destroy: (error, callback) => {
          released.happen()
          callback(error)
        }
      })
      return { body: HttpBody.raw(readable), released: released.happened }
    }
  ],
  ["a ReadableStream", () => fromWeb((stream) => HttpBody.raw(stream))],
  ["a Response", () => fromWeb((stream) => HttpBody.raw(new Response(stream as globalThis.ReadableStream)))]
]

const fromWeb = (make: (stream: ReadableStream) => HttpBody.HttpBody): Source => {
  const released = makeEvent()
  const stream = new ReadableStream({
    start: (controller) => controller.enqueue(new Uint8Array(100)),
    cancel: () => released.happen()
  })
  return { body: make(stream), released: released.happened }
}

const post = (url: string, { body }: Source) =>
  HttpClient.execute(HttpClientRequest.setBody(HttpClientRequest.post(url), body))

/** A server that tells when a request has come with octets of its body. */
const receiver = (application: typeof http | typeof http2Application, answer: Handler = () => undefined) =>
  Effect.gen(function* () {
    const arrived = makeEvent()
    const { url } = yield* application((request, response) => {
      request.on("error", () => undefined)
      response.on("error", () => undefined)
      request.once("data", () => {
        arrived.happen()
        answer(request, response)
      })
    })
    return { url, arrived: arrived.happened }
  })

const clients = [
  { name: "ours over HTTP/1.1", application: http, layer: ours },
  { name: "ours over HTTP/2", application: http2Application, layer: ours },
  ...(hasUndici ? [{ name: undici.name, application: http, layer: undici.layer() }] : [])
] as const

for (const { application, layer, name } of clients) {
  describe(name, () => {
    for (const [what, make] of sources.slice(0, name === undici.name ? 1 : 3)) {
      check(`${what}: the request is interrupted while it is sent`, () =>
        Effect.gen(function* () {
          const { arrived, url } = yield* receiver(application)
          const source = make()
          const fiber = yield* Effect.forkChild(post(url, source))
          yield* arrived
          yield* Fiber.interrupt(fiber)
          yield* source.released
        }).pipe(Effect.provide(layer))
      )

      check(`${what}: the server has answered early and whole, and goes away`, () =>
        Effect.gen(function* () {
          const { url } = yield* receiver(application, (request, response) => {
            response.statusCode = 413
            response.end("too much", () => request.socket.destroy())
          })
          const source = make()
          yield* Effect.exit(Effect.flatMap(post(url, source), (response) => response.text))
          yield* source.released
        }).pipe(Effect.provide(layer))
      )

      check(`${what}: the response, whose head is here, is given up`, () =>
        Effect.gen(function* () {
          const { url } = yield* receiver(application, (_, response) => void response.write("more to come"))
          const source = make()
          const response = yield* post(url, source)
          const fiber = yield* Effect.forkChild(response.text)
          yield* Effect.yieldNow
          yield* Fiber.interrupt(fiber)
          yield* source.released
        }).pipe(Effect.provide(layer))
      )
    }
  })
}

describe("a request that is never sent", () => {
  for (const [what, make] of sources) {
    check(`${what}: nobody listens`, () =>
      Effect.gen(function* () {
        for (const scheme of ["http", "https"]) {
          const source = make()
          const error = yield* Effect.flip(post(`${scheme}://127.0.0.1:1/`, source))
          expect(error).toMatchObject({ _tag: "HttpClientError", reason: { _tag: "TransportError" } })
          yield* source.released
        }
      }).pipe(Effect.provide(ours))
    )

    check(`${what}: it waits for a place, and is interrupted`, () =>
      Effect.gen(function* () {
        for (const application of [http, http2Application]) {
          const arrived = makeEvent()
          const { url } = yield* application(() => arrived.happen())
          const client = yield* NodeHttp2Client.make({
            tls: { ca: certificate.cert },
            pool: { maxConnections: 1, maxHttp1Connections: 1 }
          })
          const first = yield* Effect.forkChild(Effect.replicateEffect(client.get(url), 1))
          yield* arrived.happened
          const source = make()
          const request = HttpClientRequest.setBody(HttpClientRequest.post(url), source.body)
          const fiber = yield* Effect.forkChild(client.execute(request))
          yield* Effect.yieldNow
          yield* Fiber.interrupt(fiber)
          yield* source.released
          yield* Fiber.interrupt(first)
        }
      })
    )

    check(`${what}: its URL is none, or its fields cannot be sent`, () =>
      Effect.gen(function* () {
        const { url } = yield* http(() => undefined)
        for (const request of [
          HttpClientRequest.post("ftp://localhost/"),
          HttpClientRequest.setHeader(HttpClientRequest.post(url), "x bad", "a")
        ]) {
          const source = make()
          yield* Effect.flip(HttpClient.execute(HttpClientRequest.setBody(request, source.body)))
          yield* source.released
        }
      }).pipe(Effect.provide(ours))
    )
  }
})
