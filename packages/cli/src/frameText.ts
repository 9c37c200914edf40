/** A frame as one line of text: for `get -v`, and in `inspect`. */
import type { HeaderField } from "@effect-http2/hpack/HeaderField"
import * as ErrorCode from "@effect-http2/http2/ErrorCode"
import type * as Frame from "@effect-http2/http2/Frame"
import * as Settings from "@effect-http2/http2/Settings"

const flags = (set: { readonly [name: string]: boolean }): string => {
  const names = Object.keys(set).filter((name) => set[name])
  return names.length === 0 ? "" : ` flags=${names.join(",")}`
}

const list = (fields: ReadonlyArray<HeaderField> | undefined): string =>
  (fields ?? []).map(({ name, value }) => ` ${name}: ${value}`).join("")

const hex = (data: Uint8Array): string => Buffer.from(data).toString("hex")

const data = (frame: Frame.Data): string => {
  const padding = frame.flowControlledLength - frame.data.length
  const more = `${padding > 0 ? ` padding=${padding}` : ""}${frame.continued ? " continued" : ""}`
  return `DATA stream=${frame.streamId} length=${frame.data.length}${more}${flags({ END_STREAM: frame.endStream })}`
}

const headers = (frame: Frame.Headers, fields: ReadonlyArray<HeaderField> | undefined): string => {
  const set = flags({
    END_STREAM: frame.endStream,
    END_HEADERS: frame.endHeaders,
    PRIORITY: frame.priority !== undefined
  })
  return `HEADERS stream=${frame.streamId}${set}${list(fields)}`
}

const settings = (frame: Frame.Settings): string => {
  const entries = frame.entries.map(([id, value]) => ` ${Settings.toName(id).replace(/^SETTINGS_/, "")}=${value}`)
  return `SETTINGS stream=0${flags({ ACK: frame.ack })}${entries.join("")}`
}

const goAway = ({ debugData, errorCode, lastStreamId }: Frame.GoAway): string => {
  const debug = debugData.length === 0 ? "" : ` debug=${JSON.stringify(Buffer.from(debugData).toString("latin1"))}`
  return `GOAWAY stream=0 last=${lastStreamId} code=${ErrorCode.toName(errorCode)}${debug}`
}

/** `fields` are those of the block that ends with `frame`, decoded. */
export const format = (frame: Frame.Frame, fields: ReadonlyArray<HeaderField> | undefined): string => {
  switch (frame._tag) {
    case "Data":
      return data(frame)
    case "Headers":
      return headers(frame, fields)
    case "Continuation":
      return `CONTINUATION stream=${frame.streamId}${flags({ END_HEADERS: frame.endHeaders })}${list(fields)}`
    case "PushPromise":
      return `PUSH_PROMISE stream=${frame.streamId}${flags({ END_HEADERS: frame.endHeaders })} promised=${frame.promisedStreamId}${list(fields)}`
    case "Priority":
      return `PRIORITY stream=${frame.streamId} dependency=${frame.priority.dependency} weight=${frame.priority.weight}`
    case "RstStream":
      return `RST_STREAM stream=${frame.streamId} code=${ErrorCode.toName(frame.errorCode)}`
    case "Settings":
      return settings(frame)
    case "Ping":
      return `PING stream=0${flags({ ACK: frame.ack })} data=${hex(frame.data)}`
    case "GoAway":
      return goAway(frame)
    case "WindowUpdate":
      return `WINDOW_UPDATE stream=${frame.streamId} increment=${frame.increment}`
    case "AltSvc":
      return `ALTSVC stream=${frame.streamId} origin=${JSON.stringify(frame.origin)} value=${JSON.stringify(frame.value)}`
    case "Origin":
      return `ORIGIN stream=${frame.streamId}${frame.origins.map((origin) => ` ${JSON.stringify(origin)}`).join("")}`
    case "PriorityUpdate":
      return `PRIORITY_UPDATE stream=0 prioritized=${frame.prioritizedId} value=${JSON.stringify(frame.value)}`
    case "Unknown":
      return `0x${frame.type.toString(16)} stream=${frame.streamId} flags=0x${frame.flags.toString(16)} length=${frame.payload.length}`
    case "Invalid":
      return `invalid 0x${frame.type.toString(16)} stream=${frame.streamId} ${ErrorCode.toName(frame.errorCode)}: ${frame.description}`
  }
}
