/**
 * Says at the end of a run what was skipped, so that a green run on a machine without some program does not look like a whole one. Loaded
 * as a global set-up by every project of `vitest.workspace.ts`; its teardown runs below vitest's summary.
 */
import type { TestCase, TestModule, TestProject, TestSuite } from "vitest/node"

const isSkipped = (entity: TestCase | TestSuite): boolean => {
  if (entity.type === "test") return entity.result().state === "skipped"
  const tests = [...entity.children.allTests()]
  return tests.length > 0 && tests.every(isSkipped)
}

/** The outermost suites of which nothing ran, and the single tests beside them. */
const skippedIn = (entity: TestModule | TestSuite): ReadonlyArray<string> =>
  [...entity.children].flatMap((child) => {
    if (isSkipped(child)) return [child.fullName]
    return child.type === "suite" ? skippedIn(child) : []
  })

export default (project: TestProject) => () => {
  const { config, state } = project.vitest
  if (config.testNamePattern !== undefined) return
  for (const file of state.getFiles()) {
    const module = state.getReportedEntity(file)
    if (module?.type !== "module" || module.project.name !== project.name) continue
    for (const name of skippedIn(module)) console.log(`SKIPPED: ${name}`)
  }
}
