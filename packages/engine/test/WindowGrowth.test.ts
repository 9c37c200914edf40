/** Receive windows follow the path, in both roles: two engines, a line that delays, and a clock by hand. */
import { HeaderField } from "@effect-http2/hpack/HeaderField"
import { ClientRole } from "@effect-http2/engine/client/clientRole"
import { prepare } from "@effect-http2/engine/client/prepare"
import type { ClientStream } from "@effect-http2/engine/client/clientStream"
import * as Headers from "@effect-http2/engine/Headers"
import { concat } from "@effect-http2/engine/octets"
import * as Options from "@effect-http2/engine/Options"
import { ServerRole } from "@effect-http2/engine/server/serverRole"
import type { ServerStream } from "@effect-http2/engine/server/serverStream"
import { describe, expect, it } from "vitest"
import { bodyOf, Side } from "./support/byHand.js"

const size = 8 << 20

/** What has to be true of a line: how long it takes one way, in ms, and what it carries in each, in octets. */
interface Line {
  readonly delay: number
  readonly perMillisecond: number
}

interface Travelling {
  readonly octets: Uint8Array
  readonly arrivesAt: number
}

/** One direction. What is written stands behind what was written before. */
class Way {
  private readonly travelling: Array<Travelling> = []
  private freeAt = 0

  constructor(
    private readonly from: Side,
    private readonly to: Side,
    private readonly line: Line
  ) {}

  pass(now: number): void {
    const octets = concat(this.from.written.splice(0))
    const { delay, perMillisecond } = this.line
    for (let at = 0; at < octets.length; at += perMillisecond) {
      const slice = octets.slice(at, at + perMillisecond)
      this.freeAt = Math.max(this.freeAt, now) + slice.length / perMillisecond
      this.travelling.push({ octets: slice, arrivesAt: this.freeAt + delay })
    }
    while ((this.travelling[0]?.arrivesAt ?? Number.POSITIVE_INFINITY) <= now) {
      const next = this.travelling.shift()
      if (next !== undefined) this.to.read(next.octets)
    }
  }
}

/** What one side receives of the other: a download, or an upload. */
interface Transfer {
  readonly receiver: Side
  readonly millis: number
  readonly received: number
  /** Of the stream, and of the connection. */
  readonly windows: readonly [stream: number, connection: number]
}

const transfer = (kind: "download" | "upload", line: Line, options = Options.resolve()): Transfer => {
  const body = new Uint8Array(size)
  let uploaded: ServerStream | undefined
  const handler = {
    handle: (stream: ServerStream) => {
      uploaded = stream
      if (kind === "download") stream.respond({ status: 200, headers: Headers.empty, body, trailers: undefined })
    }
  }
  const role = new ClientRole()
  const [client, server] = [new Side(role, true, options), new Side(new ServerRole(handler, false), true, options)]
  role.attach(client.connection)
  const upload = kind === "upload"
  const request = prepare(
    { method: upload ? "POST" : "GET" },
    { hasBody: upload, octets: upload ? body : undefined, sendRest: undefined, hasTrailers: false },
    { role, authority: new HeaderField(":authority", "test"), scheme: "http" },
    undefined
  )
  let answered: ClientStream | undefined
  const ways = [new Way(client, server, line), new Way(server, client, line)]
  // The first SETTINGS have gone to and fro before the request.
  const begin = 4 * line.delay + 4
  let now = 0
  let received = 0
  const stream = () => (upload ? uploaded : answered)
  for (; received < size && now < 60_000; now++) {
    for (const side of [client, server]) side.now = now
    if (now === begin)
      request.start({
        onResponse: (head) => void (answered = head),
        onFailure: (error) => expect.unreachable(error.message)
      })
    for (const way of ways) way.pass(now)
    for (const side of [client, server]) for (const task of side.deferred.splice(0)) task()
    const receiving = stream()
    if (receiving?.body !== undefined) received = bodyOf(receiving).received
  }
  const receiver = upload ? server : client
  const windows = [stream()?.receiveWindow?.size ?? 0, receiver.connection.receiveWindow.size] as const
  return { receiver, millis: now - begin, received, windows }
}

/** 100 Mbit/s and 50 ms: 625,000 octets are on their way at a time. */
const long = { delay: 25, perMillisecond: 12_500 }
const { connectionWindowSize, initialWindowSize, maxWindowSize } = Options.defaults

describe.each(["download", "upload"] as const)("%s", (kind) => {
  it("on a long path gets what the line carries: the windows grow with it, and not beyond what was set", () => {
    const { millis, received, windows } = transfer(kind, long)
    expect(received).toBe(size)
    const [stream, connection] = windows
    expect(stream).toBeGreaterThanOrEqual(1_048_576)
    expect(stream).toBeLessThanOrEqual(maxWindowSize)
    expect(connection).toBeLessThanOrEqual(maxWindowSize)
    // Of the virtual clock: 671 ms at the line's rate, and some round trips to begin with.
    expect(millis).toBeLessThan((size / long.perMillisecond) * 1.4 + 100)
  })

  it("without it, has a window for each round trip", () => {
    const { millis, windows } = transfer(kind, long, Options.resolve({ maxWindowSize: 0 }))
    expect(windows).toEqual([initialWindowSize, connectionWindowSize])
    expect(millis).toBeGreaterThan((size / initialWindowSize) * 25)
  })

  it("on a short path, takes no more memory and sends no PING", () => {
    const { receiver, received, windows } = transfer(kind, { delay: 0, perMillisecond: 125_000 })
    expect(received).toBe(size)
    expect(windows).toEqual([initialWindowSize, connectionWindowSize])
    expect(receiver.connection.pings.isEmpty).toBe(true)
  })

  it("goes no further than the option says", () => {
    const { windows } = transfer(kind, long, Options.resolve({ maxWindowSize: 300_000 }))
    expect(windows).toEqual([300_000, connectionWindowSize])
  })

  it("that the line itself holds up is no reason to grow", () => {
    // A round trip is 50 ms; half of the window takes 131.
    const { windows } = transfer(kind, { delay: 25, perMillisecond: 1000 })
    expect(windows).toEqual([initialWindowSize, connectionWindowSize])
  })
})
