/**
 * The handshake of a WebSocket over HTTP/2 (RFC 8441) as `ws` takes it, which knows HTTP/1.1 alone: the request that it would have got, and the head that it
 * answers with.
 */
import { randomBytes } from "node:crypto"
import { type IncomingHttpHeaders, IncomingMessage } from "node:http"
import * as Net from "node:net"

/** The request as `ws` would have got it; RFC 8441 has no Sec-WebSocket-Key. */
export const toIncomingMessage = (url: string, headers: IncomingHttpHeaders): IncomingMessage => {
  const message = new IncomingMessage(new Net.Socket())
  message.method = "GET"
  message.url = url
  message.headers = { ...headers, "sec-websocket-key": randomBytes(16).toString("base64") }
  return message
}

/** The status of a head of HTTP/1.1, and those of its fields that negotiate. */
export const parseHead = (head: string): { readonly status: number; readonly headers: Record<string, string> } => {
  const [statusLine = "", ...lines] = (head.split("\r\n\r\n", 1)[0] ?? "").split("\r\n")
  const headers: Record<string, string> = {}
  for (const line of lines) {
    const colon = line.indexOf(":")
    const name = line.slice(0, colon).toLowerCase()
    if (name.startsWith("sec-websocket-") && name !== "sec-websocket-accept")
      headers[name] = line.slice(colon + 1).trim()
  }
  return { status: Number(statusLine.split(" ")[1]), headers }
}
