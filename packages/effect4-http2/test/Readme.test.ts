/** The table of the shape in the README names a module and a line for each element: they are where it says. */
import { readFileSync } from "node:fs"
import { expect, it } from "vitest"

const at = (path: string): string => readFileSync(new URL(`../${path}`, import.meta.url), "utf8")

const rows = [...at("README.md").matchAll(/\[`(\w+)`, (\S+):(\d+)\]\(src\/(\S+)#L(\d+)\)/g)].map((row) => row.slice(1))

it("the README has the six elements of the shape", () => {
  expect(rows.length).toBe(6)
})

it.each(rows)("%s is at %s:%s", (name = "", file, line, linkedFile, linkedLine) => {
  expect([linkedFile, linkedLine]).toEqual([file, line])
  const declaration = at(`src/${file ?? ""}`).split("\n")[Number(line) - 1]
  expect(declaration).toMatch(new RegExp(`^export (class|const) ${name}\\b`))
})
