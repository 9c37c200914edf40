/**
 * Responses that `node:http` gives. Made by http1Request.ts; a skin puts its own readers on it.
 */
import * as Http2Error from "@effect-http2/engine/Http2Error"
import { longerThan } from "@effect-http2/engine/message/messageErrors"
import type * as Http from "node:http"
import { failure, fromSocketError } from "../socket/socketError.js"
import type { Cancel } from "./exchange.js"

const toError = (error: unknown): Http2Error.Http2Error =>
  Http2Error.isHttp2Error(error) ? error : fromSocketError(error)

/** The whole body, or trailers, or why there are none. */
export type Outcome<A> = (outcome: A | Http2Error.Http2Error) => void

export class Http1Response {
  readonly remoteAddress: string | undefined
  private readonly isBodyless: boolean

  constructor(
    readonly source: Http.IncomingMessage,
    isHead: boolean
  ) {
    this.remoteAddress = source.socket.remoteAddress
    const { headers, statusCode } = source
    this.isBodyless = isHead || statusCode === 204 || statusCode === 304 || headers["content-length"] === "0"
    // One that nobody hears would end the process.
    source.on("error", () => undefined)
    // Nobody has to read what is empty: its connection is free again without that.
    if (this.isBodyless) source.resume()
  }

  get status(): number {
    return this.source.statusCode ?? 0
  }

  /** As Node has them, by name. */
  get headers(): Http.IncomingHttpHeaders {
    return this.source.headers
  }

  get setCookies(): ReadonlyArray<string> {
    return this.source.headers["set-cookie"] ?? []
  }

  /** The body of a response that has none. */
  takeOctets(): Uint8Array | undefined {
    return this.isBodyless ? new Uint8Array() : undefined
  }

  /** Why a message that was not complete is over. */
  readonly cutOff = (): Http2Error.Http2Error => {
    const { source } = this
    return source.errored === null
      ? failure("Closed", "the connection was closed before the body ended")
      : toError(source.errored)
  }

  /** The whole body. Taking the wait away, and a body beyond `limit`, destroy the message. */
  collect(limit: number, done: Outcome<Uint8Array>): Cancel {
    const { source } = this
    const parts: Array<Uint8Array> = []
    let length = 0
    const onData = (part: Uint8Array): void => {
      parts.push(part)
      length += part.length
      if (length <= limit) return
      settle(longerThan(limit, 0, length))
      source.destroy()
    }
    const onEnd = (): void => {
      forget()
      // Some ticks behind this event its connection is free again: who goes on then with another request gets it.
      queueMicrotask(() => done(Buffer.concat(parts, length)))
    }
    const onClose = (): void => settle(this.cutOff())
    const forget = (): void => {
      source.off("data", onData)
      source.off("end", onEnd)
      source.off("close", onClose)
    }
    const settle = (outcome: Uint8Array | Http2Error.Http2Error): void => {
      forget()
      done(outcome)
    }
    if (source.closed) {
      done(this.cutOff())
      return forget
    }
    source.on("data", onData)
    source.on("end", onEnd)
    source.on("close", onClose)
    return () => {
      forget()
      source.destroy()
    }
  }

  /** The fields behind the body, once it is there. */
  onTrailers(done: Outcome<NodeJS.Dict<string>>): Cancel {
    const { source } = this
    const stop = (): void => {
      source.off("end", settle)
      source.off("close", settle)
    }
    const settle = (): void => {
      stop()
      done(source.complete ? source.trailers : this.cutOff())
    }
    if (source.complete || source.destroyed) settle()
    else {
      source.once("end", settle)
      source.once("close", settle)
    }
    return stop
  }
}
