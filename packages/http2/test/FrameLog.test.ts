/** What a log is shown of the frames that pass a transport, in both directions and at both roles. */
import * as ExtensionFrame from "@effect-http2/http2/ExtensionFrame"
import * as Frame from "@effect-http2/http2/Frame"
import * as FrameLog from "@effect-http2/http2/FrameLog"
import * as Http2Client from "@effect-http2/http2/Http2Client"
import * as Http2ServerResponse from "@effect-http2/http2/Http2ServerResponse"
import * as Http2Server from "@effect-http2/http2/Http2Server"
import * as MemoryTransport from "@effect-http2/http2/MemoryTransport"
import type { Transport } from "@effect-http2/http2/Transport"
import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { expect } from "vitest"
import { beginsWithPreface, collector, directions, pass, shows } from "./support/frameLog.js"
import type { Shown } from "./support/frameLog.js"
import {
  ascii,
  concat,
  data,
  encode,
  get,
  headers,
  ping,
  preface,
  rawFrame,
  reset,
  settings,
  settingsAck,
  windowUpdate
} from "./support/wire.js"

const sides = (["client", "server"] as const).flatMap((role) => directions.map((direction) => ({ role, direction })))

describe("FrameLog", () => {
  it.effect.each(sides)("$role, $direction: each frame once, in order, and the octets as they were", (side) =>
    Effect.gen(function* () {
      const frames = [
        settings([4, 1000]),
        settingsAck,
        headers(1, get, false),
        data(1, "content", true),
        windowUpdate(0, 5),
        ping(7),
        reset(1),
        new Frame.Priority(3, { dependency: 1, exclusive: true, weight: 256 }),
        new Frame.GoAway(1, 0, ascii("so long")),
        new Frame.Unknown(0x42, 0xff, 9, ascii("?"))
      ]
      const reads = frames.map((frame) => encode(frame))
      const { arrived, shown } = yield* pass(side.direction, reads, side.role)
      expect(shown.map(({ frame }) => frame)).toEqual(frames)
      expect(shown.filter(({ direction }) => direction !== side.direction)).toEqual([])
      expect(shown.flatMap(({ fields }, index) => (fields === undefined ? [] : [[index, fields]]))).toEqual([[2, get]])
      expect(arrived).toEqual(concat([...(beginsWithPreface(side.role, side.direction) ? [preface] : []), ...reads]))
    })
  )

  it.scoped("both ends of a connection see the same conversation", () =>
    Effect.gen(function* () {
      const [near, far] = yield* MemoryTransport.make()
      const client = collector()
      const server = collector()
      yield* Http2Server.make(
        FrameLog.inspect(server.log, "server")(far),
        (request) => Effect.map(request.text(), (text) => Http2ServerResponse.text(text.toUpperCase())),
        { sendDate: false }
      )
      const http = yield* Http2Client.make(FrameLog.inspect(near, client.log, "client"), { authority: "test" })
      for (const body of ["one", "two"]) {
        const response = yield* http.collect({ method: "POST", path: "/shout", body })
        expect(new TextDecoder().decode(response.body)).toBe(body.toUpperCase())
      }
      const of = (all: ReadonlyArray<Shown>, direction: FrameLog.Direction) =>
        all.filter((shown) => shown.direction === direction).map(({ fields, frame }) => ({ frame, fields }))
      const requests = of(client.all, "sent")
      expect(of(server.all, "received")).toEqual(requests)
      // What the server writes last may still be on its way.
      const responses = of(client.all, "received")
      expect(of(server.all, "sent").slice(0, responses.length)).toEqual(responses)
      const sections = (all: typeof requests) => all.flatMap(({ fields }) => (fields === undefined ? [] : [fields]))
      const request = [
        [":method", "POST"],
        [":scheme", "http"],
        [":authority", "test"],
        [":path", "/shout"]
      ]
      expect(sections(requests).map((fields) => fields.slice(0, 4))).toEqual([request, request])
      expect(sections(responses).map((fields) => fields[0])).toEqual([
        [":status", "200"],
        [":status", "200"]
      ])
    })
  )
})

