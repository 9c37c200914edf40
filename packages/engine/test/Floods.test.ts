/**
 * Frames of each kind and each rule of fields without end, to an engine in each role that is driven by hand: none is let go on for long, and none costs
 * more than the octets that it brings. What is counted are calls, so that the figures are the same on every machine.
 */
import { ClientRequest } from "@effect-http2/engine/client/clientRequest"
import { ClientRole } from "@effect-http2/engine/client/clientRole"
import { PriorityUpdate, Type } from "@effect-http2/engine/ExtensionFrame"
import * as Frame from "@effect-http2/engine/Frame"
import { encode } from "@effect-http2/engine/frame/frameEncoder"
import { preface } from "@effect-http2/engine/frame/preface"
import * as Headers from "@effect-http2/engine/Headers"
import { pseudoFields } from "@effect-http2/engine/message/requestFields"
import { concat } from "@effect-http2/engine/octets"
import * as Settings from "@effect-http2/engine/Settings"
import type { ServerStream } from "@effect-http2/engine/server/serverStream"
import { ServerRole } from "@effect-http2/engine/server/serverRole"
import { HeaderField } from "@effect-http2/hpack/HeaderField"
import { describe, expect, it } from "vitest"
import { countSteps } from "./support/countSteps.js"
import { Side } from "./support/byHand.js"

const ascii = (text: string): Uint8Array => Uint8Array.from(text, (char) => char.charCodeAt(0))
const raw = (type: number, flags: number, streamId: number, payload: Uint8Array): Uint8Array =>
  encode(new Frame.Unknown(type, flags, streamId, payload))

/** Lengths of strings in a field block, up to what two octets of it can say (RFC 7541 §5.1). */
const length = (count: number): ReadonlyArray<number> =>
  count < 127 ? [count] : [127, ((count - 127) & 127) | 128, (count - 127) >>> 7]
const string = (text: string): ReadonlyArray<number> => [...length(text.length), ...ascii(text)]
/** A field that goes into the table, or does not. */
const kept = (name: string, value: string): ReadonlyArray<number> => [0x40, ...string(name), ...string(value)]
const plain = (name: string, value: string): ReadonlyArray<number> => [0x00, ...string(name), ...string(value)]

const block = (streamId: number, octets: ReadonlyArray<number>, endStream = true): Uint8Array =>
  encode(new Frame.Headers(streamId, endStream, true, Uint8Array.from(octets), undefined))

const get = [0x82, 0x86, 0x84, ...plain(":authority", "test")]
const post = [0x83, 0x86, 0x84, ...plain(":authority", "test")]
const request = (id: number, more: ReadonlyArray<number> = []) => block(id, [...get, ...more])
const windowUpdate = (id: number, increment: number) => encode(new Frame.WindowUpdate(id, increment))
const ping = encode(new Frame.Ping(false, new Uint8Array(8)))
const reset = (id: number) => encode(new Frame.RstStream(id, 8))
const settings = (...entries: ReadonlyArray<readonly [number, number]>) => encode(new Frame.Settings(false, entries))
const data = (id: number, size: number, endStream = false) => {
  const octets = new Uint8Array(size)
  return encode(new Frame.Data(id, endStream, octets, octets.length, false))
}

/** Answers at once, without a body. */
const answering = {
  handle: (stream: ServerStream) => {
    stream.respond({ status: 204, headers: Headers.empty, body: undefined, trailers: undefined })
    stream.handlerEnded()
  }
}
/** Answers with 4 MiB, which leave as the windows allow it. */
const large = {
  handle: (stream: ServerStream) => {
    stream.respond({ status: 200, headers: Headers.empty, body: new Uint8Array(4_194_304), trailers: undefined })
    stream.handlerEnded()
  }
}
/** Never answers. */
const silent = {
  handle: (stream: ServerStream) => {
    stream.handlerStarted()
    stream.handlerWaits({ interrupt: () => stream.handlerEnded() })
  }
}

const server = (isRead: boolean, handler = answering): Side => {
  const side = new Side(new ServerRole(handler, false), isRead)
  side.read(concat([preface, settings(), encode(new Frame.Settings(true, []))]))
  return side
}

