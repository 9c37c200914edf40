/** All mutants. */
import type { Mutant } from "./mutant.js"
import { connection } from "./mutants/connection.js"
import { hpack } from "./mutants/hpack.js"
import { messages } from "./mutants/messages.js"
import { origins } from "./mutants/origins.js"
import { push } from "./mutants/push.js"
import { receivedFrames } from "./mutants/receivedFrames.js"
import { sentFrames } from "./mutants/sentFrames.js"
import { sentMessages } from "./mutants/sentMessages.js"
import { settings } from "./mutants/settings.js"
import { streams } from "./mutants/streams.js"
import { transport } from "./mutants/transport.js"

export const mutants: ReadonlyArray<Mutant> = [
  ...hpack,
  ...receivedFrames,
  ...sentFrames,
  ...settings,
  ...streams,
  ...connection,
  ...messages,
  ...sentMessages,
  ...push,
  ...origins,
  ...transport
]
