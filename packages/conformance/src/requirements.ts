/**
 * The list of requirements that was drawn from the texts of the specifications, where it lies next to the repository: what the register
 * has to hold. Without it the register is the list. Called by the program.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import * as JsonList from "./jsonList.js"

export interface Requirement {
  readonly id: string
  readonly level: string
}

const readFile = (file: string): ReadonlyArray<Requirement> =>
  JsonList.parse(readFileSync(file, "utf8"), file, "id", "level")

/** Every requirement in a folder, or undefined where there is no such folder. */
export const read = (folder: string): ReadonlyArray<Requirement> | undefined =>
  existsSync(folder)
    ? readdirSync(folder)
        .filter((name) => name.endsWith(".requirements.json"))
        .sort()
        .flatMap((name) => readFile(join(folder, name)))
    : undefined
