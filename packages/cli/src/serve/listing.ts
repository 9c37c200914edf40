/** What a folder has, as a page. */
import * as Fs from "node:fs/promises"
import * as Path from "node:path"
import * as Places from "./places.js"

const entities: { readonly [character: string]: string } = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;"
}

const escape = (text: string): string => text.replace(/[&<>"']/g, (character) => entities[character] ?? "")

interface Entry {
  readonly name: string
  readonly isFolder: boolean
  readonly size: number
  readonly modified: Date
}

const row =
  (names: ReadonlyArray<string>) =>
  ({ isFolder, modified, name, size }: Entry): string =>
    `<tr><td><a href="${escape(Places.toPath([...names, name], isFolder))}">${escape(name)}${isFolder ? "/" : ""}</a></td>` +
    `<td>${isFolder ? "" : size.toLocaleString("en")}</td><td>${modified.toISOString().slice(0, 16).replace("T", " ")}</td></tr>`

const style =
  "body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:50rem;padding:0 1rem}table{border-collapse:collapse;width:100%}" +
  "td{padding:.2rem 1rem .2rem 0}td+td{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}" +
  "@media(prefers-color-scheme:dark){body{background:#111;color:#ddd}a{color:#8bf}}"

const entriesOf = async (root: string, folder: string, showsHidden: boolean): Promise<ReadonlyArray<Entry>> => {
  const isNamed = (name: string): boolean => typeof Places.parse(encodeURIComponent(name), showsHidden) === "object"
  const names = (await Fs.readdir(folder)).filter(isNamed)
  const entries = await Promise.all(
    names.map(async (name): Promise<ReadonlyArray<Entry>> => {
      const stats = await Places.stat(root, Path.join(folder, name))
      if (stats === undefined || (!stats.isFile() && !stats.isDirectory())) return []
      return [{ name, isFolder: stats.isDirectory(), size: stats.size, modified: stats.mtime }]
    })
  )
  return entries.flat().sort((a, b) => Number(b.isFolder) - Number(a.isFolder) || a.name.localeCompare(b.name))
}

/** The page of the folder that lies at `names` below `root`. */
export const html = async (root: string, names: ReadonlyArray<string>, showsHidden: boolean): Promise<string> => {
  const entries = await entriesOf(root, Path.join(root, ...names), showsHidden)
  const title = escape(`/${names.map((name) => `${name}/`).join("")}`)
  const up =
    names.length === 0 ? "" : `<tr><td><a href="${escape(Places.toPath(names.slice(0, -1), true))}">..</a></td></tr>`
  return (
    `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${title}</title>` +
    `<style>${style}</style><h1>${title}</h1><table>${up}${entries.map(row(names)).join("")}</table></html>\n`
  )
}
