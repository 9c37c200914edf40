/** Server push (RFC 9113 §6.6, §8.4, §10.4), broken at both ends. */
import { edits, type Mutant } from "../mutant.js"

const server = edits(
  {
    rule: ["rfc9113-6.6-1", "rfc9113-5.1.1-1"],
    in: "ServerPush.push",
    find: "const id = connection.table.highestLocal + 2",
    replace: "const id = connection.table.highestLocal + 3"
  },
  {
    rule: ["rfc9113-6.6-9", "rfc9113-5.1.1-2"],
    in: "ServerPush.push",
    find: "const id = connection.table.highestLocal + 2",
    replace: "const id = 2"
  },
  {
    rule: ["rfc9113-6.6-5", "rfc9113-6.6-9", "rfc9113-8.4.1-6"],
    in: "ServerPush.obstacle",
    find: "if (state !== State.open && state !== State.halfClosedRemote) return obstacles.over",
    replace: ""
  },
  {
    rule: ["rfc9113-6.5.2-1", "rfc9113-6.6-7"],
    in: "ServerPush.obstacle",
    find: "if (!remoteSettings.enablePush) return obstacles.disabled",
    replace: ""
  },
  {
    rule: "rfc9113-5.1.2-1",
    in: "ServerPush.obstacle",
    find: "if (table.localCount >= remoteSettings.maxConcurrentStreams) return obstacles.limit",
    replace: ""
  },
  {
    rule: "rfc9113-5.1.2-1",
    in: "PushedStream.sendHead",
    find: "if (this.state === State.reservedLocal && this.server.push?.hasFreeStream === false) {",
    replace: "if (this.state === State.idle) {"
  },
  {
    rule: ["rfc9113-8.4-1", "rfc9113-8.4.1-2"],
    in: "ServerPush.headOf",
    find: 'if (reason !== undefined) throw Http2Error.usageError(stream.id, "8.4", reason)',
    replace: ""
  },
  {
    rule: ["rfc9113-8.4-4", "rfc9113-10.4-1"],
    in: "ServerPush.headOf",
    find: 'if (authority === "" || !this.mayPush({ method, scheme, authority, path }, stream)) {',
    replace: 'if (authority === "") {'
  },
  {
    rule: "rfc9113-8.4.1-1",
    in: "ServerPush.headOf",
    find: "checkTarget(method, scheme, authority, path, host)",
    replace: ""
  },
  {
    rule: "rfc9113-8.5-2",
    in: "ServerPush.obstacle",
    find: 'if (head.method === "CONNECT") return obstacles.tunnel',
    replace: ""
  }
)

const client = edits(
  {
    rule: "rfc9113-6.6-10",
    in: "associatedStream",
    find: "if (StreamState.isState(outcome) || outcome === StreamState.Outcome.ignore) return stream",
    replace: "if (outcome >= 0) return stream"
  },
  {
    rule: "rfc9113-6.6-11",
    in: "associatedStream",
    find: "if (StreamState.isState(outcome) || outcome === StreamState.Outcome.ignore) return stream",
    replace: "if (StreamState.isState(outcome)) return stream"
  },
  {
    rule: "rfc9113-6.6-12",
    in: "ClientPushes.receive",
    find: "if (connection.table.isLocal(promisedStreamId) || !connection.table.isIdle(promisedStreamId)) {",
    replace: "if (!connection.table.isIdle(promisedStreamId)) {"
  },
  {
    rule: ["rfc9113-6.6-12", "rfc9113-5.1.1-2", "rfc9113-5.1.1-3"],
    in: "ClientPushes.receive",
    find: "if (connection.table.isLocal(promisedStreamId) || !connection.table.isIdle(promisedStreamId)) {",
    replace: "if (connection.table.isLocal(promisedStreamId)) {"
  },
  {
    rule: "rfc9113-6.8-7",
    in: "ClientPushes.receive",
    find: "if (promisedStreamId > connection.acceptedUpTo) return",
    replace: ""
  },
  {
    rule: "rfc9113-8.4.1-3",
    in: "ClientPushes.check",
    find: "if (head instanceof Violation) throw malformed(stream.id, head)",
    replace: 'if (head instanceof Violation) throw connectionError("8.4.1", head.description)'
  },
  {
    rule: ["rfc9113-8.4-5", "rfc9113-8.4.2-2", "rfc9113-10.4-2"],
    in: "ClientPushes.check",
    find: "if (!this.isAuthoritative(stream.id, origin, associated)) {",
    replace: "if (!this.isAuthoritative(stream.id, origin, associated) && origin === undefined) {"
  },
  {
    rule: "rfc9113-5.1.2-2",
    in: "ClientPushes.begins",
    find: "if (active < most) return",
    replace: "if (active < most + 1) return"
  }
)

const promises = edits(
  {
    rule: ["rfc9113-8.4-2", "rfc9113-8.4-1", "rfc9113-8.4.1-2", "rfc9113-8.4.1-3"],
    in: "isPushable",
    find: 'const isPushable = (method: string): boolean => method === "GET" || method === "HEAD"',
    replace: 'const isPushable = (method: string): boolean => method !== ""'
  },
  {
    rule: ["rfc9113-8.4-2", "rfc9113-8.4-1"],
    in: "promiseViolation",
    find: 'return contentLength > 0 || expectsContinue ? "a promised request cannot have content" : undefined',
    replace: "return contentLength > 0 && expectsContinue ? method : undefined"
  },
  {
    rule: "rfc9113-8.4-5",
    in: "parsePromise",
    find: 'return hasAuthority ? head : new Violation("8.4", "a promised request without :authority")',
    replace: 'return hasAuthority || head.authority !== "" ? head : new Violation("8.4", head.path)'
  }
)

const sent = edits({
  rule: "rfc9113-8.4.1-5",
  in: "ClientStream.begin",
  find: "this.sendHead(pseudo, headers, more, endStream)",
  replace:
    "this.sendHead(pseudo, headers, more, endStream)\n    this.owner.outbox.promise(this.id, this.id + 1, pseudo, [])"
})

export const push: ReadonlyArray<Mutant> = [...server, ...client, ...promises, ...sent]
