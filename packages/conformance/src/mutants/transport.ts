/** TLS (RFC 9113 §3.2, §3.3, §9.2), the reuse of connections (§9.1.1), and what else meets HTTP/2 from outside, broken. */
import { inFile, type Mutant } from "../mutant.js"

const tls = inFile(
  "packages/platform-node/src/internal/tlsPolicy.ts",
  {
    rule: "rfc9113-3.2-1",
    find: 'if (alpnProtocols.includes("h2c")) throw',
    replace: 'if (alpnProtocols.includes("h1c")) throw'
  },
  {
    rule: "rfc9113-3.3-1",
    find: "if (protocol === undefined ? requireAlpn :",
    replace: "if (protocol === undefined ? false :"
  },
  {
    rule: "rfc9113-9.2-1",
    find: 'export const MIN_VERSION = "TLSv1.2"',
    replace: 'export const MIN_VERSION = "TLSv1"'
  },
  {
    rule: ["rfc9113-9.2.1-1", "rfc9113-10.6-3"],
    find: "constants.SSL_OP_NO_RENEGOTIATION | constants.SSL_OP_NO_COMPRESSION",
    replace: "constants.SSL_OP_NO_RENEGOTIATION"
  },
  {
    rule: "rfc9113-9.2.1-1",
    find: "SERVER_SECURE_OPTIONS = constants.SSL_OP_NO_COMPRESSION",
    replace: "SERVER_SECURE_OPTIONS = 0"
  },
  {
    rule: "rfc9113-9.2.1-2",
    find: "constants.SSL_OP_NO_RENEGOTIATION | constants.SSL_OP_NO_COMPRESSION",
    replace: "constants.SSL_OP_NO_COMPRESSION"
  },
  {
    rule: ["rfc9113-9.2.1-2", "rfc9113-9.2.1-3", "rfc9113-9.2.1-4"],
    find: "socket.disableRenegotiation()",
    replace: ""
  },
  { rule: "rfc9113-9.2.1-6", find: "export const MIN_DH_BITS = 2048", replace: "export const MIN_DH_BITS = 2049" },
  { rule: "rfc9113-9.2.1-7", find: "export const MIN_DH_BITS = 2048", replace: "export const MIN_DH_BITS = 4097" },
  { rule: "rfc9113-9.2.1-6", find: '  "DHE-RSA-AES128-GCM-SHA256",\n', replace: "" },
  { rule: "rfc9113-9.2.2-2", find: "/^TLS_(?:ECDHE|DHE)_", replace: "/^TLS_(?:ECDHE)_" },
  { rule: "rfc9113-9.2.2-3", find: '  "ECDHE-RSA-AES128-GCM-SHA256",\n', replace: "" }
)

const names = [
  ...inFile("packages/platform-node/src/NodeTransport.ts", {
    rule: ["rfc9113-9.2-3", "rfc9113-9.2-4"],
    find: "    servername,\n",
    replace: ""
  }),
  ...inFile("packages/platform-node/src/NodeListener.ts", {
    rule: "rfc9113-9.2-3",
    find: "...(SNICallback === undefined ? {} : { SNICallback: guarded(SNICallback) }),",
    replace: "...(SNICallback === undefined ? {} : { timeout: guarded.length }),"
  })
]

const reuse = [
  ...inFile("packages/platform-node/src/internal/client/sharing.ts", {
    rule: "rfc9113-9.1.1-1",
    find: "return isSameWay && place.serves(origin) && place.identity.isValidFor(origin.host)",
    replace: "return isSameWay && place.serves(origin)"
  }),
  ...inFile("packages/platform-node/src/internal/client/http2Connection.ts", {
    rule: "rfc8336-2.4-1",
    find: "return originSet === undefined || originSet.has(key)",
    replace: 'return originSet === undefined || key !== ""'
  })
]

const upgrade = inFile("packages/platform-node/src/internal/server/h2cUpgrade.ts", {
  rule: "rfc9113-8.2.2-4",
  find: '  "keep-alive",\n',
  replace: ""
})

const webSockets = [
  ...inFile("packages/platform-node/src/internal/server/webSocket.ts", {
    rule: "rfc8441-4-2",
    find: "const duplex = new TunnelSocket(",
    replace:
      'Net.connect({ host: "127.0.0.1", port: Number(source.authority.split(":")[1]) }).on("error", () => undefined)\n    const duplex = new TunnelSocket('
  }),
  ...inFile("packages/engine/src/message/requestPseudo.ts", {
    rule: "rfc8441-5-2",
    find: 'remembered(schemes, ":scheme", scheme),\n  authority,',
    replace: 'remembered(schemes, ":scheme", scheme === "https" ? "wss" : "ws"),\n  authority,'
  }),
  ...inFile("packages/http2/src/Http2Client.ts", {
    rule: "rfc9113-5.5-5",
    find: "settings.enableConnectProtocol\n",
    replace: "settings.enableConnectProtocol || settings !== undefined\n"
  }),
  ...inFile("packages/engine/src/fields/fieldRules.ts", {
    rule: "rfc8441-5-3",
    find: 'case "upgrade":\n',
    replace: 'case "upgrade-insecure":\n'
  })
]

const tunnels = inFile("packages/http2/src/internal/handlers.ts", {
  rule: "rfc9113-8.5-3",
  find: "this.fiber.unsafeInterruptAsFork(this.abortFiberId)",
  replace: ""
})

const refusals = [
  ...inFile("packages/engine/src/server/serverRole.ts", {
    rule: ["rfc9113-8.7-1", "rfc9113-8.7-2"],
    find: "if (this.isBeyondLimit(connection)) return this.refuseBeyondLimit(connection, stream)",
    replace:
      "if (this.isBeyondLimit(connection)) {\n      this.runner.start(stream)\n      return this.refuseBeyondLimit(connection, stream)\n    }"
  }),
  ...inFile("packages/http2/src/Http2Stream.ts", {
    rule: "rfc9113-8.7-2",
    find: "code: isUntrue ? ErrorCode.CANCEL : code,",
    replace: "code: isUntrue ? ErrorCode.REFUSED_STREAM : code,"
  }),
  ...inFile("packages/http2/src/internal/shutdown.ts", {
    rule: "rfc9113-8.7-2",
    find: 'core.sendGoAway(core.acceptedUpTo, ErrorCode.NO_ERROR, "")',
    replace: 'core.sendGoAway(Math.max(0, core.acceptedUpTo - 2), ErrorCode.NO_ERROR, "")'
  })
]

const hints = inFile(
  "packages/engine/src/client/clientStream.ts",
  {
    rule: "rfc8297-2-1",
    find: `    if (head.status < 200) return this.receiveInformational(head, endStream)
    this.head = head
    if (endStream) this.receiveWhole(head)
    else this.openBody(this.isBodyless(head) ? 0 : head.contentLength)`,
    replace: `    if (head.status < 200) {
      this.expectedBytes = head.contentLength
      return this.receiveInformational(head, endStream)
    }
    this.head = head
    if (endStream) this.receiveWhole(head)
    else this.openBody(head.contentLength < 0 ? this.expectedBytes : head.contentLength)`
  },
  {
    rule: "rfc8297-2-2",
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
