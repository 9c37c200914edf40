/**
 * The frames in which a server speaks of origins: ORIGIN (RFC 8336 §2) and ALTSVC (RFC 7838 §4). They mean nothing to a server, nor to a client that does
 * not listen: such frames are counted and ignored without being decoded. Called by the dispatcher.
 */
import { type AltSvc, type Origin, Type } from "../ExtensionFrame.js"
import type { Unknown } from "../Frame.js"
import { parse } from "../origin/asciiOrigin.js"
import { ClientStream } from "../client/clientStream.js"
import type { Connection } from "../connection/connection.js"
import { guarded, type Origins } from "../origin/origins.js"

/** ORIGIN. A frame without a new origin counts as a glitch. */
export const receiveOrigin = (connection: Connection, frame: Origin): void => {
  const { guard, options, role } = connection
  if (role.origins?.accepts(frame) !== true) return guard.glitch("ORIGIN without a meaning")
  if (!role.origins.extend(frame.origins, options.maxOrigins)) guard.glitch("ORIGIN without a new origin")
}

/** ALTSVC. One on a stream is of use, and one for the connection. */
export const receiveAltSvc = (connection: Connection, frame: AltSvc): void => {
  const { guard, role } = connection
  const origin = role.origins === undefined ? undefined : subjectOf(connection, role.origins, frame)
  if (role.origins === undefined || origin === undefined) return guard.glitch("ALTSVC without a meaning")
  if (!isFirst(connection.table.get(frame.streamId))) guard.glitch("ALTSVC")
  role.origins.tell(origin, frame.value)
}

/**
 * A frame of a type that has no meaning here is ignored (§5.5; CVE-2026-27141: whatever its type). A server may send ALTSVC with each of its responses,
 * heard or not.
 */
export const receiveUnknown = ({ guard, role, table }: Connection, { streamId, type }: Unknown): void => {
  const isAltSvc = type === Type.ALTSVC && !role.isServer
  if (!isAltSvc || !isFirst(table.get(streamId))) guard.glitch("a frame of an unknown type")
}

/** The origin that `frame` is about; undefined where it is to be ignored. */
const subjectOf = (connection: Connection, origins: Origins, frame: AltSvc): string | undefined => {
  if (!origins.hears(frame.value)) return undefined
  if (frame.streamId === 0) {
    const origin = parse(frame.origin)
    if (origin === undefined) return undefined
    return guarded("isAuthoritative", () => origins.isAuthoritative(origin)) ? origin : undefined
  }
  const stream = connection.table.get(frame.streamId)
  // Whoever answers 421 does not answer for the origin (RFC 7838 §6).
  if (frame.origin !== "" || !(stream instanceof ClientStream) || stream.head?.status === 421) return undefined
  const { origin } = stream
  return stream.error === undefined && origin !== undefined && origins.allows(origin) ? origin : undefined
}

/** Streams that have had an ALTSVC. */
const told = new WeakSet<object>()

const isFirst = (stream: object | undefined): boolean => {
  if (stream === undefined || told.has(stream)) return false
  told.add(stream)
  return true
}
