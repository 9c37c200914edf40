/** Priorities (RFC 9218), origins (RFC 8336) and alternatives (RFC 7838), broken at both ends. */
import { inFile, type Mutant } from "../mutant.js"

const updates = inFile(
  "packages/engine/src/server/priorityUpdates.ts",
  {
    rule: "rfc9218-7.1-9",
    find: 'if (prioritizedId === 0) throw protocolError("for stream 0")',
    replace: "if (prioritizedId === 0) return"
  },
  {
    rule: "rfc9218-7.1-8",
    find: 'if (isIdle && table.isLocal(prioritizedId)) throw protocolError("for a stream that was not promised")',
    replace: "if (isIdle && table.isLocal(prioritizedId)) return"
  },
  {
    rule: "rfc9218-7.1-5",
    find: "return this.kept.size + active >= most",
    replace: "return this.kept.size + active > most"
  },
  {
    rule: "rfc9218-7.1-10",
    find: "connection.outbox.prioritize()",
    replace: "connection.outbox.prioritize()\n    connection.outbox.control(frame)"
  }
)

const frames = [
  ...inFile("packages/engine/src/frame/extensionPayload.ts", {
    rule: "rfc9218-7.1-2",
    find: "if (streamId !== 0) {",
    replace: "if (streamId < 0) {"
  }),
  ...inFile("packages/engine/src/frame/frameEncoder.ts", {
    rule: "rfc9218-7.1-1",
    find: "return frame(type, flags, value.streamId, payload)",
    replace:
      'return frame(type, flags, value._tag === "PriorityUpdate" ? value.prioritizedId : value.streamId, payload)'
  }),
  ...inFile(
    "packages/engine/src/client/clientStream.ts",
    {
      rule: "rfc9218-7.1-4",
      find: "if (!isComing || !this.owner.takesPriorityUpdates) return false",
      replace: "if (!this.owner.takesPriorityUpdates) return false"
    },
    { rule: "rfc9218-7.1-7", find: "new PriorityUpdate(this.id,", replace: "new PriorityUpdate(this.id + 2," }
  ),
  ...inFile("packages/engine/src/client/clientRole.ts", {
    rule: "rfc9218-7.1-11",
    find: 'throw Http2Error.connectionError(ErrorCode.PROTOCOL_ERROR, "5.5", "PRIORITY_UPDATE of a server (RFC 9218 §7.1)")',
    replace: ""
  })
]

const priorities = [
  ...inFile("packages/engine/src/Settings.ts", {
    rule: "rfc9218-2.1-1",
    find: "add(Id.NO_RFC7540_PRIORITIES, to.noRfc7540Priorities,",
    replace: "add(Id.NO_RFC7540_PRIORITIES, Number(to.noRfc7540Priorities) * 2,"
  }),
  ...inFile("packages/engine/src/stream/priority.ts", {
    rule: "rfc9218-2.1-5",
    find: " && !remoteSettings.noRfc7540Priorities) {",
    replace: " && remoteSettings !== undefined) {"
  }),
  ...inFile(
    "packages/engine/src/Priority.ts",
    { rule: "rfc9218-4-2", find: "value >= 0 && value <= 7", replace: "value >= 0" },
    {
      rule: "rfc9218-4-2",
      find: 'typeof incremental === "boolean" ? incremental : undefined',
      replace: "incremental !== undefined ? true : undefined"
    },
    {
      rule: "rfc9218-4-2",
      find: 'const urgency = members.get("u")',
      replace:
        'if ([...members.keys()].some((key) => key !== "u" && key !== "i")) return defaults\n  const urgency = members.get("u")'
    }
  )
]

const sets = inFile(
  "packages/engine/src/origin/origins.ts",
  {
    rule: "rfc8336-2.2-1",
    find: "return streamId === 0 && (flags & critical) === 0",
    replace: "return streamId >= 0 && (flags & critical) === 0"
  },
  {
    rule: "rfc8336-2.2-2",
    find: "return isH2(this.peer) && this.options.isProxy !== true",
    replace: "return this.options.isProxy !== true"
  },
  { rule: "rfc8336-2.2-3", find: "const critical = 0x0f", replace: "const critical = 0x07" },
  { rule: "rfc8336-2.2-5", find: "isH2(this.peer) && this.options.isProxy !== true", replace: "isH2(this.peer)" },
  {
    rule: "rfc8336-2.2-7",
    find: "if (origin !== undefined) set.add(origin)",
    replace: "if (origin === undefined) break\n      set.add(origin)"
  },
  {
    rule: "rfc8336-2.3-1",
    find: "if (set !== undefined && origin !== undefined && set.delete(origin)) this.changed(set)",
    replace: "if (set !== undefined && origin !== undefined && set.has(origin)) this.changed(set)"
  },
  {
    rule: "rfc8336-2.4-1",
    find: "return this.set === undefined || this.set.has(origin)",
    replace: 'return origin !== ""'
  },
  {
    rule: "rfc7838-4-1",
    find: "(origin === this.own || this.options.isAuthoritative?.(origin) === true)",
    replace: '(origin === this.own || this.options.isAuthoritative?.(origin) !== undefined || origin !== "")'
  }
)

const texts = inFile(
  "packages/engine/src/origin/asciiOrigin.ts",
  {
    rule: "rfc8336-2.2-6",
    find: "const isDefault = port === undefined || port === defaultPort(lower)",
    replace: "const isDefault = port === undefined"
  },
  { rule: "rfc8336-2.2-6", find: "/^([a-z][a-z0-9+.-]{0,31})", replace: "/([a-z][a-z0-9+.-]{0,31})" },
  {
    rule: "rfc8336-2.2-7",
    find: "return port === undefined || port <= 65_535 ? serialize",
    replace: "return port === undefined || port <= 99_999 ? serialize"
  },
  { rule: "rfc7838-8-1", find: "([a-z0-9._-]{1,255}|", replace: "([^/:@]{1,255}|" }
)

const announcements = inFile(
  "packages/engine/src/origin/announcements.ts",
  {
    rule: "rfc7838-8-1",
    find: 'value !== "" && isFieldValue(value) && !/[^\\t -~]/.test(value)',
    replace: 'value !== "" && isFieldValue(value)'
  },
  {
    rule: "rfc8336-2.2-2",
    find: "return peer === undefined || isH2(peer) ? [...set, ...alternatives] : alternatives",
    replace: "return peer === undefined || set.length > 0 ? [...set, ...alternatives] : alternatives"
  }
)

const alternatives = inFile(
  "packages/engine/src/dispatch/originFrames.ts",
  {
    rule: "rfc7838-4-2",
    find: 'if (role.origins === undefined || origin === undefined) return guard.glitch("ALTSVC without a meaning")',
    replace:
      'if (role.origins === undefined) return connection.close(undefined)\n  if (origin === undefined) return guard.glitch("ALTSVC without a meaning")'
  },
  {
    rule: "rfc7838-4-3",
    find: "const origin = parse(frame.origin)\n",
    replace: 'const origin = parse(frame.origin === "" ? "https://example.com" : frame.origin)\n'
  },
  {
    rule: "rfc7838-4-4",
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
