/**
 * The loop over the frames of a read, with the only switch over frame types: each frame goes to the function that handles it. What that function
 * throws is typed, and has the effect that its scope says. Called by whoever reads: the skin's receiver, or a test.
 */
import * as ErrorCode from "../ErrorCode.js"
import type * as Frame from "../Frame.js"
import * as Http2Error from "../Http2Error.js"
import type { Connection } from "../connection/connection.js"
import * as ConnectionFrames from "./connectionFrames.js"
import type { HeaderBlock } from "../fields/headerBlock.js"
import * as OriginFrames from "./originFrames.js"
import * as StreamFrames from "./streamFrames.js"

/**
 * Processes one read: every frame in order, then everything that they caused in one write. A body that came with its head is there before the handler starts.
 */
export const turn = (connection: Connection, frames: ReadonlyArray<Frame.Frame>): void => {
  if (connection.status === "closed") return
  connection.beginTurn()
  for (const frame of frames) {
    if (connection.isClosed) break
    receive(connection, frame)
  }
  connection.endTurn(frames)
}

const receive = (connection: Connection, frame: Frame.Frame): void => {
  try {
    dispatch(connection, frame)
  } catch (error) {
    connection.raise(error)
  }
}

const dispatch = (connection: Connection, frame: Frame.Frame): void => {
  const { blocks } = connection
  if (blocks.isOpen || frame._tag === "Continuation") blocks.checkSequence(frame)
  if (!connection.hasRemoteSettings) checkFirst(frame)
  switch (frame._tag) {
    case "Data":
      return StreamFrames.receiveData(connection, frame)
    case "Headers":
      return receiveBlock(connection, blocks.begin(frame))
    case "Continuation":
      return receiveBlock(connection, blocks.resume(frame))
    case "WindowUpdate":
      return frame.streamId === 0
        ? ConnectionFrames.receiveConnectionWindow(connection, frame.increment)
        : StreamFrames.receiveStreamWindow(connection, frame.streamId, frame.increment)
    case "RstStream":
      return StreamFrames.receiveRstStream(connection, frame)
    case "Settings":
      return ConnectionFrames.receiveSettings(connection, frame)
    case "Ping":
      return ConnectionFrames.receivePing(connection, frame)
    case "GoAway":
      return ConnectionFrames.receiveGoAway(connection, frame)
    case "Priority":
      return StreamFrames.receivePriority(connection, frame)
    case "PushPromise":
      return receiveBlock(connection, StreamFrames.beginPushPromise(connection, frame))
    case "AltSvc":
      return OriginFrames.receiveAltSvc(connection, frame)
    case "Origin":
      return OriginFrames.receiveOrigin(connection, frame)
    case "PriorityUpdate":
      return connection.role.receivePriorityUpdate(connection, frame)
    case "Unknown":
      return OriginFrames.receiveUnknown(connection, frame)
    case "Invalid":
      return receiveInvalid(frame)
  }
}

/** The first frame of each side is SETTINGS (§3.4). */
const checkFirst = (frame: Frame.Frame): void => {
  if ((frame._tag === "Invalid" && frame.streamId === 0) || (frame._tag === "Settings" && !frame.ack)) return
  throw Http2Error.connectionError(ErrorCode.PROTOCOL_ERROR, "3.4", "the first frame is not SETTINGS")
}

const receiveBlock = (connection: Connection, block: HeaderBlock | undefined): void => {
  if (block === undefined) return
  if (block.frame._tag === "Headers") StreamFrames.receiveHeaders(connection, block.frame, block)
  else StreamFrames.receivePushPromise(connection, block.frame, block)
}

const receiveInvalid = (frame: Frame.Invalid): void => {
  throw frame.streamId === 0
    ? Http2Error.connectionError(frame.errorCode, frame.section, frame.description)
    : Http2Error.streamError(frame.streamId, frame.errorCode, frame.section, frame.description)
}
