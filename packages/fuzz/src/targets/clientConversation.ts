/** A whole conversation of our client with a server: correct, or with one change in it. */
import type { ClientOptions } from "@effect-http2/http2/Http2Client"
import type { Choices } from "@effect-http2/testkit/choices"
import { expect } from "../finding.js"
import { checkPushed, checkValid } from "../model/answerCheck.js"
import { ServerModel } from "../model/serverModel.js"
import { ClientRun } from "../world/clientRun.js"
import type { World } from "../world/world.js"
import * as Conversation from "./conversation.js"
import { expectEnd, expectScope, expectUntouched } from "./mutated.js"

export const anyOptions = (choices: Choices): ClientOptions => ({
  initialWindowSize: choices.one([262_144, 65_535, 1000, 1, 100_000]),
  connectionWindowSize: choices.one([1_048_576, 65_535, 70_000]),
  maxFrameSize: choices.one([16_384, 16_385, 100_000]),
  headerTableSize: choices.one([4096, 0, 100, 65_536]),
  maxSendBufferPerStream: choices.one([262_144, 1, 5000]),
  maxSendBuffer: choices.one([1_048_576, 1000, 20_000]),
  enablePush: choices.once(2)
})

const mostBodies = [2000, 200, 70_000, 300_000] as const

/** A client with a model that has not begun. `fixed`: options that are not chosen. */
export const make = (world: World, choices: Choices, mostBody = 300_000, fixed: ClientOptions = {}): ServerModel => {
  const options = { ...anyOptions(choices), ...fixed }
  const client = new ClientRun(world, options)
  const most = Math.min(choices.one(mostBodies), mostBody, (options.initialWindowSize ?? 0) < 1000 ? 300 : 300_000)
  return new ServerModel(choices, client, most)
}

/** Everything that is left to be done and to be checked. */
export const conclude = (model: ServerModel): void => {
  const { choices, client, disturbance } = model
  model.deliver()
  model.finish()
  if (disturbance === undefined) {
    const areDone = client.world.advanceUntil(() => client.isIdle, 10_000)
    client.collect()
    expect(areDone, "hang", () => "the user waits")
    // Pushes are kept for a while.
    const { unreadOctets } = client.connection
    const isLeft = [...model.answers.values()].some((answer) => model.isLeftAlone(answer))
    expect(unreadOctets === 0 || isLeft, "leak", () => `${unreadOctets} octets are unread`)
  }
  expectScope(model)
  const answers = new Map([...model.answers.values()].filter(({ n }) => n >= 0).map((answer) => [answer.n, answer]))
  for (const [n, wished] of client.wishes) {
    if (model.held.has(n)) continue
    const answer = answers.get(n)
    // What was wished for and not sent, or not yet read, is of no stream.
    if (disturbance !== undefined && (answer === undefined || wished.fiber.unsafePoll() === null)) continue
    const stream = answer === undefined ? undefined : client.tap.streams.get(answer.id)
    expectUntouched(model, answer?.id ?? 0, () => checkValid(wished, answer, stream, model.lastId))
  }
  for (const answer of model.answers.values()) {
    const { id, n } = answer
    if (n >= 0) continue
    const pushed = client.pushed.get(id)
    if (disturbance !== undefined && pushed?.fiber.unsafePoll() === null) continue
    expectUntouched(model, id, () => checkPushed(answer, client.tap.streams.get(id), pushed?.got))
  }
  if (disturbance !== undefined) expectEnd(client, !choices.once(4))
  else if (choices.once(2)) client.pipe.sendEnd()
  client.close()
}

export const { run, runMutated } = Conversation.of(make, conclude)
