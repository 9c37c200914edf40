/** The suites that are run on both skins: those whose subject is what goes over the wire, and not an API or a module of one. */
export const suitesOnEffect4: ReadonlyArray<string> = [
  "Abuse",
  "Connection",
  "ConnectionErrors",
  "Shutdown",
  "StreamErrors",
  "Time"
].map((name) => `test/${name}.test.ts`)
