/**
 * One request of a client from the wish to the response: waits for a place, sends head and body, hears of the response. Called by
 * Http2Client.ts, which makes an effect of it.
 */
import type { HeaderField } from "@effect-http2/hpack/HeaderField"
import * as ErrorCode from "../ErrorCode.js"
import type { Headers } from "../Headers.js"
import * as Http2Error from "../Http2Error.js"
import type { Parameters } from "../Priority.js"
import { ofRequest } from "../origin/asciiOrigin.js"
import { ClientStream, type ResponseListener } from "./clientStream.js"
import type { ConnectionCore } from "../connection/connectionCore.js"
import type { ClientRole, Waiting } from "./clientRole.js"
import type { ResponseHead } from "../fields/messageHead.js"
import { sizeViolation } from "../message/sectionSize.js"

/** A request, checked and ready to be sent. A class, as all that is made for each request: V8 may put what a literal makes where it stays for long. */
export class Prepared<Body = unknown, Trailers = unknown> {
  constructor(
    readonly pseudo: ReadonlyArray<HeaderField>,
    readonly headers: Headers,
    /** A body of octets without trailers is sent with the head; any other, and trailers, by `sendBody`. */
    readonly body: Body,
    readonly trailers: Trailers,
    readonly isHead: boolean,
    /** CONNECT, whose stream stays open on our side. */
    readonly isTunnel: boolean,
    readonly onInformational: ((status: number, headers: Headers) => void) | undefined,
    /** What goes behind the headers. */
    readonly more: ReadonlyArray<HeaderField>
  ) {}
}

/** Who is told of the outcome: the stream that has its head, or why there is none. */
export interface Observer {
  onHead(stream: ClientStream): void
  /** Before the head, or behind it. */
  onFailure(error: Http2Error.Http2Error): void
}

export class ClientRequest<Body = unknown, Trailers = unknown> implements Waiting, ResponseListener {
  stream: ClientStream | undefined = undefined
  private observer: Observer | undefined = undefined
  /** What was asked for while the request waited for its place. */
  private priority: Parameters | undefined = undefined

  constructor(
    private readonly role: ClientRole,
    private readonly prepared: Prepared<Body, Trailers>,
    /** Sends a body that cannot be handed over at once. */
    private readonly sendBody: (stream: ClientStream, prepared: Prepared<Body, Trailers>) => void
  ) {}

  /** Sends the request as soon as there is a place for it. */
  start(observer: Observer): void {
    this.observer = observer
    this.role.submit(this)
  }

  /** Nobody wants the response, or the rest of it, any more. */
  unsafeCancel(): void {
    this.role.withdraw(this)
    this.stream?.cancel("the request was given up before its response was read to the end")
  }

  /** The response is to be as urgent as `parameters` say from now on. */
  unsafeReprioritize(parameters: Parameters): void {
    if (this.stream === undefined) this.priority = parameters
    else this.stream.sendPriorityUpdate(parameters)
  }

  /** The stream, once the observer was told of it: the head of the response is there. */
  get answered(): ClientStream {
    if (this.stream === undefined) throw new Error("the request was not sent")
    return this.stream
  }

  violation({ peerMaxHeaderListSize }: ConnectionCore): Http2Error.StreamError | undefined {
    const { headers, more, pseudo } = this.prepared
    return sizeViolation(peerMaxHeaderListSize, 0, pseudo, headers, more)
  }

  open(connection: ConnectionCore, streamId: number): void {
    const { body, headers, isHead, isTunnel, more, pseudo, trailers } = this.prepared
    const stream = new ClientStream(connection, streamId, isHead, isTunnel, this)
    this.stream = stream
    connection.opened(stream)
    connection.stats.requests++
    const isEmpty = body === undefined || (body instanceof Uint8Array && body.length === 0)
    stream.begin(pseudo, headers, more, isEmpty && trailers === undefined && !isTunnel)
    if (this.priority !== undefined) stream.sendPriorityUpdate(this.priority)
    if (body instanceof Uint8Array && trailers === undefined) {
      if (body.length > 0) stream.sendData(body, true)
    } else if (!isEmpty || trailers !== undefined) this.sendBody(stream, this.prepared)
  }

  refuse(error: Http2Error.Http2Error): void {
    this.observer?.onFailure(error)
  }

  onInformational(head: ResponseHead): void {
    try {
      this.prepared.onInformational?.(head.status, head.headers)
    } catch (cause) {
      // The callback is its user's: what it throws is the end of the request, and of nothing else.
      this.stream?.reset(
        new Http2Error.StreamError({
          streamId: this.stream.id,
          code: ErrorCode.INTERNAL_ERROR,
          origin: "User",
          reason: "onInformational has thrown",
          processed: "unknown",
          cause
        })
      )
    }
  }

  get origin(): string | undefined {
    const { headers } = this.prepared
    return ofRequest(this.valueOf(":scheme") ?? "", this.valueOf(":authority") ?? headers.get("host") ?? "")
  }

  asksFor(method: string, path: string): boolean {
    return this.valueOf(":method") === method && this.valueOf(":path") === path
  }

  private valueOf(name: string): string | undefined {
    return this.prepared.pseudo.find((field) => field.name === name)?.value
  }

  onHead(stream: ClientStream): void {
    if (stream.head?.status === 421) this.role.origins?.misdirected(this.origin)
    this.observer?.onHead(stream)
  }

  onFailure(error: Http2Error.Http2Error): void {
    this.observer?.onFailure(error)
  }
}
