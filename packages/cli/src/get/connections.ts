/** One connection of HTTP/2 for each origin, opened for the first request to it, with its frames shown where `-v` asks for that. */
import * as FrameLog from "@effect-http2/http2/FrameLog"
import * as Http2Client from "@effect-http2/http2/Http2Client"
import type { Http2Error } from "@effect-http2/http2/Http2Error"
import type * as Transport from "@effect-http2/http2/Transport"
import * as NodeTransport from "@effect-http2/platform-node/NodeTransport"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Scope from "effect/Scope"
import { performance } from "node:perf_hooks"
import * as FrameText from "../frameText.js"
import { Output, type OutputTo } from "../output.js"
import type { GetOptions } from "./getOptions.js"

const INITIAL_WINDOW = 262_144

/** Requests that run at once: what does not have its turn yet is held back by the windows, which have to have room for all of them. */
export const CONCURRENCY = 100

export interface Connections {
  /** A connection to the origin of `url` that takes requests. */
  readonly to: (url: URL) => Effect.Effect<Http2Client.Http2Client, Http2Error>
  /** Waits until each peer has answered all that was sent to it, as far as it does so soon: what it has to say is part of what is shown. */
  readonly settle: Effect.Effect<void>
}

type ShowOptions = Pick<GetOptions, "json" | "verbose">
type ConnectOptions = ShowOptions & Pick<GetOptions, "insecure" | "push">

/** Shows the frames of one connection on stderr; `startedAt` in ms of `performance.now`. */
const show = (output: OutputTo, connection: number, startedAt: number, json: boolean): FrameLog.Log => {
  const prefix = connection === 1 ? "" : `[${connection}] `
  return (direction, frame, fields) => {
    const milliseconds = performance.now() - startedAt
    const text = FrameText.format(frame, fields)
    if (json) {
      const time = Math.round(milliseconds * 1000) / 1000
      const type = text.slice(0, text.indexOf(" "))
      output.tell(
        JSON.stringify({ connection, milliseconds: time, direction, streamId: frame.streamId, type, text, fields })
      )
    } else {
      output.tell(`${direction === "sent" ? ">" : "<"} ${prefix}${milliseconds.toFixed(1).padStart(7)} ms ${text}`)
    }
  }
}

const describePeer = ({ peer }: Transport.Transport): string =>
  peer.tls === undefined ? "plain" : `${peer.tls.version}, ${peer.tls.cipher}`

/** The connections; all are closed with the scope. `ca` is what `--cacert` names. */
export const make = (options: ConnectOptions, ca: string | undefined): Effect.Effect<Connections, never, Scope.Scope> =>
  Effect.map(Effect.zip(Effect.scope, Output), ([scope, output]) => {
    const startedAt = performance.now()
    const open = new Map<string, Deferred.Deferred<Http2Client.Http2Client, Http2Error>>()
    const clients: Array<Http2Client.Http2Client> = []
    let count = 0

    const connect = (url: URL): Effect.Effect<Http2Client.Http2Client, Http2Error, Scope.Scope> =>
      Effect.gen(function* () {
        const connection = ++count
        const isTls = url.protocol === "https:"
        const tls = { rejectUnauthorized: !options.insecure, ...(ca === undefined ? {} : { ca }) }
        const transport = yield* NodeTransport.connect({
          host: url.hostname.replace(/^\[|\]$/g, ""),
          port: Number(url.port) || (isTls ? 443 : 80),
          ...(isTls ? { tls } : {})
        })
        if (options.verbose && !options.json) {
          const time = `${(performance.now() - startedAt).toFixed(1).padStart(7)} ms`
          output.tell(
            `* ${connection === 1 ? "" : `[${connection}] `}${time} connected to ${url.host}: ${describePeer(transport)}`
          )
        }
        const log = show(output, connection, startedAt, options.json)
        const client = yield* Http2Client.make(
          options.verbose ? FrameLog.inspect(transport, log, "client") : transport,
          {
            gracefulShutdownTimeout: "1 second",
            enablePush: options.push,
            initialWindowSize: INITIAL_WINDOW,
            connectionWindowSize: (CONCURRENCY + 4) * INITIAL_WINDOW
          }
        )
        clients.push(client)
        return client
      })

    const fresh = (url: URL): Effect.Effect<Http2Client.Http2Client, Http2Error> =>
      Effect.flatMap(Deferred.make<Http2Client.Http2Client, Http2Error>(), (deferred) => {
        open.set(url.origin, deferred)
        return Effect.zipRight(
          Effect.intoDeferred(Scope.extend(connect(url), scope), deferred),
          Deferred.await(deferred)
        )
      })

    const to = (url: URL): Effect.Effect<Http2Client.Http2Client, Http2Error> =>
      Effect.suspend(() => {
        const opened = open.get(url.origin)
        return opened === undefined
          ? fresh(url)
          : Effect.flatMap(Deferred.await(opened), (client) =>
              client.connection.isDraining && open.get(url.origin) === opened ? fresh(url) : Effect.succeed(client)
            )
      })

    const settle = Effect.suspend(() =>
      Effect.forEach(clients, ({ connection }) => Effect.timeout(connection.ping, "1 second").pipe(Effect.ignore), {
        concurrency: "unbounded",
        discard: true
      })
    )
    return { to, settle }
  })