/** With a request on stream 1. */
const client = (isRead: boolean): Side => {
  const role = new ClientRole()
  const side = new Side(role, isRead)
  role.attach(side.connection)
  const authority = new HeaderField(":authority", "test")
  const fields = pseudoFields("GET", "http", authority, "/")
  const asked = new ClientRequest(role, fields, Headers.empty, [], undefined, undefined, false, false, undefined)
  asked.start({ onResponse: () => {}, onFailure: () => {} })
  side.read(concat([settings(), encode(new Frame.Settings(true, []))]))
  return side
}

interface Flood {
  readonly title: string
  /** What goes before. */
  readonly before?: ReadonlyArray<Uint8Array>
  /** The `i`th of them, from 0. */
  readonly frames: (i: number) => Uint8Array
  /** The limit that ends it, "error" for another that does so at once, "never" for what is paid for, by octets, window or an answer. */
  readonly ends: string
  /** After how many at most. Default: the glitches that there may be. */
  readonly within?: number
  /** Whether the attacker reads what is answered. Default: it does. */
  readonly isRead?: boolean
  readonly handler?: typeof answering
}

const glitches = 1000
const id = (i: number): number => 1 + 2 * i

/** Those that both roles meet. */
const common: ReadonlyArray<Flood> = [
  { title: "frames of an unknown type", frames: () => raw(0x99, 0, 0, new Uint8Array(100)), ends: "glitchBurst" },
  {
    title: "frames of an unknown type on a stream",
    frames: () => raw(0x99, 0, 1, new Uint8Array(100)),
    ends: "glitchBurst"
  },
  { title: "SETTINGS", frames: (i) => settings([Settings.Id.HEADER_TABLE_SIZE, (i % 2) * 4096]), ends: "glitchBurst" },
  { title: "SETTINGS without entries", frames: () => settings(), ends: "glitchBurst" },
  { title: "SETTINGS of a window", frames: (i) => settings([Settings.Id.INITIAL_WINDOW_SIZE, i]), ends: "glitchBurst" },
  {
    title: "SETTINGS with many entries",
    frames: () => settings(...Array.from({ length: 33 }, () => [0x99, 0] as const)),
    ends: "maxSettingsEntries",
    within: 1
  },
  { title: "acknowledgements of SETTINGS", frames: () => encode(new Frame.Settings(true, [])), ends: "glitchBurst" },
  {
    title: "[CVE-2019-9512] PING, whose answers are read",
    frames: () => ping,
    ends: "glitchBurst"
  },
  {
    title: "[CVE-2019-9512] PING, with WINDOW_UPDATE for what was not sent in between",
    frames: () => concat([ping, windowUpdate(0, 1000)]),
    ends: "glitchBurst"
  },
  {
    title: "PING, whose answers are not read",
    frames: () => ping,
    ends: "maxQueuedControlFrames",
    isRead: false
  },
  {
    title: "acknowledgements of PING",
    frames: () => encode(new Frame.Ping(true, new Uint8Array(8))),
    ends: "glitchBurst"
  },
  {
    title: "PRIORITY",
    frames: (i) => encode(new Frame.Priority(id(i + 1), { dependency: 0, exclusive: true, weight: 1 })),
    ends: "glitchBurst"
  },
  { title: "WINDOW_UPDATE by 1, of the connection", frames: () => windowUpdate(0, 1), ends: "glitchBurst" },
  { title: "WINDOW_UPDATE by 16, of the connection", frames: () => windowUpdate(0, 16), ends: "glitchBurst" },
  { title: "WINDOW_UPDATE by 65,536, of the connection", frames: () => windowUpdate(0, 65_536), ends: "glitchBurst" },
  { title: "WINDOW_UPDATE by 0, of the connection", frames: () => windowUpdate(0, 0), ends: "error", within: 1 },
  { title: "WINDOW_UPDATE on a stream that is idle", frames: () => windowUpdate(99, 1000), ends: "error", within: 1 },
  { title: "RST_STREAM on a stream that is idle", frames: () => reset(99), ends: "error", within: 1 },
  { title: "DATA on a stream that is idle", frames: () => data(99, 1), ends: "error", within: 1 },
  {
    title: "CONTINUATION without a block",
    frames: () => encode(new Frame.Continuation(1, false, new Uint8Array(1))),
    ends: "error",
    within: 1
  },
  {
    title: "frames of a wrong length",
    frames: () => raw(Frame.Type.PING, 0, 0, new Uint8Array(7)),
    ends: "error",
    within: 1
  },
  {
    title: "PUSH_PROMISE that nobody wants",
    frames: () => raw(Frame.Type.PUSH_PROMISE, 4, 1, Uint8Array.of(0, 0, 0, 2, ...get)),
    ends: "error",
    within: 1
  },
  { title: "ORIGIN", frames: () => raw(Type.ORIGIN, 0, 0, new Uint8Array(1000)), ends: "glitchBurst" }
]

