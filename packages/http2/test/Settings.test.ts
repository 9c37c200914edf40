import * as ErrorCode from "@effect-http2/http2/ErrorCode"
import * as Settings from "@effect-http2/http2/Settings"
import * as fc from "effect/FastCheck"
import { describe, expect, it } from "vitest"

const { Id, initial } = Settings

const failureOf = (run: () => unknown): unknown => {
  try {
    run()
  } catch (error) {
    return error
  }
  return "nothing was thrown"
}

describe("Settings", () => {
  it("[rfc9113-6.5.3-2] applies entries in order, the last of an identifier wins", () => {
    const after = Settings.apply(initial, [
      [Id.MAX_FRAME_SIZE, 20_000],
      [Id.HEADER_TABLE_SIZE, 0],
      [Id.MAX_FRAME_SIZE, 16_384],
      [Id.HEADER_TABLE_SIZE, 0xffffffff]
    ])
    expect(after).toEqual({ ...initial, headerTableSize: 0xffffffff })
  })

  it("[rfc9113-6.5.2-12] [rfc9113-6.5.3-3] [rfc9113-5.5-1] ignores identifiers that are not known", () => {
    expect(
      Settings.apply(initial, [
        [0, 1],
        [7, 2],
        [0x0a0a, 0xffffffff],
        [0xffff, 0]
      ])
    ).toEqual(initial)
  })

  it.each([
    ["[rfc9113-6.5.2-3]", Id.ENABLE_PUSH, 2, ErrorCode.PROTOCOL_ERROR],
    ["[rfc9113-6.5.2-3]", Id.ENABLE_PUSH, 0xffffffff, ErrorCode.PROTOCOL_ERROR],
    ["[rfc9113-6.5.2-9]", Id.INITIAL_WINDOW_SIZE, 0x80000000, ErrorCode.FLOW_CONTROL_ERROR],
    ["[rfc9113-6.5.2-9]", Id.INITIAL_WINDOW_SIZE, 0xffffffff, ErrorCode.FLOW_CONTROL_ERROR],
    ["[rfc9113-6.5.2-10] [rfc9113-6.5.2-11]", Id.MAX_FRAME_SIZE, 0, ErrorCode.PROTOCOL_ERROR],
    ["[rfc9113-6.5.2-11]", Id.MAX_FRAME_SIZE, 16_383, ErrorCode.PROTOCOL_ERROR],
    ["[rfc9113-6.5.2-11]", Id.MAX_FRAME_SIZE, 16_777_216, ErrorCode.PROTOCOL_ERROR],
    ["RFC 8441 §3:", Id.ENABLE_CONNECT_PROTOCOL, 2, ErrorCode.PROTOCOL_ERROR],
    ["[rfc9218-2.1-2]", Id.NO_RFC7540_PRIORITIES, 2, ErrorCode.PROTOCOL_ERROR],
    ["[rfc9218-2.1-2]", Id.NO_RFC7540_PRIORITIES, 0xffffffff, ErrorCode.PROTOCOL_ERROR]
  ])("%s refuses setting %i with the value %i", (_rule, id, value, code) => {
    expect(failureOf(() => Settings.apply(initial, [[id, value]]))).toMatchObject({
      _tag: "Http2ConnectionError",
      code,
      origin: "Local"
    })
  })

  it("takes the values at the bounds", () => {
    for (const [id, value] of [
      [Id.INITIAL_WINDOW_SIZE, 0],
      [Id.INITIAL_WINDOW_SIZE, 0x7fffffff],
      [Id.MAX_FRAME_SIZE, 16_384],
      [Id.MAX_FRAME_SIZE, 16_777_215],
      [Id.MAX_CONCURRENT_STREAMS, 0],
      [Id.MAX_HEADER_LIST_SIZE, 0]
    ] as const) {
      expect(Object.values(Settings.apply(initial, [[id, value]]))).toContain(value)
    }
  })

  it("RFC 8441 §3: extended CONNECT is not taken back", () => {
    const enabled = Settings.apply(initial, [[Id.ENABLE_CONNECT_PROTOCOL, 1]])
    expect(Settings.apply(enabled, [[Id.ENABLE_CONNECT_PROTOCOL, 1]])).toEqual(enabled)
    expect(failureOf(() => Settings.apply(enabled, [[Id.ENABLE_CONNECT_PROTOCOL, 0]]))).toMatchObject({ code: 1 })
  })

  it("entries lead from any settings to any other", () => {
    const uint32 = fc.integer({ min: 0, max: 0xffffffff })
    const settings = fc.record({
      headerTableSize: uint32,
      enablePush: fc.boolean(),
      maxConcurrentStreams: uint32,
      initialWindowSize: fc.integer({ min: 0, max: 0x7fffffff }),
      maxFrameSize: fc.integer({ min: 16_384, max: 16_777_215 }),
      maxHeaderListSize: uint32,
      enableConnectProtocol: fc.constant(true),
      noRfc7540Priorities: fc.boolean()
    })
    fc.assert(
      fc.property(settings, settings, (from, to) => {
        expect(Settings.apply(from, Settings.toEntries(to, from))).toEqual(to)
        expect(Settings.toEntries(to, to)).toEqual([])
      })
    )
    expect(Settings.toEntries(initial)).toEqual([])
  })

  it("what has no limit goes out as the largest number", () => {
    expect(Settings.toEntries(initial, { ...initial, maxHeaderListSize: 5 })).toEqual([
      [Id.MAX_HEADER_LIST_SIZE, 0xffffffff]
    ])
  })

  it("names identifiers as the RFC does", () => {
    expect([1, 4, 8, 0x0a].map(Settings.toName)).toEqual([
      "SETTINGS_HEADER_TABLE_SIZE",
      "SETTINGS_INITIAL_WINDOW_SIZE",
      "SETTINGS_ENABLE_CONNECT_PROTOCOL",
      "0xa"
    ])
  })
})
