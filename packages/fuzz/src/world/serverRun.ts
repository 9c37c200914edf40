/** A server's engine, with the handler that does what paths say. */
import type * as Http2Connection from "@effect-http2/http2/Http2Connection"
import * as Http2Server from "@effect-http2/http2/Http2Server"
import { makeHandler, type Received } from "../app/handler.js"
import { EngineRun } from "./engineRun.js"
import type { World } from "./world.js"

export class ServerRun extends EngineRun {
  readonly connection: Http2Connection.Http2Connection
  /** The requests that handlers got, by stream. */
  readonly inbox = new Map<number, Received>()

  constructor(world: World, options: Http2Server.ServerOptions = {}) {
    super(world, "server", options.connectionWindowSize)
    const handler = makeHandler(this.inbox)
    this.connection = this.acquire(
      Http2Server.make(this.pipe, handler, { sendDate: false, stats: this.stats, ...options })
    )
    this.watchEnd()
    this.collect()
  }
}
