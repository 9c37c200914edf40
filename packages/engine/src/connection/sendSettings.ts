/**
 * The SETTINGS that we send: the first, behind the preface, and changes later on; and what each of them changes here, when it is sent and when it is
 * acknowledged (RFC 9113 §6.5.3). Called by the skin, and for acknowledgements by connectionFrames.ts.
 */
import * as Frame from "../Frame.js"
import * as Http2Error from "../Http2Error.js"
import * as Settings from "../Settings.js"
import type { Connection } from "./connection.js"
import { encode } from "../frame/frameEncoder.js"
import { preface } from "../frame/preface.js"

const encodeFirst = (announced: Settings.Settings, from: Settings.Settings): Uint8Array =>
  encode(new Frame.Settings(false, Settings.toEntries(announced, from)))

const serverInitial = { ...Settings.initial, enablePush: false }

/** The connections of a listener announce the same object: it is encoded for the first of them. */
const serverPrefaces = new WeakMap<Settings.Settings, Uint8Array>()

const serverPreface = (announced: Settings.Settings): Uint8Array => {
  let octets = serverPrefaces.get(announced)
  if (octets === undefined) {
    octets = encodeFirst(announced, serverInitial)
    serverPrefaces.set(announced, octets)
  }
  return octets
}

/** A client's preface, SETTINGS, and the connection's window (§3.4, §6.9.2). A server's own ENABLE_PUSH has no meaning and is not sent. */
export const sendPreface = (connection: Connection): void => {
  const { announced } = connection.settings
  if (!connection.role.isServer) connection.outbox.raw(preface)
  connection.settings.announce(announced, connection.now())
  connection.outbox.frame(
    connection.role.isServer ? serverPreface(announced) : encodeFirst(announced, Settings.initial)
  )
  const increment = connection.options.connectionWindowSize - Settings.initial.initialWindowSize
  if (increment > 0) connection.outbox.windowUpdate(0, increment)
}

/**
 * Sends what `changes` changes, and calls `onAcknowledged` once that is acknowledged; where nothing changes, once all that was sent before is. Throws
 * a usage error, and sends nothing, for what cannot be.
 */
export const updateSettings = (
  connection: Connection,
  changes: Partial<Settings.Settings>,
  onAcknowledged: () => void
): void => {
  const { settings } = connection
  const before = settings.announced
  const after = changed(before, changes, connection.role.isServer)
  const entries = Settings.toEntries(after, before)
  if (entries.length > 0) settings.announce(after, connection.now())
  // Before the frame leaves: its answer may be there at once.
  settings.onAcknowledged(onAcknowledged)
  if (entries.length > 0) {
    connection.outbox.control(new Frame.Settings(false, entries))
    connection.updateHold()
    connection.blocks.setMaxHeaderListSize(settings.maxHeaderListSize.most)
    // Sections that were malformed without extended CONNECT may be requests now.
    if (after.enableConnectProtocol !== before.enableConnectProtocol) connection.blocks.forget()
    const delta = after.initialWindowSize - before.initialWindowSize
    if (delta !== 0) for (const stream of connection.table.values()) stream.adjustReceiveWindow(delta)
  }
}

/** The peer acknowledges the oldest SETTINGS of ours that it has not. False where it has acknowledged all. */
export const settingsAcknowledged = (connection: Connection): boolean => {
  const isFirst = !connection.settings.hasAcknowledged
  const sent = connection.settings.acknowledge()
  if (sent === undefined) return false
  if (isFirst) connection.settled(connection.now() - sent.sentAt)
  connection.blocks.setHeaderTableSize(sent.settings.headerTableSize)
  connection.blocks.setMaxHeaderListSize(connection.settings.maxHeaderListSize.most)
  for (const listener of sent.onAcknowledged) listener()
  return true
}

const sizes = [
  "headerTableSize",
  "maxConcurrentStreams",
  "initialWindowSize",
  "maxFrameSize",
  "maxHeaderListSize"
] as const

const isWhole = (value: number): boolean => Number.isInteger(value) || value === Number.POSITIVE_INFINITY

/** `before` with `changes`. Throws a usage error for what cannot be said, or not by this role, or not any more. */
const changed = (
  before: Settings.Settings,
  changes: Partial<Settings.Settings>,
  isServer: boolean
): Settings.Settings => {
  const after = { ...before, ...changes }
  for (const name of sizes) {
    const value = after[name]
    if (value !== before[name] && !(Settings.isWithinBounds(name, value) && isWhole(value))) {
      throw Http2Error.usageError(0, "6.5.2", `the setting ${name} cannot be ${value}`)
    }
  }
  const reason = flagViolation(before, after, isServer)
  if (reason !== undefined) throw Http2Error.usageError(0, "6.5.2", reason)
  return after
}

const flagViolation = (before: Settings.Settings, after: Settings.Settings, isServer: boolean): string | undefined => {
  if (after.enablePush !== before.enablePush && isServer) return "enablePush is a client's to set"
  if (after.enableConnectProtocol !== before.enableConnectProtocol) {
    if (!isServer) return "enableConnectProtocol is a server's to set"
    if (before.enableConnectProtocol) return "enableConnectProtocol cannot be taken back (RFC 8441 §3)"
  }
  return after.noRfc7540Priorities === before.noRfc7540Priorities
    ? undefined
    : "noRfc7540Priorities belongs into the first SETTINGS and stays (RFC 9218 §2.1)"
}
