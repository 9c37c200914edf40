/**
 * From what a client's stream tells to what the listener of a request wants to hear. Made by Http2Client.ts for each request.
 */
import type { Http2Error } from "../Http2Error.js"
import type { Observer } from "@effect-http2/engine/client/clientRequest"
import type { ClientStream } from "@effect-http2/engine/client/clientStream"

interface Listener<A> {
  onResponse(response: A): void
  onFailure(error: Http2Error): void
}

export class Relay<A> implements Observer {
  constructor(
    private readonly listener: Listener<A>,
    private readonly toResponse: (stream: ClientStream) => A
  ) {}

  onHead(stream: ClientStream): void {
    this.listener.onResponse(this.toResponse(stream))
  }

  onFailure(error: Http2Error): void {
    this.listener.onFailure(error)
  }
}
