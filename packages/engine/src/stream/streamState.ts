/**
 * The state machine of a stream (RFC 9113 §5.1) as a pure table: what a state and an event lead to, and nothing else. Called by
 * the dispatcher's handlers for what arrives and by the stream for what is sent.
 *
 *                              +--------+
 *                      send PP |        | recv PP
 *                     ,--------+  idle  +--------.
 *                    /         |        |         \
 *                   v          +--------+          v
 *            +----------+          |           +----------+
 *            |          |          | send H /  |          |
 *     ,------+ reserved |          | recv H    | reserved +------.
 *     |      | (local)  |          |           | (remote) |      |
 *     |      +---+------+          v           +------+---+      |
 *     |          |             +--------+             |          |
 *     |          |     recv ES |        | send ES     |          |
 *     |   send H |     ,-------+  open  +-------.     | recv H   |
 *     |          |    /        |        |        \    |          |
 *     |          v   v         +---+----+         v   v          |
 *     |      +----------+          |           +----------+      |
 *     |      |   half-  |          |           |   half-  |      |
 *     |      |  closed  |          | send R /  |  closed  |      |
 *     |      | (remote) |          | recv R    | (local)  |      |
 *     |      +----+-----+          |           +-----+----+      |
 *     |           | send ES /      |       recv ES / |           |
 *     |           | send R /       v        send R / |           |
 *     |           | recv R     +--------+   recv R   |           |
 *     | send R /  `----------->|        |<-----------'  send R / |
 *     | recv R                 | closed |               recv R   |
 *     `----------------------->|        |<-----------------------'
 *                              +--------+
 *
 * One state is added to the RFC's: `resetSent`. We reset the stream while the peer could still send on it; until a PING that was sent
 * behind the RST_STREAM is acknowledged, frames for it may be on their way and are ignored (§5.1, closed).
 */

/** The states, as the numbers that a stream holds. */
export const State = {
  idle: 0,
  reservedLocal: 1,
  reservedRemote: 2,
  open: 3,
  halfClosedLocal: 4,
  halfClosedRemote: 5,
  resetSent: 6,
  closed: 7
} as const

export type State = (typeof State)[keyof typeof State]

/** What happens to a stream. `...End` is the event with END_STREAM. */
export const Event = {
  sendHeaders: 0,
  sendHeadersEnd: 1,
  sendData: 2,
  sendDataEnd: 3,
  sendReset: 4,
  sendPushPromise: 5,
  receiveHeaders: 6,
  receiveHeadersEnd: 7,
  receiveData: 8,
  receiveDataEnd: 9,
  receiveReset: 10,
  receivePushPromise: 11,
  receiveWindowUpdate: 12,
  resetAcknowledged: 13
} as const

export type Event = (typeof Event)[keyof typeof Event]

/** What an event leads to where it does not lead to a state. Errors are connection errors unless they say otherwise. */
export const Outcome = {
  /** The frame has no effect on the stream. */
  ignore: 16,
  /** PROTOCOL_ERROR on the connection. */
  protocolError: 17,
  /** STREAM_CLOSED on the stream. */
  streamClosed: 18,
  /** STREAM_CLOSED on the connection. */
  connectionStreamClosed: 19,
  /** We tried to send what the state does not allow: nothing is sent. */
  misuse: 20
} as const

export type Outcome = State | (typeof Outcome)[keyof typeof Outcome]

const { closed, halfClosedLocal, halfClosedRemote, open, reservedLocal, reservedRemote, resetSent } = State
const { connectionStreamClosed, ignore, misuse, protocolError, streamClosed } = Outcome

/** Rows: states. Columns: events in the order of `Event`, sending first. */
// prettier-ignore
export const table: Readonly<Record<keyof typeof State, ReadonlyArray<Outcome>>> = {
  //                  sendHeaders       …End             sendData        …End              sendReset  sendPushPromise   receiveHeaders          …End                    receiveData             …End                    receiveReset            receivePushPromise receiveWindowUpdate resetAcknowledged
  idle:             [ open,             halfClosedLocal, misuse,         misuse,           misuse,    reservedLocal,    open,                   halfClosedRemote,       protocolError,          protocolError,          protocolError,          reservedRemote,    protocolError,      misuse ],
  reservedLocal:    [ halfClosedRemote, closed,          misuse,         misuse,           closed,    misuse,           protocolError,          protocolError,          protocolError,          protocolError,          closed,                 protocolError,     reservedLocal,      misuse ],
  reservedRemote:   [ misuse,           misuse,          misuse,         misuse,           resetSent, misuse,           halfClosedLocal,        closed,                 protocolError,          protocolError,          closed,                 protocolError,     protocolError,      misuse ],
  open:             [ open,             halfClosedLocal, open,           halfClosedLocal,  resetSent, open,             open,                   halfClosedRemote,       open,                   halfClosedRemote,       closed,                 open,              open,               misuse ],
  halfClosedLocal:  [ misuse,           misuse,          misuse,         misuse,           resetSent, misuse,           halfClosedLocal,        closed,                 halfClosedLocal,        closed,                 closed,                 halfClosedLocal,   halfClosedLocal,    misuse ],
  halfClosedRemote: [ halfClosedRemote, closed,          halfClosedRemote, closed,         closed,    halfClosedRemote, streamClosed,           streamClosed,           streamClosed,           streamClosed,           closed,                 protocolError,     halfClosedRemote,   misuse ],
  resetSent:        [ misuse,           misuse,          misuse,         misuse,           ignore,    misuse,           ignore,                 ignore,                 ignore,                 ignore,                 closed,                 ignore,            ignore,             closed ],
  closed:           [ misuse,           misuse,          misuse,         misuse,           ignore,    misuse,           connectionStreamClosed, connectionStreamClosed, streamClosed,           streamClosed,           ignore,                 protocolError,     ignore,             ignore ]
}

const events = Object.keys(Event).length

const compiled = new Uint8Array(
  Object.keys(State).flatMap((name) => {
    const row = Object.entries(table).find(([state]) => state === name)
    return row === undefined ? [] : [...row[1]]
  })
)

/** What `event` leads to in `state`. */
export const next = (state: State, event: Event): Outcome => compiled[state * events + event] as Outcome

/** Whether an outcome of `next` is a state to go to. */
export const isState = (outcome: Outcome): outcome is State => outcome <= State.closed

/** Whether the peer may still send DATA: its side is open, and we have not given up on it. */
export const isReceiving = (state: State): boolean => state === State.open || state === State.halfClosedLocal

/** Whether we may still send. */
export const isSending = (state: State): boolean =>
  state === State.open || state === State.halfClosedRemote || state === State.reservedLocal
