/**
 * What HTTP/2 needs of Node's sockets, in plain TypeScript. The modules of the folders are imported by their paths, for instance
 * `@effect-http2/node/socket/listen`; these are where to begin.
 *
 * @since 0.1.0
 */
export * as Connect from "./socket/connect.js"
export * as Http1Server from "./http1/http1Server.js"
export * as Listen from "./socket/listen.js"
export * as SocketOutput from "./socket/socketOutput.js"
