/**
 * One rule broken at any place of a correct conversation: the connection ends with the right code, or the one stream does and all others arrive whole; and
 * nothing is left. And what may look as if it broke one, and must not matter.
 */
import type { Choices } from "@effect-http2/testkit/choices"
import { expect } from "../finding.js"
import type { Disturbance, PeerModel } from "../model/peer.js"
import { ofClients } from "../rules/clients.js"
import { type Harmless, harmless } from "../rules/harmless.js"
import { ofServers } from "../rules/servers.js"
import type { Violation } from "../rules/violation.js"
import { codeName } from "@effect-http2/testkit/rawFrame"
import type { World } from "../world/world.js"
import * as ClientConversation from "./clientConversation.js"
import * as ServerConversation from "./serverConversation.js"
import { talk } from "./conversation.js"

/** Place for one stream more, a body of 64 KiB, no size update that a block would have to begin with, and no push. */
const fixed = { headerTableSize: 4096, initialWindowSize: 65_535 }
const ofServer = { ...fixed, maxConcurrentStreams: 100 }
const ofClient = { ...fixed, enablePush: false }
const mostBody = 2000
const mostSteps = 40

/** The one thing that is wrong, with the stream that it touches. */
const on = (id: number, what: string): Disturbance => ({
  touched: new Set([id]),
  isWeak: false,
  isDone: true,
  what,
  apply: (frame) => [frame]
})

const expectOutcome = (model: PeerModel, id: number, { codes, scope, title }: Violation): void => {
  const { connectionError, streams } = model.tap
  const reset = streams.get(id)?.reset
  const code = scope === "connection" ? connectionError?.code : reset
  const is = `GOAWAY ${codeName(connectionError?.code ?? -1)} ${connectionError?.reason ?? ""}, RST_STREAM ${codeName(reset ?? -1)}`
  expect(
    code !== undefined && codes.includes(code),
    "scope",
    () => `${title}: ${is}, not ${codes.map(codeName).join()}`
  )
  expect(scope === "connection" || connectionError === undefined, "scope", () => `${title}: ${is}`)
}

const violate = (model: PeerModel, violation: Violation): void => {
  const id = model.hold(violation.on)
  for (const octets of violation.octets(id)) model.inject(octets)
  model.disturbance = on(id, violation.title)
  model.deliver()
  expectOutcome(model, id, violation)
}

const pretend = (model: PeerModel, { octets, on: state }: Harmless): void => {
  const id = model.hold(state)
  for (const each of octets(id)) model.inject(each)
  // Nobody ends what was left open.
  if (state !== "idle" && state !== "over") model.disturbance = on(id, "a stream left open")
  model.deliver()
  const { connectionError } = model.tap
  expect(connectionError === undefined, "scope", () => `GOAWAY ${connectionError?.reason ?? ""}`)
}

const server = (world: World, choices: Choices, act: (model: PeerModel) => void): void => {
  const model = ServerConversation.make(world, choices, mostBody, ofServer)
  model.isCalm = true
  model.begin()
  talk(model, mostSteps)
  model.settle()
  act(model)
  ServerConversation.conclude(model)
}

const client = (world: World, choices: Choices, act: (model: PeerModel) => void): void => {
  const model = ClientConversation.make(world, choices, mostBody, ofClient)
  model.isCalm = true
  model.begin()
  talk(model, mostSteps)
  model.settle()
  act(model)
  ClientConversation.conclude(model)
}

export const serverViolated = (world: World, choices: Choices, violation: Violation): void =>
  server(world, choices, (model) => violate(model, violation))

export const clientViolated = (world: World, choices: Choices, violation: Violation): void =>
  client(world, choices, (model) => violate(model, violation))

export const serverUnharmed = (world: World, choices: Choices, what: Harmless): void =>
  server(world, choices, (model) => pretend(model, what))

export const clientUnharmed = (world: World, choices: Choices, what: Harmless): void =>
  client(world, choices, (model) => pretend(model, what))

/** Any of them. */
export const runServer = (world: World, choices: Choices): void =>
  choices.once(8)
    ? serverUnharmed(world, choices, choices.one(harmless))
    : serverViolated(world, choices, choices.one(ofClients))

export const runClient = (world: World, choices: Choices): void =>
  choices.once(8)
    ? clientUnharmed(world, choices, choices.one(harmless))
    : clientViolated(world, choices, choices.one(ofServers))
