/** A whole conversation of our client with a correct server. */
import type { ClientOptions } from "@effect-http2/http2/Http2Client"
import type { Choices } from "../choices.js"
import { expect } from "../finding.js"
import { checkValid } from "../model/answerCheck.js"
import { ServerModel } from "../model/serverModel.js"
import { ClientRun } from "../world/clientRun.js"
import type { World } from "../world/world.js"

export const anyOptions = (choices: Choices): ClientOptions => ({
  initialWindowSize: choices.one([262_144, 65_535, 1000, 1, 100_000]),
  connectionWindowSize: choices.one([1_048_576, 65_535, 70_000]),
  maxFrameSize: choices.one([16_384, 16_385, 100_000]),
  headerTableSize: choices.one([4096, 0, 100, 65_536]),
  maxSendBufferPerStream: choices.one([262_144, 1, 5000]),
  maxSendBuffer: choices.one([1_048_576, 1000, 20_000])
})

const mostBodies = [2000, 200, 70_000, 300_000] as const

export const run = (world: World, choices: Choices): void => {
  const options = anyOptions(choices)
  const client = new ClientRun(world, options)
  const most = Math.min(choices.one(mostBodies), (options.initialWindowSize ?? 0) < 1000 ? 300 : 300_000)
  const model = new ServerModel(choices, client, most)
  model.begin()
  for (let steps = choices.between(1, 60); steps > 0; steps--) {
    model.step()
    if (choices.once(2)) model.deliver()
  }
  model.deliver()
  model.finish()
  expect(
    world.advanceUntil(() => model.isSettled, 600_000),
    "hang",
    () => "the user waits"
  )
  client.collect()
  const { connectionError } = client.tap
  expect(connectionError === undefined, "scope", () => `GOAWAY: ${connectionError?.reason ?? ""}`)
  const answers = new Map([...model.answers.values()].map((answer) => [answer.n, answer]))
  for (const [n, wished] of client.wishes) {
    const answer = answers.get(n)
    checkValid(wished, answer, answer === undefined ? undefined : client.tap.streams.get(answer.id), model.lastId)
  }
  expect(client.connection.unreadBytes === 0, "leak", () => `${client.connection.unreadBytes} octets are unread`)
  if (choices.once(2)) client.pipe.sendEnd()
  client.close()
}
