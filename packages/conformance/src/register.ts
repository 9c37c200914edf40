/** The register: every rule of every specification, in the order of the document. */
import type { Specification } from "./rule.js"
import { rfc7541 } from "./rules/rfc7541.js"
import { rfc7838 } from "./rules/rfc7838.js"
import { rfc8297 } from "./rules/rfc8297.js"
import { rfc8336 } from "./rules/rfc8336.js"
import { rfc8441 } from "./rules/rfc8441.js"
import { rfc9113 } from "./rules/rfc9113.js"
import { rfc9218 } from "./rules/rfc9218.js"

export const register: ReadonlyArray<Specification> = [rfc9113, rfc7541, rfc8441, rfc9218, rfc8336, rfc7838, rfc8297]
