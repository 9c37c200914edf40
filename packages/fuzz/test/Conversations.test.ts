/**
 * Whole conversations of either role with a correct peer, from seeds: everything arrives whole and nothing is left. And with one change in them: it
 * costs no more than the streams that it touched, or the connection, and everything comes to an end.
 */
import { describe, it } from "vitest"
import { Choices } from "@effect-http2/testkit/choices"
import { findingOf } from "../src/run/replay.js"
import * as ClientConversation from "../src/targets/clientConversation.js"
import * as ServerConversation from "../src/targets/serverConversation.js"
import { EngineRun } from "../src/world/engineRun.js"
import { World } from "../src/world/world.js"

const world = new World()

/** Runs `converse` for seeds from 0 on. The one that fails is in the message, with the last frames of both sides. */
const forSeeds = (count: number, converse: (world: World, choices: Choices) => void): void => {
  for (let seed = 0; seed < count; seed++) {
    const finding = findingOf(() => converse(world, Choices.ofSeed(seed)))
    if (finding === undefined) continue
    const frames = EngineRun.last?.tap.log.slice(-30).join("\n") ?? ""
    throw new Error(`seed ${seed}: ${finding.message}\n${frames}`, { cause: finding })
  }
}

describe("our server", { timeout: 120_000 }, () => {
  it("serves whatever a correct client asks for, however it asks", () => forSeeds(100, ServerConversation.run))

  it("loses no more than what was touched where one thing is not as it should be", () =>
    forSeeds(150, ServerConversation.runMutated))
})

describe("our client", { timeout: 120_000 }, () => {
  it("gets whatever a correct server answers, however it answers", () => forSeeds(100, ClientConversation.run))

  it("loses no more than what was touched where one thing is not as it should be", () =>
    forSeeds(150, ClientConversation.runMutated))
})
