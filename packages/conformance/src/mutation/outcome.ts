/** How a run of tests ended, as vitest's report has it. Pure functions, called by vitest.ts. */

/** `failed`: a test that carries one of the ids; `broken`: a file that cannot be loaded, or vitest itself. */
export type Outcome =
  { readonly _tag: "passed" | "timedOut" } | { readonly _tag: "failed" | "broken"; readonly what: string }

/** What the outcome is read from: the part of vitest's `JsonTestResults` that matters. */
export interface Report {
  readonly testResults: ReadonlyArray<{
    readonly name: string
    readonly message: string
    readonly status: string
    readonly assertionResults: ReadonlyArray<{
      readonly fullName: string
      readonly status: string
      readonly failureMessages: ReadonlyArray<string> | null
    }>
  }>
}

/** How an id stands in a title. */
export const titleOf = (id: string): string => `[${id}]`

const firstLine = (text: string): string => (text.split("\n")[0] ?? "").slice(0, 120)

/** The outcome of a run of the tests that carry one of `ids`. */
export const ofReport = ({ testResults }: Report, ids: ReadonlyArray<string>): Outcome => {
  const failed = testResults
    .flatMap(({ assertionResults }) => assertionResults)
    .find(({ fullName, status }) => status === "failed" && ids.some((id) => fullName.includes(titleOf(id))))
  if (failed !== undefined) {
    const [reason = ""] = failed.failureMessages ?? []
    return { _tag: "failed", what: `${failed.fullName}: ${firstLine(reason)}` }
  }
  const broken = testResults.find(
    ({ assertionResults, status }) => status === "failed" && assertionResults.length === 0
  )
  return broken === undefined
    ? { _tag: "passed" }
    : { _tag: "broken", what: `${broken.name}: ${firstLine(broken.message)}` }
}
