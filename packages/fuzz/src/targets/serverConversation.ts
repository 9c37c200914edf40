/** A whole conversation of a correct client with our server. */
import type { ServerOptions } from "@effect-http2/http2/Http2Server"
import type { Choices } from "../choices.js"
import { expect } from "../finding.js"
import { ClientModel } from "../model/clientModel.js"
import { checkValid } from "../model/exchange.js"
import { ServerRun } from "../world/serverRun.js"
import type { World } from "../world/world.js"

/** Options that change what the peer may do, all of them within what a correct peer can live with. */
export const anyOptions = (choices: Choices): ServerOptions & { readonly maxConcurrentStreams: number } => ({
  maxConcurrentStreams: choices.one([100, 1, 2, 8]),
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
  const server = new ServerRun(world, options)
  const most = Math.min(choices.one(mostBodies), (options.initialWindowSize ?? 0) < 1000 ? 300 : 300_000)
  const model = new ClientModel(choices, server, options.maxConcurrentStreams, most)
  model.begin()
  for (let steps = choices.between(1, 60); steps > 0; steps--) {
    model.step()
    if (choices.once(2)) model.deliver()
  }
  model.finish()
  const areDone = world.advanceUntil(() => server.stats.activeHandlers === 0, 600_000)
  server.collect()
  expect(areDone, "hang", () => `${server.stats.activeHandlers} handlers go on`)
  const { connectionError } = server.tap
  expect(connectionError === undefined, "scope", () => `GOAWAY: ${connectionError?.reason ?? ""}`)
  for (const asked of model.asked.values()) {
    checkValid(asked, model.streamOf(asked), server.inbox.get(asked.id), model.refusable.has(asked.id))
  }
  expect(server.connection.unreadBytes === 0, "leak", () => `${server.connection.unreadBytes} octets are unread`)
  if (choices.once(2)) server.pipe.sendEnd()
  server.close()
}
