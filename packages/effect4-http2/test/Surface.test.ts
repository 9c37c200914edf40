/** The skins of both versions of Effect have the same modules, exports, forms of functions and members, but for what is listed here. */
import { compareSurfaces, type Difference, surfaceOf } from "@effect-http2/testkit/surface"
import { expect, it } from "vitest"

const differences: ReadonlyArray<Difference> = [
  { name: "StreamRun", reason: "a Stream of Effect 4 costs what its effects do" },
  ...["Http2IncomingMessage.Http2IncomingMessage", "Http2ClientResponse.Http2ClientResponse"]
    .concat("Http2ServerRequest.Http2ServerRequest")
    .flatMap((name) =>
      ["fold", "forEach"].map((member) => ({ name: `${name}.${member}`, reason: "what StreamRun is for, in Effect 3" }))
    ),
  { name: "InterruptibleRuntime", reason: "fibers of `Effect.runForkWith` can be interrupted wherever it is called" },
  { name: "Http2Server.ServerOptions.abortFiberId", reason: "interruption has annotations, and not the id of a fiber" },
  { name: "Http2Server.ServerOptions.abortAnnotations", reason: "in the place of `abortFiberId`" },
  ...["TypeId", "isHttp2Server", "makeServer", "Http2Server.serve", "Http2Server.address"].map((name) => ({
    name: `Http2Server.${name}`,
    reason: 'a service of Effect 4 is a class with `of`, its shape is `Http2Server["Service"]`'
  })),
  { name: "MemoryTransport.make(options)", reason: "`Effect.fnUntraced` takes the names away" },
  ...["setHeaders", "setTrailers"].map((name) => ({
    name: `Http2ServerResponse.${name}`,
    reason: "Effect 3 has `setHeader` alone"
  }))
]

it("the public surface is that of the skin for Effect 3", () => {
  expect(compareSurfaces(surfaceOf("http2"), surfaceOf("effect4-http2"), differences)).toEqual({
    missing: [],
    added: [],
    idle: []
  })
})
