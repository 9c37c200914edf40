/** The services of http2 over sockets: `NodeHttp2.layerClient`, and `Http2Client.layer` over `NodeTransport.layer`. */
import * as Http2Client from "@effect-http2/http2/Http2Client"
import * as Http2ServerResponse from "@effect-http2/http2/Http2ServerResponse"
import * as NodeHttp2 from "@effect-http2/platform-node/NodeHttp2"
import * as NodeTransport from "@effect-http2/platform-node/NodeTransport"
import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { expect } from "vitest"

const serve = NodeHttp2.serve(
  (request) => Effect.succeed(Http2ServerResponse.text(`${request.authority}${request.path}`)),
  { host: "127.0.0.1" }
)

const ask = Effect.map(Http2Client.collect({ path: "/you" }), ({ text }) => text)

describe("a client in the context", () => {
  it.scopedLive("of NodeHttp2.layerClient, whose options may be undefined", () =>
    Effect.gen(function* () {
      const { address } = yield* serve
      const url = `http://127.0.0.1:${address.port}`
      const options = { authority: undefined, scheme: undefined, isAuthoritative: undefined }
      expect(yield* Effect.provide(ask, NodeHttp2.layerClient(url, options))).toBe(`127.0.0.1:${address.port}/you`)
      const error = yield* Effect.flip(Effect.provide(ask, NodeHttp2.layerClient("ftp://nobody")))
      expect(error).toMatchObject({ reason: "InvalidOptions" })
    })
  )

  it.scopedLive("over NodeTransport.layer", () =>
    Effect.gen(function* () {
      const { address } = yield* serve
      const transport = NodeTransport.layer({ host: "127.0.0.1", port: address.port })
      const client = Layer.provide(Http2Client.layer({ authority: "test" }), transport)
      expect(yield* Effect.provide(ask, client)).toBe("test/you")
    })
  )
})
