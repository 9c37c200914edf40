/** The suites that are run on both skins: those whose subject is what goes over the wire, and not an API or a module of one. */
export const suitesOnEffect4: ReadonlyArray<string> = [
  "Abuse",
  "AbuseLimits",
  "Alternatives",
  "Announcements",
  "BehindTheEnd",
  "BodyFailures",
  "ClientDirect",
  "ClientPriorities",
  "ClientRequests",
  "Connection",
  "ConnectionErrors",
  "ConnectionLost",
  "Exchange",
  "ExtensionFloods",
  "FieldLimits",
  "FrameLog",
  "Fresh",
  "GoAwayFlood",
  "Goodbye",
  "HostileServer",
  "LateFrames",
  "NeverReading",
  "NoContent",
  "Origins",
  "Padding",
  "PriorityUpdates",
  "Push",
  "PushLimits",
  "ResetStreams",
  "SectionSizes",
  "ServerPriorities",
  "ServerStreams",
  "SettingsLimits",
  "SettingsTable",
  "SettingsUpdate",
  "SettingsWindows",
  "SharedWindow",
  "Shutdown",
  "Silence",
  "SlowLine",
  "SmallFrames",
  "Stalls",
  "StreamErrors",
  "Time",
  "Tunnel"
].map((name) => `test/${name}.test.ts`)

/** Tests of these suites that are not for it, by the reason. */
export const notOnEffect4: Readonly<Record<string, ReadonlyArray<string>>> = {
  "its handlers have to act in the turn of their request": [
    "RST_STREAM in place of an end, and the handler hears of it",
    "is not stopped by a client that cancels all that it is pushed",
    "is seen by a log of frames, and does not disturb its tables",
    "sets it before its body or in the middle of it; the rest is as the client says",
    "a tunnel is served beside what is more urgent"
  ]
}
