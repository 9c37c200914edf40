import { describe, expect, it } from "vitest"
import { ofReport, type Report, titleOf } from "../src/mutation/outcome.js"

type File = Report["testResults"][number]

const id = "rfc1-2-1"
const test = (fullName: string, status: "passed" | "failed" | "skipped", ...failureMessages: Array<string>) => ({
  fullName,
  status,
  failureMessages
})
const file = (status: File["status"], ...assertionResults: File["assertionResults"]): File => ({
  name: "a.test.ts",
  message: status === "failed" ? "no such export\nin a.ts" : "",
  status,
  assertionResults
})

describe("the outcome of a run", () => {
  it("is the first test with the id that failed", () => {
    const failed = test(`begins ${titleOf(id)}`, "failed", "expected 1\nto be 2")
    const report = { testResults: [file("passed", test("a", "passed")), file("failed", test("b", "skipped"), failed)] }
    expect(ofReport(report, [id])).toEqual({ _tag: "failed", what: `begins ${titleOf(id)}: expected 1` })
  })

  it("is that all passed, where what fails carries another id", () => {
    const others = ["rfc1-2-11", "rfc1-2-2"].map((other) => test(titleOf(other), "failed"))
    expect(ofReport({ testResults: [file("failed", ...others)] }, [id])).toEqual({ _tag: "passed" })
  })

  it("is that it is broken, where a file cannot be loaded", () => {
    expect(ofReport({ testResults: [file("failed")] }, [id])).toEqual({
      _tag: "broken",
      what: "a.test.ts: no such export"
    })
  })
})
