/**
 * Any octets, in any reads, for an engine of either role, under a clock in the run's hands. Whatever comes in: no defect, no frame out that may not be
 * sent, no more state nor output than the limits allow, and an end that leaves nothing.
 */
import type { ClientOptions } from "@effect-http2/http2/Http2Client"
import type { Settings } from "@effect-http2/http2/Settings"
import type { Http2Options } from "@effect-http2/http2/Http2Options"
import * as Raw from "@effect-http2/testkit/rawFrame"
import { anyFrame } from "../model/anyFrame.js"
import type { Choices } from "@effect-http2/testkit/choices"
import type { Wish } from "../app/requester.js"
import { expect } from "../finding.js"
import type { Input, Step } from "../input/input.js"
import { ClientRun } from "../world/clientRun.js"
import type { EngineRun } from "../world/engineRun.js"
import { ServerRun } from "../world/serverRun.js"
import type { World } from "../world/world.js"

const options = {
  maxConcurrentStreams: 8,
  initialWindowSize: 70_000,
  connectionWindowSize: 100_000,
  maxSendBufferPerStream: 20_000,
  maxSendBuffer: 60_000,
  maxQueuedControlFrames: 100,
  resetBurst: 40,
  glitchBurst: 200
} satisfies Http2Options & ClientOptions

/** Streams that count although they are reset or refused: each costs a reset or a glitch, and there is time for more of them. */
const mostStreams = options.maxConcurrentStreams + 2 * (options.resetBurst + options.glitchBurst)
/** Octets beside DATA: for each that came, and before any did. A block of an octet may be answered with a head and an end. */
const outputFor = (octets: number): number => 20_000 + 40 * octets

/** The wish of a number: some of each kind. */
const wishOf = (n: number, form: number): Wish => {
  const body = (["none", "octets", "stream"] as const)[form % 3] ?? "none"
  return {
    n,
    method: form % 7 === 6 ? "HEAD" : body === "none" ? "GET" : "POST",
    authority: "test",
    fields: form % 5 === 4 ? [["x-wish", String(form)]] : [],
    body: form % 11 === 10 ? "stream" : body,
    length: body === "none" ? 0 : (form * 977) % 50_000,
    piece: 1000 + form * 10,
    pause: form % 4 === 3 ? 5 : 0,
    trailers: form % 8 === 7 ? [["x-z", "1"]] : undefined,
    read: (["whole", "stream", "slow", "none"] as const)[(form >> 2) % 4] ?? "whole",
    isTunnel: form % 11 === 10
  }
}

/** What `update` changes, by its number. */
const updates: ReadonlyArray<Partial<Settings>> = [
  { initialWindowSize: 0 },
  { initialWindowSize: 70_000 },
  { headerTableSize: 0 },
  { headerTableSize: 8000, maxFrameSize: 50_000 },
  { maxConcurrentStreams: 1 },
  { maxConcurrentStreams: 8, maxHeaderListSize: 100 },
  { enablePush: false, enableConnectProtocol: true },
  { enablePush: true }
]

class Player {
  private sent = 0
  private hasReflexes = false
  private closing = false

  constructor(
    private readonly run: EngineRun,
    private readonly client: ClientRun | undefined
  ) {}

  play(step: Step): void {
    const { run } = this
    switch (step.kind) {
      case "send":
        this.send(step.octets)
        break
      case "wait":
        run.advance(step.ms)
        break
      case "stall":
      case "read":
        run.pipe.setRead(step.kind === "read")
        run.world.run()
        break
      case "reflexes":
        this.hasReflexes = step.on
        break
      case "end":
        run.pipe.sendEnd()
        run.world.run()
        break
      case "reset":
        run.pipe.reset()
        run.world.run()
        break
      case "close":
        if (!this.closing) run.beginClose()
        this.closing = true
        break
      case "wish":
        if (this.client !== undefined && this.client.wishes.size < 100) {
          this.client.wish(wishOf(this.client.wishes.size, step.form))
        }
        break
      case "give-up":
        this.giveUp(step.n)
        break
      case "update":
        run.updateSettings(updates[step.form % updates.length] ?? {})
        break
      default:
        break
    }
    run.collect()
    if (this.hasReflexes) this.react()
    this.checkBounds()
  }

