/** All mutants, in the order of the packages. */
import type { Mutant } from "./mutant.js"
import { hpack } from "./mutants/hpack.js"
import { receivedFrames } from "./mutants/receivedFrames.js"
import { sentFrames } from "./mutants/sentFrames.js"

export const mutants: ReadonlyArray<Mutant> = [...hpack, ...receivedFrames, ...sentFrames]
