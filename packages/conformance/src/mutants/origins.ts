/** Priorities (RFC 9218), origins (RFC 8336) and alternatives (RFC 7838), broken at both ends. */
import { edits, type Mutant } from "../mutant.js"

const updates = edits(
  {
    rule: "rfc9218-7.1-9",
    in: "PriorityUpdates.receive",
    find: 'if (prioritizedId === 0) throw protocolError("for stream 0")',
    replace: "if (prioritizedId === 0) return"
  },
  {
    rule: "rfc9218-7.1-8",
    in: "PriorityUpdates.receive",
    find: 'if (isIdle && table.isLocal(prioritizedId)) throw protocolError("for a stream that was not promised")',
    replace: "if (isIdle && table.isLocal(prioritizedId)) return"
  },
  {
    rule: "rfc9218-7.1-5",
    in: "exceeds",
    find: "return kept.size + active >= most",
    replace: "return kept.size + active > most"
  },
  {
    rule: "rfc9218-7.1-10",
    in: "PriorityUpdates.receive",
    find: "connection.outbox.prioritize()",
    replace: "connection.outbox.prioritize()\n    connection.outbox.control(frame)"
  }
)

const frames = [
  ...edits({
    rule: "rfc9218-7.1-2",
    in: "priorityUpdate",
    find: "if (streamId !== 0) {",
    replace: "if (streamId < 0) {"
  }),
  ...edits({
    rule: "rfc9218-7.1-1",
    in: "encode",
    find: "return frame(type, flags, value.streamId, payload)",
    replace:
      'return frame(type, flags, value._tag === "PriorityUpdate" ? value.prioritizedId : value.streamId, payload)'
  }),
  ...edits(
    {
      rule: "rfc9218-7.1-4",
      in: "ClientStream.sendPriorityUpdate",
      find: "if (!isComing || !this.owner.takesPriorityUpdates) return false",
      replace: "if (!this.owner.takesPriorityUpdates) return false"
    },
    {
      rule: "rfc9218-7.1-7",
      in: "ClientStream.sendPriorityUpdate",
      find: "new PriorityUpdate(this.id,",
      replace: "new PriorityUpdate(this.id + 2,"
    }
  ),
  ...edits({
    rule: "rfc9218-7.1-11",
    in: "ClientRole.receivePriorityUpdate",
    find: 'throw Http2Error.connectionError(ErrorCode.PROTOCOL_ERROR, "5.5", "PRIORITY_UPDATE of a server (RFC 9218 §7.1)")',
    replace: ""
  })
]

const priorities = [
  ...edits({
    rule: "rfc9218-2.1-1",
    in: "toEntries",
    find: "add(Id.NO_RFC7540_PRIORITIES, to.noRfc7540Priorities,",
    replace: "add(Id.NO_RFC7540_PRIORITIES, Number(to.noRfc7540Priorities) * 2,"
  }),
  ...edits({
    rule: "rfc9218-2.1-5",
    in: "checkDependency",
    find: " && !remoteSettings.noRfc7540Priorities) {",
    replace: " && remoteSettings !== undefined) {"
  }),
  ...edits(
    { rule: "rfc9218-4-2", in: "isUrgency", find: "value >= 0 && value <= 7", replace: "value >= 0" },
    {
      rule: "rfc9218-4-2",
      in: "read",
      find: 'typeof incremental === "boolean" ? incremental : undefined',
      replace: "incremental !== undefined ? true : undefined"
    },
    {
      rule: "rfc9218-4-2",
      in: "read",
      find: 'const urgency = members.get("u")',
      replace:
        'if ([...members.keys()].some((key) => key !== "u" && key !== "i")) return defaults\n  const urgency = members.get("u")'
    }
  )
]

