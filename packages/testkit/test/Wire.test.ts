/** The kit's own reading and writing: what engines are judged by. */
import * as Decoder from "@effect-http2/hpack/Decoder"
import { describe, expect, it } from "vitest"
import { BlockWriter } from "../src/blockWriter.js"
import { Choices } from "../src/choices.js"
import { Fault } from "../src/fault.js"
import { block, type Pairs } from "../src/fieldBlock.js"
import { PlainDecoder } from "../src/plainDecoder.js"
import * as Raw from "../src/rawFrame.js"
import { SettingsView } from "../src/tap/settingsView.js"
import { Wiretap } from "../src/tap/wiretap.js"

describe("frames", () => {
  const all = [Raw.settings([1, 2]), Raw.ping(new Uint8Array(8)), Raw.frame(0, 1, 3, new Uint8Array(300))]
  const octets = Uint8Array.from(all.flatMap((frame) => [...frame]))

  it.each([1, 2, 7, 8, 9, 10, 100, 1000])("are read in pieces of %d octets", (size) => {
    const reader = new Raw.FrameReader()
    const frames: Array<Raw.RawFrame> = []
    for (let at = 0; at < octets.length; at += size) frames.push(...reader.read(octets.subarray(at, at + size)))
    expect(frames.map(({ payload, streamId, type }) => [type, streamId, payload.length])).toEqual([
      [4, 0, 6],
      [6, 0, 8],
      [0, 3, 300]
    ])
    expect(reader.left).toBe(0)
  })

  it("have their stream without the reserved bit, which is told", () => {
    const [frame] = Raw.parse(Raw.frame(Raw.Type.DATA, 0, 0x80000003, "abc"))
    expect(frame).toMatchObject({ streamId: 3, isReserved: true })
  })
})

const anyPairs = (choices: Choices): Pairs =>
  Array.from({ length: choices.below(8) }, () => [
    choices.one(["x-a", "x-b", "cookie", "accept", ":path"]),
    "a".repeat(choices.size(300))
  ])

describe("field blocks", () => {
  it("in any form are the same fields to a plain decoder and to ours", () => {
    const choices = Choices.ofSeed(1)
    const writer = new BlockWriter()
    const plain = new PlainDecoder()
    const ours = Decoder.make({ maxHeaderListSize: 1_000_000, maxHeaderFields: 1000 })
    for (let i = 0; i < 200; i++) {
      const pairs = anyPairs(choices)
      const block = writer.write(pairs, choices)
      expect(plain.decode(block)).toEqual(pairs)
      expect(ours.decode(block).fields.map(({ name, value }) => [name, value])).toEqual(pairs)
    }
  })
})

describe("the wiretap", () => {
  const server = (): Wiretap => {
    const tap = new Wiretap("server")
    tap.sent(Raw.preface)
    tap.received(Raw.settings())
    tap.sent(Raw.frame(Raw.Type.HEADERS, Raw.END_HEADERS, 1, block([":method", "GET"])))
    return tap
  }
  const head = Raw.frame(Raw.Type.HEADERS, Raw.END_HEADERS, 1, block([":status", "200"]))
  const data = (length: number, flags = 0): Uint8Array => Raw.frame(Raw.Type.DATA, flags, 1, new Uint8Array(length))

  it.each([
    ["DATA beyond the window", [head, ...Array.from({ length: 4 }, () => data(16_384))]],
    ["a frame that is too large", [head, data(16_385)]],
    ["DATA before a head", [data(1)]],
    ["DATA behind END_STREAM", [head, data(1, Raw.END_STREAM), data(1)]],
    ["a stream that nobody opened", [Raw.frame(Raw.Type.DATA, 0, 3, new Uint8Array(1))]],
    ["an answer to no PING", [Raw.ping(new Uint8Array(8), Raw.ACK)]],
    ["an acknowledgement of nothing", [Raw.settingsAck]],
    ["a second RST_STREAM", [Raw.rstStream(1, 8), Raw.rstStream(1, 8)]],
    ["a frame behind GOAWAY with an error", [Raw.goAway(1, 1), head]],
    ["a GOAWAY that takes back what was said", [Raw.goAway(1, 0), Raw.goAway(3, 0)]],
    ["a block that cannot be read", [Raw.frame(Raw.Type.HEADERS, Raw.END_HEADERS, 1, Uint8Array.of(0x80))]],
    ["a frame within a block", [Raw.frame(Raw.Type.HEADERS, 0, 1, Uint8Array.of(0x88)), data(1)]],
    ["PUSH_PROMISE that nobody asked for", [Raw.frame(Raw.Type.PUSH_PROMISE, 4, 1, new Uint8Array(4))]]
  ])("notices %s", (_, frames) => {
    const tap = server()
    expect(() => frames.forEach((frame) => tap.received(frame))).toThrow(Fault)
  })

  it("lets pass what is right, in any pieces", () => {
    const tap = server()
    for (const frame of [head, data(16_384), data(100, Raw.END_STREAM)]) {
      for (const octet of frame) tap.received(Uint8Array.of(octet))
    }
    expect(tap.streams.get(1)).toMatchObject({ bodyLength: 16_484, isEndedByEngine: true, engineMaySend: 49_051 })
  })

  it("knows settings once they are acknowledged", () => {
    const view = new SettingsView()
    view.announce([
      [4, 100],
      [5, 20_000]
    ])
    expect(view.initialWindowSize).toBe(65_535)
    expect(view.acknowledge()).toEqual({ windowDelta: -65_435, tableSizes: [] })
    expect(view).toMatchObject({ initialWindowSize: 100, maxFrameSize: 20_000, unacknowledged: 0 })
    expect(view.acknowledge()).toBeUndefined()
  })
})
