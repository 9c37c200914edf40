/**
 * Program: `npm run conformance` writes the documents; with `--check` it writes nothing and fails where they, the register and the
 * tests do not agree. Run from its sources.
 */
import { table } from "@effect-http2/engine/stream/streamState"
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { collect } from "./collect.js"
import * as Complaints from "./complaints.js"
import * as ConformanceDocument from "./conformanceDocument.js"
import { register } from "./register.js"
import * as Requirements from "./requirements.js"
import * as StreamStatesDocument from "./streamStatesDocument.js"
import * as Tests from "./tests.js"

const root = fileURLToPath(new URL("../../..", import.meta.url))

const documents = (tests: ReadonlyArray<Tests.Test>): ReadonlyArray<Complaints.Document> =>
  Object.entries({
    "docs/conformance.md": ConformanceDocument.render(register, tests),
    "docs/stream-states.md": StreamStatesDocument.render(table)
  }).map(([path, expected]) => {
    const file = join(root, path)
    return { path, expected, actual: existsSync(file) ? readFileSync(file, "utf8") : undefined }
  })

const write = ({ actual, expected, path }: Complaints.Document): void => {
  const file = join(root, path)
  mkdirSync(dirname(file), { recursive: true })
  if (actual !== expected) writeFileSync(file, expected)
  console.log(`${path}: ${actual === expected ? "as it was" : "written"}`)
}

const main = (args: ReadonlyArray<string>): number => {
  const unknown = args.find((arg) => arg !== "--check")
  if (unknown !== undefined) throw new Error(`${unknown}: unknown; npm run conformance [-- --check]`)
  const check = args.length > 0
  const tests = Tests.fromList(collect(root), root)
  const rendered = documents(tests)
  if (!check) rendered.forEach(write)
  const requirements = Requirements.read(join(root, "../shared/rfc"))
  const complaints = [
    ...Complaints.ofRegister(register, tests),
    ...(requirements === undefined ? [] : Complaints.ofRequirements(register, requirements)),
    ...(check ? rendered.flatMap(Complaints.ofDocument) : [])
  ]
  for (const complaint of complaints) console.error(complaint)
  console.log(complaints.length === 0 ? "conformance: all agrees" : `conformance: ${complaints.length} complaints`)
  return complaints.length === 0 ? 0 : 1
}

try {
  process.exitCode = main(process.argv.slice(2))
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}
