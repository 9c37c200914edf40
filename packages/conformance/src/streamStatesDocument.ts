/** `docs/stream-states.md`: the states of a stream, drawn from the table that the stack itself runs on. A pure function, called by the program. */
import { Event, Outcome, State } from "@effect-http2/engine/stream/streamState"
import * as Markdown from "./markdown.js"

type StateName = keyof typeof State
type EventName = keyof typeof Event
type OutcomeName = keyof typeof Outcome

/** What each state and event lead to: `table` of `streamState.ts`. */
export type Table = Readonly<Record<StateName, ReadonlyArray<number>>>

const stateNames: Readonly<Record<StateName, string>> = {
  idle: "idle",
  reservedLocal: "reserved (local)",
  reservedRemote: "reserved (remote)",
  open: "open",
  halfClosedLocal: "half-closed (local)",
  halfClosedRemote: "half-closed (remote)",
  resetSent: "reset sent",
  closed: "closed"
}

const eventNames: Readonly<Record<EventName, string>> = {
  sendHeaders: "send HEADERS",
  sendHeadersEnd: "send HEADERS + END_STREAM",
  sendData: "send DATA",
  sendDataEnd: "send DATA + END_STREAM",
  sendReset: "send RST_STREAM",
  sendPushPromise: "send PUSH_PROMISE",
  receiveHeaders: "receive HEADERS",
  receiveHeadersEnd: "receive HEADERS + END_STREAM",
  receiveData: "receive DATA",
  receiveDataEnd: "receive DATA + END_STREAM",
  receiveReset: "receive RST_STREAM",
  receivePushPromise: "receive PUSH_PROMISE",
  receiveWindowUpdate: "receive WINDOW_UPDATE",
  resetAcknowledged: "the reset is acknowledged"
}

const outcomeNames: Readonly<Record<OutcomeName, string>> = {
  ignore: "ignored",
  protocolError: "PROTOCOL_ERROR",
  streamClosed: "stream: STREAM_CLOSED",
  connectionStreamClosed: "STREAM_CLOSED",
  misuse: "—"
}

const keys = <Name extends string>(record: Readonly<Record<Name, unknown>>): ReadonlyArray<Name> =>
  Object.keys(record) as Array<Name>

const states = keys(stateNames)
const events = keys(eventNames)
const outcomes = keys(outcomeNames)

const outcome = (table: Table, state: StateName, event: EventName): number => {
  const found = table[state][Event[event]]
  if (found === undefined) throw new Error(`the table has no outcome of ${event} in ${state}`)
  return found
}

const target = (found: number): StateName | undefined => states.find((name) => State[name] === found)

const cell = (state: StateName, found: number): string => {
  const next = target(found)
  if (next !== undefined) return next === state ? "stays" : `**${stateNames[next]}**`
  const other = outcomes.find((name) => Outcome[name] === found)
  if (other === undefined) throw new Error(`the table has an outcome of no name: ${found}`)
  return outcomeNames[other]
}

/** The events that lead from one state to another, one after the other: an arrow of the diagram. */
const arrow = (table: Table, from: StateName, to: StateName): ReadonlyArray<string> => {
  const found = events.filter((event) => outcome(table, from, event) === State[to])
  return found.length === 0 ? [] : [`    ${from} --> ${to} : ${found.map((event) => eventNames[event]).join("<br/>")}`]
}

/** Mermaid's `stateDiagram-v2`. No colon and no semicolon may stand in a label. */
const diagram = (table: Table): string =>
  [
    "```mermaid",
    "stateDiagram-v2",
    ...states.map((name) => `    state "${stateNames[name]}" as ${name}`),
    "    [*] --> idle",
    ...states.flatMap((from) => states.flatMap((to) => (from === to ? [] : arrow(table, from, to)))),
    "    closed --> [*]",
    "```"
  ].join("\n")

/** The document. */
export const render = (table: Table): string =>
  Markdown.document([
    "# The states of a stream",
    "[RFC 9113, section 5.1](https://www.rfc-editor.org/rfc/rfc9113.html#section-5.1), drawn from the table that the stack itself runs on, [streamState.ts](../packages/engine/src/stream/streamState.ts). Written by `npm run conformance`; `npm test` fails where it is not what the table says.",
    "One state is added to those of the specification: **reset sent**. This side has reset the stream while the peer could still send on it. Frames that were on their way are taken and dropped until the peer has acknowledged a PING that was sent behind the RST_STREAM.",
    diagram(table),
    "The diagram has the events that lead from one state to another. The table has them all:",
    Markdown.table(
      ["", ...states.map((state) => stateNames[state])],
      events.map((event) => [eventNames[event], ...states.map((state) => cell(state, outcome(table, state, event)))])
    ),
    [
      "- A **state** in bold is the next one; **stays**: the same one.",
      "- **ignored**: the frame has no effect on the stream. What it means to the connection still counts: field blocks are decompressed, DATA is taken from the connection's window.",
      "- **PROTOCOL_ERROR**, **STREAM_CLOSED**: errors of the connection. **stream: STREAM_CLOSED**: an error of the stream, the connection goes on.",
      "- **—**: does not happen: this side refuses to send it, and a PING that was not sent is not acknowledged."
    ].join("\n"),
    "PUSH_PROMISE on an idle stream means the stream that is promised, on any other the one that carries the promise. PRIORITY is allowed in every state and changes none."
  ])
