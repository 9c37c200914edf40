/** What can be fuzzed, by name. */
import type { Choices } from "@effect-http2/testkit/choices"
import type { Input, TargetName } from "../input/input.js"
import type { World } from "../world/world.js"
import * as ClientConversation from "./clientConversation.js"
import * as Frames from "./frames.js"
import * as Hpack from "./hpack.js"
import * as Rules from "./rules.js"
import * as Script from "./script.js"
import * as ServerConversation from "./serverConversation.js"

/** Inputs are octets, from inputs before them. `run` gives what it showed: an input that shows something new is kept. */
export interface OctetTarget {
  readonly kind: "octets"
  readonly run: (world: World, input: Input) => ReadonlyArray<string>
  readonly fresh: (choices: Choices) => Input
}

/** Inputs are decisions. */
export interface ConversationTarget {
  readonly kind: "conversation"
  readonly run: (world: World, choices: Choices) => void
}

export type Target = OctetTarget | ConversationTarget

export const targets: Readonly<Record<TargetName, Target>> = {
  frames: { kind: "octets", run: Frames.run, fresh: Frames.fresh },
  hpack: { kind: "octets", run: Hpack.run, fresh: Hpack.fresh },
  server: { kind: "octets", run: Script.runServer, fresh: (choices) => Script.fresh(choices, "server") },
  client: { kind: "octets", run: Script.runClient, fresh: (choices) => Script.fresh(choices, "client") },
  "server-valid": { kind: "conversation", run: ServerConversation.run },
  "client-valid": { kind: "conversation", run: ClientConversation.run },
  "server-changed": { kind: "conversation", run: ServerConversation.runMutated },
  "client-changed": { kind: "conversation", run: ClientConversation.runMutated },
  "server-rules": { kind: "conversation", run: Rules.runServer },
  "client-rules": { kind: "conversation", run: Rules.runClient }
}
