/**
 * HTTP/2 (RFC 9113) in plain TypeScript, without a runtime. The modules of the folders are imported by their paths, for instance
 * `@effect-http2/engine/frame/frameDecoder`.
 *
 * @since 0.1.0
 */
export * as ErrorCode from "./ErrorCode.js"
export * as ExtensionFrame from "./ExtensionFrame.js"
export * as Frame from "./Frame.js"
export * as Headers from "./Headers.js"
export * as Http2Error from "./Http2Error.js"
export * as Http2Stats from "./Http2Stats.js"
export * as Link from "./Link.js"
export * as MemoryLink from "./MemoryLink.js"
export * as Meter from "./Meter.js"
export * as Options from "./Options.js"
export * as Output from "./Output.js"
export * as Peer from "./Peer.js"
export * as Priority from "./Priority.js"
export * as PromisedRequest from "./PromisedRequest.js"
export * as Settings from "./Settings.js"
