/** Servers with the names of several hosts, on this machine, and a client that believes in them. */
import * as NodeHttp2Client from "@effect-http2/effect4-platform-node/NodeHttp2Client"
import type * as HttpClient from "effect/http/HttpClient"
import type * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as Effect from "effect/Effect"
import type * as Http2 from "node:http2"
import type * as Net from "node:net"
import * as Certificate from "@effect-http2/testkit/certificate"
import { type Event, http2, makeEvent } from "./servers.js"

/** For a.example, b.example and all below wild.example; and one for c.example alone. */
export const shared = await Certificate.make("a.example", "b.example", "*.wild.example")
export const single = await Certificate.make("c.example")

const authorities = [shared.cert, single.cert]

/** Names to addresses, and who was looked up, one after the other. */
export const makeLookup = (hosts: Readonly<Record<string, string>> = {}) => {
  const asked: Array<string> = []
  const lookup: Net.LookupFunction = (host, options, callback) => {
    asked.push(host)
    const address = hosts[host] ?? "127.0.0.1"
    if (options.all === true) callback(null, [{ address, family: 4 }])
    else callback(null, address, 4)
  }
  return { asked, lookup }
}

export interface Asked {
  readonly connection: number
  readonly authority: string
  readonly method: string
  readonly body: string
}

export interface Options extends Http2.SecureServerOptions {
  readonly certificate?: Certificate.Certificate
  /** The status of a response. Default: 200. */
  readonly status?: (request: Asked) => number
  /** Whether a response waits for `release`. */
  readonly holds?: (request: Asked) => boolean
}

/** A server that notes what it was asked, connections counted from 1. */
export const makeServer = ({ certificate = shared, holds, status, ...options }: Options = {}) =>
  Effect.gen(function* () {
    const requests: Array<Asked> = []
    const sessions: Array<Http2.ServerHttp2Session> = []
    const closed: Array<Event<void>> = []
    const held: Array<() => void> = []
    const arrived = makeEvent()
    const running = yield* http2(
      (stream, headers) => {
        const parts: Array<Buffer> = []
        const answer = (): void => {
          const request: Asked = {
            connection: sessions.findIndex((session) => session === stream.session) + 1,
            authority: (headers[":authority"] ?? "").replace(/:\d+$/, ""),
            method: headers[":method"] ?? "",
            body: Buffer.concat(parts).toString()
          }
          requests.push(request)
          const respond = (): void => {
            if (stream.destroyed) return
            stream.respond({ ":status": status?.(request) ?? 200 })
            stream.end(request.authority)
          }
          if (holds?.(request) !== true) return respond()
          held.push(respond)
          arrived.happen()
        }
        stream.on("data", (part: Buffer) => parts.push(part))
        stream.on("end", answer)
      },
      { key: certificate.key, cert: certificate.cert, ...options }
    )
    running.server.on("session", (session: Http2.ServerHttp2Session) => {
      const isClosed = makeEvent()
      sessions.push(session)
      closed.push(isClosed)
      session.on("close", () => isClosed.happen())
    })
    const { port } = new URL(running.url)
    return {
      ...running,
      requests,
      sessions,
      /** Whether the connection has ended, counted from 1. */
      closed: (connection: number) => closed[connection - 1]?.happened ?? Effect.die("no such connection"),
      /** A request whose response waits is there. */
      arrived: arrived.happened,
      release: () => held.splice(0).forEach((respond) => respond()),
      urlOf: (host: string) => `https://${host}:${port}`,
      /** Which connection each host was asked over. */
      get walks() {
        return requests.map(({ authority, connection }) => `${authority} ${connection}`)
      }
    }
  })

/** A client that reuses connections. */
export const makeClient = (options: NodeHttp2Client.Options = {}) =>
  NodeHttp2Client.make({
    reuseConnections: true,
    lookup: makeLookup().lookup,
    ...options,
    tls: { ca: authorities, ...options.tls }
  })

/** Status and body, behind which the connection has nothing of the request left. */
export const ask = (client: HttpClient.HttpClient, request: string | HttpClientRequest.HttpClientRequest) =>
  Effect.flatMap(typeof request === "string" ? client.get(request) : client.execute(request), (response) =>
    Effect.map(response.text, (text) => [response.status, text] as const)
  )
