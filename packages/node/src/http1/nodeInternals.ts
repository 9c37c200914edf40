/**
 * What this package knows of `node:http` and `node:net` beyond their documentation. Each fact is checked when this module loads or where it is used, with a plain way behind it;
 * test/internals.test.ts fails where one does not hold.
 */
import * as Http from "node:http"
import type { Duplex } from "node:stream"
import * as Net from "node:net"

/** The members of a response that its public ones, and `stream.finished`, look at. */
interface Marks {
  readonly _header?: string
  readonly finished?: boolean
  readonly _closed?: boolean
  readonly destroyed?: boolean
}

const setMarks = (response: Http.ServerResponse, marks: Marks): void => {
  for (const [name, value] of Object.entries(marks)) Reflect.set(response, name, value)
}

const refusesHeaders = (response: Http.ServerResponse): boolean => {
  try {
    response.setHeader("a", "b")
    return false
  } catch {
    return true
  }
}

/** Whether a response goes by those members. */
export const goesByMarks: boolean = ((): boolean => {
  const response = new Http.ServerResponse(new Http.IncomingMessage(new Net.Socket()))
  if (response.headersSent || response.writableEnded || response.closed || response.destroyed) return false
  setMarks(response, { _header: "HTTP/2 200", finished: true, _closed: true, destroyed: true })
  const { closed, destroyed, headersSent, writableEnded } = response
  return headersSent && writableEnded && closed && destroyed && refusesHeaders(response)
})()

const define = (response: Http.ServerResponse, values: Readonly<Record<string, unknown>>): void => {
  for (const [name, value] of Object.entries(values)) {
    Object.defineProperty(response, name, { configurable: true, value, writable: true })
  }
}

export const headersSentError = (): Error =>
  Object.assign(new Error("Cannot write headers after they are sent to the client"), { code: "ERR_HTTP_HEADERS_SENT" })

const refuse = (): never => {
  throw headersSentError()
}

/** How far a response is that `node:http` does not send; `isMarked` is for tests of the plain way. */
export const markHeadSent = (response: Http.ServerResponse, isMarked: boolean = goesByMarks): void => {
  if (isMarked) setMarks(response, { _header: `HTTP/2 ${response.statusCode}` })
  else define(response, { headersSent: true, setHeader: refuse, appendHeader: refuse, removeHeader: refuse })
}

export const markEnded = (response: Http.ServerResponse, isMarked: boolean = goesByMarks): void => {
  if (isMarked) setMarks(response, { finished: true })
  else define(response, { finished: true, writableEnded: true })
}

export const markClosed = (response: Http.ServerResponse, isMarked: boolean = goesByMarks): void => {
  if (isMarked) setMarks(response, { _closed: true, destroyed: true })
  else define(response, { closed: true, destroyed: true })
}

/** Node keeps it where nobody else can write. */
export const markErrored = (response: Http.ServerResponse, error: Error): void => define(response, { errored: error })

/** The timer of a server that looks for slow requests; undefined where there is none. */
const checkingTimer = (server: Http.Server): unknown => {
  const key = Object.getOwnPropertySymbols(server).find(({ description }) =>
    description?.endsWith("connectionsCheckingInterval")
  )
  return key === undefined ? undefined : Reflect.get(server, key)
}

/**
 * Starts the watch over slow requests (`headersTimeout`, `requestTimeout`) of a server that does not listen itself: Node starts it at the event `listening`.
 * False where it did not; then the silence of a socket is bounded by `requestTimeout`.
 */
export const watchSlowRequests = (server: Http.Server): boolean => {
  const before = checkingTimer(server)
  server.emit("listening")
  const after = checkingTimer(server)
  const isWatched = after !== undefined && after !== before
  if (!isWatched) server.timeout = server.requestTimeout
  return isWatched
}

/** The listeners that a server sets on each socket, and that some versions leave behind at an upgrade. */
const leftAtUpgrade = ["timeout", "pause", "resume"]

/** Takes the listeners of a server away from a socket that was upgraded, before it is handed to a server again. */
export const forgetServer = (socket: Duplex): void => {
  for (const event of leftAtUpgrade) socket.removeAllListeners(event)
}

/** Whether the parser has stopped at a head, or at trailers, that are larger than `maxHeaderSize`. */
export const isHeaderOverflow = (error: Error & { readonly code?: unknown }): boolean =>
  error.code === "HPE_HEADER_OVERFLOW"

/**
 * Octets that the system has not taken of the write that is under way on a socket. 0 where that cannot be told: then a write shows that it moves only when
 * it is done.
 */
export const queuedOctets = (socket: Net.Socket): number => {
  const handle: unknown = Reflect.get(socket, "_handle")
  const octets: unknown = typeof handle === "object" && handle !== null ? Reflect.get(handle, "writeQueueSize") : 0
  return typeof octets === "number" ? octets : 0
}
