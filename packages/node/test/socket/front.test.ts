/** What the front of a port that speaks HTTP/2 alone tells of the first octets of a client, and how it sends away who speaks something else. */
import { answerTo, describeFirst, dismiss, spokenIn } from "@effect-http2/node/socket/front"
import { once } from "node:events"
import * as Net from "node:net"
import { afterEach, describe, expect, it } from "vitest"

const octets = (text: string): Uint8Array => Buffer.from(text, "latin1")

const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

describe("what is spoken", () => {
  it.each([
    ["the preface", preface, "h2"],
    ["the preface and a frame", `${preface}\0\0\0\x04`, "h2"],
    ["a request", "GET / HTTP/1.1\r\n", "http/1.x"],
    ["a request of HTTP/1.0, of a method that nobody knows, with LF alone", "m-search * HTTP/1.0\n", "http/1.x"],
    ["the preface of another version", "PRI * HTTP/3.0\r\n\r\n", "something else"],
    ["a request of HTTP/0.9", "GET /\r\n", "something else"],
    ["what is no method", "\0\0\0\x04", "something else"],
    ["a word that is none, without an end", "a".repeat(10), "something else"],
    ["a request line without an end", `GET /${"a".repeat(4096)}`, "something else"],
    ["a TLS handshake", "\x16\x03\x01", "tls"],
    ["what begins as one", "\x16\x02\x01", "something else"]
  ])("%s", (_, text, spoken) => {
    expect(spokenIn(octets(text))).toBe(spoken)
  })

  it.each(["GET /a-path HTTP/1.1\r\n", "OPTIONS * HTTP/1.0\n", preface, "\x16\x03"])(
    "takes all of it to tell, and no octet of it tells something else: %j",
    (text) => {
      for (let length = 0; length < text.length; length++) {
        expect(spokenIn(octets(text.slice(0, length)))).toBeUndefined()
      }
      expect(spokenIn(octets(text))).toBeDefined()
    }
  )

  it("is answered in what is spoken, and by the engine where that is HTTP/2 or nothing that is known", () => {
    expect(answerTo("http/1.x", octets("GET / HTTP/1.1\r\n"))).toMatch(/^HTTP\/1\.1 505 [^]*\r\n\r\n[^\n]+\n$/)
    expect(answerTo("http/1.x", octets("HEAD / HTTP/1.1\r\n"))).toMatch(/^HTTP\/1\.1 505 [^]*\r\n\r\n$/)
    expect(answerTo("tls", octets("\x16\x03"))).toEqual(Buffer.from([0x15, 3, 1, 0, 2, 2, 40]))
    expect([answerTo("h2", octets(preface)), answerTo("something else", octets("a"))]).toEqual([undefined, undefined])
    expect(answerTo(undefined, octets(""))).toBeUndefined()
  })
})

const opened: Array<{ destroy?: () => unknown; close?: () => unknown }> = []

afterEach(() => {
  for (const each of opened.splice(0)) (each.destroy ?? each.close)?.call(each)
})

const pair = async (): Promise<readonly [Net.Socket, Net.Socket]> => {
  const server = Net.createServer({ allowHalfOpen: true, pauseOnConnect: true })
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  const address = server.address()
  const accepted = new Promise<Net.Socket>((resolve) => server.once("connection", resolve))
  const port = typeof address === "object" ? (address?.port ?? 0) : 0
  const client = Net.connect({ port, host: "127.0.0.1", allowHalfOpen: true })
  const socket = await accepted
  opened.push(client, socket, server)
  return [socket, client]
}

describe("who is sent away", () => {
  it("is named in the log with the first of what it sent, escaped", async () => {
    const [socket] = await pair()
    const text = describeFirst(socket, "http/1.x", octets(`GET /\r\n${"a".repeat(100)}`))
    expect(text).toMatch(/^127\.0\.0\.1:\d+ sent HTTP\/1\.x to a port that speaks HTTP\/2 only: "GET \/\\r\\na{33}"$/)
    expect([describeFirst(socket, "h2", octets("")), describeFirst(socket, undefined, octets(""))]).toEqual([
      undefined,
      undefined
    ])
  })

  it("gets the answer, whatever is sent meanwhile, and is gone when it goes", async () => {
    const [socket, client] = await pair()
    const done = new Promise<void>((resolve) => dismiss(socket, "answer", resolve))
    client.write(Buffer.alloc(1_000_000))
    const [answer]: ReadonlyArray<unknown> = await once(client, "data")
    expect(String(answer)).toBe("answer")
    client.end()
    await done
    expect(socket.destroyed).toBe(true)
  })

  it("is cut off where it does not go", async () => {
    const [socket] = await pair()
    await new Promise<void>((resolve) => dismiss(socket, "answer", resolve))
    expect(socket.destroyed).toBe(true)
  })

  it("may have gone before", async () => {
    const [socket] = await pair()
    socket.destroy()
    let isDone = false
    dismiss(socket, "answer", () => {
      isDone = true
    })
    expect(isDone).toBe(true)
  })
})
