/** A client's engine, and the user that asks for things. */
import * as Http2Client from "@effect-http2/http2/Http2Client"
import type * as Http2Connection from "@effect-http2/http2/Http2Connection"
import * as Fiber from "effect/Fiber"
import { Got, grant, type Wish } from "../app/requester.js"
import { EngineRun } from "./engineRun.js"
import type { World } from "./world.js"

export interface Wished {
  readonly wish: Wish
  readonly got: Got
  readonly fiber: Fiber.RuntimeFiber<void>
  isCancelled: boolean
}

export class ClientRun extends EngineRun {
  readonly connection: Http2Connection.Http2Connection
  readonly wishes = new Map<number, Wished>()
  private readonly client: Http2Client.Http2Client

  constructor(world: World, options: Http2Client.ClientOptions = {}) {
    super(world, "client")
    this.client = this.acquire(Http2Client.make(this.pipe, { authority: "test", stats: this.stats, ...options }))
    this.connection = this.client.connection
    this.watchEnd()
    this.collect()
  }

  /** Wishes for something. What the engine sends of it is collected. */
  wish(wish: Wish): void {
    const got = new Got()
    const fiber = this.world.fork(grant(this.client, wish, got))
    this.wishes.set(wish.n, { wish, got, fiber, isCancelled: false })
    this.collect()
  }

  /** The user does not want it any more. */
  cancel(wished: Wished): void {
    wished.isCancelled = true
    this.world.fork(Fiber.interrupt(wished.fiber))
    this.collect()
  }

  /** Nobody wants anything any more. */
  cancelAll(): void {
    for (const wished of this.wishes.values()) if (wished.fiber.unsafePoll() === null) this.cancel(wished)
  }
}
