/** `node:http2` as the playground's client. */
import { once } from "node:events"
import * as Http2 from "node:http2"

export interface Answer {
  readonly status: number | undefined
  readonly headers: Http2.IncomingHttpHeaders
  readonly body: Buffer
  readonly trailers: Http2.IncomingHttpHeaders
  /** The code of RST_STREAM, 0 where the stream ended whole. */
  readonly rstCode: number
}

export const connect = async (url: string): Promise<Http2.ClientHttp2Session> => {
  const session = Http2.connect(url, { rejectUnauthorized: false })
  await once(session, "connect")
  return session
}

/** Waits until a stream is over, however it ends. */
export const answer = (stream: Http2.ClientHttp2Stream): Promise<Answer> =>
  new Promise((resolve) => {
    const chunks: Array<Buffer> = []
    let headers: Http2.IncomingHttpHeaders & Http2.IncomingHttpStatusHeader = {}
    let trailers: Http2.IncomingHttpHeaders = {}
    stream.on("response", (fields) => {
      headers = fields
    })
    stream.on("trailers", (fields: Http2.IncomingHttpHeaders) => {
      trailers = fields
    })
    stream.on("data", (chunk: Buffer) => chunks.push(chunk))
    stream.on("error", () => {})
    stream.on("close", () =>
      resolve({
        status: headers[":status"],
        headers,
        body: Buffer.concat(chunks),
        trailers,
        rstCode: stream.rstCode ?? 0
      })
    )
  })

export const request = (
  session: Http2.ClientHttp2Session,
  method: string,
  path: string,
  options: { readonly headers?: Http2.OutgoingHttpHeaders; readonly body?: string | Uint8Array } = {}
): Promise<Answer> => {
  const stream = session.request(
    { ":method": method, ":path": path, ...options.headers },
    { endStream: options.body === undefined }
  )
  if (options.body !== undefined) stream.end(options.body)
  return answer(stream)
}

/** `GET path`, as JSON. */
export const json = async (session: Http2.ClientHttp2Session, path: string): Promise<unknown> =>
  JSON.parse((await request(session, "GET", path)).body.toString())
