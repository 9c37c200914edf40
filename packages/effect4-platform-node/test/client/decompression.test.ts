/** The option `decompress`: bodies without their content codings, over either protocol; and that nothing is decoded without it, as with the stock clients. */
import * as NodeHttp2Client from "@effect-http2/effect4-platform-node/NodeHttp2Client"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as ByteSize from "effect/ByteSize"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import type * as HttpClientError from "effect/http/HttpClientError"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as HttpIncomingMessage from "effect/http/HttpIncomingMessage"
import * as Stream from "effect/Stream"
import * as Zlib from "node:zlib"
import { describe, expect } from "vitest"
import { hasUndici } from "./support/clients.js"
import { check, http, makeClient, makeEvent, protocols, randomBytes } from "./support/servers.js"

const content = Buffer.concat([Buffer.from("Grüße. ".repeat(20_000)), randomBytes(100_000)])

const encode: Record<string, (octets: Buffer) => Buffer> = {
  gzip: (octets) => Zlib.gzipSync(octets),
  "x-gzip": (octets) => Zlib.gzipSync(octets),
  deflate: (octets) => Zlib.deflateSync(octets),
  br: (octets) => Zlib.brotliCompressSync(octets, { params: { [Zlib.constants.BROTLI_PARAM_QUALITY]: 1 } }),
  GZIP: (octets) => Zlib.gzipSync(octets),
  identity: (octets) => octets,
  "deflate, identity, gzip": (octets) => Zlib.gzipSync(Zlib.deflateSync(octets))
}

/** In Node since 22.15, and not in the types of 20. */
const zstd: unknown = Reflect.get(Zlib, "zstdCompressSync")
if (typeof zstd === "function")
  encode["zstd"] = (octets) => {
    const compressed: unknown = Reflect.apply(zstd, Zlib, [octets])
    if (Buffer.isBuffer(compressed)) return compressed
    throw new TypeError("zstdCompressSync gives no Buffer")
  }

const decodeErrorOf = <A>(effect: Effect.Effect<A, HttpClientError.HttpClientError>) =>
  Effect.map(Effect.flip(effect), (error) => error.reason)