const toServer: ReadonlyArray<Flood> = [
  {
    title: "GOAWAY",
    before: [request(1)],
    frames: () => encode(new Frame.GoAway(0x7fffffff, 0, new Uint8Array(0))),
    ends: "glitchBurst",
    handler: silent
  },
  {
    title: "RST_STREAM on a stream that has ended",
    before: [request(1)],
    frames: () => reset(1),
    ends: "glitchBurst"
  },
  { title: "requests that are answered", frames: (i) => request(id(i + 1)), ends: "never" },
  { title: "requests, a PING behind each", frames: (i) => concat([request(id(i + 1)), ping]), ends: "never" },
  {
    title: "PING for each DATA that it gets, to measure the path",
    before: [request(1)],
    frames: () => concat([windowUpdate(0, 1000), windowUpdate(1, 1000), ping]),
    ends: "never",
    handler: large
  },
  {
    title: "PING for each DATA that it sends, to measure the path",
    before: [block(1, post, false)],
    frames: () => concat([data(1, 1), ping]),
    ends: "never",
    handler: silent
  },
  {
    title: "PING for each empty DATA",
    before: [block(1, post, false)],
    frames: () => concat([data(1, 0), ping]),
    ends: "glitchBurst",
    handler: silent
  },
  {
    title: "requests that are reset",
    frames: (i) => concat([request(id(i + 1)), reset(id(i + 1))]),
    ends: "resetBurst",
    within: 201,
    handler: silent
  },
  {
    title: "requests beyond the limit",
    frames: (i) => request(id(i + 1)),
    ends: "glitchBurst",
    within: 1110,
    handler: silent
  },
  {
    title: "WINDOW_UPDATE by 16, of a stream",
    before: [block(1, post, false)],
    frames: () => windowUpdate(1, 16),
    ends: "glitchBurst",
    handler: silent
  },
  {
    title: "WINDOW_UPDATE by 65,536, of a stream",
    before: [block(1, post, false)],
    frames: () => windowUpdate(1, 65_536),
    ends: "glitchBurst",
    handler: silent
  },
  {
    title: "WINDOW_UPDATE by 1,000 on a stream that has just ended",
    before: [request(1)],
    frames: () => windowUpdate(1, 1000),
    ends: "glitchBurst"
  },
  {
    title: "WINDOW_UPDATE by 1,000 on a stream that has ended long ago",
    before: Array.from({ length: 300 }, (_, i) => request(id(i))),
    frames: () => windowUpdate(1, 1000),
    ends: "glitchBurst"
  },
  {
    title: "WINDOW_UPDATE behind a stream of the highest id",
    before: [request(0x7fffffff)],
    frames: () => windowUpdate(0, 16),
    ends: "glitchBurst"
  },
  {
    title: "empty DATA",
    before: [block(1, post, false)],
    frames: () => data(1, 0),
    ends: "glitchBurst",
    handler: silent
  },
  {
    title: "DATA of padding alone",
    before: [block(1, post, false)],
    frames: () => raw(Frame.Type.DATA, Frame.Flag.PADDED, 1, Uint8Array.of(2, 0, 0)),
    ends: "glitchBurst",
    handler: silent
  },
  {
    title: "DATA of one octet that is read",
    before: [block(1, post, false)],
    frames: () => data(1, 1),
    ends: "never",
    handler: silent
  },
  {
    title: "DATA on a stream that has ended",
    before: [request(1)],
    frames: () => data(1, 1),
    ends: "resetBurst",
    within: 201
  },
  {
    title: "HEADERS on a stream that has ended",
    before: [request(1)],
    frames: () => request(1),
    ends: "error",
    within: 1
  },
  {
    title: "PRIORITY_UPDATE",
    frames: (i) => encode(new PriorityUpdate(id(i + 1), "u=1")),
    ends: "maxConcurrentStreams"
  },
  {
    title: "ALTSVC",
    frames: () => raw(Type.ALTSVC, 0, 0, concat([Uint8Array.of(0, 0), ascii("clear")])),
    ends: "glitchBurst"
  },
  {
    title: "CONTINUATION",
    before: [encode(new Frame.Headers(1, true, false, Uint8Array.from(get), undefined))],
    frames: () => encode(new Frame.Continuation(1, false, new Uint8Array(0))),
    ends: "maxContinuationFrames",
    within: 9
  }
]

