/**
 * What a proxy is told, whether it tunnels or is asked in place of an origin, and a tunnel by CONNECT over HTTP/1.1 (RFC 9110 §9.3.6). Called by the tunnels of a
 * skin, and by pools.ts.
 */
import type { Http2Error, TransportError } from "@effect-http2/engine/Http2Error"
import * as Http from "node:http"
import type { Duplex } from "node:stream"
import { failure } from "../socket/socketError.js"
import type { Cancel, Connection } from "./exchange.js"
import { authorityOf, basicAuthorization, type Origin } from "./origin.js"
import type { Pool, Waiter } from "./pool.js"
import type { Resolved } from "./poolOptions.js"

/** Why there is no tunnel: what went wrong, or the status that the proxy answered. */
export const refused = (proxy: URL, cause?: unknown, status?: number): TransportError =>
  failure(
    "Connect",
    status === undefined
      ? `the proxy ${proxy.host} opened no tunnel: ${cause instanceof Error ? cause.message : String(cause)}`
      : `the proxy ${proxy.host} opened no tunnel: it answered ${status}`,
    cause
  )

/** Who asks. */
export const fieldsOf = (proxy: URL): Readonly<Record<string, string>> => {
  const authorization = basicAuthorization(proxy)
  return authorization === undefined ? {} : { "proxy-authorization": authorization }
}

/** There was no tunnel within the time that a dial may take, as people read it. */
export const tooLate = (proxy: URL, time: string): TransportError =>
  failure("ConnectTimeout", `no tunnel by ${proxy.host} after ${time}`)

/** Whether the proxy is asked in place of the origin, without a tunnel. */
export const isForwarded = (origin: Origin, options: Resolved): boolean =>
  !origin.isTls && !options.hasPriorKnowledge(origin.key)

/** What a proxy that is asked in place of the origin wants to see in each request; undefined where none is. */
export const forwardFields = (origin: Origin, options: Resolved): Readonly<Record<string, string>> | undefined => {
  const proxy = options.proxy?.proxyOf(origin)
  return proxy !== undefined && isForwarded(origin, options) ? fieldsOf(proxy) : undefined
}

/** A connection of the pool of a proxy, as any request of it would get. `done` is told once. */
export const connectionOf = <Response>(
  pool: Pool<Response>,
  done: (outcome: Connection<Response> | Http2Error) => void
): Cancel => {
  const connection = pool.find()
  if (connection !== undefined) {
    done(connection)
    return () => undefined
  }
  const waiter: Waiter<Response> = { excluded: undefined, onConnection: done, onNoConnection: done }
  pool.wait(waiter)
  return () => pool.withdraw(waiter)
}

/** Asks for a tunnel to `origin` on an open socket. Tells `done` once, with undefined where it stands; the cancel destroys the request. */
export const openTunnel = (
  socket: Duplex,
  proxy: URL,
  origin: Origin,
  done: (error: TransportError | undefined) => void
): Cancel => {
  const authority = authorityOf(origin)
  const request = Http.request({
    method: "CONNECT",
    path: authority,
    setHost: false,
    headers: { host: authority, ...fieldsOf(proxy) },
    createConnection: () => socket
  })
  request.on("connect", ({ statusCode = 0 }, _, head) => {
    if (statusCode < 200 || statusCode > 299) {
      socket.destroy()
      return done(refused(proxy, undefined, statusCode))
    }
    if (head.length > 0) socket.unshift(head)
    done(undefined)
  })
  request.on("response", ({ statusCode }) => {
    request.destroy()
    done(refused(proxy, undefined, statusCode))
  })
  request.on("error", (error) => done(refused(proxy, error)))
  request.end()
  return () => request.destroy()
}
