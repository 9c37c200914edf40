/** A client's engine, and the user that asks for things. */
import * as Http2Client from "@effect-http2/http2/Http2Client"
import type * as Http2Connection from "@effect-http2/http2/Http2Connection"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import { Got, grant, usePush, type Wish } from "../app/requester.js"
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

  /** What the server pushed and the user saw, by stream. */
  readonly pushed = new Map<number, { readonly got: Got; readonly fiber: Fiber.RuntimeFiber<void> }>()

  constructor(
    world: World,
    readonly options: Http2Client.ClientOptions = {}
  ) {
    super(world, "client", options.connectionWindowSize)
    this.client = this.acquire(Http2Client.make(this.pipe, { authority: "test", stats: this.stats, ...options }))
    this.connection = this.client.connection
    this.watchEnd()
    if (options.enablePush === true) this.followPushes()
    this.collect()
  }

  private followPushes(): void {
    const follow = Stream.runForEach(this.client.pushes, (push) => {
      const got = new Got()
      return Effect.map(Effect.forkDaemon(usePush(push, got)), (fiber) => {
        this.pushed.set(push.streamId, { got, fiber })
      })
    })
    this.world.fork(Effect.ignore(follow))
  }

  /** Wishes for something. What the engine sends of it is collected. */
  wish(wish: Wish): void {
    const got = new Got()
    const fiber = this.world.fork(grant(this.client, wish, got))
    this.wishes.set(wish.n, { wish, got, fiber, isCancelled: false })
    this.collect()
  }

  /** Whether the user waits for nothing. */
  get isIdle(): boolean {
    return [...this.wishes.values(), ...this.pushed.values()].every(({ fiber }) => fiber.unsafePoll() !== null)
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
