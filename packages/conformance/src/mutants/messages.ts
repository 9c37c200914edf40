/** Messages that arrive (RFC 9113 §8), broken where they are judged. */
import { edits, type Mutant } from "../mutant.js"

const rules = edits(
  {
    rule: ["rfc9113-8.2.1-2", "rfc9113-8.2.1-3", "rfc9113-8.2.1-7"],
    in: "isFieldName",
    find: "nameOctets[name.charCodeAt(i)]",
    replace: "nameOctets[name.toLowerCase().charCodeAt(i)]"
  },
  {
    rule: "rfc9113-8.2.1-3",
    in: "isFieldName",
    find: "nameOctets[name.charCodeAt(i)] !== 1",
    replace: "nameOctets[name.charCodeAt(i)] !== 1 && name[i] !== ' '"
  },
  {
    rule: "rfc9113-8.2.1-4",
    in: "isFieldName",
    find: "nameOctets[name.charCodeAt(i)] !== 1",
    replace: "nameOctets[name.charCodeAt(i)] !== 1 && name[i] !== ':'"
  },
  {
    rule: ["rfc9113-8.2.1-2", "rfc9113-8.2.1-5", "rfc9113-8.2.1-7"],
    in: "isFieldValue",
    find: "if (code < 0x20 ? code !== 0x09 :",
    replace: "if (code < 0x20 ? code > 0x09 && code !== 0x0a && code !== 0x0d :"
  },
  {
    rule: "rfc9113-8.2.1-6",
    in: "isFieldValue",
    find: "if (isBlank(value.charCodeAt(0)) || isBlank(value.charCodeAt(length - 1))) return false",
    replace: ""
  },
  {
    rule: "rfc9113-8.2.2-2",
    in: "isConnectionField",
    find: 'case "upgrade":\n      return true',
    replace: 'return true\n    case "upgrade":\n      return false'
  },
  { rule: "rfc9113-8.2.2-2", in: "isConnectionField", find: 'case "transfer-encoding":\n', replace: "" },
  { rule: "rfc9113-8.2.2-2", in: "isConnectionField", find: 'case "connection":\n', replace: "" },
  {
    rule: "rfc9113-8.2.2-3",
    in: "isConnectionSpecific",
    find: 'value.length !== 8 || value.toLowerCase() !== "trailers"',
    replace: '!value.toLowerCase().startsWith("trailers")'
  }
)

const parsing = edits(
  {
    rule: "rfc9113-8.2.1-7",
    in: "fieldViolation",
    find: "if (!isValueAllowed(field)) return new Violation(",
    replace: "if (!isValueAllowed(field) && name === value) return new Violation("
  },
  { rule: "rfc9113-8.2.3-1", in: "regularFields", find: 'crumbs.join("; ")', replace: 'crumbs.join(", ")' },
  {
    rule: ["rfc9113-8.3-2", "rfc9113-8.3-4"],
    in: "requestPseudo",
    find: "if (key === undefined) return new Violation(",
    replace:
      "if (key === undefined) {\n      pseudo.count++\n      continue\n    }\n    if (field.name === field.value) return new Violation("
  },
  {
    rule: "rfc9113-8.3-2",
    in: "responseHead",
    find: "const fields = regularFields(section, 1)",
    replace: 'const fields = regularFields(section, section.fields.filter(({ name }) => name.startsWith(":")).length)'
  },
  {
    rule: "rfc9113-8.3-8",
    in: "requestPseudo",
    find: "if (pseudo[key] !== undefined) return new Violation(",
    replace: "if (pseudo[key] === field.name) return new Violation("
  },
  {
    rule: ["rfc9113-8.3-6"],
    in: "regularFields",
    find: "const { name, value } = field\n",
    replace: 'const { name, value } = field\n    if (pseudoNames[name] !== undefined || name === ":status") continue\n'
  },
  {
    rule: ["rfc9113-8.1-3", "rfc9113-8.3-3"],
    in: "parseTrailers",
    find: "const fields = regularFields(section, 0)",
    replace: 'const fields = regularFields(section, section.fields.filter(({ name }) => name.startsWith(":")).length)'
  },
  {
    rule: "rfc9113-8.3.1-8",
    in: "pseudoViolation",
    find: 'if (isHttp && authority !== undefined && (authority === "" || authority.includes("@"))) {',
    replace: 'if (isHttp && authority !== undefined && authority === "") {'
  },
  {
    rule: "rfc9113-8.3.1-9",
    in: "pseudoViolation",
    find: "if (path === undefined || !Rules.isTarget(path))\n",
    replace: 'if (path === "") return undefined\n  if (path === undefined || !Rules.isTarget(path))\n'
  },
  {
    rule: "rfc9113-8.3.1-12",
    in: "pseudoViolation",
    find: 'if (isHttp && path.charCodeAt(0) !== 0x2f && !(path === "*" && method === "OPTIONS")) {',
    replace: 'if (isHttp && path === "*" && method !== "OPTIONS") {'
  },
  {
    rule: "rfc9113-8.3.1-11",
    in: "pseudoViolation",
    find: 'if (isHttp && path.charCodeAt(0) !== 0x2f && !(path === "*" && method === "OPTIONS")) {',
    replace: "if (isHttp && path.charCodeAt(0) !== 0x2f) {"
  },
  {
    rule: "rfc9113-8.3.1-12",
    in: "pseudoViolation",
    find: "if (scheme === undefined || !Rules.isScheme(scheme))\n",
    replace: "if (scheme !== undefined && !Rules.isScheme(scheme))\n"
  },
  {
    rule: "rfc9113-8.3.1-12",
    in: "pseudoViolation",
    find: "if (method === undefined || !Rules.isMethod(method))\n",
    replace: "if (method !== undefined && !Rules.isMethod(method))\n"
  },
  {
    rule: "rfc9113-8.3.1-1",
    in: "requestHead",
    find: 'authority ?? host ?? "",\n    path',
    replace: 'host ?? authority ?? "",\n    path'
  },
  {
    rule: "rfc9113-8.3.2-1",
    in: "responseHead",
    find: 'if (first?.name !== ":status") return new Violation("8.3.2", "a response begins with :status")',
    replace: 'if (first?.name !== ":status") return new ResponseHead(200, new Headers([]), -1)'
  },
  {
    rule: "rfc9113-8.5-1",
    in: "pseudoViolation",
    find: 'if (scheme !== undefined || path !== undefined) return new Violation("8.5", "CONNECT with :scheme or :path")',
    replace: ""
  },
  {
    rule: "rfc8441-4-1",
    in: "pseudoViolation",
    find: 'if (protocol !== undefined && (method !== "CONNECT" || !connectProtocol || protocol === "")) {',
    replace:
      'if (protocol !== undefined && connectProtocol && (scheme === undefined || path === undefined)) return undefined\n  if (protocol !== undefined && (method !== "CONNECT" || !connectProtocol || protocol === "")) {'
  }
)

