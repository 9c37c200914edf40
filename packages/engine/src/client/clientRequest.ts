/**
 * One request of a client: checked, waiting for a free stream, sent, answered. Made and started
 * by the skin.
 */
import type { HeaderField } from "@effect-http2/hpack/HeaderField"
import * as ErrorCode from "../ErrorCode.js"
import type { Headers } from "../Headers.js"
import * as Http2Error from "../Http2Error.js"
import type { Parameters } from "../Priority.js"
import { ofRequest } from "../origin/asciiOrigin.js"
import { type ClientExchange, ClientStream } from "./clientStream.js"
import type { Connection } from "../connection/connection.js"
import type { ClientRole } from "./clientRole.js"
import type { ResponseHead } from "../fields/messageHead.js"
import { sizeViolation } from "../message/sectionSize.js"

/** Who hears of a response, as a port. */
export interface ResponseListener {
  /** The head of the final response is there. */
  onResponse(stream: ClientStream): void
  /** There is no response, or no more of it. */
  onFailure(error: Http2Error.Http2Error): void
  /** The response was read to its end, and the stream is over: there is nothing left to be cancelled. */
  onDone?(): void
}

export class ClientRequest implements ClientExchange {
  stream: ClientStream | undefined = undefined
  private listener: ResponseListener | undefined = undefined
  /** The priority that was asked for while the request waited for a stream. */
  private priority: Parameters | undefined = undefined

  constructor(
    private readonly role: ClientRole,
    private readonly pseudo: ReadonlyArray<HeaderField>,
    private readonly headers: Headers,
    /** Fields behind those. */
    private readonly more: ReadonlyArray<HeaderField>,
    /** Octets that leave with the head, as many as the windows let. Not empty. */
    private readonly body: Uint8Array | undefined,
    /** Sends what follows: a body that is no octets, trailers. Called once, when the head has left. */
    private readonly sendRest: ((stream: ClientStream) => void) | undefined,
    private readonly isHead: boolean,
    /** CONNECT, whose stream stays open on our side. */
    private readonly isTunnel: boolean,
    private readonly onInformationalHead: ((status: number, headers: Headers) => void) | undefined
  ) {}

  /** Sends the request as soon as a stream is free for it. */
  start(listener: ResponseListener): void {
    this.listener = listener
    this.role.submit(this)
  }

  /** Cancels the request, or the rest of its response. */
  unsafeCancel(): void {
    this.role.withdraw(this)
    this.stream?.cancel("the request was given up before its response was read to the end")
  }

  /** The response is to be as urgent as `parameters` say from now on. */
  unsafeReprioritize(parameters: Parameters): void {
    if (this.stream === undefined) this.priority = parameters
    else this.stream.sendPriorityUpdate(parameters)
  }

  /** Why the server, as it is known now, would not take it. */
  violation({ peerMaxHeaderListSize }: Connection): Http2Error.StreamError | undefined {
    const { headers, more, pseudo } = this
    return sizeViolation(peerMaxHeaderListSize, 0, pseudo, headers, more)
  }

  /** A stream is free: `streamId` is the request's. */
  open(connection: Connection, streamId: number): void {
    const { body, headers, isTunnel, more, pseudo, sendRest } = this
    const stream = new ClientStream(connection, streamId, this.isHead, isTunnel, this)
    this.stream = stream
    connection.opened(stream)
    connection.stats.requests++
    if (connection.meter.isOn) stream.measure(this.valueOf(":method") ?? "", this.valueOf(":scheme") ?? "")
    stream.begin(pseudo, headers, more, body === undefined && sendRest === undefined && !isTunnel)
    if (this.priority !== undefined) stream.sendPriorityUpdate(this.priority)
    if (body !== undefined) stream.sendData(body, sendRest === undefined)
    sendRest?.(stream)
  }

  /** No stream will become free: the request fails. */
  refuse(error: Http2Error.Http2Error): void {
    this.listener?.onFailure(error)
  }

  onInformational(head: ResponseHead): void {
    try {
      this.onInformationalHead?.(head.status, head.headers)
    } catch (cause) {
      // A throw of the user's callback fails this request only.
      this.stream?.reset(
        new Http2Error.StreamError({
          streamId: this.stream.id,
          code: ErrorCode.INTERNAL_ERROR,
          origin: "User",
          reason: "UserCode",
          description: "onInformational has thrown",
          processed: "unknown",
          cause
        })
      )
    }
  }

  get origin(): string | undefined {
    const { headers } = this
    return ofRequest(this.valueOf(":scheme") ?? "", this.valueOf(":authority") ?? headers.get("host") ?? "")
  }

  /** Whether it is for what a server has promised. */
  asksFor(method: string, path: string): boolean {
    return this.valueOf(":method") === method && this.valueOf(":path") === path
  }

  private valueOf(name: string): string | undefined {
    return this.pseudo.find((field) => field.name === name)?.value
  }

  onHead(stream: ClientStream): void {
    if (stream.head?.status === 421) this.role.origins?.misdirected(this.origin)
    this.listener?.onResponse(stream)
  }

  onFailure(error: Http2Error.Http2Error): void {
    this.listener?.onFailure(error)
  }

  onDone(): void {
    this.listener?.onDone?.()
  }
}
