/**
 * What has to be so before the packages are released: one version, the fields that npm shows, exports that lead to files, and tarballs with nothing in them
 * that `files` does not name. Fails with a line for each thing that is not so, and prints the sizes. Call: `npm run release:check`, which builds before.
 */
import { execFileSync } from "node:child_process"
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("..", import.meta.url))
const read = (path) => readFileSync(`${root}${path}`, "utf8")

const packages = readdirSync(`${root}packages`)
  .map((folder) => ({ folder: `packages/${folder}`, manifest: JSON.parse(read(`packages/${folder}/package.json`)) }))
  .filter(({ manifest }) => manifest.private !== true)

const versions = new Map(packages.map(({ manifest }) => [manifest.name, manifest.version]))
const problems = []
const expect = (holds, name, text) => {
  if (!holds) problems.push(`${name}: ${text}`)
}

/** The files that the targets of `exports` stand for; those with a star need at least one. */
const targetsOf = (exports) =>
  typeof exports === "string"
    ? [exports]
    : Object.values(exports ?? {}).flatMap((value) => (value === null ? [] : targetsOf(value)))

const isAllowed = (path) => /^(dist\/.+\.(js|d\.ts)(\.map)?|src\/.+|README\.md|LICENSE|package\.json)$/.test(path)

for (const { folder, manifest } of packages) {
  const { name } = manifest
  for (const field of ["description", "engines", "exports", "files"])
    expect(manifest[field] !== undefined, name, `no ${field}`)
  expect(manifest.license === "MIT", name, "the licence is not MIT")
  expect(manifest.version === packages[0].manifest.version, name, `version ${manifest.version}, not that of the others`)
  for (const [dependency, range] of Object.entries(manifest.dependencies ?? {})) {
    const version = versions.get(dependency)
    if (version !== undefined) expect(range === version, name, `depends on ${dependency} ${range}, which is ${version}`)
    else expect(/^\d+\.\d+\.\d+$/.test(range), name, `${dependency} is not pinned: ${range}`)
  }
  for (const own of Object.keys({ ...manifest.peerDependencies }))
    expect(!versions.has(own), name, `${own} is a peer, and of this repository`)
  const output = execFileSync("npm", ["pack", "--dry-run", "--json", "--silent", "--ignore-scripts"], {
    cwd: `${root}${folder}`,
    encoding: "utf8"
  })
  const [packed] = JSON.parse(output)
  const files = packed.files.map(({ path }) => path)
  for (const path of ["README.md", "LICENSE", "package.json"])
    expect(files.includes(path), name, `the tarball has no ${path}`)
  for (const path of files) expect(isAllowed(path), name, `the tarball has ${path}`)
  for (const target of targetsOf(manifest.exports)) {
    const path = target.replace(/^\.\//, "")
    const [before, after = ""] = path.split("*")
    const isThere = path.includes("*")
      ? files.some((file) => file.startsWith(before) && file.endsWith(after))
      : files.includes(path)
    expect(isThere, name, `exports leads to ${target}, which the tarball has not`)
  }
  for (const bin of Object.values(typeof manifest.bin === "object" ? manifest.bin : {})) {
    expect(files.includes(bin.replace(/^\.\//, "")), name, `bin leads to ${bin}, which the tarball has not`)
  }
  console.log(`${name} ${manifest.version}: ${files.length} files, ${Math.round(packed.size / 1024)} KiB packed`)
}
expect(
  existsSync(`${root}CHANGELOG.md`) && read("CHANGELOG.md").includes(`## ${packages[0].manifest.version}`),
  "CHANGELOG.md",
  "nothing of this version"
)

for (const problem of problems) console.error(problem)
if (problems.length > 0) process.exitCode = 1
