/** Peers that mean well and give credit in their own ways: none of it is held against them, however long they go on. */
import * as Frame from "@effect-http2/engine/Frame"
import { FrameDecoder } from "@effect-http2/engine/frame/frameDecoder"
import { encode } from "@effect-http2/engine/frame/frameEncoder"
import { preface } from "@effect-http2/engine/frame/preface"
import * as Headers from "@effect-http2/engine/Headers"
import { concat } from "@effect-http2/engine/octets"
import { ServerRole } from "@effect-http2/engine/server/serverRole"
import type { ServerStream } from "@effect-http2/engine/server/serverStream"
import { describe, expect, it } from "vitest"
import { Side } from "./support/byHand.js"

const size = 200_000
const bodies = 10

const handler = {
  handle: (stream: ServerStream) => {
    stream.respond({ status: 200, headers: Headers.empty, body: new Uint8Array(size), trailers: undefined })
    stream.handlerEnded()
  }
}

const get = Uint8Array.of(0x82, 0x86, 0x84, 0x01, 4, 0x74, 0x65, 0x73, 0x74)
const update = (id: number, octets: number) => encode(new Frame.WindowUpdate(id, octets))

/** How a peer begins, what it says as it opens a stream, and what it gives back for `octets` of one. */
interface Manner {
  readonly title: string
  readonly first?: ReadonlyArray<Uint8Array>
  readonly opens?: (id: number) => ReadonlyArray<Uint8Array>
  readonly reads: (id: number, octets: number) => ReadonlyArray<Uint8Array>
}

const both = (id: number, octets: number) => [update(0, octets), update(id, octets)]
/** Each octet of what it has read in pieces of 100. */
const pieces = (id: number, octets: number): ReadonlyArray<Uint8Array> => {
  const given: Array<Uint8Array> = []
  for (let rest = octets; rest > 0; rest -= 100) given.push(...both(id, Math.min(rest, 100)))
  return given
}

const manners: ReadonlyArray<Manner> = [
  { title: "gives back each frame that it has read", reads: both },
  { title: "gives that back in pieces of 100 octets", reads: pieces },
  { title: "makes the connection's window 16 MiB at first", first: [update(0, 1 << 24)], reads: both },
  { title: "makes it 2 GiB at first", first: [update(0, 0x7fff_ffff - 65_535)], reads: both },
  { title: "makes each stream's window 10 MiB", opens: (id) => [update(id, 10 << 20)], reads: both },
  {
    title: "makes the connection's window wider with each stream",
    opens: (id) => [update(0, 1 << (16 + (id >>> 2)))],
    reads: both
  }
]

describe("a peer is not taken for an attacker which", () => {
  for (const { first = [], opens = () => [], reads, title } of manners) {
    it(title, () => {
      const side = new Side(new ServerRole(handler, false))
      const decoder = new FrameDecoder(16_384, false)
      side.read(
        concat([preface, encode(new Frame.Settings(false, [])), encode(new Frame.Settings(true, [])), ...first])
      )
      let received = 0
      for (let i = 0; i < bodies; i++) {
        const id = 1 + 2 * i
        side.read(concat([encode(new Frame.Headers(id, true, true, get, undefined)), ...opens(id)]))
        for (;;) {
          for (const task of side.deferred.splice(0)) task()
          const frames: Array<Frame.Frame> = []
          decoder.decode(concat(side.written.splice(0)), frames)
          if (frames.length === 0) break
          for (const frame of frames) {
            if (frame._tag !== "Data" || frame.flowControlledLength === 0) continue
            received += frame.flowControlledLength
            side.read(concat(reads(id, frame.flowControlledLength)))
          }
        }
      }
      expect([received, side.connection.status, side.connection.stats.glitches]).toEqual([size * bodies, "open", 0])
    })
  }
})
