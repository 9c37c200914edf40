/**
 * Conversations of the models as octets: what the octet targets start from, beside the kept seeds.
 */
import { Choices } from "@effect-http2/testkit/choices"
import type { Input, Step } from "../input/input.js"
import * as ClientConversation from "../targets/clientConversation.js"
import * as ServerConversation from "../targets/serverConversation.js"
import type { EngineRun } from "../world/engineRun.js"
import type { World } from "../world/world.js"
import { talk } from "../targets/conversation.js"

/** Notes what is sent to an engine from now on. */
const record = (run: EngineRun, steps: Array<Step>): void => {
  const { pipe } = run
  const send = pipe.send.bind(pipe)
  pipe.send = (octets) => {
    if (octets.length > 0) steps.push({ kind: "send", octets: Uint8Array.from(octets) })
    send(octets)
  }
}

/** Short ones: bodies are small, and there are few steps. */
export const serverConversation = (world: World, seed: number): Input => {
  const choices = Choices.ofSeed(seed)
  const model = ServerConversation.make(world, choices, 500)
  const steps: Array<Step> = [{ kind: "reflexes", on: seed % 2 === 0 }]
  record(model.server, steps)
  model.begin()
  talk(model, 20)
  model.finish()
  model.server.close()
  return { target: "server", steps }
}

export const clientConversation = (world: World, seed: number): Input => {
  const choices = Choices.ofSeed(seed)
  const model = ClientConversation.make(world, choices, 500)
  const steps: Array<Step> = [{ kind: "reflexes", on: seed % 2 === 0 }]
  for (let form = 0; form < 4; form++) steps.push({ kind: "wish", form: (seed + form) % 64 })
  if (model.client.options.enablePush === true) steps.push({ kind: "take-pushes" })
  record(model.client, steps)
  model.begin()
  talk(model, 20)
  model.finish()
  model.client.close()
  return { target: "client", steps }
}
