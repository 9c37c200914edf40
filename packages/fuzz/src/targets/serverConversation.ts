/** A whole conversation of a client with our server: correct, or with one change in it. */
import type { ServerOptions } from "@effect-http2/http2/Http2Server"
import type { Choices } from "@effect-http2/testkit/choices"
import { expect } from "../finding.js"
import { ClientModel } from "../model/clientModel.js"
import { checkValid } from "../model/exchange.js"
import { checkPush } from "../model/pushes.js"
import { ServerRun } from "../world/serverRun.js"
import type { World } from "../world/world.js"
import * as Conversation from "./conversation.js"
import { expectEnd, expectScope, expectUntouched } from "./mutated.js"

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

/** A server with a model that has not begun. `fixed`: options that are not chosen. */
export const make = (
  world: World,
  choices: Choices,
  mostBody = 300_000,
  fixed: Partial<ReturnType<typeof anyOptions>> = {}
): ClientModel => {
  const options = { ...anyOptions(choices), ...fixed }
  const server = new ServerRun(world, options)
  const most = Math.min(choices.one(mostBodies), mostBody, (options.initialWindowSize ?? 0) < 1000 ? 300 : 300_000)
  return new ClientModel(choices, server, options.maxConcurrentStreams, most)
}

/** Everything that is left to be done and to be checked. */
export const conclude = (model: ClientModel): void => {
  const { asked, choices, disturbance, server } = model
  model.deliver()
  model.finish()
  if (disturbance === undefined) {
    const areDone = server.world.advanceUntil(() => server.stats.activeHandlers === 0, 600_000)
    server.collect()
    expect(areDone, "hang", () => `${server.stats.activeHandlers} handlers go on`)
    expect(server.connection.unreadOctets === 0, "leak", () => `${server.connection.unreadOctets} octets are unread`)
  }
  expectScope(model)
  // RFC 9113 §6.8: where the client has said that it goes, the server goes once nothing is open. What crosses its GOAWAY is not processed.
  const last = model.hasGoneAway ? server.tap.goAways.at(-1)?.lastId : undefined
  for (const each of asked.values()) {
    const { id } = each
    if (last !== undefined && id > last && !server.inbox.has(id)) continue
    expectUntouched(model, id, () => {
      checkValid(
        each,
        model.streamOf(each),
        server.inbox.get(id),
        model.places.refusable.has(id),
        disturbance !== undefined
      )
    })
  }
  for (const stream of server.tap.streams.values()) {
    if (stream.promise === undefined || stream.id > server.tap.ourGoAway) continue
    expectUntouched(model, stream.id, () => checkPush(stream, server.inbox.get(stream.id)))
  }
  if (disturbance !== undefined) expectEnd(server, !choices.once(4))
  else if (choices.once(2)) server.pipe.sendEnd()
  server.close()
}

export const { run, runMutated } = Conversation.of(make, conclude)
