/**
 * Server push at a server (RFC 9113 §8.4): PUSH_PROMISE on the stream of a request, and a stream of our own on which the same handler answers the promised
 * request as if the client had sent it. One for each connection. Made by the server's role.
 */
import { HeaderField } from "@effect-http2/hpack/HeaderField"
import * as ErrorCode from "../ErrorCode.js"
import * as Headers from "../Headers.js"
import * as Http2Error from "../Http2Error.js"
import type { PromisedRequest, PromisedTarget } from "../PromisedRequest.js"
import { ofRequest } from "../origin/asciiOrigin.js"
import type { Connection } from "../connection/connection.js"
import { RequestHead } from "../fields/messageHead.js"
import { check, checkTarget } from "../message/outgoing.js"
import { promiseViolation } from "../message/pushPromise.js"
import { pseudoFields } from "../message/requestFields.js"
import { checkSection } from "../message/sectionSize.js"
import type { ServerRole } from "./serverRole.js"
import { ServerStream } from "./serverStream.js"
import * as StreamState from "../stream/streamState.js"

const { Event, State } = StreamState

/** Whether the handler of the request on `stream` may push what is asked for. */
export type MayPush = (promised: PromisedTarget, stream: ServerStream) => boolean

/** The same origin: whoever answers for one answers for the other (§8.4, §10.1). */
const isSameOrigin: MayPush = ({ authority, scheme }, { head }) =>
  ofRequest(scheme, authority) !== undefined && ofRequest(scheme, authority) === ofRequest(head.scheme, head.authority)

/** The highest id that a server can give to a stream. */
const lastId = 0x7ffffffe

/** Why nothing can be pushed, and where the RFC says so. */
type Obstacle = readonly [section: string, reason: string]

const obstacles = {
  tunnel: ["8.5", "a tunnel carries nothing but DATA"],
  over: ["6.6", "the stream is over"],
  draining: ["6.8", "the connection takes no more streams"],
  disabled: ["6.5.2", "the client does not take pushes"],
  limit: ["5.1.2", "the client, or maxConcurrentStreams, takes no more pushes at a time"],
  ids: ["5.1.1", "the connection has no more stream ids"]
} as const satisfies Record<string, Obstacle>

export class ServerPush {
  constructor(
    private readonly connection: Connection,
    private readonly server: ServerRole,
    private readonly mayPush: MayPush = isSameOrigin
  ) {}

  /** Why nothing can be pushed along with `stream` now, undefined where something can. */
  obstacle({ head, state }: ServerStream): Obstacle | undefined {
    const { options, remoteSettings, status, table } = this.connection
    if (head.method === "CONNECT") return obstacles.tunnel
    if (state !== State.open && state !== State.halfClosedRemote) return obstacles.over
    if (status !== "open") return obstacles.draining
    if (!remoteSettings.enablePush) return obstacles.disabled
    // Promised ones do not count for the client yet, but will.
    if (table.localCount >= remoteSettings.maxConcurrentStreams) return obstacles.limit
    if (table.localCount + this.server.lingering >= options.maxConcurrentStreams) return obstacles.limit
    return table.highestLocal >= lastId ? obstacles.ids : undefined
  }

  /** Promises, and has the handler answer. Throws a usage error for what cannot be promised, and then nothing was. */
  push(stream: ServerStream, promise: PromisedRequest): void {
    const { connection } = this
    const obstacle = this.obstacle(stream)
    if (obstacle !== undefined) throw Http2Error.usageError(stream.id, ...obstacle)
    const head = this.headOf(stream, promise)
    const pseudo = pseudoFields(head.method, head.scheme, new HeaderField(":authority", head.authority), head.path)
    checkSection(connection.peerMaxHeaderListSize, stream.id, pseudo, head.headers)
    const id = connection.table.highestLocal + 2
    connection.outbox.promise(stream.id, id, pseudo, head.headers.fields)
    connection.stats.pushes++
    const pushed = new PushedStream(connection, id, head, this.server)
    connection.opened(pushed)
    pushed.transition(Event.sendPushPromise)
    connection.startLater(pushed)
  }

  private headOf(stream: ServerStream, promise: PromisedRequest): RequestHead {
    const { authority = stream.head.authority, method = "GET", path, scheme = stream.head.scheme } = promise
    const headers = Headers.make(promise.headers)
    const { contentLength, host } = check(headers)
    checkTarget(method, scheme, authority, path, host)
    const expectsContinue = headers.get("expect")?.toLowerCase() === "100-continue"
    const head = new RequestHead(method, scheme, authority, path, undefined, headers, contentLength, expectsContinue)
    const reason = promiseViolation(head)
    if (reason !== undefined) throw Http2Error.usageError(stream.id, "8.4", reason)
    if (authority === "" || !this.mayPush({ method, scheme, authority, path }, stream)) {
      throw Http2Error.usageError(stream.id, "8.4", `this handler may not push ${scheme}://${authority}${path}`)
    }
    return head
  }

  /** Whether one of our streams can begin now: the client may have lowered its limit since the promise (§5.1.2). */
  get hasFreeStream(): boolean {
    const { remoteSettings, table } = this.connection
    const most = remoteSettings.maxConcurrentStreams
    if (table.localCount <= most) return true
    return table.values().filter(({ id, state }) => table.isLocal(id) && state !== State.reservedLocal).length < most
  }
}

/** A stream that we have promised: from reserved (local) on it carries a response. */
class PushedStream extends ServerStream {
  /** It carries no promises (§6.6). */
  override get push(): undefined {
    return undefined
  }

  /** The first head begins the stream: from then on it counts (§5.1.2). One for which there is no place any more is given up. */
  protected override sendHead(...head: Parameters<ServerStream["sendHead"]>): void {
    if (this.state === State.reservedLocal && this.server.push?.hasFreeStream === false) {
      const error = new Http2Error.StreamError({
        streamId: this.id,
        code: ErrorCode.CANCEL,
        origin: "Remote",
        reason: "Limit",
        description: "the client takes fewer pushes at a time than when this one was promised",
        section: "5.1.2",
        processed: "no"
      })
      this.reset(error)
      throw error
    }
    super.sendHead(...head)
  }
}
