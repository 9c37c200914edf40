/** Requests whose bodies are cut off, octet by octet: what a server reads of them would be a whole body. */
import * as Net from "node:net"
import { block, post } from "./fieldBlock.js"
import * as Raw from "./rawFrame.js"

export interface Body {
  /** Its content-type. */
  readonly type: string
  readonly body: string
}

/** Sends a POST of `body` to `port` on this host, and completes when it was cut off. */
export type Cut = (port: number, body: Body) => Promise<void>

const http1 =
  (rest: (body: string) => string, leave: (socket: Net.Socket) => void): Cut =>
  (port, { body, type }) =>
    new Promise((resolve) => {
      const socket = Net.connect(port, "127.0.0.1", () => {
        socket.write(`POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: ${type}\r\n${rest(body)}`, () => {
          leave(socket)
          resolve()
        })
      })
      socket.on("error", () => {})
      socket.resume()
    })

const ping = "12345678"

/** `missing`: octets that content-length says beyond those that are sent; undefined where there is no content-length. */
const http2 =
  (leave: (socket: Net.Socket) => void, missing?: number): Cut =>
  (port, { body, type }) =>
    new Promise((resolve) => {
      const length = missing === undefined ? [] : [["content-length", String(body.length + missing)] as const]
      const head = Raw.headers(1, block(...post, ["content-type", type], ...length), Raw.OPEN)
      const frames = [Raw.preface, Raw.settings(), head, Raw.data(1, body), Raw.ping(ping)]
      const socket = Net.connect(port, "127.0.0.1", () => socket.write(Buffer.concat(frames)))
      let received = ""
      let isCut = false
      socket.on("error", () => {})
      socket.on("data", (chunk: Buffer) => {
        // Nobody waits for a peer that has gone.
        if (isCut) {
          socket.destroy()
          return
        }
        received += chunk.toString("latin1")
        // The acknowledgement says that the server has read what was sent before.
        if (!received.includes(ping)) return
        isCut = true
        leave(socket)
        resolve()
      })
    })

const counted = (body: string): string => `Content-Length: ${body.length + 1}\r\n\r\n${body}`
const chunked = (body: string): string => `Transfer-Encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n${body}\r\n`
const stay = (): void => {}

export const cuts: { readonly [name: string]: Cut } = {
  "HTTP/1.1, content-length, FIN": http1(counted, (socket) => socket.end()),
  "HTTP/1.1, content-length, RST": http1(counted, (socket) => socket.resetAndDestroy()),
  "HTTP/1.1, chunked, FIN": http1(chunked, (socket) => socket.end()),
  "HTTP/1.1, chunked, RST": http1(chunked, (socket) => socket.resetAndDestroy()),
  "HTTP/1.1, a chunk that is none": http1((body) => `${chunked(body)}none\r\n`, stay),
  "HTTP/2, RST_STREAM": http2((socket) => socket.write(Raw.rstStream(1, Raw.Code.CANCEL))),
  "HTTP/2, shorter than content-length": http2((socket) => socket.write(Raw.data(1, "", Raw.END_STREAM)), 1),
  "HTTP/2, the connection closes": http2((socket) => socket.destroy())
}
