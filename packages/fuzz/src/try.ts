import { Choices } from "./choices.js"
import { World } from "./world/world.js"
import { EngineRun } from "./world/engineRun.js"
const world = new World()
const run = (await import(`./targets/${process.argv[2]}.js`))[process.argv[6] ?? "run"]
const from = Number(process.argv[3] ?? 0),
  n = Number(process.argv[4] ?? 100)
const t = performance.now()
const kinds = new Map<string, number>()
for (let seed = from; seed < from + n; seed++) {
  if (process.env["V"]) console.log(seed)
  try {
    run(world, Choices.ofSeed(seed))
  } catch (e) {
    const m = String((e as Error).message)
      .replace(/\d+/g, "N")
      .replace(/\{.*\}/, "B")
      .replace(/, [-A-Za-z]+ B/, "")
      .slice(0, 110)
    if (!kinds.has(m)) {
      console.log(seed, (e as Error).stack?.slice(0, 1500))
      if (process.argv[5]) console.log(EngineRun.last?.tap.log.slice(-Number(process.argv[5])).join("\n"))
    }
    kinds.set(m, (kinds.get(m) ?? 0) + 1)
  }
}
console.log(kinds, (n / (performance.now() - t)) * 1000, "per s")
