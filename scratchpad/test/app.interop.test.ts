/** The page of the sample application in Chromium, which uses every part of it over HTTP/2, the WebSocket too (RFC 8441). */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { describeWithPeer } from "../../packages/platform-node/test/support/peers.js"
import { nodeHttp2, nodeHttp2OfEffect4 } from "./support/app.js"
import type { Page } from "@effect-http2/testkit/browser"
import { launch } from "@effect-http2/testkit/browser"

describe.each([
  { version: 3, serve: nodeHttp2 },
  { version: 4, serve: nodeHttp2OfEffect4 }
])("on Effect $version", ({ serve, version }) => {
  describeWithPeer("chromium", "Chromium, the page of the sample application", (program) => {
    const scope = Effect.runSync(Scope.make())
    let page: Page
    beforeAll(async () => {
      const { url } = await Effect.runPromise(Scope.extend(serve, scope))
      page = await launch(program)
      await page.open(`${url}/`)
      await page.evaluate("finished")
    }, 60_000)
    afterAll(async () => {
      await page.close()
      await Effect.runPromise(Scope.close(scope, Exit.void))
    }, 60_000)

    /** What the page shows of a part. */
    const shown = async (name: string): Promise<unknown> => {
      const text = await page.evaluate(`document.querySelector("tr#${name} td:nth-child(2)").textContent`)
      if (typeof text !== "string") throw new Error(`nothing shown of ${name}`)
      return /^[[{]/.test(text) ? (JSON.parse(text) as unknown) : text
    }

    it("finished, and nothing failed", async () => {
      expect(await page.evaluate(`[...document.querySelectorAll(".failed")].map((row) => row.textContent)`)).toEqual([])
      expect(await page.evaluate(`document.querySelector("#status").textContent`)).toBe("finished")
    })

    it("came over HTTP/2, and so did all that it asked for", async () => {
      expect(await shown("protocol")).toBe("h2")
      expect(await shown("protocols")).toEqual(["h2"])
    })

    it("POST and GET of the HttpApi, and its typed error", async () => {
      // The program has a client of its own, which was there before.
      const id = version === 3 ? 1 : 2
      expect(await shown("create")).toEqual({ status: 201, body: { id, text: "from the page" } })
      expect(await shown("find")).toEqual({ status: 200, body: { id, text: "FROM THE PAGE" } })
      expect(await shown("missing")).toEqual({ status: 404, body: { _tag: "NoSuchNote", id: 0 } })
    })

    it("a stream of ticks", async () => {
      expect(await shown("ticks")).toEqual(["data: 1", "data: 2", "data: 3", "data: 4", "data: 5"])
    })

    it("a WebSocket, by an extended CONNECT of HTTP/2", async () => {
      const messages = ["h2 CONNECT websocket: one", "h2 CONNECT websocket: two"]
      expect(await shown("webSocket")).toEqual({ code: 1000, messages })
    })

    it("Rpc over HTTP, with a stream as well", async () => {
      expect(await shown("greet")).toEqual({ _tag: "Success", value: "Hello, page!" })
      expect(await shown("count")).toEqual([1, 2, 3, 4, 5])
    })
  })
})
