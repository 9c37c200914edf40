/**
 * Requests by our client, one after another on each of so many streams. Used by the client benchmark and by the load generator that
 * stands in for h2load.
 */
import * as NodeHttp2 from "@effect-http2/platform-node/NodeHttp2"
import * as Effect from "effect/Effect"
import { readFileSync } from "node:fs"
import type { Meter } from "./clients/meter.js"

/** What is asked for, and how much at once. */
export interface Work {
  readonly url: string
  readonly path: string
  readonly connections: number
  readonly streams: number
  /** Octets of the expected body. */
  readonly expected: number
  /** The file of the certificate to trust; undefined for a plain server. */
  readonly ca: string | undefined
  readonly fields: ReadonlyArray<readonly [name: string, value: string]>
  readonly body: Uint8Array | undefined
  /** By `request`, each in a scope of its own, its body read behind it; else by `collect`, which reads a response whole. */
  readonly scoped: boolean
}

/** Sends requests until `meter.finished`. */
export const run = (work: Work, meter: Meter): Effect.Effect<void, unknown> => {
  const tls = work.ca === undefined ? {} : { tls: { ca: readFileSync(work.ca, "utf8") } }
  const request = {
    method: work.body === undefined ? "GET" : "POST",
    path: work.path,
    headers: work.fields,
    body: work.body
  }
  const connection = Effect.gen(function* () {
    const client = yield* NodeHttp2.connect(work.url, tls)
    const once = work.scoped
      ? Effect.scoped(
          Effect.flatMap(client.request(request), (response) =>
            Effect.map(response.bytes(), (bytes) => meter.response(response.status, bytes.length, work.expected))
          )
        )
      : Effect.map(client.collect(request), ({ body, status }) => meter.response(status, body.length, work.expected))
    const loop: Effect.Effect<void, unknown> = Effect.suspend(() =>
      meter.finished ? Effect.void : Effect.zipRight(once, loop)
    )
    yield* Effect.all(
      Array.from({ length: work.streams }, () => loop),
      { concurrency: "unbounded", discard: true }
    )
  })
  return Effect.all(
    Array.from({ length: work.connections }, () => Effect.scoped(connection)),
    { concurrency: "unbounded", discard: true }
  )
}
