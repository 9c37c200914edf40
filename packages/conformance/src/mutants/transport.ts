/** TLS (RFC 9113 §3.2, §3.3, §9.2), the reuse of connections (§9.1.1), and what else meets HTTP/2 from outside, broken. */
import { edits, type Mutant } from "../mutant.js"

const tls = edits(
  {
    rule: "rfc9113-3.2-1",
    in: "checkProtocols",
    find: 'if (alpnProtocols.includes("h2c")) throw',
    replace: 'if (alpnProtocols.includes("h1c")) throw'
  },
  {
    rule: "rfc9113-3.3-1",
    in: "refuse",
    find: "if (protocol === undefined ? requireAlpn :",
    replace: "if (protocol === undefined ? false :"
  },
  {
    rule: "rfc9113-9.2-1",
    in: "MIN_VERSION",
    find: 'export const MIN_VERSION = "TLSv1.2"',
    replace: 'export const MIN_VERSION = "TLSv1"'
  },
  {
    rule: ["rfc9113-9.2.1-1", "rfc9113-10.6-3"],
    in: "SECURE_OPTIONS",
    find: "constants.SSL_OP_NO_RENEGOTIATION | constants.SSL_OP_NO_COMPRESSION",
    replace: "constants.SSL_OP_NO_RENEGOTIATION"
  },
  {
    rule: "rfc9113-9.2.1-1",
    in: "SERVER_SECURE_OPTIONS",
    find: "SERVER_SECURE_OPTIONS = constants.SSL_OP_NO_COMPRESSION",
    replace: "SERVER_SECURE_OPTIONS = 0"
  },
  {
    rule: "rfc9113-9.2.1-2",
    in: "SECURE_OPTIONS",
    find: "constants.SSL_OP_NO_RENEGOTIATION | constants.SSL_OP_NO_COMPRESSION",
    replace: "constants.SSL_OP_NO_COMPRESSION"
  },
  {
    rule: ["rfc9113-9.2.1-2", "rfc9113-9.2.1-3", "rfc9113-9.2.1-4"],
    in: "endAtRenegotiation",
    find: "socket.disableRenegotiation()",
    replace: ""
  },
  {
    rule: "rfc9113-9.2.1-6",
    in: "MIN_DH_BITS",
    find: "export const MIN_DH_BITS = 2048",
    replace: "export const MIN_DH_BITS = 2049"
  },
  {
    rule: "rfc9113-9.2.1-7",
    in: "MIN_DH_BITS",
    find: "export const MIN_DH_BITS = 2048",
    replace: "export const MIN_DH_BITS = 4097"
  },
  { rule: "rfc9113-9.2.1-6", in: "CIPHERS", find: '  "DHE-RSA-AES128-GCM-SHA256",\n', replace: "" },
  { rule: "rfc9113-9.2.2-2", in: "ephemeralAead", find: "/^TLS_(?:ECDHE|DHE)_", replace: "/^TLS_(?:ECDHE)_" },
  { rule: "rfc9113-9.2.2-3", in: "CIPHERS", find: '  "ECDHE-RSA-AES128-GCM-SHA256",\n', replace: "" }
)

const names = [
  ...edits({
    rule: ["rfc9113-9.2-3", "rfc9113-9.2-4"],
    in: "tlsOptions",
    find: "    servername,\n",
    replace: ""
  }),
  ...edits({
    rule: "rfc9113-9.2-3",
    in: "secure",
    find: "...(SNICallback === undefined ? {} : { SNICallback: guarded(SNICallback) }),",
    replace: "...(SNICallback === undefined ? {} : { timeout: guarded.length }),"
  })
]

const reuse = [
  ...edits({
    rule: "rfc9113-9.1.1-1",
    in: "ReusableConnections.mayCarry",
    find: "return isSameWay && connection.serves(origin) && connection.identity.isValidFor(origin.host)",
    replace: "return isSameWay && connection.serves(origin)"
  }),
  ...edits({
    rule: "rfc8336-2.4-1",
    in: "Http2Connection.serves",
    find: "return originSet === undefined || originSet.has(key)",
    replace: 'return originSet === undefined || key !== ""'
  })
]

