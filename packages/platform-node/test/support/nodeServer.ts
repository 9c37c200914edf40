/** A server of `node:http2` for our client: well-behaved on some paths, and on others not at all. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { createHash } from "node:crypto"
import * as Http2 from "node:http2"
import type * as Net from "node:net"
import { certificate, onStream, serve } from "../utils.js"
import { PseudoRandom } from "./pseudoRandom.js"

export type Scheme = "http" | "https"

interface Exchange {
  readonly stream: Http2.ServerHttp2Stream
  readonly headers: Http2.IncomingHttpHeaders
  readonly rest: ReadonlyArray<string>
}

const json = (stream: Http2.ServerHttp2Stream, value: unknown): void => {
  if (stream.destroyed) return
  stream.respond({ ":status": 200, "content-type": "application/json" })
  stream.end(JSON.stringify(value))
}

/** `/bytes/N/SEED`: with back-pressure, so that nothing of it lies in memory. */
const bytes = ({ rest, stream }: Exchange): void => {
  const [length = 0, seed = 0] = rest.map(Number)
  const source = new PseudoRandom(seed)
  stream.respond({ ":status": 200, "content-length": String(length) })
  const more = (): void => {
    while (source.position < length) {
      if (!stream.write(source.next(Math.min(65_536, length - source.position)))) return void stream.once("drain", more)
    }
    stream.end()
  }
  more()
}

const upload = ({ stream }: Exchange): void => {
  const hash = createHash("sha256")
  let length = 0
  let trailers: Http2.IncomingHttpHeaders = {}
  stream.on("trailers", (fields: Http2.IncomingHttpHeaders) => {
    trailers = { ...fields }
  })
  stream.on("data", (chunk: Buffer) => {
    hash.update(chunk)
    length += chunk.length
  })
  stream.on("end", () => json(stream, { length, sha256: hash.digest("hex"), trailers }))
}

const echo = ({ stream }: Exchange): void => {
  stream.respond({ ":status": 200 })
  stream.pipe(stream)
}

const trailers = ({ stream }: Exchange): void => {
  stream.respond({ ":status": 200 }, { waitForTrailers: true })
  stream.on("wantTrailers", () => stream.sendTrailers({ "x-behind": ["one", "two"], "x-sum": "3" }))
  stream.end("content")
}

const informational = ({ stream }: Exchange): void => {
  stream.additionalHeaders({ ":status": 102 })
  stream.additionalHeaders({ ":status": 103, link: "</style.css>; rel=preload" })
  stream.respond({ ":status": 200 })
  stream.end("final")
}

/** `/fields/COUNT/LENGTH`: so many fields, each so long. */
const fields = ({ rest, stream }: Exchange): void => {
  const [count = 0, length = 0] = rest.map(Number)
  const value = (index: number): string => String(index % 10).repeat(length)
  const all = Array.from({ length: count }, (_, index): [string, string] => [`x-field-${index}`, value(index)])
  stream.respond({ ":status": 200, ...Object.fromEntries(all) })
  stream.end()
}

/** `/status/CODE`: without content. */
const status = ({ rest, stream }: Exchange): void => {
  stream.respond({ ":status": Number(rest[0]), "x-one": "1" }, { endStream: true })
}

/** `/reset/CODE`: before any response. */
const reset = ({ rest, stream }: Exchange): void => stream.close(Number(rest[0]))

/** Behind part of the body. (`close` with a code would end the body cleanly before it.) */
const resetLate = ({ stream }: Exchange): void => {
  stream.respond({ ":status": 200 })
  stream.write("the beginning", () => stream.destroy(new Error("planned")))
}

/** `/length/SAID/SENT`: content-length and what follows it do not agree. */
const length = ({ rest, stream }: Exchange): void => {
  const [said = 0, sent = 0] = rest.map(Number)
  stream.respond({ ":status": 200, "content-length": String(said) })
  stream.end(Buffer.alloc(sent, "x"))
}

/** The socket goes away in the middle of a body. */
const destroy = ({ stream }: Exchange): void => {
  stream.respond({ ":status": 200, "content-length": "100" })
  stream.write("the beginning", () => stream.session?.destroy())
}

/** GOAWAY with code and last stream id, then a whole response. */
const goAway = ({ rest, stream }: Exchange): void => {
  const [code = 0, lastStreamId = 0] = rest.map(Number)
  stream.session?.goaway(code, lastStreamId, Buffer.from("so long"))
  stream.respond({ ":status": 200 })
  stream.end("the last")
}

/** The session ends gracefully behind this response. */
const close = ({ stream }: Exchange): void => {
  stream.session?.close()
  stream.respond({ ":status": 200 })
  stream.end("the last")
}

/** Answers without reading the request, and says that it does not want the rest. */
const early = ({ stream }: Exchange): void => {
  stream.respond({ ":status": 413 })
  stream.end("too large", () => stream.close(Http2.constants.NGHTTP2_NO_ERROR))
}

const request = ({ headers, stream }: Exchange): void => json(stream, headers)

const routes: Readonly<Record<string, (exchange: Exchange) => void>> = {
  bytes,
  upload,
  echo,
  trailers,
  informational,
  fields,
  status,
  reset,
  "reset-late": resetLate,
  length,
  destroy,
  goaway: goAway,
  close,
  early,
  request,
  hang: () => {}
}

export interface NodeServer {
  readonly url: string
  readonly tls: { readonly ca: string }
  readonly sessions: ReadonlySet<Http2.Http2Session>
  /** Streams that are open. */
  readonly streams: ReadonlySet<Http2.ServerHttp2Stream>
}

const handle = (stream: Http2.ServerHttp2Stream, headers: Http2.IncomingHttpHeaders): void => {
  const [, name = "", ...rest] = (headers[":path"] ?? "").replace(/\?.*/, "").split("/")
  const route = routes[name]
  if (route !== undefined) return route({ stream, headers, rest })
  stream.respond({ ":status": 200, "content-type": "text/plain", "content-length": "12" })
  stream.end("Hello World!")
}

/** Starts it; the end of the scope closes it with its sessions. */
export const make = (
  scheme: Scheme,
  options: Http2.ServerOptions = {}
): Effect.Effect<NodeServer, never, Scope.Scope> =>
  Effect.gen(function* () {
    const sessions = new Set<Http2.Http2Session>()
    const streams = new Set<Http2.ServerHttp2Stream>()
    const server = onStream(
      scheme === "http" ? Http2.createServer(options) : Http2.createSecureServer({ ...options, ...certificate }),
      (stream, headers) => {
        streams.add(stream)
        stream.on("close", () => streams.delete(stream))
        handle(stream, headers)
      }
    )
    server.on("session", (session) => {
      sessions.add(session)
      session.on("close", () => sessions.delete(session))
    })
    const { port } = yield* serve<Net.Server>(server)
    return { url: `${scheme}://127.0.0.1:${port}`, tls: { ca: certificate.cert }, sessions, streams }
  })
