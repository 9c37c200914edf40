/** The options and listening of the two `node:http2` servers. */
import * as Http2 from "node:http2"
import type { AddressInfo } from "node:net"
import { settings } from "../workloads.js"
import type { ServerConfig } from "./program.js"
import { announce, readTls } from "./program.js"

/** A server with the settings that all peers get; plain or over TLS. */
export const make = (config: ServerConfig): Http2.Http2Server | Http2.Http2SecureServer => {
  const options: Http2.ServerOptions = {
    settings: { initialWindowSize: settings.initialWindowSize, maxConcurrentStreams: settings.maxConcurrentStreams }
  }
  const tls = readTls(config)
  const server = tls === undefined ? Http2.createServer(options) : Http2.createSecureServer({ ...options, ...tls })
  server.on("session", (session: Http2.ServerHttp2Session) => session.setLocalWindowSize(settings.connectionWindowSize))
  // The load goes away at the end of a run with requests in flight.
  server.on("sessionError", () => undefined)
  return server
}

/** Listens on any port and tells which. */
export const listen = (server: Http2.Http2Server | Http2.Http2SecureServer): void => {
  server.listen(0, "127.0.0.1", () => announce((server.address() as AddressInfo).port))
}
