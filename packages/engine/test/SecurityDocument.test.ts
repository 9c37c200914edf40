/** SECURITY.md says what the options are and what they default to. */
import { defaults } from "@effect-http2/engine/Options"
import { readFileSync } from "node:fs"
import { expect, it } from "vitest"

it("every limit of SECURITY.md is an option with the default that it says", () => {
  const text = readFileSync(new URL("../../../SECURITY.md", import.meta.url), "utf8")
  const rows = Array.from(text.matchAll(/^\| `(\w+)` +\| (\d+) +\|/gm), ([, name = "", value]) => [name, Number(value)])
  expect(rows.length).toBeGreaterThan(20)
  const limits: Record<string, number> = { ...defaults }
  expect(rows).toEqual(rows.map(([name = ""]) => [name, limits[name]]))
})
