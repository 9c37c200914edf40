/**
 * A copy of the repository in which files can be broken. What others are at work on meanwhile is not touched, and does not disturb. Made once by the
 * program, for all mutants.
 */
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync
} from "node:fs"
import { symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { basename, join, resolve } from "node:path"

/** What is not part of the sources. */
const left = new Set([".git", "node_modules", "dist", "coverage"])

/** Links to what is installed; to the copy's own packages where the repository links to its own. */
const linkModules = (from: string, to: string, root: string, copy: string): void => {
  mkdirSync(to)
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const path = join(from, entry.name)
    const link = join(to, entry.name)
    if (entry.isDirectory() && entry.name.startsWith("@")) linkModules(path, link, root, copy)
    else if (entry.isSymbolicLink()) {
      const target = resolve(from, readlinkSync(path))
      symlinkSync(target.startsWith(join(root, "/")) ? target.replace(root, copy) : target, link)
    } else symlinkSync(path, link)
  }
}

export interface Copy {
  readonly root: string
  /** The text of a file, by its path from the root. */
  readonly read: (path: string) => string
  /** Runs `run` with another text in a file. */
  readonly withFile: <A>(path: string, text: string, run: () => Promise<A>) => Promise<A>
  readonly remove: () => void
}

export const make = (from: string): Copy => {
  const root = realpathSync(mkdtempSync(join(tmpdir(), "mutants-")))
  const source = realpathSync(from)
  cpSync(source, root, { recursive: true, filter: (path) => !left.has(basename(path)) })
  // A package may have modules of its own: another version of what the others share.
  for (const folder of ["", ...readdirSync(join(source, "packages")).map((name) => join("packages", name))]) {
    const modules = join(source, folder, "node_modules")
    if (existsSync(modules)) linkModules(modules, join(root, folder, "node_modules"), source, root)
  }
  const read = (path: string): string => readFileSync(join(root, path), "utf8")
  return {
    root,
    read,
    withFile: async (path, text, run) => {
      const before = read(path)
      writeFileSync(join(root, path), text)
      try {
        return await run()
      } finally {
        writeFileSync(join(root, path), before)
      }
    },
    remove: () => rmSync(root, { recursive: true, force: true })
  }
}
