/** Messages that are sent (RFC 9113 §8), broken where they are checked and written. */
import { edits, type Mutant } from "../mutant.js"

const checks = edits(
  {
    rule: "rfc9113-8.3-1",
    in: "violation",
    find: "if (name.charCodeAt(0) === 0x3a) return `pseudo-header field ${name} among the headers`",
    replace: "if (name.charCodeAt(0) === 0x3a) return undefined"
  },
  {
    rule: "rfc9113-8.2.2-1",
    in: "violation",
    find: "if (Rules.isConnectionSpecific(name, value)) return `${name} is connection-specific`",
    replace: ""
  },
  {
    rule: "rfc9113-8.3.1-8",
    in: "targetViolation",
    find: `if (!Rules.isAuthority(authority) || authority.includes("@")) return`,
    replace: "if (!Rules.isAuthority(authority)) return"
  },
  {
    rule: "rfc9113-8.5-1",
    in: "targetViolation",
    find: 'return authority === "" ? "CONNECT without an authority" : undefined',
    replace: "return undefined"
  },
  {
    rule: "rfc9113-8.3.1-12",
    in: "targetViolation",
    find: 'return Rules.isHttpScheme(scheme) && !isPath ? "the path does not begin with /" : undefined',
    replace: "return undefined"
  },
  {
    rule: "rfc9113-8.3.1-11",
    in: "targetViolation",
    find: 'const isPath = path.charCodeAt(0) === 0x2f || (path === "*" && method === "OPTIONS")',
    replace: "const isPath = path.charCodeAt(0) === 0x2f"
  },
  {
    rule: "rfc9113-8.3.1-3",
    in: "checkTarget",
    find: "if (host !== undefined && !isSameAuthority(scheme, host, authority)) {",
    replace: 'if (host !== undefined && authority === "") {'
  },
  {
    rule: "rfc9113-8.3.1-2",
    in: "checkTarget",
    find: "if (host !== undefined && !isSameAuthority(scheme, host, authority)) {",
    replace: 'if (host !== undefined && authority !== "" && !isSameAuthority(scheme, host, authority)) {'
  }
)

const pseudo = edits(
  {
    rule: "rfc9113-8.3.1-12",
    in: "pseudoFields",
    find: 'if (method !== "CONNECT") fields.push(schemes.get(scheme))',
    replace: ""
  },
  {
    rule: "rfc9113-8.3.1-2",
    in: "pseudoFields",
    find: 'if (authority.value !== "") fields.push(authority)',
    replace: "fields.push(authority)"
  },
  {
    rule: "rfc9113-8.3.1-2",
    in: "pseudoFields",
    find: 'if (authority.value !== "") fields.push(authority)',
    replace: 'if (authority.value !== "") fields.push(new HeaderField("host", authority.value))'
  },
  {
    rule: "rfc9113-8.5-1",
    in: "pseudoFields",
    find: 'if (method !== "CONNECT") fields.push(new HeaderField(":path", path))',
    replace: 'fields.push(new HeaderField(":path", path))'
  },
  {
    rule: "rfc9113-8.3-7",
    in: "pseudoFields",
    find: "const fields = [methods.get(method)]",
    replace: "const fields = [methods.get(method), methods.get(method)]"
  },
  {
    rule: "rfc8441-4-1",
    in: "connectFields",
    find: '  authority,\n  new HeaderField(":path", path)\n]',
    replace: "  authority\n]"
  },
  {
    rule: "rfc8441-5-1",
    in: "connectFields",
    find: 'new HeaderField(":protocol", protocol)',
    replace: 'new HeaderField(":protocol", "echo")'
  }
)

const defaults = edits({
  rule: "rfc9113-8.3.1-10",
  in: "prepare",
  find: 'path = "/", scheme',
  replace: 'path = "", scheme'
})

const writing = [
  ...edits({
    rule: "rfc9113-8.3-5",
    in: "FieldEncoder.encode",
    find: "let end = encoder.encodeInto(pseudo, octets, at)\n    end = encoder.encodeInto(fields, octets, end)",
    replace: "let end = encoder.encodeInto(fields, octets, at)\n    end = encoder.encodeInto(pseudo, octets, end)"
  }),
  ...edits({
    rule: ["rfc9113-8.1-2"],
    in: "Stream.sendLast",
    find: "outbox.headers(this.id, [], trailers.fields, [], true)",
    replace:
      'outbox.headers(this.id, [{ name: ":status", value: "200", sensitive: false, size: 42 }], trailers.fields, [], true)'
  }),
  ...edits({
    rule: "rfc9113-8.3.2-1",
    in: "ServerStream.respond",
    find: 'this.checkHead(status, headers, date)\n    this.response = "head"\n    this.status = status\n    this.sendHead(statusFields.get(status), headers,',
    replace:
      'this.checkHead(status, headers, date)\n    this.response = "head"\n    this.status = status\n    this.sendHead(noFields, headers,'
  }),
  ...edits({
    rule: "rfc9113-8.2-1",
    in: "make",
    find: "const lower = name.toLowerCase()",
    replace: "const lower = name"
  }),
  ...edits(
    {
      rule: "rfc9113-8.1.1-1",
      in: "SentBody.push",
      find: "if (announcedOctets >= 0 && this.octets > announcedOctets) return this.lengthError",
      replace: ""
    },
    {
      rule: "rfc9113-8.1.1-1",
      in: "SentBody.shortness",
      find: "return this.octets < this.stream.announcedOctets ? this.lengthError : undefined",
      replace: "return undefined"
    }
  )
]

export const sentMessages: ReadonlyArray<Mutant> = [...checks, ...pseudo, ...defaults, ...writing]
