/** What is relied on of `node:net` beyond what it documents, and the plain way behind it. */
import { readInto, readKeys } from "@effect-http2/node/socket/netInternals"
import { once } from "node:events"
import * as Net from "node:net"
import { afterEach, describe, expect, it } from "vitest"

const opened: Array<{ destroy?: () => unknown; close?: () => unknown }> = []

afterEach(() => {
  for (const each of opened.splice(0)) (each.destroy ?? each.close)?.call(each)
})

const pair = async (): Promise<readonly [Net.Socket, Net.Socket]> => {
  const server = Net.createServer()
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  const address = server.address()
  const accepted = new Promise<Net.Socket>((resolve) => server.once("connection", resolve))
  const client = Net.connect({ port: typeof address === "object" ? (address?.port ?? 0) : 0, host: "127.0.0.1" })
  const socket = await accepted
  opened.push(client, socket, server)
  return [socket, client]
}

describe("node:net", () => {
  it("keeps what `onread` says where we look for it", () => {
    expect(readKeys).toBeDefined()
  })

  it("reads a socket that was accepted into memory of ours, until it is paused, and on when it is resumed", async () => {
    const [socket, client] = await pair()
    const buffer = Buffer.alloc(4)
    const data: Array<unknown> = []
    const reads: Array<string> = []
    const onRead = (octets: number): true => {
      reads.push(buffer.toString("latin1", 0, octets))
      if (reads.length === 2) {
        socket.pause()
        setImmediate(() => setImmediate(() => socket.emit("paused")))
      }
      return true
    }
    expect(readInto(socket, buffer, onRead)).toBe(true)
    socket.on("data", (chunk) => data.push(chunk))
    client.end("0123456789")
    await once(socket, "paused")
    expect(reads).toEqual(["0123", "4567"])
    socket.resume()
    await once(socket, "end")
    expect([reads, data]).toEqual([["0123", "4567", "89"], []])
  })

  it("gives events, where it keeps it in another way", async () => {
    const [socket, client] = await pair()
    const unexpected = (): true => {
      throw new Error("read into memory of ours")
    }
    expect(readInto(socket, Buffer.alloc(4), unexpected, false)).toBe(false)
    const data: Array<Buffer> = []
    socket.on("data", (chunk: Buffer) => data.push(chunk))
    client.end("0123456789")
    await once(socket, "end")
    expect(Buffer.concat(data).toString("latin1")).toBe("0123456789")
  })

  it("gives events of a socket that has no handle", () => {
    expect(readInto(new Net.Socket(), Buffer.alloc(4), () => true)).toBe(false)
  })
})