const toClient: ReadonlyArray<Flood> = [
  {
    title: "GOAWAY",
    frames: () => encode(new Frame.GoAway(0x7fffffff, 0, new Uint8Array(0))),
    ends: "glitchBurst"
  },
  { title: "RST_STREAM on one stream", frames: () => reset(1), ends: "glitchBurst" },
  {
    title: "PING for each DATA that it gets, to measure the path",
    before: [block(1, [0x88], false)],
    frames: () => concat([data(1, 1), ping]),
    ends: "never"
  },
  {
    title: "informational responses",
    frames: () => block(1, plain(":status", "103"), false),
    ends: "glitchBurst",
    within: 1100
  },
  { title: "WINDOW_UPDATE by 16, of a stream", frames: () => windowUpdate(1, 16), ends: "glitchBurst" },
  { title: "empty DATA", before: [block(1, [0x88], false)], frames: () => data(1, 0), ends: "glitchBurst" },
  {
    title: "DATA on a stream that has ended",
    before: [block(1, [0x88])],
    frames: () => data(1, 1),
    ends: "resetBurst",
    within: 201
  },
  {
    title: "HEADERS on a stream that has ended",
    before: [block(1, [0x88])],
    frames: () => block(1, [0x88]),
    ends: "error",
    within: 1
  },
  { title: "HEADERS on a stream that nobody opened", frames: () => block(3, [0x88]), ends: "error", within: 1 },
  {
    title: "ALTSVC",
    frames: () => raw(Type.ALTSVC, 0, 0, concat([Uint8Array.of(0, 0), ascii("clear")])),
    ends: "glitchBurst"
  },
  { title: "PRIORITY_UPDATE", frames: () => encode(new PriorityUpdate(1, "u=1")), ends: "error", within: 1 }
]

const times = 3000

interface Played {
  readonly frames: number
  readonly octets: number
  readonly steps: number
  readonly end: string
}

/** Sends one of them in each read, until the connection ends. */
const play = (side: Side, { before = [], frames }: Pick<Flood, "before" | "frames">): Played => {
  const { connection } = side
  for (const octets of before) side.read(octets)
  let sent = 0
  let octets = 0
  const steps = countSteps(() => {
    while (sent < times && connection.status !== "closed") {
      const next = frames(sent)
      octets += next.length
      sent++
      side.read(next)
      for (const task of side.deferred.splice(0)) task()
      side.written.length = 0
    }
  })
  const { error } = connection
  const limit = error !== undefined && "limit" in error ? error.limit : undefined
  const end = connection.status !== "closed" ? "never" : (limit ?? "error")
  return { frames: sent, octets, steps, end }
}

/** Steps that a frame costs whatever is in it, and for each octet of it. */
const perFrame = 60
const perOctet = 3