const sets = edits(
  {
    rule: "rfc8336-2.2-1",
    in: "Origins.accepts",
    find: "return streamId === 0 && (flags & critical) === 0",
    replace: "return streamId >= 0 && (flags & critical) === 0"
  },
  {
    rule: "rfc8336-2.2-2",
    in: "Origins.isListening",
    find: "isH2(this.peer) && this.options.isProxy",
    replace: "this.options.isProxy"
  },
  { rule: "rfc8336-2.2-3", in: "critical", find: "const critical = 0x0f", replace: "const critical = 0x07" },
  {
    rule: "rfc8336-2.2-5",
    in: "Origins.isListening",
    find: "isH2(this.peer) && this.options.isProxy !== true",
    replace: "isH2(this.peer)"
  },
  {
    rule: "rfc8336-2.2-7",
    in: "Origins.extend",
    find: "if (origin !== undefined) set.add(origin)",
    replace: "if (origin === undefined) break\n      set.add(origin)"
  },
  {
    rule: "rfc8336-2.3-1",
    in: "Origins.misdirected",
    find: "if (set !== undefined && origin !== undefined && set.delete(origin)) this.changed(set)",
    replace: "if (set !== undefined && origin !== undefined && set.has(origin)) this.changed(set)"
  },
  {
    rule: "rfc8336-2.4-1",
    in: "Origins.allows",
    find: "return this.set === undefined || this.set.has(origin)",
    replace: 'return origin !== ""'
  },
  {
    rule: "rfc7838-4-1",
    in: "Origins.isAuthoritative",
    find: "(origin === this.own || this.options.isAuthoritative?.(origin) === true)",
    replace: '(origin === this.own || this.options.isAuthoritative?.(origin) !== undefined || origin !== "")'
  }
)

const texts = edits(
  {
    rule: "rfc8336-2.2-6",
    in: "serialize",
    find: "const isDefault = port === undefined || port === defaultPort(lower)",
    replace: "const isDefault = port === undefined"
  },
  { rule: "rfc8336-2.2-6", in: "syntax", find: "/^([a-z][a-z0-9+.-]{0,31})", replace: "/([a-z][a-z0-9+.-]{0,31})" },
  {
    rule: "rfc8336-2.2-7",
    in: "parse",
    find: "return port === undefined || port <= 65_535 ? serialize",
    replace: "return port === undefined || port <= 99_999 ? serialize"
  },
  { rule: "rfc7838-8-1", in: "syntax", find: "([a-z0-9._-]{1,255}|", replace: "([^/:@]{1,255}|" }
)

const announcements = edits(
  {
    rule: "rfc7838-8-1",
    in: "isAltSvcValue",
    find: 'value !== "" && isFieldValue(value) && !/[^\\t -~]/.test(value)',
    replace: 'value !== "" && isFieldValue(value)'
  },
  {
    rule: "rfc8336-2.2-2",
    in: "announce",
    find: "return peer === undefined || isH2(peer) ? [...set, ...alternatives] : alternatives",
    replace: "return peer === undefined || set.length > 0 ? [...set, ...alternatives] : alternatives"
  }
)

const alternatives = edits(
  {
    rule: "rfc7838-4-2",
    in: "receiveUnknown",
    find: "const isAltSvc = type === Type.ALTSVC && !role.isServer",
    replace:
      'if (type === Type.ALTSVC && role.isServer) throw new Error("ALTSVC")\n  const isAltSvc = type === Type.ALTSVC'
  },
  {
    rule: "rfc7838-4-3",
    in: "subjectOf",
    find: "const origin = parse(frame.origin)\n",
    replace: 'const origin = parse(frame.origin === "" ? "https://example.com" : frame.origin)\n'
  },
  {
    rule: "rfc7838-4-4",
    in: "subjectOf",
    find: 'if (frame.origin !== "" || !(stream instanceof ClientStream)',
    replace: "if (!(stream instanceof ClientStream)"
  }
)

export const origins: ReadonlyArray<Mutant> = [
  ...updates,
  ...frames,
  ...priorities,
  ...sets,
  ...texts,
  ...announcements,
  ...alternatives
]