const errors = edits(
  {
    rule: "rfc9113-8.1.1-2",
    in: "malformed",
    find: 'code: ErrorCode.PROTOCOL_ERROR,\n    origin: "Local",\n    reason: limit === undefined ? "Protocol" : "Limit",\n    description,\n    section',
    replace:
      'code: ErrorCode.CANCEL,\n    origin: "Local",\n    reason: limit === undefined ? "Protocol" : "Limit",\n    description,\n    section'
  },
  {
    rule: "rfc9113-8.1.1-2",
    in: "lengthError",
    find: 'return Http2Error.streamError(streamId, ErrorCode.PROTOCOL_ERROR, "8.1.1",',
    replace: 'return Http2Error.connectionError(ErrorCode.PROTOCOL_ERROR, "8.1.1",'
  }
)

const streams = [
  ...edits(
    {
      rule: "rfc9113-8.1-4",
      in: "ClientStream.receiveEndSection",
      find: 'if (!endStream) throw this.malformed("8.1", "trailers without END_STREAM")',
      replace: "if (!endStream) return"
    },
    {
      rule: "rfc9113-8.1.1-3",
      in: "ClientStream.receiveWhole",
      find: "if (head.contentLength > 0 && !this.isBodyless(head)) {",
      replace: "if (head.contentLength < -1) {"
    },
    {
      rule: "rfc9113-8.5-2",
      in: "ClientStream.receiveEndSection",
      find: 'if (this.isOpenTunnel) throw this.malformed("8.5", "HEADERS on a tunnel")',
      replace: ""
    }
  ),
  ...edits(
    {
      rule: "rfc9113-8.1-4",
      in: "ServerStream.receiveSection",
      find: "if (!endStream) {\n",
      replace: "if (!endStream && section === undefined) {\n"
    },
    {
      rule: "rfc9113-8.5-2",
      in: "ServerStream.receiveSection",
      find: 'if (this.head.method === "CONNECT") {\n      throw',
      replace: 'if (this.head.method === "") {\n      throw'
    },
    {
      rule: "rfc9113-8.5-2",
      in: "ServerStream.checkResponse",
      find: 'if (trailers !== undefined && this.head.method === "CONNECT" && status < 300) {',
      replace: 'if (trailers !== undefined && this.head.method === "" && status < 300) {'
    }
  ),
  ...edits(
    {
      rule: ["rfc9113-8.1.1-2", "rfc9113-8.1.1-3"],
      in: "Stream.receiveData",
      find: "const isLong = this.expectedOctets >= 0 && this.receivedOctets > this.expectedOctets",
      replace: "const isLong = false"
    },
    {
      rule: ["rfc9113-8.1.1-2", "rfc9113-8.1.1-3"],
      in: "Stream.isShort",
      find: "return this.expectedOctets >= 0 && this.receivedOctets < this.expectedOctets",
      replace: "return false"
    }
  ),
  ...edits({
    rule: "rfc9113-8.1-5",
    in: "ReceivedBody.fail",
    find: "if (this.isOver) return\n    this.failure = error",
    replace: "if (this.failure !== undefined) return\n    this.chunks = []\n    this.failure = error"
  })
]

const authorities = edits({
  rule: "rfc9113-8.3.1-5",
  in: "isSameAuthority",
  find: "if (one.toLowerCase() === other.toLowerCase()) return true\n",
  replace: "if (one !== other) return one.toLowerCase() === other.toLowerCase()\n"
})

export const messages: ReadonlyArray<Mutant> = [...authorities, ...rules, ...parsing, ...errors, ...streams]
