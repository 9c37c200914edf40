/** Settings of ours that change on an open connection: what is sent, and who waits for its acknowledgement. */
import * as ErrorCode from "@effect-http2/http2/ErrorCode"
import * as Frame from "@effect-http2/http2/Frame"
import type * as Http2Error from "@effect-http2/http2/Http2Error"
import * as Settings from "@effect-http2/http2/Settings"
import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import { expect } from "vitest"
import { settingsSent, sides, update } from "./support/settings.js"
import { rawFrame, settingsAck } from "./support/wire.js"

const { Id } = Settings

for (const [who, side] of Object.entries(sides)) {
  describe(`updateSettings of ${who}`, () => {
    it.scoped("sends what changes, and completes at the acknowledgement [rfc9113-6.5-1] [rfc9113-6.5-2]", () =>
      Effect.gen(function* () {
        const { connection, peer } = yield* side
        const changes = {
          headerTableSize: 0,
          maxConcurrentStreams: 7,
          initialWindowSize: 262_144,
          maxFrameSize: 16_777_215,
          maxHeaderListSize: 50_000
        }
        const updating = yield* update({ connection, peer }, changes)
        expect(settingsSent(peer)).toEqual([
          [
            [Id.HEADER_TABLE_SIZE, 0],
            [Id.MAX_CONCURRENT_STREAMS, 7],
            [Id.MAX_FRAME_SIZE, 16_777_215],
            [Id.MAX_HEADER_LIST_SIZE, 50_000]
          ]
        ])
        expect(connection.localSettings).toMatchObject(changes)
        yield* peer.barrier()
        expect(Option.isNone(yield* Fiber.poll(updating))).toBe(true)
        yield* peer.send(settingsAck)
        yield* Fiber.join(updating)
        yield* peer.barrier(1)
      })
    )

    it.scoped("takes each acknowledgement for the oldest that has none", () =>
      Effect.gen(function* () {
        const { connection, peer } = yield* side
        const fibers: Array<Fiber.Fiber<void, Http2Error.Http2Error>> = []
        for (const maxConcurrentStreams of [1, 2, 3])
          fibers.push(yield* update({ connection, peer }, { maxConcurrentStreams }))
        for (const [i, fiber] of fibers.entries()) {
          yield* peer.send(settingsAck)
          yield* Fiber.join(fiber)
          yield* peer.barrier(i)
          for (const later of fibers.slice(i + 1)) expect(Option.isNone(yield* Fiber.poll(later))).toBe(true)
        }
      })
    )

    it.scoped("sends nothing where nothing changes, and waits for what was sent before", () =>
      Effect.gen(function* () {
        const { connection, peer } = yield* side
        yield* connection.updateSettings({})
        yield* connection.updateSettings({ ...connection.localSettings })
        const first = yield* update({ connection, peer }, { maxConcurrentStreams: 1 })
        const second = yield* Effect.fork(connection.updateSettings({ maxConcurrentStreams: 1 }))
        yield* peer.barrier()
        expect(Option.isNone(yield* Fiber.poll(second))).toBe(true)
        yield* peer.send(settingsAck)
        yield* Fiber.join(first)
        yield* Fiber.join(second)
        expect(settingsSent(peer)).toEqual([[[Id.MAX_CONCURRENT_STREAMS, 1]]])
      })
    )

    it.scoped("fails with what ends the connection, and when it has ended", () =>
      Effect.gen(function* () {
        const { connection, failure, peer } = yield* side
        const updating = yield* update({ connection, peer }, { maxConcurrentStreams: 1 })
        yield* peer.send(rawFrame(Frame.Type.PING, 0, 0, new Uint8Array(7)))
        const error = yield* failure
        expect(error).toMatchObject({ code: ErrorCode.FRAME_SIZE_ERROR })
        expect(yield* Effect.flip(Fiber.join(updating))).toBe(error)
        expect(yield* Effect.flip(connection.updateSettings({ maxConcurrentStreams: 2 }))).toBe(error)
      })
    )

    it.scoped("has sent it where its fiber is interrupted", () =>
      Effect.gen(function* () {
        const { connection, peer } = yield* side
        yield* Fiber.interrupt(yield* update({ connection, peer }, { maxConcurrentStreams: 1 }))
        expect(connection.localSettings.maxConcurrentStreams).toBe(1)
        const next = yield* update({ connection, peer }, { maxConcurrentStreams: 2 })
        yield* peer.send(settingsAck)
        yield* peer.barrier()
        expect(Option.isNone(yield* Fiber.poll(next))).toBe(true)
        yield* peer.send(settingsAck)
        yield* Fiber.join(next)
      })
    )

    const refused: ReadonlyArray<readonly [changes: Partial<Settings.Settings>, rules: string]> = [
      [{ headerTableSize: -1 }, ""],
      [{ headerTableSize: 2 ** 32 }, ""],
      [{ maxConcurrentStreams: 0.5 }, ""],
      [{ initialWindowSize: 2 ** 31 }, ""],
      [{ initialWindowSize: Number.NaN }, ""],
      [{ maxFrameSize: 16_383 }, " [rfc9113-6.5.2-10]"],
      [{ maxFrameSize: 16_777_216 }, " [rfc9113-6.5.2-10]"],
      [{ maxHeaderListSize: -5, maxConcurrentStreams: 5 }, ""],
      [{ noRfc7540Priorities: true }, " [rfc9218-2.1-4]"],
      ...(who === "a server"
        ? ([[{ enablePush: true }, " [rfc9113-6.5.2-4]"]] as const)
        : ([[{ enableConnectProtocol: true }, ""]] as const))
    ]
    for (const [changes, rules] of refused) {
      it.scoped(
        `refuses ${Object.entries(changes).join(" and ").replaceAll(",", " ")}, and sends nothing${rules}`,
        () =>
          Effect.gen(function* () {
            const { connection, peer } = yield* side
            const before = connection.localSettings
            // What it says already may be said.
            const given =
              "noRfc7540Priorities" in changes ? { noRfc7540Priorities: !before.noRfc7540Priorities } : changes
            const error = yield* Effect.flip(connection.updateSettings(given))
            expect(error).toMatchObject({ _tag: "Http2StreamError", origin: "User", processed: "no" })
            expect(connection.localSettings).toEqual(before)
            yield* peer.barrier()
            expect(settingsSent(peer)).toEqual([])
          })
      )
    }
  })
}
