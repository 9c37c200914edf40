/**
 * What a server pushes, at a client (RFC 9113 §8.4): responses to requests that the client has not sent. A client gets them where it is made with
 * `enablePush`, as `Http2Client.pushes`.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { responseOf, type Http2ClientResponse } from "./Http2ClientResponse.js"
import type { Headers } from "./Headers.js"
import type * as Http2Error from "./Http2Error.js"
import type { ClientStream } from "@effect-http2/engine/client/clientStream"
import type { ClientPushes } from "@effect-http2/engine/client/clientPushes"
import type { Connection } from "@effect-http2/engine/connection/connection"
import type { Push as Pushed } from "@effect-http2/engine/client/push"
import { fromEvents } from "./internal/events.js"
import type * as Priority from "./Priority.js"

export type {
  /**
   * @since 0.1.0
   * @category models
   */
  PromisedRequest,
  /**
   * @since 0.1.0
   * @category models
   */
  PromisedTarget
} from "@effect-http2/engine/PromisedRequest"

/**
 * A promise of the server: the request that it answers, and the response that is on its way. Nothing has to be done about one that is of no use, but
 * it costs less when it is cancelled: unless its response is asked for, it is given up after `stallTimeout`, or when it holds too much.
 *
 * @since 0.1.0
 * @category models
 */
export class Push {
  /** @internal */
  constructor(private readonly pushed: Pushed) {}

  /** :method, `GET` or `HEAD`. */
  get method(): string {
    return this.pushed.head.method
  }

  /** :scheme, for instance `https`. */
  get scheme(): string {
    return this.pushed.head.scheme
  }

  /** :authority, host and port. */
  get authority(): string {
    return this.pushed.head.authority
  }

  /** :path with its query. */
  get path(): string {
    return this.pushed.head.path
  }

  /** The fields that the server takes the request to have, without pseudo-header fields. */
  get headers(): Headers {
    return this.pushed.head.headers
  }

  /** The stream of the request that it was pushed with. */
  get associatedStreamId(): number {
    return this.pushed.associatedStreamId
  }

  /** The stream that carries the response. */
  get streamId(): number {
    return this.pushed.stream.id
  }

  /**
   * Waits for the head of the response, and says that it is wanted: from then on, a request for the same is held back until the promised stream has closed
   * (§8.4.2). Interruption, and the end of the scope before the response was whole, send RST_STREAM(CANCEL).
   *
   * Fails with a `StreamError` where the server has reset the stream or this side has given it up, with what ended the connection where that is over.
   */
  get response(): Effect.Effect<Http2ClientResponse, Http2Error.Http2Error, Scope.Scope> {
    return Effect.flatMap(Effect.scope, (scope) =>
      Effect.zipRight(Scope.addFinalizer(scope, this.cancel), Effect.map(answered(this.pushed), responseOf))
    )
  }

  /** `Http2ClientResponse.reprioritize`, also before there is a response (RFC 9218 §7.1). It does not say that the response is wanted. */
  reprioritize(parameters: Priority.Parameters): Effect.Effect<boolean> {
    return Effect.sync(() => this.pushed.stream.sendPriorityUpdate(parameters))
  }

  /** The response, or the rest of it, is not wanted: RST_STREAM(CANCEL), unless the stream is over. */
  get cancel(): Effect.Effect<void> {
    return Effect.sync(() => this.pushed.cancel())
  }
}

/**
 * The promises that nobody has seen, each once, until the connection ends.
 *
 * @internal
 */
export const pushes = (connection: Connection, promised: ClientPushes): Stream.Stream<Push, Http2Error.Http2Error> =>
  Stream.map(
    fromEvents(
      connection,
      promised.whenPromised,
      () => promised.take(),
      () => promised.failure(connection)
    ),
    (pushed) => new Push(pushed)
  )

/** The stream, once the head of the response is there. Whoever runs it wants the response; interruption gives it up. */
const answered = (pushed: Pushed): Effect.Effect<ClientStream, Http2Error.Http2Error> =>
  Effect.async((resume) => {
    const { error, stream } = pushed
    if (error !== undefined) return resume(Effect.fail(error))
    pushed.accept()
    const answer = (): void => {
      if (stream.head !== undefined) resume(Effect.succeed(stream))
      else if (pushed.error !== undefined) resume(Effect.fail(pushed.error))
    }
    if (stream.head !== undefined) return answer()
    pushed.whenAnswered.add(answer)
    return Effect.sync(() => {
      pushed.whenAnswered.remove(answer)
      pushed.cancel()
    })
  })
