/** Streams where the nodes of Effect's Channels are not as `nodes` expects them: Effect runs them. */
import type * as ChannelModule from "effect/Channel"
import { afterAll, expect, it, vi } from "vitest"

// A Channel that writes is another node here: the runner must not take it.
vi.mock("effect/Channel", async (importOriginal) => {
  const original = await importOriginal<typeof ChannelModule>()
  return { ...original, write: (out: unknown) => original.suspend(() => original.write(out)) }
})

// The modules of other files have the Channels of Effect, and are not to have these.
vi.resetModules()
afterAll(() => {
  vi.resetModules()
})

const Nodes = await import("../src/internal/streamRun/nodes.js")
const StreamRun = await import("../src/StreamRun.js")
const { streamCases } = await import("./support/streamCases.js")

it("is in use in this file", () => {
  expect(Nodes.areNodesKnown).toBe(false)
})

streamCases("a run by Effect", StreamRun)
