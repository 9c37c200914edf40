/** The end of a connection, without a runtime: graceful in two steps, deadlines, and what is read behind it (RFC 9113 §6.8, §5.4.1). */
import { ClientRequest } from "@effect-http2/engine/client/clientRequest"
import { ClientRole } from "@effect-http2/engine/client/clientRole"
import * as ErrorCode from "@effect-http2/engine/ErrorCode"
import * as Frame from "@effect-http2/engine/Frame"
import { encode } from "@effect-http2/engine/frame/frameEncoder"
import { FrameDecoder } from "@effect-http2/engine/frame/frameDecoder"
import { preface } from "@effect-http2/engine/frame/preface"
import * as Headers from "@effect-http2/engine/Headers"
import { pseudoFields } from "@effect-http2/engine/message/requestFields"
import { concat } from "@effect-http2/engine/octets"
import * as Options from "@effect-http2/engine/Options"
import { ServerRole } from "@effect-http2/engine/server/serverRole"
import type { ServerStream } from "@effect-http2/engine/server/serverStream"
import { HeaderField } from "@effect-http2/hpack/HeaderField"
import { describe, expect, it } from "vitest"
import { carry, Side } from "./support/byHand.js"

const authority = new HeaderField(":authority", "example.org")

const ask = (role: ClientRole, path: string): { error: unknown; answered: boolean } => {
  const seen: { error: unknown; answered: boolean } = { error: undefined, answered: false }
  new ClientRequest(
    role,
    pseudoFields("GET", "http", authority, path),
    Headers.empty,
    [],
    undefined,
    undefined,
    false,
    false,
    undefined
  ).start({
    onResponse: () => {
      seen.answered = true
    },
    onFailure: (error) => {
      seen.error = error
    }
  })
  return seen
}

/** A server with a request on stream 1 that waits for its answer, and its client. */
const make = (gracefulShutdownTimeout = 5000) => {
  const streams: Array<ServerStream> = []
  const server = new Side(
    new ServerRole(
      {
        handle: (stream) => {
          stream.handlerStarted()
          stream.handlerWaits({ interrupt: () => stream.handlerEnded() })
          streams.push(stream)
        }
      },
      false
    ),
    true,
    Options.resolve({ gracefulShutdownTimeout })
  )
  const role = new ClientRole()
  const client = new Side(role)
  role.attach(client.connection)
  const asked = ask(role, "/one")
  carry(client, server, 65_536)
  const answer = (): void => {
    for (const stream of streams.splice(0)) {
      stream.respond({ status: 200, headers: Headers.empty, body: undefined, trailers: undefined })
      stream.handlerEnded()
    }
  }
  return { server, client, role, asked, answer }
}

/** The frames that `side` has written and nobody has carried. */
const framesOf = (side: Side): ReadonlyArray<Frame.Frame> =>
  new FrameDecoder(Frame.MAX_STREAM_ID, false).decode(concat(side.written.splice(0)))

/** What `side` writes once the event loop's turn is over. */
const writes = (side: Side): ReadonlyArray<Frame.Frame> => {
  while (side.deferred.length > 0) for (const task of side.deferred.splice(0)) task()
  return framesOf(side)
}

const isGoAway = (frame: Frame.Frame): frame is Frame.GoAway => frame._tag === "GoAway"
const goAways = (frames: ReadonlyArray<Frame.Frame>): ReadonlyArray<number> =>
  frames.filter(isGoAway).map(({ lastStreamId }) => lastStreamId)

