/** Every relative link of the documents leads to a file that is there, and every document can be reached from docs/README.md. */
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { expect, it } from "vitest"

const root = new URL("../../../", import.meta.url)

const markdownIn = (folder: string): ReadonlyArray<string> =>
  readdirSync(new URL(folder, root))
    .filter((name) => name.endsWith(".md"))
    .map((name) => `${folder}${name}`)

const packages = readdirSync(new URL("packages/", root)).map((name) => `packages/${name}/`)

const pages = ["./", "docs/", ...packages].flatMap(markdownIn)

/** The files that a page links to, by their address; code is not read. */
const targetsOf = (page: string): ReadonlyArray<URL> => {
  const base = new URL(page, root)
  const text = readFileSync(base, "utf8")
    .replace(/^```[\s\S]*?^```/gm, "")
    .replace(/`[^`\n]*`/g, "")
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = ""]) => target)
    .filter((target) => !/^([a-z]+:|#)/.test(target))
    .map((target) => new URL(target.replace(/#.*$/, ""), base))
}

it("the documents are found", () => {
  expect(pages).toContain("docs/README.md")
  expect(pages).toContain("packages/http2/README.md")
})

it.each(pages)("no link of %s is dead", (page) => {
  expect(
    targetsOf(page)
      .filter((target) => !existsSync(target))
      .map(({ href }) => href)
  ).toEqual([])
})

it("docs/README.md leads to every page of docs", () => {
  const linked = targetsOf("docs/README.md").map(({ href }) => href)
  const missing = markdownIn("docs/").filter(
    (page) => page !== "docs/README.md" && !linked.includes(new URL(page, root).href)
  )
  expect(missing).toEqual([])
})
