/**
 * HTTP/2 (RFC 9113) for Effect, over any transport.
 *
 * @since 0.1.0
 */
export * as ErrorCode from "./ErrorCode.js"
export * as FlowControl from "./FlowControl.js"
export * as ExtensionFrame from "./ExtensionFrame.js"
export * as Frame from "./Frame.js"
export * as FrameLog from "./FrameLog.js"
export * as Headers from "./Headers.js"
export * as Http2Client from "./Http2Client.js"
export * as Http2Connection from "./Http2Connection.js"
export * as Http2Error from "./Http2Error.js"
export * as Http2Options from "./Http2Options.js"
export * as Http2Request from "./Http2Request.js"
export * as Http2Response from "./Http2Response.js"
export * as Http2Server from "./Http2Server.js"
export * as Http2Stats from "./Http2Stats.js"
export * as Http2Stream from "./Http2Stream.js"
export * as Http2Tunnel from "./Http2Tunnel.js"
export * as IncomingMessage from "./IncomingMessage.js"
export * as MemoryTransport from "./MemoryTransport.js"
export * as Settings from "./Settings.js"
export * as Transport from "./Transport.js"
