/** The engine without any runtime: two connections that hand each other octets, in plain synchronous code. */
import { ClientRequest } from "@effect-http2/engine/client/clientRequest"
import { ClientRole } from "@effect-http2/engine/client/clientRole"
import type { ClientStream } from "@effect-http2/engine/client/clientStream"
import * as Headers from "@effect-http2/engine/Headers"
import type { Http2Error } from "@effect-http2/engine/Http2Error"
import { pseudoFields } from "@effect-http2/engine/message/requestFields"
import { concat } from "@effect-http2/engine/octets"
import type { Handler } from "@effect-http2/engine/server/handler"
import { ServerRole } from "@effect-http2/engine/server/serverRole"
import type { ServerStream } from "@effect-http2/engine/server/serverStream"
import { HeaderField } from "@effect-http2/hpack/HeaderField"
import { describe, expect, it } from "vitest"
import { bodyOf, carry, Side } from "./support/byHand.js"

const authority = new HeaderField(":authority", "example.org")

/** A client and a server whose requests `handle` answers. */
const make = (handle: (stream: ServerStream) => void) => {
  const handler: Handler = { handle }
  const role = new ClientRole()
  const server = new Side(new ServerRole(handler, false))
  const client = new Side(role)
  role.attach(client.connection)
  const send = (method: string, path: string, body?: Uint8Array) => {
    const seen: { response?: ClientStream; error?: Http2Error } = {}
    const request = new ClientRequest(
      role,
      pseudoFields(method, "http", authority, path),
      Headers.make({ "x-test": "yes" }),
      [],
      body,
      undefined,
      false,
      false,
      undefined
    )
    request.start({
      onResponse: (stream) => {
        seen.response = stream
      },
      onFailure: (error) => {
        seen.error = error
      }
    })
    return { request, seen }
  }
  return { client, server, send }
}

const respond = (stream: ServerStream, body: Uint8Array): void => {
  stream.respond({ status: 200, headers: Headers.empty, body, trailers: undefined })
  stream.handlerEnded()
}

describe("the engine, driven by hand,", () => {
  it.each([1, 100, 1_000_000])("answers a GET, in reads of up to %d octets", (readSize) => {
    const { client, send, server } = make((stream) => respond(stream, new TextEncoder().encode(stream.head.path)))
    const one = send("GET", "/one")
    const two = send("GET", "/two")
    carry(client, server, readSize)
    const texts = [one, two].map(({ seen }) =>
      seen.response === undefined ? undefined : new TextDecoder().decode(concat(bodyOf(seen.response).parts))
    )
    expect(texts).toEqual(["/one", "/two"])
    expect([client.connection.table.size, server.connection.table.size]).toEqual([0, 0])
  })

  it("gives a body back that is larger than all windows, and loses no credit", () => {
    const { client, send, server } = make((stream) => {
      stream.handlerStarted()
      stream.handlerWaits({ interrupt: () => {} })
      const body = bodyOf(stream)
      const answer = (): void => respond(stream, concat(body.parts))
      if (body.isOver) answer()
      else body.onOver = answer
    })
    const octets = Uint8Array.from({ length: 3_000_000 }, (_, i) => i * 31 + (i >>> 8))
    const { seen } = send("POST", "/echo", octets)
    carry(client, server, 65_536)
    expect(seen.error).toBeUndefined()
    const echoed = seen.response === undefined ? new Uint8Array(0) : concat(bodyOf(seen.response).parts)
    // Octet by octet, which `toEqual` takes minutes for.
    expect([echoed.length, echoed.findIndex((octet, at) => octet !== octets[at])]).toEqual([octets.length, -1])
    expect([client, server].map(({ connection }) => connection.receiveWindow.outstanding)).toEqual([0, 0])
  })

  it("interrupts the handler of a request that is given up, which counts until it is done", () => {
    const handling: Array<ServerStream> = []
    let interrupted = 0
    const { client, send, server } = make((stream) => {
      handling.push(stream)
      stream.handlerStarted()
      stream.handlerWaits({ interrupt: () => void interrupted++ })
    })
    const { request, seen } = send("GET", "/slow")
    carry(client, server, 65_536)
    request.unsafeCancel()
    carry(client, server, 65_536)
    expect([interrupted, seen.error?.code, server.connection.role.lingering]).toEqual([1, 8, 1])
    handling[0]?.handlerEnded()
    expect([server.connection.role.lingering, server.connection.stats.activeHandlers]).toEqual([0, 0])
  })
})
