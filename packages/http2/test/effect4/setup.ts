/** Skips what the bridge cannot show: see suites.ts. */
import { skipTitles } from "@effect-http2/testkit/effect4/skipping"
import { notOnEffect4 } from "./suites.js"

skipTitles(notOnEffect4)
