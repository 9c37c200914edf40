/**
 * One rule broken at any place of a correct conversation: the connection ends with the right code, or the one stream does and all others arrive
 * whole; and nothing is left.
 */
import { describe, expect, it } from "vitest"
import { Choices } from "../src/choices.js"
import type { Disturbance, PeerModel } from "../src/model/peer.js"
import * as ClientConversation from "../src/targets/clientConversation.js"
import * as ServerConversation from "../src/targets/serverConversation.js"
import { codeName } from "../src/wire/rawFrame.js"
import { World } from "../src/world/world.js"
import { harmless, ofClients, ofServers } from "./support/roleViolations.js"
import type { Violation } from "./support/violations.js"

const world = new World()
const places = [1, 2, 3]
const ofClient = { headerTableSize: 4096, initialWindowSize: 65_535 }
/** Place for one stream more, and no size update that a block would have to begin with. */
const fixed = { maxConcurrentStreams: 100, headerTableSize: 4096, initialWindowSize: 65_535 }

/** The one thing that is wrong, with the stream that it touches. */
const on = (id: number): Disturbance => ({
  touched: new Set([id]),
  isWeak: false,
  isDone: true,
  what: "a rule broken",
  apply: (frame) => [frame]
})

const expectOutcome = (model: PeerModel, id: number, { codes, scope }: Violation): void => {
  const { connectionError, log, streams } = model.tap
  const names = codes.map(codeName)
  const reset = streams.get(id)?.resets ?? []
  const outcome = scope === "connection" ? (connectionError === undefined ? [] : [connectionError.code]) : reset
  expect(names, `${connectionError?.reason ?? ""}\n${log.slice(-20).join("\n")}`).toContain(codeName(outcome[0] ?? -1))
  if (scope === "stream") expect(connectionError).toBeUndefined()
}

const violate = (model: PeerModel, violation: Violation): void => {
  const id = model.hold(violation.on)
  for (const octets of violation.octets(id)) model.inject(octets)
  model.disturbance = on(id)
  model.deliver()
  expectOutcome(model, id, violation)
}

const seedOf = (title: string, place: number): number =>
  [...title].reduce((sum, char) => (sum * 31 + char.charCodeAt(0)) >>> 0, place)

describe("a client that breaks a rule, towards our server", () => {
  it.each(ofClients.map((violation) => [violation.title, violation] as const))("%s", (title, violation) => {
    for (const place of places) {
      const model = ServerConversation.make(world, Choices.ofSeed(seedOf(title, place)), 2000, fixed)
      model.isCalm = true
      model.begin()
      ServerConversation.talk(model, 15 * place)
      model.settle()
      violate(model, violation)
      ServerConversation.conclude(model)
    }
  })

  it.each(harmless.map((each) => [each.title, each] as const))("%s: no rule", (title, { octets, on: state }) => {
    for (const place of places) {
      const model = ServerConversation.make(world, Choices.ofSeed(seedOf(title, place)), 2000, fixed)
      model.isCalm = true
      model.begin()
      ServerConversation.talk(model, 15 * place)
      model.settle()
      const id = model.hold(state)
      for (const each of octets(id)) model.inject(each)
      ServerConversation.conclude(model)
    }
  })
})

describe("a server that breaks a rule, towards our client", () => {
  it.each(ofServers.map((violation) => [violation.title, violation] as const))("%s", (title, violation) => {
    for (const place of places) {
      const model = ClientConversation.make(world, Choices.ofSeed(seedOf(title, place)), 2000, ofClient)
      model.isCalm = true
      model.begin()
      ClientConversation.talk(model, 15 * place)
      model.settle()
      violate(model, violation)
      ClientConversation.conclude(model)
    }
  })

  it.each(harmless.map((each) => [each.title, each] as const))("%s: no rule", (title, { octets, on: state }) => {
    for (const place of places) {
      const model = ClientConversation.make(world, Choices.ofSeed(seedOf(title, place)), 2000, ofClient)
      model.isCalm = true
      model.begin()
      ClientConversation.talk(model, 15 * place)
      model.settle()
      const id = model.hold(state)
      for (const each of octets(id)) model.inject(each)
      ClientConversation.conclude(model)
    }
  })
})
