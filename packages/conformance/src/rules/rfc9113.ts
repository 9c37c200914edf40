/** RFC 9113: HTTP/2. */
import type { Specification } from "../rule.js"
import { section3 } from "./rfc9113/section3.js"
import { section4 } from "./rfc9113/section4.js"
import { section5 } from "./rfc9113/section5.js"
import { section6a } from "./rfc9113/section6a.js"
import { section6b } from "./rfc9113/section6b.js"
import { section8 } from "./rfc9113/section8.js"
import { section8push } from "./rfc9113/section8push.js"
import { section9 } from "./rfc9113/section9.js"
import { section10 } from "./rfc9113/section10.js"

export const rfc9113: Specification = {
  id: "rfc9113",
  heading: "HTTP/2",
  sections: [
    ...section3,
    ...section4,
    ...section5,
    ...section6a,
    ...section6b,
    ...section8,
    ...section8push,
    ...section9,
    ...section10
  ]
}
