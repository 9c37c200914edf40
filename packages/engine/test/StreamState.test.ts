/** The stream's states: every state and event, against what RFC 9113 §5.1 says in words. */
import { describe, expect, it } from "vitest"
import {
  Event,
  isReceiving,
  isSending,
  isState,
  next,
  Outcome,
  State,
  table
} from "@effect-http2/engine/stream/streamState"

type StateName = keyof typeof State
type EventName = keyof typeof Event

const nameOf = (outcome: number): string =>
  Object.entries({ ...State, ...Outcome }).find(([, value]) => value === outcome)?.[0] ?? `unknown ${outcome}`

const stateNames = Object.keys(State) as Array<StateName>
const eventNames = Object.keys(Event) as Array<EventName>

const go = (state: StateName, event: EventName): string => nameOf(next(State[state], Event[event]))

/** What may happen in each state, and where it leads; all else is an error or without effect. */
const allowed: Record<StateName, Partial<Record<EventName, string>>> = {
  idle: {
    sendHeaders: "open",
    sendHeadersEnd: "halfClosedLocal",
    sendPushPromise: "reservedLocal",
    receiveHeaders: "open",
    receiveHeadersEnd: "halfClosedRemote",
    receivePushPromise: "reservedRemote"
  },
  reservedLocal: {
    sendHeaders: "halfClosedRemote",
    sendHeadersEnd: "closed",
    sendReset: "closed",
    receiveReset: "closed",
    receiveWindowUpdate: "reservedLocal"
  },
  reservedRemote: {
    sendReset: "resetSent",
    receiveHeaders: "halfClosedLocal",
    receiveHeadersEnd: "closed",
    receiveReset: "closed"
  },
  open: {
    sendHeaders: "open",
    sendHeadersEnd: "halfClosedLocal",
    sendData: "open",
    sendDataEnd: "halfClosedLocal",
    sendReset: "resetSent",
    sendPushPromise: "open",
    receiveHeaders: "open",
    receiveHeadersEnd: "halfClosedRemote",
    receiveData: "open",
    receiveDataEnd: "halfClosedRemote",
    receiveReset: "closed",
    receivePushPromise: "open",
    receiveWindowUpdate: "open"
  },
  halfClosedLocal: {
    sendReset: "resetSent",
    receiveHeaders: "halfClosedLocal",
    receiveHeadersEnd: "closed",
    receiveData: "halfClosedLocal",
    receiveDataEnd: "closed",
    receiveReset: "closed",
    receivePushPromise: "halfClosedLocal",
    receiveWindowUpdate: "halfClosedLocal"
  },
  halfClosedRemote: {
    sendHeaders: "halfClosedRemote",
    sendHeadersEnd: "closed",
    sendData: "halfClosedRemote",
    sendDataEnd: "closed",
    sendReset: "closed",
    sendPushPromise: "halfClosedRemote",
    receiveReset: "closed",
    receiveWindowUpdate: "halfClosedRemote"
  },
  resetSent: { receiveReset: "closed", resetAcknowledged: "closed" },
  closed: {}
}

