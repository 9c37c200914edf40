/** Our SETTINGS_HEADER_TABLE_SIZE, changed on an open connection: which blocks the peer may send from when on. */
import * as ErrorCode from "@effect-http2/http2/ErrorCode"
import * as Frame from "@effect-http2/http2/Frame"
import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { expect } from "vitest"
import { client } from "./support/peer.js"
import { goesOn, serverWith, update } from "./support/settings.js"
import { settingsAck } from "./support/wire.js"

describe("headerTableSize", () => {
  const smaller = [0x20]
  const larger = [0x3f, 0xe1, 0x3f] // 8,192
  const medium = [0x3f, 0xe1, 0x07] // 1,024

  /** Each a conversation: changes, with the blocks that begin with these octets and are fine, then one that is not. */
  const cases: ReadonlyArray<{
    readonly title: string
    readonly changes: ReadonlyArray<number>
    /** How many acknowledgements come before the last block. */
    readonly acknowledged: number
    readonly fine: ReadonlyArray<ReadonlyArray<number>>
    readonly wrong: ReadonlyArray<number> | undefined
  }> = [
    {
      title: "lowered, before the acknowledgement",
      changes: [0],
      acknowledged: 0,
      fine: [[], medium],
      wrong: undefined
    },
    {
      title: "lowered, a block without an update [rfc9113-4.3.1-2]",
      changes: [0],
      acknowledged: 1,
      fine: [],
      wrong: []
    },
    {
      title: "lowered, a block with an update that is too large [rfc9113-4.3.1-2] [rfc7541-4.2-1]",
      changes: [0],
      acknowledged: 1,
      fine: [],
      wrong: medium
    },
    { title: "lowered, blocks behind an update", changes: [0], acknowledged: 1, fine: [smaller, []], wrong: undefined },
    {
      title: "lowered and raised, the lower size not seen [rfc7541-4.2-3]",
      changes: [0, 8192],
      acknowledged: 2,
      fine: [],
      wrong: larger
    },
    {
      title: "lowered and raised, the lower size first [rfc7541-4.2-3]",
      changes: [0, 8192],
      acknowledged: 2,
      fine: [[...smaller, ...larger], medium],
      wrong: undefined
    },
    {
      title: "lowered and raised, only the first acknowledged [rfc9113-4.3.1-2]",
      changes: [0, 8192],
      acknowledged: 1,
      fine: [],
      wrong: [...smaller, ...larger]
    },
    {
      title: "raised, before the acknowledgement [rfc7541-4.2-1]",
      changes: [8192],
      acknowledged: 0,
      fine: [[]],
      wrong: larger
    },
    { title: "raised", changes: [8192], acknowledged: 1, fine: [[], larger, smaller], wrong: undefined }
  ]

  for (const { acknowledged, changes, fine, title, wrong } of cases) {
    it.scoped(`of a server, ${title}`, () =>
      Effect.gen(function* () {
        const { connection, failure, peer } = yield* serverWith({})
        for (const headerTableSize of changes) yield* update({ connection, peer }, { headerTableSize })
        for (let i = 0; i < acknowledged; i++) yield* peer.send(settingsAck)
        for (const [i, prefix] of fine.entries()) yield* goesOn(peer, 2 * i + 1, prefix)
        if (wrong === undefined) return yield* goesOn(peer, 101)
        yield* peer.send(new Frame.Headers(101, true, true, Uint8Array.from([...wrong, 0x82]), undefined))
        expect(yield* failure).toMatchObject({ code: ErrorCode.COMPRESSION_ERROR })
      })
    )

    it.scoped(`of a client, ${title}`, () =>
      Effect.gen(function* () {
        const { client: http, failure, peer } = yield* client()
        const { connection } = http
        for (const headerTableSize of changes) yield* update({ connection, peer }, { headerTableSize })
        for (let i = 0; i < acknowledged; i++) yield* peer.send(settingsAck)
        const answered = (prefix: ReadonlyArray<number>) =>
          Effect.gen(function* () {
            const asked = yield* Effect.fork(http.collect({}))
            const { streamId } = yield* peer.await("Headers")
            yield* peer.send(new Frame.Headers(streamId, true, true, Uint8Array.from([...prefix, 0x88]), undefined))
            return yield* Fiber.join(asked)
          })
        for (const prefix of fine) expect((yield* answered(prefix)).status).toBe(200)
        if (wrong === undefined) return
        expect(yield* Effect.flip(answered(wrong))).toMatchObject({ code: ErrorCode.COMPRESSION_ERROR })
        expect(yield* failure).toMatchObject({ code: ErrorCode.COMPRESSION_ERROR })
      })
    )
  }
})
