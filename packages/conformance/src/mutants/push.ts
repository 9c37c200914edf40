/** Server push (RFC 9113 §6.6, §8.4, §10.4), broken at both ends. */
import { inFile, type Mutant } from "../mutant.js"

const server = inFile(
  "packages/engine/src/server/serverPush.ts",
  {
    rule: ["rfc9113-6.6-1", "rfc9113-5.1.1-1"],
    find: "const id = connection.table.highestLocal + 2",
    replace: "const id = connection.table.highestLocal + 3"
  },
  {
    rule: ["rfc9113-6.6-9", "rfc9113-5.1.1-2"],
    find: "const id = connection.table.highestLocal + 2",
    replace: "const id = 2"
  },
  {
    rule: ["rfc9113-6.6-5", "rfc9113-6.6-9", "rfc9113-8.4.1-6"],
    find: "if (state !== State.open && state !== State.halfClosedRemote) return obstacles.over",
    replace: ""
  },
  {
    rule: ["rfc9113-6.5.2-1", "rfc9113-6.6-7"],
    find: "if (!remoteSettings.enablePush) return obstacles.disabled",
    replace: ""
  },
  {
    rule: "rfc9113-5.1.2-1",
    find: "if (table.localCount >= remoteSettings.maxConcurrentStreams) return obstacles.limit",
    replace: ""
  },
  {
    rule: "rfc9113-5.1.2-1",
    find: "if (this.state === State.reservedLocal && this.server.push?.hasPlace === false) {",
    replace: "if (this.state === State.idle) {"
  },
  {
    rule: ["rfc9113-8.4-1", "rfc9113-8.4.1-2"],
    find: 'if (reason !== undefined) throw Http2Error.usageError(stream.id, "8.4", reason)',
    replace: ""
  },
  {
    rule: ["rfc9113-8.4-4", "rfc9113-10.4-1"],
    find: 'if (authority === "" || !this.mayPush({ method, scheme, authority, path }, stream)) {',
    replace: 'if (authority === "") {'
  },
  { rule: "rfc9113-8.4.1-1", find: "checkTarget(method, scheme, authority, path, host)", replace: "" },
  { rule: "rfc9113-8.5-2", find: 'if (head.method === "CONNECT") return obstacles.tunnel', replace: "" }
)

const client = inFile(
  "packages/engine/src/client/clientPushes.ts",
  {
    rule: "rfc9113-6.6-10",
    find: "if (StreamState.isState(outcome) || outcome === StreamState.Outcome.ignore) return stream",
    replace: "if (outcome >= 0) return stream"
  },
  {
    rule: "rfc9113-6.6-11",
    find: "if (StreamState.isState(outcome) || outcome === StreamState.Outcome.ignore) return stream",
    replace: "if (StreamState.isState(outcome)) return stream"
  },
  {
    rule: "rfc9113-6.6-12",
    find: "if (connection.table.isLocal(promisedStreamId) || !connection.table.isIdle(promisedStreamId)) {",
    replace: "if (!connection.table.isIdle(promisedStreamId)) {"
  },
  {
    rule: ["rfc9113-6.6-12", "rfc9113-5.1.1-2", "rfc9113-5.1.1-3"],
    find: "if (connection.table.isLocal(promisedStreamId) || !connection.table.isIdle(promisedStreamId)) {",
    replace: "if (connection.table.isLocal(promisedStreamId)) {"
  },
  {
    rule: "rfc9113-6.8-7",
    find: "if (promisedStreamId > connection.acceptedUpTo) return",
    replace: ""
  },
  {
    rule: "rfc9113-8.4.1-3",
    find: "if (head instanceof Violation) throw malformed(stream.id, head)",
    replace: 'if (head instanceof Violation) throw connectionError("8.4.1", head.reason)'
  },
  {
    rule: ["rfc9113-8.4-5", "rfc9113-8.4.2-2", "rfc9113-10.4-2"],
    find: "if (!this.isAuthoritative(stream.id, origin, associated)) {",
    replace: "if (!this.isAuthoritative(stream.id, origin, associated) && origin === undefined) {"
  },
  {
    rule: "rfc9113-5.1.2-2",
    find: "if (active < most) return",
    replace: "if (active < most + 1) return"
  }
)

const promises = inFile(
  "packages/engine/src/message/pushPromise.ts",
  {
    rule: ["rfc9113-8.4-2", "rfc9113-8.4-1", "rfc9113-8.4.1-2", "rfc9113-8.4.1-3"],
    find: 'const isPushable = (method: string): boolean => method === "GET" || method === "HEAD"',
    replace: 'const isPushable = (method: string): boolean => method !== ""'
  },
  {
    rule: ["rfc9113-8.4-2", "rfc9113-8.4-1"],
    find: 'return contentLength > 0 || expectsContinue ? "a promised request cannot have content" : undefined',
    replace: "return contentLength > 0 && expectsContinue ? method : undefined"
  },
  {
    rule: "rfc9113-8.4-5",
    find: 'return hasAuthority ? head : new Violation("8.4", "a promised request without :authority")',
    replace: 'return hasAuthority || head.authority !== "" ? head : new Violation("8.4", head.path)'
  }
)

const sent = inFile("packages/engine/src/client/clientStream.ts", {
  rule: "rfc9113-8.4.1-5",
  find: "this.sendHead(pseudo, headers, more, endStream)",
  replace:
    "this.sendHead(pseudo, headers, more, endStream)\n    this.owner.outbox.promise(this.id, this.id + 1, pseudo, [])"
})

export const push: ReadonlyArray<Mutant> = [...server, ...client, ...promises, ...sent]
