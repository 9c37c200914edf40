/** Proxies, which tunnel by CONNECT and note what they were asked. */
import * as Effect from "effect/Effect"
import type * as Http from "node:http"
import * as Http2 from "node:http2"
import * as Net from "node:net"
import { certificate, onStream, serve } from "./servers.js"

const keys = { key: certificate.key, cert: certificate.cert }

const onward = (authority: string): Net.Socket => {
  const { hostname, port } = new URL(`http://${authority}`)
  const socket = Net.connect(Number(port), /localhost|\.example$/.test(hostname) ? "127.0.0.1" : hostname)
  socket.on("error", () => undefined)
  return socket
}

/** A proxy of HTTP/1.1; what it was asked is in `asked`. */
export const proxyHttp1 = (server: Http.Server, scheme: string) =>
  Effect.gen(function* () {
    const asked: Array<string> = []
    let dials = 0
    server.on("connection", () => dials++)
    server.on("connect", (request: Http.IncomingMessage, socket: Net.Socket) => {
      asked.push(`CONNECT ${request.url} ${request.headers["proxy-authorization"] ?? ""}`.trim())
      socket.on("error", () => undefined)
      if (request.url?.startsWith("forbidden") === true) return void socket.end("HTTP/1.1 403 Forbidden\r\n\r\n")
      const target = onward(request.url ?? "")
      target.on("close", () => socket.destroy())
      socket.on("close", () => target.destroy())
      socket.write("HTTP/1.1 200 OK\r\n\r\n")
      socket.pipe(target).pipe(socket)
    })
    server.on("request", (request: Http.IncomingMessage, response: Http.ServerResponse) => {
      asked.push(`${request.method} ${request.url} ${request.headers["proxy-authorization"] ?? ""}`.trim())
      response.end("forwarded")
    })
    const { port } = yield* serve(server)
    return { url: `${scheme}://localhost:${port}`, asked, dials: () => dials }
  })

/** A proxy of HTTP/2. `greet` is what it does with a new connection. */
export const proxyHttp2 = (greet: (session: Http2.ServerHttp2Session, url: string) => void = () => undefined) =>
  Effect.gen(function* () {
    const asked: Array<string> = []
    let dials = 0
    const server = onStream(Http2.createSecureServer(keys), (stream, headers) => {
      const authority = String(headers[":authority"])
      asked.push(`${headers[":method"]} ${authority} ${headers["proxy-authorization"] ?? ""}`.trim())
      if (authority.startsWith("forbidden")) return stream.respond({ ":status": 403 }, { endStream: true })
      const target = onward(authority)
      target.on("close", () => stream.close())
      stream.on("close", () => target.destroy())
      stream.respond({ ":status": 200 })
      stream.pipe(target).pipe(stream)
    })
    server.on("connection", () => dials++)
    server.on("session", (session) => greet(session, url))
    const { port } = yield* serve(server)
    const url = `https://localhost:${port}`
    return { url, asked, dials: () => dials }
  })
