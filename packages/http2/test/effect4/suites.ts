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
  "Exchange",
  "ExtensionFloods",
  "FieldLimits",
  "FrameLog",
  "GoAwayFlood",
  "HostileServer",
  "LateFrames",
  "Push",
  "PushLimits",
  "ResetStreams",
  "SectionSizes",
  "Shutdown",
  "Silence",
  "SlowLine",
  "SmallFrames",
  "Stalls",
  "StreamErrors",
  "Time"
].map((name) => `test/${name}.test.ts`)

/** Tests of these suites whose handlers have to do something in the turn of their request: through the bridge they do it a little later. */
export const notOnEffect4: ReadonlyArray<string> = [
  "RST_STREAM in place of an end, and the handler hears of it",
  "is not stopped by a client that cancels all that it is pushed",
  "is seen by a log of frames, and does not disturb its tables"
]