const judge = (flood: Flood, played: Played): void => {
  expect(played.end).toBe(flood.ends)
  if (flood.ends !== "never") expect(played.frames).toBeLessThanOrEqual(flood.within ?? glitches + 10)
  expect(played.steps).toBeLessThanOrEqual(played.frames * perFrame + played.octets * perOctet)
}

describe("a server meets without end", () => {
  for (const flood of [...common, ...toServer]) {
    it(flood.title, () => judge(flood, play(server(flood.isRead ?? true, flood.handler), flood)))
  }
})

describe("a client meets without end", () => {
  for (const flood of [...common, ...toClient]) {
    it(flood.title, () => judge(flood, play(client(flood.isRead ?? true), flood)))
  }
})

/** Entries of the table that requests of 30 octets refer to, each of them another block. `entries` fill it. */
const long = (text: string): string => text.repeat(Math.floor(1300 / text.length))

interface Rule {
  readonly title: string
  readonly entries: ReadonlyArray<readonly [name: string, value: string]>
  /** What stands in place of a GET's pseudo-header fields. */
  readonly pseudo?: ReadonlyArray<number>
  /** How often each is referred to, in turns. */
  readonly references: number
}

const rules: ReadonlyArray<Rule> = [
  {
    title: "cookie crumbs",
    entries: [
      ["cookie", long("a=b; ")],
      ["cookie", long("c=d; ")]
    ].map(([n, v]) => [n ?? "", (v ?? "").trim()] as const),
    references: 10
  },
  {
    title: "one long field, again and again, by turns with another",
    entries: [
      ["x-a", long("a")],
      ["x-b", long("b")]
    ],
    references: 10
  },
  {
    title: "a long :path",
    entries: [[":path", `/${long("a")}`]],
    pseudo: [0x82, 0x86, ...plain(":authority", "test")],
    references: 1
  },
  { title: "a long :authority", entries: [[":authority", long("a")]], pseudo: [0x82, 0x86, 0x84], references: 1 },
  {
    title: "a long :method",
    entries: [[":method", long("A")]],
    pseudo: [0x86, 0x84, ...plain(":authority", "test")],
    references: 1
  },
  {
    title: "a long :scheme",
    entries: [[":scheme", long("a")]],
    pseudo: [0x82, 0x84, ...plain(":authority", "test")],
    references: 1
  },
  { title: "a host that is long", entries: [["host", long("a")]], pseudo: [0x82, 0x86, 0x84], references: 1 },
  { title: "a host that is long, beside another :authority", entries: [["host", long("a")]], references: 1 },
  {
    title: "lists in te",
    entries: [["te", long("trailers, ")]].map(([n, v]) => [n ?? "", (v ?? "").trim()] as const),
    references: 10
  },
  { title: "lists in content-length", entries: [["content-length", long("1, ").trim()]], references: 1 },
  { title: "content-length, repeated", entries: [["content-length", "0"]], references: 10 },
  { title: "lists in connection", entries: [["connection", long("a, ").trim()]], references: 10 },
  { title: "a priority that is long", entries: [["priority", long("u=1, ").trim()]], references: 10 },
  { title: "expect", entries: [["expect", long("100-continue, ").trim()]], references: 10 },
  { title: "names of upper case", entries: [[long("X"), "a"]], references: 10 },
  { title: "a value that is not allowed at its end", entries: [["x-a", `${long("a")}\0`]], references: 10 }
]

describe("a rule of fields is no work without octets:", () => {
  for (const { entries, pseudo = get, references, title } of rules) {
    it(title, () => {
      const side = server(true)
      const kind = entries.flatMap(([name, value]) => kept(name, value))
      // The last that was put in is the first in the table.
      const referred = Array.from({ length: references }, () => entries.map((_, i) => 0x80 | (62 + i))).flat()
      const frames = (i: number) => block(id(i + 1), [...pseudo, ...referred, ...plain("x", String(i))])
      const { frames: sent, steps } = play(side, { before: [block(1, [...pseudo, ...kind])], frames })
      expect(sent).toBeGreaterThan(100)
      // Once through the table, at most.
      expect(steps / sent).toBeLessThanOrEqual(4096)
    })
  }
})
