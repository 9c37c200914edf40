/** Every route of the playground from a page in Chromium. Browsers speak HTTP/2 over TLS only. */
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { describeWithPeer } from "../../packages/platform-node/test/support/peers.js"
import type { Page } from "@effect-http2/testkit/browser"
import { launch } from "@effect-http2/testkit/browser"
import { stats, until } from "./support/observe.js"
import { versions } from "./support/programs.js"
import { usePlayground } from "./support/suite.js"

/** Runs in the page: a request, and all of its answer. */
const ask = `async (path, init) => {
  const response = await fetch(path, init)
  const text = await response.text()
  return { status: response.status, type: response.headers.get("content-type"), text }
}`

/** Runs in the page: octets that differ from each other, as an upload. */
const octets = `(length) => Uint8Array.from({ length }, (_, index) => (index * 7) % 251)`

describe.each(versions)("on Effect %i", (version) => {
  describeWithPeer("chromium", "Chromium, every route", (program) => {
    const server = usePlayground({ version, settles: true })
    let page: Page
    beforeAll(async () => {
      page = await launch(program)
      await page.open(`${server.https}/`)
    }, 60_000)
    afterAll(() => page.close(), 60_000)

    const fetched = (path: string, init: object = {}): Promise<unknown> =>
      page.evaluate(`(${ask})(${JSON.stringify(path)}, ${JSON.stringify(init)})`)

    it("GET /, over HTTP/2", async () => {
      expect(await page.evaluate(`performance.getEntriesByType("navigation")[0].nextHopProtocol`)).toBe("h2")
      expect(await page.evaluate(`document.querySelector("h1").textContent`)).toBe("effect-http2")
      expect(await page.evaluate(`document.querySelectorAll("a[href]").length`)).toBeGreaterThan(5)
    })

    it("POST /", async () => {
      expect(await fetched("/", { method: "POST", body: "1234" })).toMatchObject({
        status: 200,
        text: "Thank you for 4 bytes.\n"
      })
    })

    it("GET and HEAD /hello", async () => {
      expect(await fetched("/hello")).toEqual({ status: 200, type: "text/plain", text: "Hello World!" })
      expect(await fetched("/hello", { method: "HEAD" })).toEqual({ status: 200, type: "text/plain", text: "" })
    })

    it("GET /bytes/N", async () => {
      const wrong = await page.evaluate(`(async () => {
      const bytes = new Uint8Array(await (await fetch("/bytes/20000000")).arrayBuffer())
      return [bytes.length, bytes.findIndex((byte, index) => byte !== index % 251)]
    })()`)
      expect(wrong).toEqual([20_000_000, -1])
    })

    it("POST /echo", async () => {
      const result = await page.evaluate(`(async () => {
      const sent = (${octets})(3000000)
      const received = new Uint8Array(await (await fetch("/echo", { method: "POST", body: sent })).arrayBuffer())
      return [received.length, received.findIndex((byte, index) => byte !== sent[index])]
    })()`)
      expect(result).toEqual([3_000_000, -1])
    })

    it("POST /echo, with a body that is a stream", async () => {
      const result = await page.evaluate(`(async () => {
      let left = 50
      const body = new ReadableStream({
        pull: (controller) => (left-- > 0 ? controller.enqueue((${octets})(1000)) : controller.close())
      })
      const response = await fetch("/echo", { method: "POST", body, duplex: "half" })
      return (await response.arrayBuffer()).byteLength
    })()`)
      expect(result).toBe(50_000)
    })

    it("POST /upload", async () => {
      const same = await page.evaluate(`(async () => {
      const body = (${octets})(3000000)
      const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", body))
      const hex = Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("")
      const answer = await (await fetch("/upload", { method: "POST", body })).json()
      return answer.length === body.length && answer.sha256 === hex
    })()`)
      expect(same).toBe(true)
    })

    it("GET /delay/MS, 30 at once", async () => {
      const answers = await page.evaluate(
        `Promise.all(Array.from({ length: 30 }, (_, index) => fetch("/delay/" + index).then((answer) => answer.text())))`
      )
      expect(answers).toEqual(Array.from({ length: 30 }, (_, index) => `${index} ms later.\n`))
    })

    it("GET /headers", async () => {
      const { text } = (await fetched("/headers?from=page", { headers: { "X-One": "1" } })) as { readonly text: string }
      expect(JSON.parse(text)).toMatchObject({
        method: "GET",
        scheme: "https",
        path: "/headers?from=page",
        authority: new URL(server.https).host,
        headers: { "x-one": "1", "sec-fetch-site": "same-origin" }
      })
    })

    it("GET /events, by EventSource", async () => {
      const ticks = await page.evaluate(`new Promise((resolve, reject) => {
      const source = new EventSource("/events")
      const ticks = []
      source.onerror = () => reject(new Error("no events"))
      source.onmessage = ({ data, lastEventId }) => {
        ticks.push([lastEventId, JSON.parse(data).tick])
        if (ticks.length < 2) return
        source.close()
        resolve(ticks)
      }
    })`)
      expect(ticks).toEqual([
        ["0", 0],
        ["1", 1]
      ])
      await until(server, ({ activeHandlers }) => activeHandlers === 1)
    })

    it("GET /fail never looks whole", async () => {
      const result = await page.evaluate(`(async () => {
      const response = await fetch("/fail")
      return response.text().then(() => "whole", (error) => error.name)
    })()`)
      expect(result).toBe("TypeError")
    })

    it("GET /hang, until it is aborted", async () => {
      const before = await stats(server)
      await page.evaluate(`{
      globalThis.controller = new AbortController()
      globalThis.hanging = fetch("/hang", { signal: controller.signal }).catch((error) => error.name)
      undefined
    }`)
      await until(server, ({ activeHandlers }) => activeHandlers === 2)
      expect(await page.evaluate(`(controller.abort(), hanging)`)).toBe("AbortError")
      await until(server, ({ activeHandlers }) => activeHandlers === 1)
      expect((await stats(server)).handlersInterrupted).toBe(before.handlersInterrupted + 1)
    })

    it("GET /stats: all of it on one connection", async () => {
      // Connections of the tests' own questions are on their way out.
      await expect
        .poll(async () => JSON.parse(((await fetched("/stats")) as { readonly text: string }).text) as unknown, {
          timeout: 10_000
        })
        .toMatchObject({ connections: 1, activeStreams: 1, activeHandlers: 1 })
    })

    it("404 and 405", async () => {
      expect(await fetched("/nope")).toMatchObject({ status: 404, text: "404 Not Found\n" })
      expect(await fetched("/hello", { method: "DELETE" })).toMatchObject({ status: 405 })
    })

    it("every one of these over HTTP/2", async () => {
      const protocols = await page.evaluate(
        `[...new Set(performance.getEntriesByType("resource").map((entry) => entry.nextHopProtocol).filter(Boolean))]`
      )
      expect(protocols).toEqual(["h2"])
    })
  })
})
