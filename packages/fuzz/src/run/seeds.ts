/** The kept seeds: files in the package's corpus. */
import { readdirSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { type Input, parse } from "../input/input.js"

export interface Seed {
  readonly name: string
  readonly input: Input
}

const folder = fileURLToPath(new URL("../../corpus/", import.meta.url))

export const readSeeds = (): ReadonlyArray<Seed> =>
  readdirSync(folder)
    .filter((name) => name.endsWith(".txt"))
    .sort()
    .map((name) => {
      try {
        return { name, input: parse(readFileSync(`${folder}${name}`, "utf8")) }
      } catch (cause) {
        throw new Error(`corpus/${name} cannot be read`, { cause })
      }
    })