describe("other frames", () => {
  shows(
    "of extensions",
    [
      new ExtensionFrame.AltSvc(0, "https://example.com", 'h3=":443"'),
      new ExtensionFrame.Origin(0, 0, ["https://example.com", "https://example.org"]),
      new ExtensionFrame.PriorityUpdate(1, "u=1, i")
    ],
    []
  )

  for (const direction of directions) {
    it.effect(`${direction}: DATA in pieces, as it comes`, () =>
      Effect.gen(function* () {
        const octets = encode(data(1, "content", true), { padding: 3 })
        const reads = [octets.subarray(0, 10), octets.subarray(10, 12), octets.subarray(12, 19), octets.subarray(19)]
        const { shown } = yield* pass(direction, reads)
        const pieces = shown.map(({ frame }) =>
          frame._tag === "Data"
            ? [new TextDecoder().decode(frame.data), frame.endStream, frame.continued, frame.flowControlledLength]
            : frame
        )
        expect(pieces).toEqual([
          ["", false, false, 1],
          ["co", false, true, 2],
          ["ntent", false, true, 7],
          ["", true, true, 1]
        ])
      })
    )

    it.effect(`${direction}: one that breaks a rule is shown as such, and is the last`, () =>
      Effect.gen(function* () {
        const reads = [encode(ping(1)), rawFrame(Frame.Type.PING, 0, 1, new Uint8Array(8)), encode(ping(2))]
        const { arrived, shown } = yield* pass(direction, reads, direction === "sent" ? "server" : "client")
        expect(shown.map(({ frame }) => frame)).toMatchObject([
          { _tag: "Ping" },
          { _tag: "Invalid", type: Frame.Type.PING, errorCode: 1, section: "6.7" }
        ])
        expect(arrived).toEqual(concat(reads))
      })
    )
  }

  it.effect("stay as they were when their octets are overwritten", () =>
    Effect.gen(function* () {
      const { all, log } = collector()
      const { transport } = yield* MemoryTransport.scripted()
      const octets = encode(data(1, "content"))
      FrameLog.inspect(transport, log, "server").write([octets])
      octets.fill(0)
      expect(all).toEqual([{ direction: "sent", frame: data(1, "content"), fields: undefined }])
    })
  )
})

describe("the transport", () => {
  /** One whose members are a class's: accessors and methods, which look for what they need in `this`. */
  class Held implements Transport {
    readonly calls: Array<string> = []
    constructor(private readonly inner: Transport) {}
    get peer() {
      return this.inner.peer
    }
    get incoming() {
      return this.inner.incoming
    }
    get end() {
      return this.inner.end
    }
    get close() {
      return this.inner.close
    }
    get memory() {
      return {
        borrow: (size: number): Uint8Array => this.called("borrow", new Uint8Array(size)),
        giveBack: (): void => this.called("giveBack", undefined),
        view: (octets: Uint8Array): Uint8Array => this.called("view", octets)
      }
    }
    write(chunks: ReadonlyArray<Uint8Array>): boolean {
      return this.called("write", this.inner.write(chunks))
    }
    pendingOctets(): number {
      return this.called("pendingOctets", this.inner.pendingOctets())
    }
    onDrain(listener: () => void): void {
      this.called("onDrain", this.inner.onDrain(listener))
    }
    hold(): void {
      this.called("hold", undefined)
    }
    defer(task: () => void): void {
      this.called("defer", this.inner.defer(task))
    }
    private called<A>(name: string, result: A): A {
      this.calls.push(name)
      return result
    }
  }

  it.effect("is what it was in all other respects, however it is made", () =>
    Effect.gen(function* () {
      const scripted = yield* MemoryTransport.scripted()
      const held = new Held(scripted.transport)
      const transport = FrameLog.inspect(held, () => {}, "server")
      expect(transport.peer).toBe(scripted.transport.peer)
      expect(transport.write([encode(ping(1))])).toBe(true)
      expect(transport.pendingOctets()).toBe(0)
      transport.memory?.giveBack(transport.memory.view(transport.memory.borrow(1)))
      transport.hold?.(true)
      yield* Effect.async<void>((resume) => transport.defer(() => resume(Effect.void)))
      yield* Effect.async<void>((resume) => transport.onDrain(() => resume(Effect.void)))
      yield* transport.end
      expect(yield* scripted.received).toEqual(encode(ping(1)))
      yield* transport.close
      expect(yield* scripted.closed).toBe(true)
      expect(held.calls).toEqual(["write", "pendingOctets", "borrow", "view", "giveBack", "hold", "defer", "onDrain"])
    })
  )
})
