/** Skips what the bridge cannot show: see suites.ts. */
import { beforeEach } from "vitest"
import { notOnEffect4 } from "./suites.js"

beforeEach(({ skip, task }) => {
  for (const [reason, titles] of Object.entries(notOnEffect4)) {
    if (titles.some((title) => task.name.includes(title))) skip(reason)
  }
})
