/** Uploads that fail or lie about their length: the server sees a broken request, never a complete one; the program gets its own error, or its own defect. */
import * as NodeHttp2Client from "@effect-http2/effect4-platform-node/NodeHttp2Client"
import * as HttpBody from "effect/http/HttpBody"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Stream from "effect/Stream"
import type * as Http from "node:http"
import * as Net from "node:net"
import { Readable } from "node:stream"
import { ReadableStream } from "node:stream/web"
import { describe, expect } from "vitest"
import { certificate, check, http, http2Application, makeEvent, readAll, serve } from "./support/servers.js"
import { hasUndici, stock, undici, type Client } from "./support/clients.js"

const protocols = [
  { protocol: "HTTP/1.1", application: http },
  { protocol: "HTTP/2", application: http2Application }
] as const

const ours = NodeHttp2Client.layer({ tls: { ca: certificate.cert } })

/** A server that says how each upload ended: complete with its length, or broken. It answers those that are complete. */
const uploads = (application: (typeof protocols)[number]["application"], answersEarly = false) =>
  Effect.gen(function* () {
    const ended = makeEvent<string>()
    const arrived = makeEvent()
    const { url } = yield* application((request, response) => {
      request.once("data", () => arrived.happen())
      if (answersEarly) response.write("early")
      readAll(request).then(
        ({ length }) => {
          ended.happen(`complete: ${length}`)
          response.end("ok")
        },
        () => ended.happen("broken")
      )
    })
    return { url, ended: ended.happened, arrived: Effect.runPromise(arrived.happened) }
  })

const upload = (url: string, body: HttpBody.HttpBody) =>
  HttpClient.execute(HttpClientRequest.setBody(HttpClientRequest.post(url), body))

const octets = (length: number): Uint8Array => new Uint8Array(length)
const boom = new Error("boom")

/** 100 octets, and what follows once the server has seen them. */
const after = (arrived: Promise<void>, rest: Stream.Stream<Uint8Array, unknown>) =>
  Stream.concat(
    Stream.make(octets(100)),
    Stream.unwrap(
      Effect.as(
        Effect.promise(() => arrived),
        rest
      )
    )
  )

async function* brokenGenerator(arrived: Promise<void>): AsyncGenerator<Uint8Array> {
  yield octets(100)
  await arrived
  throw boom
}

const brokenReadableStream = (arrived: Promise<void>): ReadableStream =>
  new ReadableStream({
    start: (controller) => controller.enqueue(octets(100)),
    pull: async (controller) => {
      await arrived
      controller.error(boom)
    }
  })

const failing = (arrived: Promise<void>) => after(arrived, Stream.fail(boom))

const failures: ReadonlyArray<readonly [string, (arrived: Promise<void>) => HttpBody.HttpBody]> = [
  ["a Stream", (arrived) => HttpBody.stream(failing(arrived))],
  ["a Stream of a known length", (arrived) => HttpBody.stream(failing(arrived), "text/plain", 1000)],
  ["a Readable", (arrived) => HttpBody.raw(Readable.from(brokenGenerator(arrived)))],
  ["a ReadableStream", (arrived) => HttpBody.raw(brokenReadableStream(arrived))],
  ["an asynchronous iterable", (arrived) => HttpBody.raw(brokenGenerator(arrived))]
]

