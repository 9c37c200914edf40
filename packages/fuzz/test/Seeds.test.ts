/** The kept seeds: none of them finds anything, and each of the targets that read octets has some. */
import { describe, expect, it } from "vitest"
import { format, parse } from "../src/input/input.js"
import { replay } from "../src/run/replay.js"
import { readSeeds } from "../src/run/seeds.js"
import { World } from "../src/world/world.js"

const world = new World()
const seeds = readSeeds()

describe("a kept seed", () => {
  it.each(seeds.map((seed) => [seed.name, seed.input] as const))("%s finds nothing", (_, input) => {
    replay(world, input)
  })

  it("is the same when it is written again", () => {
    for (const { input } of seeds) expect(parse(format(input))).toEqual(input)
  })

  it("is there for each target that reads octets", () => {
    const targets = new Set(seeds.map(({ input }) => input.target))
    expect([...targets].sort()).toEqual(expect.arrayContaining(["client", "frames", "hpack", "server"]))
  })
})