  private send(octets: Uint8Array): void {
    if (this.run.isClosed) return
    this.sent += octets.length
    this.run.tap.sent(octets)
    // The engine may keep what it read, and must not change it.
    this.run.send(Uint8Array.from(octets))
  }

  private giveUp(n: number): void {
    const wished = this.client?.wishes.get(n)
    if (wished !== undefined && wished.fiber.unsafePoll() === null) this.client?.cancel(wished)
  }

  /** Answers SETTINGS and PING, and gives credit where there is little left. */
  private react(): void {
    const { tap } = this.run
    // What comes first is not for reflexes to say.
    if (this.run.pipe.isEnded || this.sent === 0) return
    for (let left = tap.engineSettings.unacknowledged; left > 0; left--) this.send(Raw.settingsAck)
    for (const payload of [...tap.pings]) this.send(Raw.ping(payload, Raw.ACK))
    if (tap.engineMaySend < 20_000) this.send(Raw.windowUpdate(0, 100_000))
    for (const stream of tap.streams.values()) {
      if (!stream.isOver && stream.engineMaySend < 20_000 && stream.engineMaySend > -100_000) {
        this.send(Raw.windowUpdate(stream.id, 100_000))
      }
    }
  }

  private checkBounds(): void {
    const { connection, tap } = this.run
    expect(
      connection.activeStreams <= mostStreams,
      "bound",
      () => `${connection.activeStreams} streams, over ${mostStreams}`
    )
    expect(
      connection.unreadOctets <= options.connectionWindowSize,
      "bound",
      () => `${connection.unreadOctets} octets are kept`
    )
    expect(
      tap.controlOctets <= outputFor(this.sent),
      "bound",
      () => `${tap.controlOctets} octets beside DATA for ${this.sent}`
    )
  }
}

/** What the run showed that another may not have: for the choice of what to go on from. */
const traitsOf = (run: EngineRun): ReadonlyArray<string> => {
  const { tap } = run
  const traits = tap.goAways.map(({ code, reason }) => `goaway ${code} ${reason.replace(/\d+/g, "n")}`)
  for (const stream of tap.streams.values()) {
    const way = `${stream.isEndedByEngine ? "e" : ""}${stream.isEndedByUs ? "u" : ""}${stream.trailers === undefined ? "" : "t"}`
    traits.push(`stream ${stream.resets.join()} ${stream.resetByUs === undefined ? "" : "r"} ${way}`)
  }
  return [...new Set([...traits, ...tap.pairs])]
}

const play = (run: EngineRun, client: ClientRun | undefined, input: Input): ReadonlyArray<string> => {
  const player = new Player(run, client)
  for (const step of input.steps) player.play(step)
  run.expectEnd()
  run.pipe.setRead(true)
  run.close()
  return traitsOf(run)
}

/** A few frames behind a preface: what there is before anything was kept. */
const begin = (choices: Choices, isServer: boolean): Array<Step> => {
  const steps: Array<Step> = [{ kind: "reflexes", on: true }]
  if (isServer) steps.push({ kind: "send", octets: Raw.preface })
  steps.push({ kind: "send", octets: Raw.settings() })
  if (!isServer && choices.once(2)) steps.push({ kind: "take-pushes" })
  for (let left = isServer ? 0 : choices.between(1, 4); left > 0; left--) {
    steps.push({ kind: "wish", form: choices.below(64) })
  }
  return steps
}

export const fresh = (choices: Choices, target: "server" | "client"): Input => {
  const steps = begin(choices, target === "server")
  for (let left = choices.between(1, 20); left > 0; left--) steps.push({ kind: "send", octets: anyFrame(choices) })
  return { target, steps }
}

export const runServer = (world: World, input: Input): ReadonlyArray<string> =>
  play(new ServerRun(world, options), undefined, input)

export const runClient = (world: World, input: Input): ReadonlyArray<string> => {
  const enablePush = input.steps.some(({ kind }) => kind === "take-pushes")
  const client = new ClientRun(world, { ...options, enablePush })
  return play(client, client, input)
}
