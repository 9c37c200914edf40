/**
 * What the engine holds for a connection on which nothing is going on: counted, so that the figures are the same on every machine. Most of a server's
 * connections are such.
 */
import { ClientRole } from "@effect-http2/engine/client/clientRole"
import * as Frame from "@effect-http2/engine/Frame"
import { encode } from "@effect-http2/engine/frame/frameEncoder"
import { preface } from "@effect-http2/engine/frame/preface"
import * as Headers from "@effect-http2/engine/Headers"
import { concat } from "@effect-http2/engine/octets"
import type { ServerStream } from "@effect-http2/engine/server/serverStream"
import { ServerRole } from "@effect-http2/engine/server/serverRole"
import { describe, expect, it } from "vitest"
import { Side } from "./support/byHand.js"

interface Held {
  objects: number
  functions: number
  arrays: number
  /** Elements of arrays. */
  elements: number
  tables: number
  octets: number
}

/** What hangs at `root`, but for what is in `shared`. */
const heldBy = (root: object, shared: ReadonlyArray<unknown>): Held => {
  const held: Held = { objects: 0, functions: 0, arrays: 0, elements: 0, tables: 0, octets: 0 }
  const seen = new Set<unknown>(shared)
  const queue: Array<unknown> = [root]
  const visit = (value: unknown): void => {
    if (seen.has(value)) return
    seen.add(value)
    if (typeof value === "function") held.functions++
    if (typeof value !== "object" || value === null) return
    if (value instanceof Uint8Array || value instanceof Int32Array) held.octets += value.byteLength
    else if (value instanceof Map || value instanceof Set) held.tables++
    else if (Array.isArray(value)) {
      held.arrays++
      held.elements += value.length
      queue.push(...(value as ReadonlyArray<unknown>))
    } else {
      held.objects++
      queue.push(...Object.values<unknown>(value as Record<string, unknown>))
    }
  }
  for (let next = queue.pop(); next !== undefined || queue.length > 0; next = queue.pop()) visit(next)
  return held
}

const settings = concat([encode(new Frame.Settings(false, [])), encode(new Frame.Settings(true, []))])
const answering = {
  handle: (stream: ServerStream) => {
    stream.respond({ status: 204, headers: Headers.empty, body: undefined, trailers: undefined })
    stream.handlerEnded()
  }
}

/** What two connections share is not held by either. */
const sharedBy = (one: object, other: object): ReadonlyArray<unknown> => {
  const all = (root: object): Set<unknown> => {
    const seen = new Set<unknown>()
    const queue: Array<unknown> = [root]
    while (queue.length > 0) {
      const value = queue.pop()
      if (seen.has(value) || ((typeof value !== "object" || value === null) && typeof value !== "function")) continue
      seen.add(value)
      if (!(value instanceof Uint8Array) && !(value instanceof Int32Array))
        queue.push(...Object.values<unknown>(value as Record<string, unknown>))
    }
    return seen
  }
  const others = all(other)
  return [...all(one)].filter((value) => others.has(value))
}

const atRest = (make: () => Side): Held => {
  const [one, other] = [make(), make()]
  // What stands for the world below, the same as all that is given to the engine.
  const { ports } = one.connection as unknown as { readonly ports: Readonly<Record<string, unknown>> }
  return heldBy(one.connection, [...sharedBy(one.connection, other.connection), ...Object.values(ports), ports])
}

/** No more than that of each. */
const expectAtMost = (held: Held, most: Held): void => {
  const above = Object.entries(held).filter(([name, count]) => count > most[name as keyof Held])
  expect(Object.fromEntries(above)).toEqual({})
}

describe("a connection at rest", () => {
  it("at a server has no table, and nothing in its arrays", () => {
    const held = atRest(() => {
      const side = new Side(new ServerRole(answering, false))
      side.read(concat([preface, settings]))
      return side
    })
    expectAtMost(held, { objects: 49, functions: 7, arrays: 8, elements: 0, tables: 0, octets: 0 })
  })

  it("at a client has few of them", () => {
    const held = atRest(() => {
      const role = new ClientRole()
      const side = new Side(role)
      role.attach(side.connection)
      side.read(settings)
      return side
    })
    expectAtMost(held, { objects: 52, functions: 8, arrays: 8, elements: 0, tables: 5, octets: 0 })
  })
})