describe("a server that closes gracefully", () => {
  it("[rfc9113-6.8-6] says so, asks by PING, says up to where it serves, and ends with its last stream", () => {
    const { answer, asked, client, server } = make()
    server.connection.closeGracefully()
    expect([server.connection.status, goAways(writes(server))]).toEqual(["draining", [Frame.MAX_STREAM_ID]])
    server.pass(999)
    expect(goAways(writes(server))).toEqual([])
    // The PING is not acknowledged.
    server.pass(1)
    expect(goAways(writes(server))).toEqual([1])
    answer()
    expect([server.connection.status, server.told]).toEqual(["closed", ["ended"]])
    client.read(concat(server.written.splice(0)))
    expect([asked, server.connection.error]).toEqual([{ error: undefined, answered: true }, undefined])
  })

  it("[rfc9113-6.8-6] goes on as soon as the PING is acknowledged, once", () => {
    const { client, server } = make()
    server.connection.closeGracefully()
    server.connection.closeGracefully()
    const frames = writes(server)
    expect(frames.map(({ _tag }) => _tag)).toEqual(["GoAway", "Ping"])
    client.read(concat(frames.map((frame) => encode(frame))))
    for (const task of client.deferred.splice(0)) task()
    server.read(concat(client.written.splice(0)))
    expect(goAways(writes(server))).toEqual([1])
    server.pass(1000)
    expect(goAways(writes(server))).toEqual([])
  })

  it("serves what was asked for before the client knew", () => {
    const { answer, client, role, server } = make()
    server.connection.closeGracefully()
    const late = ask(role, "/late")
    carry(client, server, 65_536)
    answer()
    carry(client, server, 65_536)
    expect(late).toEqual({ error: undefined, answered: true })
    expect([client.told, server.told]).toEqual([["ended"], ["ended"]])
  })

  it("resets what is open after gracefulShutdownTimeout, to the ms", () => {
    const { client, server, asked } = make()
    server.connection.closeGracefully()
    carry(client, server, 65_536)
    server.pass(4999)
    expect([server.connection.status, server.told]).toEqual(["draining", []])
    server.pass(1)
    expect(server.told).toEqual(["ended"])
    const frames = framesOf(server)
    expect(frames).toMatchObject([{ _tag: "RstStream", streamId: 1, errorCode: ErrorCode.CANCEL }])
    client.read(concat(frames.map((frame) => encode(frame))))
    expect(asked.error).toMatchObject({ code: ErrorCode.CANCEL })
  })

  it("takes no time at all where gracefulShutdownTimeout is 0", () => {
    const { client, server } = make(0)
    server.connection.closeGracefully()
    carry(client, server, 65_536)
    server.pass(0)
    expect(server.told).toEqual(["ended"])
  })
})

describe("a connection", () => {
  it("that is idle closes gracefully", () => {
    const { answer, client, server } = make()
    answer()
    carry(client, server, 65_536)
    server.pass(119_999)
    expect(server.connection.status).toBe("open")
    server.pass(1)
    expect(server.connection.status).toBe("draining")
    server.pass(1000)
    expect([server.connection.status, server.connection.error]).toEqual(["closed", undefined])
  })

  it("of a client says GOAWAY once, and lets its requests finish", () => {
    const { answer, asked, client, server } = make()
    client.connection.closeGracefully()
    expect(client.connection.status).toBe("draining")
    carry(client, server, 65_536)
    answer()
    carry(client, server, 65_536)
    expect([asked.answered, client.told, server.told]).toEqual([true, ["ended"], ["ended"]])
  })

  it("that closes at once says GOAWAY, and fails what is open", () => {
    const { asked, client } = make()
    client.connection.closeNow()
    expect(goAways(framesOf(client))).toEqual([0])
    expect(asked.error).toMatchObject({ code: ErrorCode.NO_ERROR })
  })

  it("[rfc9113-5.4.1-3] that has ended gives its peer a second to read, and then lets go of the transport, once", () => {
    const { server } = make()
    server.connection.closeNow()
    server.connection.closeNow()
    server.pass(999)
    expect(server.told).toEqual(["ended"])
    server.pass(1)
    server.pass(60_000)
    expect(server.told).toEqual(["ended", "released"])
  })

  it("that has ended decodes nothing, and reads no more than a window behind the end", () => {
    const { server } = make()
    server.connection.closeNow()
    server.read(concat([preface, encode(new Frame.Ping(false, new Uint8Array(8)))]))
    expect(server.connection.decode(encode(new Frame.Ping(false, new Uint8Array(8))))).toEqual([])
    server.read(new Uint8Array(1_048_000))
    expect(server.told).toEqual(["ended"])
    server.read(new Uint8Array(1000))
    server.read(new Uint8Array(1000))
    expect(server.told).toEqual(["ended", "released"])
  })
})
