/** The packages for both versions of Effect have the same modules, exports, forms of functions and options, but for what is listed here. */
import { compareSurfaces, type Difference, surfaceOf } from "@effect-http2/testkit/surface"
import { expect, it } from "vitest"

const differences: ReadonlyArray<Difference> = [
  { name: "NodeHttp2.ServeOptions.abortFiberId", reason: "interruption has annotations, and not the id of a fiber" },
  { name: "NodeHttp2.ServeOptions.abortAnnotations", reason: "in the place of `abortFiberId`" },
  { name: "NodeHttp2Client.Options.alternatives", reason: "not there yet: `onAltSvc` hears of them" },
  { name: "NodeHttp2Client.Options.onAltSvc", reason: "in the place of `alternatives`" },
  {
    name: "NodeHttp2Client.Options.decompress",
    reason: "`NodeHttpClient` of Effect 4 has a layer of `fetch`, which does"
  },
  { name: "NodeHttp2Server.Options.handlerPolicy", reason: "an application says by itself how it is run" },
  { name: "NodeHttp2Server.makeHandler(httpApp)", reason: "an application is called `httpEffect` in Effect 4" },
  {
    name: "NodeHttp2Server.makeHandler(httpApp, middleware)",
    reason: "an application is called `httpEffect` in Effect 4"
  },
  {
    name: "NodeHttp2Server.makeHandler(httpEffect, middleware)",
    reason: "an application is called `httpEffect` in Effect 4"
  },
  { name: "NodeHttp2Server.layerContext", reason: "`NodeHttpServer` of Effect 4 calls it `layerHttpServices`" },
  { name: "NodeHttp2Server.layerHttpServices", reason: "as `NodeHttpServer` of Effect 4 has it" }
]

it("the public surface is that of the package for Effect 3", () => {
  expect(compareSurfaces(surfaceOf("platform-node"), surfaceOf("effect4-platform-node"), differences)).toEqual({
    missing: [],
    added: [],
    idle: []
  })
})
