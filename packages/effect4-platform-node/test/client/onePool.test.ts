/** How many clients, and with that pools, a program has that provides the layer more than once. */
import * as HttpClient from "effect/http/HttpClient"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as NodeHttp2Client from "@effect-http2/effect4-platform-node/NodeHttp2Client"
import * as Config from "effect/Config"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { describe, expect, it } from "vitest"
import { hasUndici } from "./support/clients.js"
import { certificate, check, http2 } from "./support/servers.js"

class First extends Context.Service<First, HttpClient.HttpClient>()("First") {}
class Second extends Context.Service<Second, HttpClient.HttpClient>()("Second") {}

type ClientLayer = Layer.Layer<HttpClient.HttpClient>

/** Two services, each with the client that it asks for itself. */
const both = (one: ClientLayer, other: ClientLayer) =>
  Effect.map(Effect.all([First, Second]), ([first, second]) => first === second).pipe(
    Effect.provide([
      Layer.provide(Layer.effect(First, HttpClient.HttpClient), one),
      Layer.provide(Layer.effect(Second, HttpClient.HttpClient), other)
    ])
  )

const ca = () => Buffer.from(certificate.cert)

describe("two services of one program have one client", () => {
  const layers: ReadonlyArray<readonly [string, () => ClientLayer]> = [
    ["NodeHttpClient.layerNodeHttp", () => NodeHttpClient.layerNodeHttp],
    ...(hasUndici ? [["NodeHttpClient.layerUndici", () => NodeHttpClient.layerUndici] as const] : []),
    ["without options", () => NodeHttp2Client.layer()],
    ["with options alike", () => NodeHttp2Client.layer({ tls: { ca: ca() }, pool: { maxQueued: 10 } })],
    [
      "with durations and lists alike",
      () => NodeHttp2Client.layer({ connectTimeout: Duration.seconds(3), priorKnowledge: ["http://localhost"] })
    ],
    ["with one that is not set", () => NodeHttp2Client.layer({ proxy: undefined })]
  ]
  for (const [name, make] of layers) {
    check(name, () => Effect.map(both(make(), make()), (isOne) => expect(isOne).toBe(true)))
  }
})

check("one pool, and one connection", () =>
  Effect.gen(function* () {
    const { dials, url } = yield* http2((stream) => {
      stream.respond({ ":status": 200 })
      stream.end("ok")
    })
    const make = () => NodeHttp2Client.layer({ tls: { ca: ca() } })
    yield* Effect.gen(function* () {
      for (const client of [yield* First, yield* Second]) {
        expect(yield* Effect.flatMap(client.get(url), (response) => response.text)).toBe("ok")
      }
    }).pipe(
      Effect.provide([
        Layer.provide(Layer.effect(First, HttpClient.HttpClient), make()),
        Layer.provide(Layer.effect(Second, HttpClient.HttpClient), make())
      ])
    )
    expect(dials()).toBe(1)
  })
)

describe("what differs makes two clients", () => {
  const lookup = () => () => undefined
  const pairs: ReadonlyArray<readonly [string, NodeHttp2Client.Options, NodeHttp2Client.Options]> = [
    ["a number", { pool: { maxQueued: 1 } }, { pool: { maxQueued: 2 } }],
    ["octets", { tls: { ca: Buffer.from("a") } }, { tls: { ca: Buffer.from("b") } }],
    ["one more in a list", { priorKnowledge: ["http://a"] }, { priorKnowledge: ["http://a", "http://b"] }],
    ["a function", { lookup: lookup() }, { lookup: lookup() }],
    ["counters", { stats: NodeHttp2Client.makeStats() }, { stats: NodeHttp2Client.makeStats() }],
    ["a duration", { connectTimeout: Duration.seconds(1) }, { connectTimeout: Duration.seconds(2) }]
  ]
  for (const [name, one, other] of pairs) {
    check(name, () =>
      Effect.map(both(NodeHttp2Client.layer(one), NodeHttp2Client.layer(other)), (isOne) => expect(isOne).toBe(false))
    )
  }

  check("Layer.fresh, as with any layer", () =>
    Effect.map(both(Layer.fresh(NodeHttp2Client.layer()), Layer.fresh(NodeHttp2Client.layer())), (isOne) =>
      expect(isOne).toBe(false)
    )
  )
})

it("layerConfig of the same configuration is one layer", () => {
  const connectTimeout = Config.Duration("TIMEOUT")
  expect(NodeHttp2Client.layerConfig({ connectTimeout })).toBe(NodeHttp2Client.layerConfig({ connectTimeout }))
})
