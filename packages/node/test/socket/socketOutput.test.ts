/** An open socket as an `Output`, and its reader, over real sockets. */
import { SocketOutput } from "@effect-http2/node/socket/socketOutput"
import type { Refuse, SocketReader } from "@effect-http2/node/socket/socketReader"
import { notHttp2 } from "@effect-http2/node/socket/socketError"
import { once } from "node:events"
import * as Net from "node:net"
import { afterEach, describe, expect, it } from "vitest"

const opened: Array<{ destroy?: () => unknown; close?: () => unknown }> = []

afterEach(() => {
  for (const each of opened.splice(0)) (each.destroy ?? each.close)?.call(each)
})

/** Two ends of a connection: one taken over, one as it is. */
const pair = async (refuse?: Refuse): Promise<readonly [SocketOutput, Net.Socket]> => {
  const server = Net.createServer({ allowHalfOpen: true })
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  const address = server.address()
  const port = typeof address === "object" && address !== null ? address.port : 0
  const accepted = new Promise<Net.Socket>((resolve) => server.once("connection", resolve))
  const socket = Net.connect({ port, host: "127.0.0.1", allowHalfOpen: true })
  await once(socket, "connect")
  const peer = await accepted
  opened.push(socket, peer, server)
  return [new SocketOutput(socket, undefined, refuse), peer]
}

const text = (chunks: ReadonlyArray<Uint8Array>) => Buffer.concat(chunks).toString("latin1")

const next = (reader: SocketReader): Promise<ReadonlyArray<Uint8Array>> =>
  reader.hasArrived ? Promise.resolve(reader.take()) : new Promise((resolve) => reader.wait(resolve))

const all = async (reader: SocketReader): Promise<string> => {
  let received = ""
  while (reader.hasArrived || reader.outcome === undefined) received += text(await next(reader))
  return received
}

const ended = (output: SocketOutput) => new Promise<void>((resolve) => output.endWrites(resolve))
const destroyed = (output: SocketOutput) => new Promise<void>((resolve) => output.destroy(resolve))

describe("the reader", () => {
  it("hands on all that arrives, in order, and then the end", async () => {
    const [{ reader }, peer] = await pair()
    const sent = Array.from({ length: 2000 }, (_, i) => `${i},`).join("")
    for (const piece of sent.match(/.{1,700}/g) ?? []) peer.write(piece)
    peer.end()
    expect(await all(reader)).toBe(sent)
    expect(reader.outcome).toBe("ended")
  })

  it("hands on what never changes afterwards, whatever is read on this and on other connections", async () => {
    let seed = 1
    const random = (most: number): number => {
      seed = (seed * 48_271) % 0x7fffffff
      return seed % most
    }
    const read = async (mark: number): Promise<void> => {
      const [{ reader }, peer] = await pair()
      const sent: Array<Buffer> = []
      for (let i = 0; i < 25; i++) {
        const piece = Buffer.alloc(1 + random(random(2) === 0 ? 300 : 300_000), mark + i)
        sent.push(piece)
        peer.write(piece)
      }
      peer.end()
      const kept: Array<Uint8Array> = []
      while (reader.hasArrived || reader.outcome === undefined) {
        kept.push(...(await next(reader)))
        if (random(3) === 0) await new Promise((resolve) => setImmediate(resolve))
      }
      expect(Buffer.concat(kept).equals(Buffer.concat(sent))).toBe(true)
      // Who keeps a little of it keeps little.
      for (const { buffer } of kept) expect(buffer.byteLength).toBeLessThanOrEqual(65_536)
    }
    await Promise.all([read(0), read(60), read(120)])
  })

  it("hands on what Node had read before it took over, in order", async () => {
    const server = Net.createServer()
    server.listen(0, "127.0.0.1")
    await once(server, "listening")
    const address = server.address()
    const accepted = new Promise<Net.Socket>((resolve) => server.once("connection", resolve))
    const peer = Net.connect({ port: typeof address === "object" ? (address?.port ?? 0) : 0, host: "127.0.0.1" })
    opened.push(peer, server)
    const socket = await accepted
    peer.write("first, ")
    await once(socket, "readable")
    const before: unknown = socket.read()
    socket.unshift(before)
    peer.write("second, ")
    const { reader } = new SocketOutput(socket, undefined, undefined)
    peer.end("third")
    expect(await all(reader)).toBe("first, second, third")
  })

  it("pauses the socket while nobody takes what is there", async () => {
    const [output, peer] = await pair()
    // More than the buffers of both sides hold.
    const total = 24 * 1024 * 1024
    peer.end(Buffer.alloc(total))
    let received = 0
    for (const { length } of await next(output.reader)) received += length
    for (let i = 0; i < 100; i++) await new Promise((resolve) => setImmediate(resolve))
    expect(peer.writableLength).toBeGreaterThan(0)
    while (output.reader.hasArrived || output.reader.outcome === undefined)
      for (const { length } of await next(output.reader)) received += length
    expect([received, output.reader.outcome]).toEqual([total, "ended"])
  })

  it("wakes who waits when the connection breaks, with what broke", async () => {
    const [{ reader }, peer] = await pair()
    const waiting = next(reader)
    peer.resetAndDestroy()
    expect(await waiting).toEqual([])
    expect(reader.outcome).toMatchObject({ _tag: "Http2TransportError", reason: "Reset" })
  })

  it("hands on what arrived before it broke", async () => {
    const [{ reader }, peer] = await pair()
    peer.write("before")
    const received = await next(reader)
    peer.resetAndDestroy()
    expect(text(received) + (await all(reader))).toBe("before")
    expect(reader.outcome).not.toBe("ended")
  })

  it("hands nothing on behind our own close", async () => {
    const [output, peer] = await pair()
    peer.write("unread")
    await destroyed(output)
    expect([output.reader.hasArrived, output.reader.outcome]).toEqual([false, "ended"])
  })

  it("hands nothing on of a peer that speaks something else", async () => {
    const [{ reader }, peer] = await pair((first) => notHttp2("there", first))
    peer.write("HTTP/1.1 400 Bad Request\r\n\r\n")
    expect(await all(reader)).toBe("")
    expect(reader.outcome).toMatchObject({ reason: "Connect" })
  })
})

describe("the output", () => {
  it("writes chunks in order, of any number and size, and ends our side behind them", async () => {
    const [output, peer] = await pair()
    const received: Array<Buffer> = []
    peer.on("data", (chunk: Buffer) => received.push(chunk))
    const chunks = [["one"], ["two", "", "three"], [], [""], ["x".repeat(5000), "y"]]
    for (const strings of chunks) output.write(strings.map((string) => Buffer.from(string)))
    await Promise.all([ended(output), once(peer, "end")])
    expect(text(received)).toBe(chunks.flat().join(""))
    expect(output.write([Buffer.from("late")])).toBe(true)
  })

  it("tells when it has drained, behind a close too", async () => {
    const [output] = await pair()
    output.write([Buffer.alloc(32 * 1024 * 1024)])
    expect(output.pendingOctets()).toBeGreaterThan(0)
    const drained = new Promise<void>((resolve) => output.onDrain(resolve))
    await destroyed(output)
    await drained
    expect(output.pendingOctets()).toBe(0)
  })

  it("calls at once who waits for the end of what is closed", async () => {
    const [output] = await pair()
    await destroyed(output)
    await ended(output)
    await destroyed(output)
  })
})