for (const { application, protocol } of protocols) {
  describe(`over ${protocol}`, () => {
    for (const [name, body] of failures) {
      check(`${name} that fails midway: Encode, with its own error as cause`, () =>
        Effect.gen(function* () {
          const { arrived, ended, url } = yield* uploads(application)
          const error = yield* Effect.flip(upload(url, body(arrived)))
          expect(error).toMatchObject({ _tag: "HttpClientError", reason: { _tag: "EncodeError" } })
          expect(error.cause).toBe(boom)
          expect(NodeHttp2Client.http2ErrorOf(error)).toMatchObject({ value: { origin: "User", scope: "stream" } })
          expect(yield* ended).toBe("broken")
        }).pipe(Effect.provide(ours))
      )
    }

    check("a Stream that fails behind the head of the response fails its body", () =>
      Effect.gen(function* () {
        const { ended, url } = yield* uploads(application, true)
        const fails = makeEvent()
        const body = Stream.concat(
          Stream.make(octets(100)),
          Stream.fromEffect(Effect.andThen(fails.happened, Effect.fail(boom)))
        )
        const response = yield* upload(url, HttpBody.stream(body))
        fails.happen()
        const error = yield* Effect.flip(response.text)
        expect(error).toMatchObject({ _tag: "HttpClientError", reason: { _tag: "DecodeError" } })
        expect(error.cause).toBe(boom)
        expect(yield* ended).toBe("broken")
      }).pipe(Effect.provide(ours))
    )

    check("a Stream that dies: the defect stays one", () =>
      Effect.gen(function* () {
        const { arrived, ended, url } = yield* uploads(application)
        const exit = yield* Effect.exit(upload(url, HttpBody.stream(after(arrived, Stream.die(boom)))))
        expect(
          Exit.isFailure(exit) && exit.cause.reasons.filter(Cause.isDieReason).map(({ defect }) => defect)
        ).toEqual([boom])
        expect(yield* ended).toBe("broken")
      }).pipe(Effect.provide(ours))
    )

    check("a Stream that dies behind the head of the response", () =>
      Effect.gen(function* () {
        const { ended, url } = yield* uploads(application, true)
        const dies = makeEvent()
        const body = Stream.concat(
          Stream.make(octets(100)),
          Stream.fromEffect(Effect.andThen(dies.happened, Effect.die(boom)))
        )
        const response = yield* upload(url, HttpBody.stream(body))
        dies.happen()
        const exit = yield* Effect.exit(Stream.runDrain(response.stream))
        expect(
          Exit.isFailure(exit) && exit.cause.reasons.filter(Cause.isDieReason).map(({ defect }) => defect)
        ).toEqual([boom])
        expect(yield* ended).toBe("broken")
      }).pipe(Effect.provide(ours))
    )

    check("a Stream that interrupts itself ends its request", () =>
      Effect.gen(function* () {
        const { arrived, ended, url } = yield* uploads(application)
        const exit = yield* Effect.exit(
          upload(url, HttpBody.stream(after(arrived, Stream.fromEffect(Effect.interrupt))))
        )
        expect(Exit.isFailure(exit)).toBe(true)
        expect(yield* ended).toBe("broken")
      }).pipe(Effect.provide(ours))
    )

    for (const length of [149, 151]) {
      check(`a Stream of 150 octets that is said to have ${length}`, () =>
        Effect.gen(function* () {
          const { arrived, ended, url } = yield* uploads(application)
          const body = after(arrived, Stream.make(octets(50)))
          const error = yield* Effect.flip(upload(url, HttpBody.stream(body, "text/plain", length)))
          expect(error).toMatchObject({ _tag: "HttpClientError", reason: { _tag: "EncodeError" } })
          expect(String(error.cause)).toMatch(/content-length/)
          expect(yield* ended).toBe("broken")
        }).pipe(Effect.provide(ours))
      )
    }

    for (const [name, request] of [
      ["octets", HttpClientRequest.setBody(HttpBody.uint8Array(octets(100)))],
      ["no body", (request: HttpClientRequest.HttpClientRequest) => request]
    ] as const) {
      check(`${name} beside a content-length that lies: nothing is sent`, () =>
        Effect.gen(function* () {
          const { dials, url } = yield* application((_, response) => response.end("ok"))
          const wrong = HttpClientRequest.setHeader(request(HttpClientRequest.post(url)), "content-length", "7")
          const error = yield* Effect.flip(HttpClient.execute(wrong))
          expect(error).toMatchObject({ _tag: "HttpClientError", reason: { _tag: "EncodeError" } })
          if (protocol === "HTTP/1.1") expect(dials()).toBe(0)
        }).pipe(Effect.provide(ours))
      )
    }
  })
}