const upgrade = edits({
  rule: "rfc9113-8.2.2-4",
  in: "isDropped",
  find: "isConnectionField(name) || done.has(name)",
  replace: '(name !== "keep-alive" && isConnectionField(name)) || done.has(name)'
})

const webSockets = [
  ...edits({
    rule: "rfc8441-4-2",
    in: "open",
    find: "const duplex = new TunnelSocket(",
    replace:
      'Net.connect({ host: "127.0.0.1", port: Number(source.authority.split(":")[1]) }).on("error", () => undefined)\n    const duplex = new TunnelSocket('
  }),
  ...edits({
    rule: "rfc8441-5-2",
    in: "connectFields",
    find: "schemes.get(scheme),\n  authority,",
    replace: 'schemes.get(scheme === "https" ? "wss" : "ws"),\n  authority,'
  }),
  ...edits({
    rule: "rfc9113-5.5-5",
    in: "requireConnectProtocol",
    find: "settings.enableConnectProtocol\n",
    replace: "settings.enableConnectProtocol || settings !== undefined\n"
  }),
  ...edits({
    rule: "rfc8441-5-3",
    in: "isConnectionField",
    find: 'case "upgrade":\n',
    replace: 'case "upgrade-insecure":\n'
  })
]

const tunnels = edits({
  rule: "rfc9113-8.5-3",
  in: "RunningHandler.interrupt",
  find: "this.fiber.unsafeInterruptAsFork(this.abortFiberId)",
  replace: ""
})

const refusals = [
  ...edits({
    rule: ["rfc9113-8.7-1", "rfc9113-8.7-2"],
    in: "ServerRole.openStream",
    find: "if (this.isBeyondLimit(connection)) return this.refuseBeyondLimit(connection, stream)",
    replace:
      "if (this.isBeyondLimit(connection)) {\n      this.runner.start(stream)\n      return this.refuseBeyondLimit(connection, stream)\n    }"
  }),
  ...edits({
    rule: "rfc9113-8.7-2",
    in: "Http2Stream.reset",
    find: "code: isUntrue ? ErrorCode.CANCEL : code,",
    replace: "code: isUntrue ? ErrorCode.REFUSED_STREAM : code,"
  }),
  ...edits({
    rule: "rfc9113-8.7-2",
    in: "Connection.sendLastGoAway",
    find: 'this.sendGoAway(this.acceptedUpTo, ErrorCode.NO_ERROR, "")',
    replace: 'this.sendGoAway(Math.max(0, this.acceptedUpTo - 2), ErrorCode.NO_ERROR, "")'
  })
]

const hints = edits(
  {
    rule: "rfc8297-2-1",
    in: "ClientStream.receiveSection",
    find: `    if (head.status < 200) return this.receiveInformational(head, endStream)
    this.head = head
    if (endStream) this.receiveWhole(head)
    else this.openBody(this.isBodyless(head) ? 0 : head.contentLength)`,
    replace: `    if (head.status < 200) {
      this.expectedOctets = head.contentLength
      return this.receiveInformational(head, endStream)
    }
    this.head = head
    if (endStream) this.receiveWhole(head)
    else this.openBody(head.contentLength < 0 ? this.expectedOctets : head.contentLength)`
  },
  {
    rule: "rfc8297-2-2",
    in: "ClientStream.receiveInformational",
    find: "this.informational++\n",
    replace: 'this.informational++\n    if (head.contentLength > 0) throw this.malformed("8.1.1", "there is no body")\n'
  }
)

export const transport: ReadonlyArray<Mutant> = [
  ...tls,
  ...names,
  ...reuse,
  ...upgrade,
  ...webSockets,
  ...tunnels,
  ...refusals,
  ...hints
]
