/** 1 GiB of pseudo-random octets through /echo, both directions at once, every one of them compared, in bounded memory. */
import { once } from "node:events"
import type * as Http2 from "node:http2"
import { describe, expect, it } from "vitest"
import { peakMemory } from "./programs/memory.js"
import { Sequence } from "./programs/sequence.js"
import { connect } from "./support/http2Peer.js"
import { settled } from "./support/observe.js"
import { run } from "./support/programs.js"
import { usePlayground } from "./support/suite.js"

const GiB = 1024 ** 3

const expectPeakBelow = (limit: number, name: string, peak: number | undefined): void => {
  if (peak === undefined) return
  console.log(`${name}: at most ${peak.toFixed(0)} MiB resident`)
  expect(peak).toBeLessThan(limit)
}

/** What comes back on `stream`, compared as it comes, while the same octets go up. */
const echo = async (stream: Http2.ClientHttp2Stream, length: number, seed: number) => {
  const source = new Sequence(seed)
  const expected = new Sequence(seed)
  let wrong = 0
  let overlapped = false
  stream.on("data", (chunk: Buffer) => {
    overlapped ||= source.position < length
    if (!expected.matches(chunk)) wrong++
  })
  const ended = Promise.all([once(stream, "trailers"), once(stream, "end")])
  while (source.position < length) {
    const chunk = source.next(Math.min(65_536, length - source.position))
    if (!stream.write(chunk)) await once(stream, "drain")
  }
  stream.end()
  const [[trailers]] = (await ended) as unknown as [[Http2.IncomingHttpHeaders]]
  return { received: expected.position, wrong, overlapped, echoed: Number(trailers["x-echo-bytes"]) }
}

describe("1 GiB through /echo", () => {
  const server = usePlayground()

  it("with the client of node:http2, over TLS", async () => {
    const session = await connect(server.https)
    const result = await echo(session.request({ ":method": "POST", ":path": "/echo" }), GiB, 11)
    expect(result).toEqual({ received: GiB, wrong: 0, overlapped: true, echoed: GiB })
    session.close()
    await settled(server, server.sockets)
    expectPeakBelow(200, "the server's process", peakMemory(server.process.pid))
  }, 120_000)

  it("with our client in a process of its own, plain", async () => {
    const { code, stderr, stdout } = await run("test/echoClient", [server.http, String(GiB), "12"])
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" })
    const { peak, ...result } = JSON.parse(stdout) as { readonly peak?: number }
    expect(result).toEqual({ received: GiB, wrong: 0, overlapped: true, echoed: GiB, unread: 0 })
    await settled(server, server.sockets)
    expectPeakBelow(200, "our client's process", peak)
    expectPeakBelow(200, "the server's process", peakMemory(server.process.pid))
  }, 120_000)

  // Each stream may have 128 KiB on its way out, as slices of reads of 64 KiB.
  it("as 64 streams of 8 MiB each, on one connection", async () => {
    const session = await connect(server.http)
    const length = 8 * 1024 ** 2
    const results = await Promise.all(
      Array.from({ length: 64 }, (_, index) =>
        echo(session.request({ ":method": "POST", ":path": "/echo" }), length, 100 + index)
      )
    )
    for (const result of results) expect(result).toMatchObject({ received: length, wrong: 0, echoed: length })
    session.close()
    await settled(server, server.sockets)
    expectPeakBelow(256, "the server's process", peakMemory(server.process.pid))
  }, 120_000)
})
