/** Skips what the bridge cannot show: see suites.ts. */
import { beforeEach } from "vitest"
import { notOnEffect4 } from "./suites.js"

beforeEach(({ skip, task }) => {
  if (notOnEffect4.some((title) => task.name.includes(title)))
    skip("its handlers have to act in the turn of their request")
})
