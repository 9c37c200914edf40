/**
 * What a server says of origins and alternatives, as frames (RFC 8336 §2, RFC 7838 §4), checked. All of it throws a `ConnectionError` of origin `User`
 * for what cannot be said. Called by the skin, before a connection is made and while it is open.
 */
import * as ErrorCode from "../ErrorCode.js"
import { AltSvc, Origin } from "../ExtensionFrame.js"
import type * as Frame from "../Frame.js"
import { ConnectionError } from "../Http2Error.js"
import { initial } from "../Settings.js"
import type { Peer } from "../Peer.js"
import * as AsciiOrigin from "./asciiOrigin.js"
import { isFieldValue } from "../fields/fieldRules.js"
import type { Alternative, Announcements } from "./originModels.js"

const invalid = (description: string): ConnectionError =>
  new ConnectionError({ code: ErrorCode.INTERNAL_ERROR, origin: "User", reason: "Usage", description, processed: "no" })

/** A connection, as far as what is said on it goes. */
interface Announcer {
  readonly peer: Peer
  readonly role: { readonly isServer: boolean }
  readonly outbox: { control(frame: Frame.Frame): void }
}

/** What a frame may hold for a peer that has not said how much it takes. */
const room = initial.maxFrameSize

const originOf = (option: string, text: string): string => {
  const origin = AsciiOrigin.parse(text)
  if (origin === undefined) throw invalid(`option ${option} cannot be ${JSON.stringify(text)}, which is no origin`)
  return origin
}

/** Whether `value` can stand in an Alt-Svc field: names in it that are not ASCII have to be A-labels (RFC 7838 §8). */
export const isAltSvcValue = (value: string): boolean => value !== "" && isFieldValue(value) && !/[^\t -~]/.test(value)

/** ORIGIN, in as few frames as hold them all: one with nothing in it says something too. */
export const originFrames = (origins: ReadonlyArray<string>): ReadonlyArray<Frame.Frame> => {
  const frames: Array<Array<string>> = [[]]
  let octets = 0
  for (const origin of new Set(origins.map((text) => originOf("origins", text)))) {
    if (octets + 2 + origin.length > room) {
      frames.push([])
      octets = 0
    }
    octets += 2 + origin.length
    frames[frames.length - 1]?.push(origin)
  }
  return frames.map((origins) => new Origin(0, 0, origins))
}

/** ALTSVC on a stream, about the origin of its request; or on stream 0. */
export const altSvcOn = (streamId: number, origin: string, value: string): Frame.Frame => {
  if (!isAltSvcValue(value) || 2 + origin.length + value.length > room) {
    throw invalid(`option altSvc cannot be ${JSON.stringify(value)}, which is no value of a field`)
  }
  return new AltSvc(streamId, origin, value)
}

/** ALTSVC on stream 0. */
export const altSvcFrame = ({ origin, value }: Alternative): Frame.Frame =>
  altSvcOn(0, originOf("altSvc", origin), value)

/** Whether the connection speaks what ALPN calls "h2": ORIGIN has a meaning only there (RFC 8336 §2.2). */
export const isH2 = ({ tls }: Peer): boolean => tls?.alpnProtocol === "h2"

const checkServer = ({ role }: Announcer): void => {
  if (!role.isServer) throw invalid("a server's to announce, not a client's")
}

/** More origins, on a connection that is open; nothing where ORIGIN has no meaning. */
export const announceOrigins = (connection: Announcer, origins: ReadonlyArray<string>): void => {
  checkServer(connection)
  if (isH2(connection.peer)) for (const frame of originFrames(origins)) connection.outbox.control(frame)
}

/** Another alternative, on a connection that is open. */
export const announceAltSvc = (connection: Announcer, alternative: Alternative): void => {
  checkServer(connection)
  connection.outbox.control(altSvcFrame(alternative))
}

/** The frames behind a server's preface; without `peer`, all that there could be. */
export const announce = ({ altSvc = [], origins }: Announcements, peer?: Peer): ReadonlyArray<Frame.Frame> => {
  const set = origins === undefined ? [] : originFrames(origins)
  const alternatives = altSvc.map(altSvcFrame)
  return peer === undefined || isH2(peer) ? [...set, ...alternatives] : alternatives
}
