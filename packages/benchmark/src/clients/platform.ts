/** What the programs of the platform's clients share: the same application, by the layer that each has. */
import * as HttpClient from "@effect/platform/HttpClient"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as Client from "./client.js"

/** Asks for the text again and again, so many times at once. */
export const main = (layer: Layer.Layer<HttpClient.HttpClient>): Promise<void> =>
  Client.main((config, meter) => {
    const url = `${config.url}${config.path}`
    const loop = Effect.gen(function* () {
      while (!meter.finished) {
        const response = yield* HttpClient.get(url)
        const text = yield* response.text
        meter.response(response.status, text.length, config.expected)
      }
    })
    const all = Effect.all(Array<typeof loop>(config.streams).fill(loop), { concurrency: "unbounded", discard: true })
    Effect.runPromise(Effect.provide(all, layer)).catch(Client.fail)
  })
