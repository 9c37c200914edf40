/**
 * One rule broken at any place of a correct conversation: the connection ends with the right code, or the one stream does and all others arrive
 * whole; and nothing is left.
 */
import { describe, it } from "vitest"
import { Choices } from "@effect-http2/testkit/choices"
import { ofClients } from "../src/rules/clients.js"
import { harmless } from "../src/rules/harmless.js"
import { ofServers } from "../src/rules/servers.js"
import { findingOf } from "../src/run/replay.js"
import * as Rules from "../src/targets/rules.js"
import { EngineRun } from "../src/world/engineRun.js"
import { World } from "../src/world/world.js"

const world = new World()

/** Three places, others for each title, the same each time. */
const forSeeds = (title: string, run: (choices: Choices) => void): void => {
  const first = [...title].reduce((sum, char) => (sum * 31 + char.charCodeAt(0)) >>> 0, 0)
  for (let seed = first; seed < first + 3; seed++) {
    const finding = findingOf(() => run(Choices.ofSeed(seed)))
    if (finding === undefined) continue
    const frames = EngineRun.last?.tap.log.slice(-30).join("\n") ?? ""
    throw new Error(`seed ${seed}: ${finding.message}\n${frames}`, { cause: finding })
  }
}

const titled = <A extends { readonly title: string }>(table: ReadonlyArray<A>) =>
  table.map((each) => [each.title, each] as const)

describe("a client that breaks a rule, towards our server", () => {
  it.each(titled(ofClients))("%s", (title, violation) => {
    forSeeds(title, (choices) => Rules.serverViolated(world, choices, violation))
  })
})

describe("a server that breaks a rule, towards our client", () => {
  it.each(titled(ofServers))("%s", (title, violation) => {
    forSeeds(title, (choices) => Rules.clientViolated(world, choices, violation))
  })
})

describe("what breaks no rule", () => {
  it.each(titled(harmless))("%s: nothing comes of it at our server", (title, what) => {
    forSeeds(title, (choices) => Rules.serverUnharmed(world, choices, what))
  })

  it.each(titled(harmless))("%s: nothing comes of it at our client", (title, what) => {
    forSeeds(title, (choices) => Rules.clientUnharmed(world, choices, what))
  })
})
