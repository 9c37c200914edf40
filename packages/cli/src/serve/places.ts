/**
 * From the path of a URL to a file below a folder, and to nothing else: names are decoded once and looked at one by one, and what was opened is what lies there
 * when all links are followed.
 */
import type { BigIntStats, Stats } from "node:fs"
import * as FileSystem from "node:fs/promises"
import * as Path from "node:path"

/** The names of a path, decoded; 400 for what is no path, 404 for what names nothing that may be served. */
export const parse = (
  path: string,
  showsHidden: boolean
): { readonly names: ReadonlyArray<string>; readonly isFolder: boolean } | 400 | 404 => {
  const names: Array<string> = []
  for (const segment of path.split("/")) {
    if (segment === "") continue
    let name: string
    try {
      name = decodeURIComponent(segment)
    } catch {
      return 400
    }
    // eslint-disable-next-line no-control-regex -- No name that a person gave has them, and NUL ends a name for the system.
    if (/[\u0000-\u001f\u007f]/.test(name)) return 400
    // A backslash separates names on Windows, a colon names drives and streams there.
    if (name === "." || name === ".." || /[/\\]/.test(name) || (Path.sep === "\\" && name.includes(":"))) return 404
    if (name.startsWith(".") && name !== ".well-known" && !showsHidden) return 404
    names.push(name)
  }
  return { names, isFolder: path.endsWith("/") }
}

/** As it is written in a URL of this server, from its root. Never with two slashes in front, which would be another host. */
export const toPath = (names: ReadonlyArray<string>, isFolder: boolean): string =>
  `/${names.map(encodeURIComponent).join("/")}${isFolder && names.length > 0 ? "/" : ""}`

/** A file that was opened; to be closed. */
export interface Opened {
  readonly handle: FileSystem.FileHandle
  readonly stats: BigIntStats
}

const isInside = (root: string, real: string): boolean =>
  real === root || real.startsWith(root + (root.endsWith(Path.sep) ? "" : Path.sep))

const absent = new Set(["ENOENT", "ENOTDIR", "ELOOP", "ENAMETOOLONG", "EACCES", "EPERM", "ENXIO", "EINVAL"])

const isAbsent = (error: unknown): boolean =>
  error instanceof Error && "code" in error && typeof error.code === "string" && absent.has(error.code)

/** What there is to be said of `path`, which lies below `root`; undefined for what `open` finds nothing at. */
export const stat = async (root: string, path: string): Promise<Stats | undefined> => {
  try {
    const real = await FileSystem.realpath(path)
    return isInside(root, real) ? await FileSystem.lstat(real) : undefined
  } catch (error) {
    if (isAbsent(error)) return undefined
    throw error
  }
}

/**
 * What lies at `names` below `root`, a real path. Undefined where there is nothing, where it may not be read, where a link leads out of the root, or where it is
 * neither a file nor a folder. It is opened first and compared with what lies there when the links are followed: who changes a link in between gains nothing.
 */
export const open = async (root: string, names: ReadonlyArray<string>): Promise<Opened | undefined> => {
  const path = Path.join(root, ...names)
  let handle: FileSystem.FileHandle | undefined = undefined
  try {
    const real = await FileSystem.realpath(path)
    if (!isInside(root, real)) return undefined
    const there = await FileSystem.lstat(real, { bigint: true })
    // A pipe would wait for who writes to it.
    if (!there.isFile() && !there.isDirectory()) return undefined
    handle = await FileSystem.open(real, "r")
    const stats = await handle.stat({ bigint: true })
    const again = await FileSystem.realpath(real)
    if (again === real && stats.ino === there.ino && stats.dev === there.dev) return { handle, stats }
    await handle.close()
    return undefined
  } catch (error) {
    await handle?.close()
    if (isAbsent(error)) return undefined
    throw error
  }
}
