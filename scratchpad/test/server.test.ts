import { createHash, randomBytes } from "node:crypto"
import { once } from "node:events"
import type * as Http2 from "node:http2"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { period } from "../plain/pattern.js"
import { answer, connect, json, request } from "./support/http2Peer.js"
import { versions } from "./support/programs.js"
import { usePlayground } from "./support/suite.js"

const INTERNAL_ERROR = 2
const CANCEL = 8

describe.each(versions)("on Effect %i", (version) => {
  const server = usePlayground({ version, mayLog: true })

  describe.each(["http", "https"] as const)("the playground over %s:", (scheme) => {
    let session: Http2.ClientHttp2Session
    beforeAll(async () => {
      session = await connect(server[scheme])
    })
    afterAll(() => {
      session.close()
    })

    const get = (path: string) => request(session, "GET", path)

    it("GET / is a page", async () => {
      const { body, headers, status } = await get("/")
      expect(status).toBe(200)
      expect(headers["content-type"]).toBe("text/html; charset=utf-8")
      expect(headers["content-length"]).toBe(String(body.length))
      expect(body.toString()).toContain('<a href="/bytes/1000000">')
    })

    it("POST / answers with a body", async () => {
      const { body, status } = await request(session, "POST", "/", { body: Buffer.alloc(300_000) })
      expect(status).toBe(200)
      expect(body.toString()).toBe("Thank you for 300000 bytes.\n")
    })

    it("GET /hello is 12 bytes", async () => {
      const { body, headers, status } = await get("/hello")
      expect(status).toBe(200)
      expect(headers["content-type"]).toBe("text/plain")
      expect(headers["content-length"]).toBe("12")
      expect(body.toString()).toBe("Hello World!")
    })

    it("a query changes nothing", async () => {
      expect((await get("/hello?x=1")).body.toString()).toBe("Hello World!")
      expect((await get("/bytes/3?x=1")).body).toHaveLength(3)
    })

    it.each([0, 1, 16_384, 65_536, 3_000_000])("GET /bytes/%i", async (length) => {
      const { body, headers, rstCode, status } = await get(`/bytes/${length}`)
      expect({ status, rstCode }).toEqual({ status: 200, rstCode: 0 })
      expect(headers["content-length"]).toBe(String(length))
      expect(body.length).toBe(length)
      expect(body.every((byte, index) => byte === index % period)).toBe(true)
    })

    it.each([
      "/bytes/",
      "/bytes/x",
      "/bytes/-1",
      "/bytes/1.5",
      "/bytes/10737418241",
      "/bytes/1e3",
      "/delay/x",
      "/delay/60001"
    ])("GET %s is a bad request", async (path) => {
      expect(await get(path)).toMatchObject({ status: 400, rstCode: 0 })
    })

    it("HEAD is GET without content", async () => {
      const hello = await request(session, "HEAD", "/hello")
      expect(hello).toMatchObject({ status: 200, headers: { "content-length": "12" }, rstCode: 0 })
      expect(hello.body).toHaveLength(0)
      const bytes = await request(session, "HEAD", "/bytes/10737418240")
      expect(bytes).toMatchObject({ status: 200, headers: { "content-length": "10737418240" }, rstCode: 0 })
      expect(bytes.body).toHaveLength(0)
      for (const path of ["/", "/delay/1", "/events", "/headers", "/fail", "/stats"]) {
        expect(await request(session, "HEAD", path)).toMatchObject({ status: 200, rstCode: 0, body: Buffer.alloc(0) })
      }
    })

    it("POST /echo gives back what it gets, while it gets it, and counts it", async () => {
      const stream = session.request({ ":method": "POST", ":path": "/echo", "content-type": "text/x-test" })
      const answered = answer(stream)
      stream.write("one")
      const [first] = (await once(stream, "data")) as [Buffer]
      expect(first.toString()).toBe("one")
      stream.end("two")
      const { body, headers, rstCode, trailers } = await answered
      expect(headers["content-type"]).toBe("text/x-test")
      expect(body.toString()).toBe("onetwo")
      expect(trailers["x-echo-bytes"]).toBe("6")
      expect(rstCode).toBe(0)
    })

    it("POST /echo with a body larger than the windows, and with none", async () => {
      const data = randomBytes(5_000_000)
      const large = await request(session, "POST", "/echo", { body: data })
      expect(large.body.equals(data)).toBe(true)
      expect(large.trailers["x-echo-bytes"]).toBe("5000000")
      const none = await request(session, "POST", "/echo")
      expect(none).toMatchObject({ status: 200, trailers: { "x-echo-bytes": "0" }, rstCode: 0 })
      expect(none.body).toHaveLength(0)
    })

    it("POST /upload tells length and sha256", async () => {
      const data = randomBytes(3_000_000)
      const { body } = await request(session, "POST", "/upload", { body: data })
      expect(JSON.parse(body.toString())).toEqual({
        length: data.length,
        sha256: createHash("sha256").update(data).digest("hex")
      })
    })

    it("GET /delay/MS takes as long", async () => {
      const before = performance.now()
      expect(await get("/delay/300")).toMatchObject({ status: 200 })
      expect(performance.now() - before).toBeGreaterThanOrEqual(295)
    })

    it("GET /headers is the request", async () => {
      const { body, headers } = await request(session, "GET", "/headers?q=1", {
        headers: { "x-one": "1", "x-many": ["a", "b"], authorization: "Basic eA==" }
      })
      expect(headers["content-type"]).toMatch(/^application\/json/)
      expect(JSON.parse(body.toString())).toEqual({
        method: "GET",
        path: "/headers?q=1",
        scheme,
        authority: new URL(server[scheme]).host,
        headers: { "x-one": "1", "x-many": ["a", "b"], authorization: "Basic eA==" }
      })
    })

    it("GET /fail is never whole", async () => {
      const { body, rstCode, status } = await get("/fail")
      expect({ status, rstCode }).toEqual({ status: 200, rstCode: INTERNAL_ERROR })
      expect(body.toString()).toBe("The first chunk, and no second one.\n")
    })

    it("GET /events sends one a second until cancelled, which interrupts the handler", async () => {
      const stream = session.request({ ":path": "/events" })
      const answered = answer(stream)
      const [fields] = (await once(stream, "response")) as [Http2.IncomingHttpHeaders]
      expect(fields["content-type"]).toBe("text/event-stream")
      const before = performance.now()
      const [first] = (await once(stream, "data")) as [Buffer]
      const [second] = (await once(stream, "data")) as [Buffer]
      expect(first.toString()).toMatch(/^id: 0\ndata: \{"tick":0,"time":".*"\}\n\n$/)
      expect(second.toString()).toMatch(/^id: 1\n/)
      expect(performance.now() - before).toBeGreaterThan(900)
      stream.close(CANCEL)
      await answered
      await expect.poll(() => json(session, "/stats")).toMatchObject({ activeHandlers: 1 })
    })

    it("GET /hang never answers, and a reset interrupts it", async () => {
      const before = (await json(session, "/stats")) as { handlersInterrupted: number; resetsReceived: number }
      const stream = session.request({ ":path": "/hang" })
      const answered = answer(stream)
      await expect.poll(() => json(session, "/stats")).toMatchObject({ activeHandlers: 2 })
      stream.close(CANCEL)
      expect((await answered).status).toBeUndefined()
      await expect
        .poll(() => json(session, "/stats"))
        .toMatchObject({
          activeHandlers: 1,
          activeStreams: 1,
          handlersInterrupted: before.handlersInterrupted + 1,
          resetsReceived: before.resetsReceived + 1
        })
    })

    it("GET /stats counts", async () => {
      const number: unknown = expect.any(Number)
      const first = (await json(session, "/stats")) as { requests: number }
      expect(first).toEqual({
        connections: number,
        activeStreams: number,
        activeHandlers: number,
        handlersInterrupted: number,
        requests: number,
        pushes: number,
        resetsSent: number,
        resetsReceived: number,
        stalledOctets: number,
        slowBodies: number,
        glitches: number,
        guardTrips: number,
        failuresByPeer: number,
        heapUsed: number
      })
      expect(await json(session, "/stats")).toMatchObject({ requests: first.requests + 1 })
    })

    it("any other path is 404", async () => {
      for (const path of ["/nope", "/hello/", "/echo/x", "//", "/bytes"]) {
        expect(await get(path)).toMatchObject({ status: 404, rstCode: 0 })
      }
    })

    it.each([
      ["PUT", "/", "GET, POST, HEAD"],
      ["POST", "/hello", "GET, HEAD"],
      ["DELETE", "/bytes/5", "GET, HEAD"],
      ["POST", "/delay/5", "GET, HEAD"],
      ["GET", "/echo", "POST"],
      ["HEAD", "/upload", "POST"],
      ["OPTIONS", "/stats", "GET, HEAD"],
      ["constructor", "/hello", "GET, HEAD"]
    ])("%s %s is not allowed", async (method, path, allow) => {
      const body = method === "POST" || method === "PUT" ? { body: "ignored" } : {}
      expect(await request(session, method, path, body)).toMatchObject({ status: 405, headers: { allow } })
    })
  })

  it("a thousand readers on one connection may all leave at once", async () => {
    const session = await connect(server.http)
    const readers = await Promise.all(
      Array.from({ length: 1000 }, async () => {
        const stream = session.request({ ":path": "/bytes/10000000" })
        await once(stream, "response")
        return stream
      })
    )
    expect(await json(session, "/stats")).toMatchObject({ activeStreams: 1001 })
    const left = readers.map(answer)
    for (const stream of readers) stream.close(CANCEL)
    await Promise.all(left)
    await expect.poll(() => json(session, "/stats")).toMatchObject({ activeStreams: 1, activeHandlers: 1 })
    session.close()
  })
})