for (const { application, protocol } of protocols) {
  describe(protocol, () => {
    for (const [coding, compress] of Object.entries(encode)) {
      check(`a body in ${coding} is given as what it stands for, whole and as a Stream`, () =>
        Effect.gen(function* () {
          const { url } = yield* application((_, response) => {
            response.setHeader("content-encoding", coding)
            response.end(compress(content))
          })
          const client = yield* makeClient({ decompress: true })
          const response = yield* client.get(url)
          expect(response.headers["content-encoding"]).toBe(coding)
          expect(NodeHttp2Client.protocolOf(response)).toMatchObject({ value: protocol })
          expect(Buffer.from(yield* response.arrayBuffer).equals(content)).toBe(true)
          // Read once more, it is the same.
          expect(Buffer.from(yield* response.arrayBuffer).equals(content)).toBe(true)
          const parts = yield* Stream.runCollect((yield* client.get(url)).stream)
          expect(Buffer.concat(parts).equals(content)).toBe(true)
        })
      )
    }

    check("deflate without the frame of RFC 1950, as some servers send it", () =>
      Effect.gen(function* () {
        const { url } = yield* application((_, response) => {
          response.setHeader("content-encoding", "deflate")
          response.end(Zlib.deflateRawSync(content))
        })
        const response = yield* (yield* makeClient({ decompress: true })).get(url)
        expect(Buffer.from(yield* response.arrayBuffer).equals(content)).toBe(true)
      })
    )

    check("what the server has flushed arrives before the rest is there", () =>
      Effect.gen(function* () {
        const goOn = makeEvent()
        const { url } = yield* application((_, response) => {
          response.setHeader("content-encoding", "gzip")
          const gzip = Zlib.createGzip()
          gzip.pipe(response)
          gzip.write("first")
          gzip.flush()
          void Effect.runPromise(goOn.happened).then(() => gzip.end("second"))
        })
        const response = yield* (yield* makeClient({ decompress: true })).get(url)
        const parts: Array<string> = []
        yield* Stream.runForEach(response.stream, (part) =>
          Effect.sync(() => {
            parts.push(Buffer.from(part).toString())
            goOn.happen()
          })
        )
        expect(parts).toEqual(["first", "second"])
      })
    )

    check("what has no body has nothing to be decoded: HEAD, 204, 304, and one of no octets", () =>
      Effect.gen(function* () {
        const { url } = yield* application((request, response) => {
          response.setHeader("content-encoding", "gzip")
          response.statusCode = Number(new URL(request.url ?? "", "http://localhost").searchParams.get("status"))
          response.end()
        })
        const client = yield* makeClient({ decompress: true })
        for (const [method, status] of [
          ["HEAD", 200],
          ["GET", 204],
          ["GET", 304],
          ["GET", 200]
        ] as const) {
          const asked = HttpClientRequest.make(method)(`${url}/?status=${status}`)
          const response = yield* client.execute(asked)
          expect([response.status, yield* response.text]).toEqual([status, ""])
          expect(yield* Stream.runCollect((yield* client.execute(asked)).stream)).toEqual([])
        }
      })
    )

    check("a coding that is not known is given as it came, whatever is below it", () =>
      Effect.gen(function* () {
        const { url } = yield* application((request, response) => {
          response.setHeader("content-encoding", request.url === "/one" ? "lzma" : "gzip, lzma")
          response.end("anything")
        })
        const client = yield* makeClient({ decompress: true })
        for (const path of ["/one", "/two"]) {
          const response = yield* client.get(`${url}${path}`)
          expect(yield* response.text).toBe("anything")
        }
      })
    )

    check("a body that is cut off or no such coding fails with DecodeError, and the connection serves the next", () =>
      Effect.gen(function* () {
        const { dials, url } = yield* application((request, response) => {
          const [, coding = "", fault] = (request.url ?? "").split("/")
          if (fault === undefined) return void response.end("fine")
          response.setHeader("content-encoding", coding)
          const whole = encode[coding]?.(content) ?? Buffer.alloc(0)
          response.end(fault === "cut" ? whole.subarray(0, -20) : Buffer.from("This was never compressed by anyone"))
        })
        const client = yield* makeClient({ decompress: true })
        for (const coding of ["gzip", "deflate", "br"]) {
          for (const fault of ["cut", "plain"]) {
            const asked = client.get(`${url}/${coding}/${fault}`)
            for (const read of [
              Effect.asVoid(Effect.flatMap(asked, (response) => response.text)),
              Effect.flatMap(asked, (response) => Stream.runDrain(response.stream))
            ]) {
              expect(yield* decodeErrorOf(read)).toMatchObject({ _tag: "DecodeError", cause: { name: "CodingError" } })
            }
          }
        }
        expect(yield* Effect.flatMap(client.get(`${url}/fine`), (response) => response.text)).toBe("fine")
        if (protocol === "h2") expect(dials()).toBe(1)
      })
    )

    check("a body whose exchange breaks off fails with what broke it", () =>
      Effect.gen(function* () {
        const { url } = yield* application((_, response) => {
          response.setHeader("content-encoding", "gzip")
          response.write(Zlib.gzipSync(content).subarray(0, 50_000), () => response.destroy())
        })
        const client = yield* makeClient({ decompress: true })
        const reason = yield* decodeErrorOf(Effect.flatMap(client.get(url), (response) => response.text))
        expect(reason._tag).toBe("DecodeError")
        expect(reason.cause).not.toMatchObject({ name: "CodingError" })
      })
    )

    check("MaxBodySize bounds what has been decoded", () =>
      Effect.gen(function* () {
        const { url } = yield* application((_, response) => {
          response.setHeader("content-encoding", "gzip")
          response.end(Zlib.gzipSync(Buffer.alloc(50_000_000)))
        })
        const client = yield* makeClient({ decompress: true })
        const read = Effect.flatMap(client.get(url), (response) => response.arrayBuffer)
        const limited = Effect.provideService(read, HttpIncomingMessage.MaxBodySize, ByteSize.fromInputUnsafe(100_000))
        expect(yield* decodeErrorOf(limited)).toMatchObject({
          _tag: "DecodeError",
          cause: { limit: "bytes" }
        })
      })
    )

    check("a Stream that is left early gives the exchange up", () =>
      Effect.gen(function* () {
        const left = makeEvent()
        const { url } = yield* application((_, response) => {
          response.setHeader("content-encoding", "gzip")
          response.on("close", () => left.happen())
          const gzip = Zlib.createGzip()
          gzip.pipe(response)
          gzip.write(content)
          gzip.flush()
        })
        const response = yield* (yield* makeClient({ decompress: true })).get(url)
        expect(yield* Stream.runCount(Stream.take(response.stream, 1))).toBe(1)
        yield* left.happened
      })
    )

    check("asks for what it can decode, unless the request says what it takes or wants a part", () =>
      Effect.gen(function* () {
        const { url } = yield* application(
          (request, response) => void response.end(String(request.headers["accept-encoding"]))
        )
        const said = (client: HttpClient.HttpClient, headers: Record<string, string>) =>
          Effect.flatMap(client.get(url, { headers }), (response) => response.text)
        const client = yield* makeClient({ decompress: true })
        expect(yield* said(client, {})).toBe("gzip, deflate, br")
        expect(yield* said(client, { "accept-encoding": "identity" })).toBe("identity")
        expect(yield* said(client, { range: "bytes=0-1" })).toBe("undefined")
        expect(yield* said(yield* makeClient(), {})).toBe("undefined")
      })
    )
  })
}

describe("beside the stock clients", () => {
  const clients = [
    { name: "NodeHttpClient.layerNodeHttp", layer: () => NodeHttpClient.layerNodeHttp, decodes: false },
    ...(hasUndici
      ? [{ name: "NodeHttpClient.layerUndici", layer: () => NodeHttpClient.layerUndici, decodes: false }]
      : []),
    { name: "NodeHttpClient.layerFetch", layer: () => NodeHttpClient.layerFetch, decodes: true },
    { name: "layer()", layer: () => NodeHttp2Client.layer(), decodes: false },
    { name: "layer({ decompress: true })", layer: () => NodeHttp2Client.layer({ decompress: true }), decodes: true }
  ]
  for (const { decodes, layer, name } of clients) {
    check(`${name} gives a compressed body ${decodes ? "decoded" : "as it came"}`, () =>
      Effect.gen(function* () {
        const { url } = yield* http((_, response) => {
          response.setHeader("content-encoding", "gzip")
          response.end(Zlib.gzipSync(content))
        })
        const asked = HttpClient.get(url, { headers: { "accept-encoding": "gzip" } })
        const response = yield* asked
        expect(response.headers["content-encoding"]).toBe("gzip")
        const octets = Buffer.from(yield* response.arrayBuffer)
        expect((decodes ? octets : Zlib.gunzipSync(octets)).equals(content)).toBe(true)
      }).pipe(Effect.provide(layer()))
    )
  }
})