describe("streamState", () => {
  it("has an outcome for every state and event", () => {
    expect(Object.keys(table)).toEqual(stateNames)
    for (const state of stateNames) {
      expect(table[state]).toHaveLength(eventNames.length)
      for (const event of eventNames) expect(go(state, event)).not.toContain("unknown")
    }
  })

  it.each(stateNames)("leads from %s to another state exactly where the RFC's diagram does", (state) => {
    const states = eventNames.filter((event) => isState(next(State[state], Event[event])))
    expect(Object.fromEntries(states.map((event) => [event, go(state, event)]))).toEqual(allowed[state])
  })

  it("[rfc9113-5.1-1] [rfc9113-6.4-6] receives nothing on an idle stream but HEADERS", () => {
    for (const event of ["receiveData", "receiveDataEnd", "receiveReset", "receiveWindowUpdate"] as const) {
      expect(go("idle", event)).toBe("protocolError")
    }
  })

  it("[rfc9113-6.4-5] sends no RST_STREAM on an idle stream", () => {
    expect(go("idle", "sendReset")).toBe("misuse")
  })

  it("[rfc9113-5.1-3] sends only HEADERS and RST_STREAM on a reserved (local) stream", () => {
    for (const event of ["sendData", "sendDataEnd", "sendPushPromise"] as const) {
      expect(go("reservedLocal", event)).toBe("misuse")
    }
  })

  it("[rfc9113-5.1-4] receives only RST_STREAM and WINDOW_UPDATE on a reserved (local) stream", () => {
    const refused = [
      "receiveHeaders",
      "receiveHeadersEnd",
      "receiveData",
      "receiveDataEnd",
      "receivePushPromise"
    ] as const
    for (const event of refused) expect(go("reservedLocal", event)).toBe("protocolError")
  })

  it("[rfc9113-5.1-6] receives only HEADERS and RST_STREAM on a reserved (remote) stream", () => {
    const refused = ["receiveData", "receiveDataEnd", "receivePushPromise", "receiveWindowUpdate"] as const
    for (const event of refused) expect(go("reservedRemote", event)).toBe("protocolError")
  })

  it("[rfc9113-5.1-5] sends only RST_STREAM on a reserved (remote) stream", () => {
    for (const event of eventNames.filter((name) => name.startsWith("send") && name !== "sendReset")) {
      expect(go("reservedRemote", event)).toBe("misuse")
    }
  })

  it("[rfc9113-6.6-10] receives PUSH_PROMISE where the server can still answer, and nowhere else", () => {
    const outcomes = Object.fromEntries(stateNames.map((state) => [state, go(state, "receivePushPromise")]))
    expect(outcomes).toEqual({
      // The promised stream.
      idle: "reservedRemote",
      reservedLocal: "protocolError",
      reservedRemote: "protocolError",
      open: "open",
      halfClosedLocal: "halfClosedLocal",
      halfClosedRemote: "protocolError",
      // The server may not know yet.
      resetSent: "ignore",
      closed: "protocolError"
    })
  })

  it("[rfc9113-6.6-5] [rfc9113-6.6-9] [rfc9113-8.4.1-6] sends PUSH_PROMISE where it can still answer, and nowhere else", () => {
    const allowed = stateNames.filter((state) => go(state, "sendPushPromise") !== "misuse")
    expect(allowed).toEqual(["idle", "open", "halfClosedRemote"])
  })

  it("[rfc9113-5.1-7] [rfc9113-6.1-4] answers frames on a half-closed (remote) stream with STREAM_CLOSED", () => {
    for (const event of ["receiveHeaders", "receiveHeadersEnd", "receiveData", "receiveDataEnd"] as const) {
      expect(go("halfClosedRemote", event)).toBe("streamClosed")
    }
  })

  it("[rfc9113-5.1-8] sends nothing on a closed stream, nor on one that was reset", () => {
    for (const state of ["closed", "resetSent"] as const) {
      for (const event of eventNames.filter((name) => name.startsWith("send") && name !== "sendReset")) {
        expect(go(state, event)).toBe("misuse")
      }
      expect(go(state, "sendReset")).toBe("ignore")
    }
  })

  it("[rfc9113-5.4.2-1] [rfc9113-6.4-2] ignores what still arrives on a stream that was reset", () => {
    for (const event of eventNames.filter((name) => name.startsWith("receive") && name !== "receiveReset")) {
      expect(go("resetSent", event)).toBe("ignore")
    }
  })

  it("[rfc9113-6.9-3] ignores WINDOW_UPDATE and RST_STREAM on a closed stream", () => {
    expect(go("closed", "receiveWindowUpdate")).toBe("ignore")
    expect(go("closed", "receiveReset")).toBe("ignore")
  })

  it("says who may still send", () => {
    expect(stateNames.filter((state) => isReceiving(State[state]))).toEqual(["open", "halfClosedLocal"])
    expect(stateNames.filter((state) => isSending(State[state]))).toEqual(["reservedLocal", "open", "halfClosedRemote"])
  })
})
