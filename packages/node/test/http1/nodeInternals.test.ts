/** What is relied on of `node:http` beyond what it documents: one test for each fact, which fails where an upgrade breaks it, and one for the plain way behind it. */
import * as NodeInternals from "@effect-http2/node/http1/nodeInternals"
import { once } from "node:events"
import * as Http from "node:http"
import * as Net from "node:net"
import { describe, expect, it } from "vitest"

const newResponse = () => new Http.ServerResponse(new Http.IncomingMessage(new Net.Socket()))

const thrownBy = (run: () => unknown): unknown => {
  try {
    return run()
  } catch (error) {
    return error
  }
}

const listening = async (server: Net.Server): Promise<number> => {
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  const address = server.address()
  return typeof address === "object" && address !== null ? address.port : 0
}

describe("node:http", () => {
  it("goes by the members of a response that are marked", () => {
    expect(NodeInternals.goesByMarks).toBe(true)
  })

  it.each([
    { way: "marked", isMarked: true },
    { way: "defined", isMarked: false }
  ])("says how far a response is that it does not send, where that is $way", ({ isMarked }) => {
    const response = newResponse()
    const error = new Error("broken off")
    NodeInternals.markHeadSent(response, isMarked)
    expect([response.headersSent, response.writableEnded, response.closed]).toEqual([true, false, false])
    expect(thrownBy(() => response.setHeader("a", "b"))).toMatchObject({ code: "ERR_HTTP_HEADERS_SENT" })
    NodeInternals.markEnded(response, isMarked)
    expect([response.writableEnded, response.finished]).toEqual([true, true])
    NodeInternals.markErrored(response, error)
    NodeInternals.markClosed(response, isMarked)
    expect([response.closed, response.destroyed, response.errored]).toEqual([true, true, error])
  })

  it("watches over slow requests of a server that does not listen, from the event `listening` on", () => {
    const server = new Http.Server()
    expect(NodeInternals.watchSlowRequests(server)).toBe(true)
    server.close()
  })

  it("bounds the silence of sockets where it does not watch over slow requests", () => {
    const server = new Http.Server({ requestTimeout: 1234 })
    server.emit = () => true
    expect([NodeInternals.watchSlowRequests(server), server.timeout]).toEqual([false, 1234])
  })

  it("leaves no other listeners at an upgraded socket than those that are taken away", async () => {
    const server = Http.createServer()
    const client = Net.connect(await listening(server), "127.0.0.1")
    client.on("error", () => undefined)
    client.write("GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: other\r\n\r\n")
    const left = await new Promise<ReadonlyArray<string | symbol>>((resolve) => {
      server.on("upgrade", (_, socket) => {
        const ofNet = new Net.Socket().eventNames()
        NodeInternals.forgetServer(socket)
        resolve(socket.eventNames().filter((name) => !ofNet.includes(name)))
        socket.destroy()
        server.close()
      })
    })
    expect(left).toEqual([])
  })

  it("says of a head that is too large what we look for", async () => {
    const server = Net.createServer((socket) => {
      socket.on("error", () => undefined)
      socket.end(`HTTP/1.1 200 OK\r\na: ${"b".repeat(1000)}\r\n\r\n`)
    })
    const request = Http.get({ port: await listening(server), maxHeaderSize: 100, agent: false })
    const error = await new Promise<Error>((resolve) => request.on("error", resolve))
    server.close()
    expect(NodeInternals.isHeaderOverflow(error)).toBe(true)
  })
})
