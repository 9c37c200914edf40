/** What `NodeHttpClient` has is either here too, or the README says what to use in its place. */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { expect, it } from "vitest"

const readme = readFileSync(fileURLToPath(new URL("../../README.md", import.meta.url)), "utf8")
const moving = readme.slice(readme.indexOf("## What changes when you move"))

it("every export of NodeHttpClient has its line", () => {
  const missing = Object.keys(NodeHttpClient).filter((name) => !new RegExp(`\\b${name}\\b`).test(moving))
  expect(missing).toEqual([])
})
