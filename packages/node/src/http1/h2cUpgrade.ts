/**
 * `Upgrade: h2c` (RFC 7540 §3.2, deprecated by RFC 9113 §3.1, and off unless a user asks for it): a request of HTTP/1.1 that goes on as stream 1 of HTTP/2.
 * For the engine it is a connection like any other: the request is put, as a HEADERS frame, behind the client's first SETTINGS frame,
 * to which the settings of HTTP2-Settings are added in front. Called by the ports of the skins.
 */
import { isConnectionField } from "@effect-http2/engine/Headers"
import type { IncomingMessage } from "node:http"

const prefaceLength = 24
const frameHeaderLength = 9
const maxFrameSize = 16_384

/** What has done its work. */
const done: ReadonlySet<string> = new Set(["host", "http2-settings", "te"])

/** Fields of the request that it does not have over HTTP/2 (RFC 9113 §8.2.2). */
const isDropped = (name: string): boolean => isConnectionField(name) || done.has(name)

/** HPACK (RFC 7541 §5.1): an integer with a prefix of 7 bits, no Huffman coding. */
const pushLength = (out: Array<number>, length: number): void => {
  if (length < 127) return void out.push(length)
  out.push(127)
  let rest = length - 127
  for (; rest >= 128; rest >>>= 7) out.push((rest & 127) | 128)
  out.push(rest)
}

const pushText = (out: Array<number>, text: string): void => {
  const octets = Buffer.from(text, "latin1")
  pushLength(out, octets.length)
  for (const octet of octets) out.push(octet)
}

/** HPACK (RFC 7541 §6.2.2): a literal field without indexing leaves the dynamic table as it is. */
const pushField = (out: Array<number>, name: string, value: string): void => {
  out.push(0)
  pushText(out, name)
  pushText(out, value)
}

const frame = (type: number, flags: number, streamId: number, payload: Uint8Array): Buffer => {
  const header = Buffer.alloc(frameHeaderLength)
  header.writeUIntBE(payload.length, 0, 3)
  header.writeUInt8(type, 3)
  header.writeUInt8(flags, 4)
  header.writeUInt32BE(streamId, 5)
  return Buffer.concat([header, payload])
}

/** The names in its Connection fields (RFC 9110 §7.6.1). */
const connectionOptions = (request: IncomingMessage): ReadonlySet<string> =>
  new Set((request.headers.connection ?? "").split(",").map((token) => token.trim().toLowerCase()))

/** HEADERS with END_STREAM and END_HEADERS on stream 1; undefined where it would not fit into a frame. */
const headersFrame = (request: IncomingMessage): Buffer | undefined => {
  const block: Array<number> = []
  pushField(block, ":method", request.method ?? "GET")
  pushField(block, ":scheme", "http")
  pushField(block, ":authority", request.headers.host ?? "")
  pushField(block, ":path", request.url ?? "/")
  const named = connectionOptions(request)
  const { rawHeaders } = request
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]?.toLowerCase() ?? ""
    if (!isDropped(name) && !named.has(name)) pushField(block, name, rawHeaders[i + 1] ?? "")
  }
  return block.length > maxFrameSize ? undefined : frame(1, 0x5, 1, Buffer.from(block))
}

/**
 * RFC 7540 §3.2.1: one HTTP2-Settings field, which Connection names beside Upgrade. A proxy that forwards `Upgrade` and writes a Connection of its
 * own, as for WebSockets, does not name it: what comes through that would be a tunnel past the proxy's rules.
 */
const isAsked = (request: IncomingMessage): boolean => {
  const named = connectionOptions(request)
  if (!named.has("upgrade") || !named.has("http2-settings")) return false
  const count = (name: string): number =>
    request.rawHeaders.filter((each, index) => index % 2 === 0 && each.toLowerCase() === name).length
  return count("http2-settings") === 1 && count("upgrade") === 1 && request.headers.upgrade?.toLowerCase() === "h2c"
}

/** The payload of a SETTINGS frame as base64url without padding (RFC 7540 §3.2.1). */
const decodeSettings = (text: string): Buffer | undefined => {
  const payload = Buffer.from(text, "base64url")
  // Node passes over what is no base64url, and bits that are left over.
  if (payload.toString("base64url") !== text) return undefined
  return payload.length % 6 === 0 && payload.length <= 32 * 6 ? payload : undefined
}

/** A request without a body that is whole as stream 1 too, with its settings. */
const settingsOf = (request: IncomingMessage): Buffer | undefined => {
  const { headers, httpVersionMinor } = request
  const settings = headers["http2-settings"]
  const hasBody = headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? "0") !== 0
  const hasTarget = headers.host !== undefined && /^(\/|\*$)/.test(request.url ?? "")
  if (httpVersionMinor === 0 || hasBody || !hasTarget || !isAsked(request)) return undefined
  return typeof settings === "string" ? decodeSettings(settings) : undefined
}

/** What the client sends, with the request put into it. */
class Injector {
  private pending: Buffer = Buffer.alloc(0)
  private isDone = false

  constructor(
    private readonly settings: Buffer,
    private readonly request: Buffer
  ) {}

  readonly feed = (chunk: Uint8Array): Uint8Array => {
    if (this.isDone) return chunk
    this.pending = Buffer.concat([this.pending, chunk])
    const { pending } = this
    if (pending.length < prefaceLength + frameHeaderLength) return Buffer.alloc(0)
    const length = pending.readUIntBE(prefaceLength, 3)
    const end = prefaceLength + frameHeaderLength + length
    const isSettings = pending[prefaceLength + 3] === 4 && (pending[prefaceLength + 4] ?? 1) % 2 === 0
    // The engine finds what is wrong with it.
    if (!isSettings || length > maxFrameSize) return this.finish(pending)
    if (pending.length < end) return Buffer.alloc(0)
    const payload = Buffer.concat([this.settings, pending.subarray(prefaceLength + frameHeaderLength, end)])
    return this.finish(
      Buffer.concat([pending.subarray(0, prefaceLength), frame(4, 0, 0, payload), this.request, pending.subarray(end)])
    )
  }

  private finish(octets: Buffer): Uint8Array {
    this.isDone = true
    this.pending = Buffer.alloc(0)
    return octets
  }
}

/** The answer that makes the connection one of HTTP/2. */
export const switchingProtocols = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"

/**
 * How the connection on which `request` asks to be upgraded goes on: what each read of it is to be replaced by, nothing where that is empty. Undefined where it
 * stays as it is.
 */
export const fromRequest = (request: IncomingMessage): ((chunk: Uint8Array) => Uint8Array) | undefined => {
  const settings = settingsOf(request)
  const headers = settings === undefined ? undefined : headersFrame(request)
  return settings === undefined || headers === undefined ? undefined : new Injector(settings, headers).feed
}
