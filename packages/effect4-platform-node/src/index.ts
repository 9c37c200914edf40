/**
 * HTTP/2 for Effect 4 on the sockets of Node.
 *
 * @since 0.1.0
 */
export * as NodeHttp2 from "./NodeHttp2.js"
export * as NodeHttp2Client from "./NodeHttp2Client.js"
export * as NodeHttp2Server from "./NodeHttp2Server.js"
export * as NodeListener from "./NodeListener.js"
export * as NodeTransport from "./NodeTransport.js"
