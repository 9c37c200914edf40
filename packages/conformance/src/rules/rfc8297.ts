/** RFC 8297: 103 (Early Hints). */
import { must, section, should } from "../rule.js"
import type { Specification } from "../rule.js"

export const rfc8297: Specification = {
  id: "rfc8297",
  heading: "An HTTP Status Code for Indicating Hints",
  sections: [
    section(
      "2",
      "HTTP Status Code 103: Early Hints",
      must("rfc8297-2-1", "client", "What a 103 hints at changes nothing in how the final response is taken."),
      must("rfc8297-2-2", "client", "The fields of a 103 are not read as being about the 103 itself."),
      should(
        "rfc8297-2-3",
        "client",
        "A field that is missing from a 103 is not taken for one that will be missing later."
      )
    )
  ]
}
