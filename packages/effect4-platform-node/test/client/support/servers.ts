/** The servers that the tests of the client talk to: of Node's own modules, on free ports, closed with their sockets at the end of the scope. */
import * as NodeHttp2Client from "@effect-http2/effect4-platform-node/NodeHttp2Client"
import type * as HttpClient from "effect/http/HttpClient"
import type * as Http2Error from "@effect-http2/effect4-http2/Http2Error"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Http from "node:http"
import * as Http2 from "node:http2"
import * as Https from "node:https"
import * as Net from "node:net"
import type { StreamHandler } from "../../support/check.js"
import { certificate, onStream, serve } from "../../support/check.js"

export type { StreamHandler } from "../../support/check.js"
export { certificate, check, once, onStream, randomBytes, serve } from "../../support/check.js"

export type Handler = (request: Http.IncomingMessage, response: Http.ServerResponse) => void

/** A server that is listening, and how often it was connected to. */
export interface Running<S extends Net.Server> {
  readonly server: S
  readonly url: string
  readonly dials: () => number
}

const keys = { key: certificate.key, cert: certificate.cert }

/** A client that trusts the servers here. */
export const makeClient = (
  options: NodeHttp2Client.Options = {}
): Effect.Effect<HttpClient.HttpClient, Http2Error.ConnectionError, Scope.Scope> =>
  NodeHttp2Client.make({ tls: { ca: certificate.cert }, ...options })

const running = <S extends Net.Server>(server: S, scheme: string): Effect.Effect<Running<S>, never, Scope.Scope> =>
  Effect.map(serve(server), ({ port }) => {
    let dials = 0
    server.on("connection", () => dials++)
    return { server, url: `${scheme}://localhost:${port}`, dials: () => dials }
  })

/** HTTP/2 over TLS, and nothing else. */
export const http2 = (handler: StreamHandler, options: Http2.SecureServerOptions = {}) =>
  running(onStream(Http2.createSecureServer({ ...keys, ...options }), handler), "https")

/** HTTP/2 with prior knowledge. */
export const http2Plain = (handler: StreamHandler, options: Http2.ServerOptions = {}) =>
  running(onStream(Http2.createServer(options), handler), "http")

export const https = (handler: Handler, options: Https.ServerOptions = {}) =>
  running(Https.createServer({ ...keys, ...options }, handler), "https")

export const http = (handler: Handler, options: Http.ServerOptions = {}) =>
  running(Http.createServer(options, handler), "http")

/** The same application over HTTP/2, through the compatibility layer of `node:http2`, which has all of `node:http` that handlers here use. */
export const http2Application = (handler: Handler) => {
  const server = Http2.createSecureServer(keys)
  server.on("request", (request, response) => {
    handler(request as unknown as Http.IncomingMessage, response as unknown as Http.ServerResponse)
  })
  return running(server, "https")
}

/** The protocols, each with a server that speaks it alone. */
export const protocols = [
  { protocol: "h2", application: http2Application },
  { protocol: "http/1.1", application: https }
] as const

/** Reads a request to its end. */
export const readAll = async (request: AsyncIterable<Buffer>): Promise<Buffer> => {
  const parts: Array<Buffer> = []
  for await (const part of request) parts.push(part)
  return Buffer.concat(parts)
}

/** Something that happens once, to be waited for. */
export interface Event<A> {
  readonly happened: Effect.Effect<A>
  readonly happen: (value: A) => void
}

export const makeEvent = <A = void>(): Event<A> => {
  let happen: (value: A) => void = () => undefined
  const promise = new Promise<A>((resolve) => {
    happen = resolve
  })
  return { happen: (value) => happen(value), happened: Effect.promise(() => promise) }
}

/** A wire to `port` that can be cut so that neither end hears of it: what is connected then stays silent; what connects later is not. */
export const makeRelay = (port: number) => {
  let frozen: Array<Net.Socket> = []
  const server = Net.createServer((client) => {
    const onward = Net.connect(port, "127.0.0.1")
    frozen.push(client, onward)
    for (const socket of [client, onward]) socket.on("error", () => undefined)
    client.on("close", () => onward.destroy())
    onward.on("close", () => client.destroy())
    client.pipe(onward).pipe(client)
  })
  const freeze = (): void => {
    for (const socket of frozen) socket.unpipe().pause()
    frozen = []
  }
  return Effect.map(running(server, "https"), (relay) => ({ ...relay, freeze }))
}