/** The stock client on sockets of `node:http` ends a body that has failed as if it were whole; the other one does not. */
describe("the same programs with the stock clients, over HTTP/1.1", () => {
  const broken = (client: Client, name: string, body: (arrived: Promise<void>) => HttpBody.HttpBody) =>
    check(`${client.name}: ${name}`, () =>
      Effect.gen(function* () {
        const { arrived, ended, url } = yield* uploads(http)
        const error = yield* Effect.flip(upload(url, body(arrived)))
        expect(error.response).toBeUndefined()
        expect(error.cause).toBe(boom)
        expect(yield* ended).toBe("broken")
      }).pipe(Effect.provide(client.layer()))
    )
  if (hasUndici) {
    broken(undici, "a Stream that fails midway", (arrived) => HttpBody.stream(failing(arrived)))
    broken(undici, "a Readable that fails midway", (arrived) => HttpBody.raw(Readable.from(brokenGenerator(arrived))))
  }

  for (const client of stock) {
    check(`${client.name}: a Stream that fails, its error is the cause`, () =>
      Effect.gen(function* () {
        const { arrived, url } = yield* uploads(http)
        const error = yield* Effect.flip(upload(url, HttpBody.stream(failing(arrived))))
        expect(error.cause).toBe(boom)
      }).pipe(Effect.provide(client.layer()))
    )
  }
})

describe("the framing of bodies over HTTP/1.1", () => {
  /** The octets that one request comes as, and an answer behind `end`. */
  const recorded = (end: string) =>
    Effect.gen(function* () {
      const all = makeEvent<string>()
      const server = yield* serve(
        Net.createServer((socket) => {
          let text = ""
          socket.on("data", (chunk) => {
            text += chunk.toString("latin1")
            if (!text.endsWith(end)) return
            all.happen(text)
            socket.end("HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
          })
        })
      )
      return { url: `http://localhost:${server.port}/`, all: all.happened }
    })

  // `node:http` sends these bodies bare, where a server takes them for the next request.
  const methods: ReadonlyArray<Extract<Http.RequestOptions["method"], string>> = ["GET", "DELETE", "OPTIONS", "POST"]
  for (const method of methods) {
    check(`a Stream without a length to a ${method} is chunked`, () =>
      Effect.gen(function* () {
        const { all, url } = yield* recorded("\r\n0\r\n\r\n")
        const smuggled = Stream.make(Buffer.from("GET /smuggled HTTP/1.1\r\nhost: x\r\n\r\n"))
        const request = HttpClientRequest.modify(HttpClientRequest.get(url), {
          method: method as "GET",
          body: HttpBody.stream(smuggled)
        })
        expect((yield* HttpClient.execute(request)).status).toBe(200)
        const text = yield* all
        expect(text).toMatch(/\r\ntransfer-encoding: chunked\r\n/i)
        expect(text).toMatch(/\r\n\r\n23\r\nGET \/smuggled/)
      }).pipe(Effect.provide(ours))
    )
  }

  check("a transfer-encoding of the user's does not stand beside content-length", () =>
    Effect.gen(function* () {
      const { all, url } = yield* recorded("hello")
      const request = HttpClientRequest.post(url).pipe(
        HttpClientRequest.bodyText("hello"),
        HttpClientRequest.setHeader("transfer-encoding", "chunked")
      )
      expect((yield* HttpClient.execute(request)).status).toBe(200)
      const text = yield* all
      expect(text).toMatch(/\r\ncontent-length: 5\r\n/i)
      expect(text).not.toMatch(/transfer-encoding/i)
    }).pipe(Effect.provide(ours))
  )
})
