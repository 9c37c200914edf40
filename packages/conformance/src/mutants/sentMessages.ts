/** Messages that are sent (RFC 9113 §8), broken where they are checked and written. */
import { inFile, type Mutant } from "../mutant.js"

const checks = inFile(
  "packages/engine/src/message/outgoing.ts",
  {
    rule: "rfc9113-8.3-1",
    find: "if (name.charCodeAt(0) === 0x3a) return `pseudo-header field ${name} among the headers`",
    replace: "if (name.charCodeAt(0) === 0x3a) return undefined"
  },
  {
    rule: "rfc9113-8.2.2-1",
    find: "if (Rules.isConnectionSpecific(name, value)) return `${name} is connection-specific`",
    replace: ""
  },
  {
    rule: "rfc9113-8.3.1-8",
    find: `if (!Rules.isAuthority(authority) || authority.includes("@")) return`,
    replace: "if (!Rules.isAuthority(authority)) return"
  },
  {
    rule: "rfc9113-8.5-1",
    find: 'return authority === "" ? "CONNECT without an authority" : undefined',
    replace: "return undefined"
  },
  {
    rule: "rfc9113-8.3.1-12",
    find: 'return Rules.isHttpScheme(scheme) && !isPath ? "the path does not begin with /" : undefined',
    replace: "return undefined"
  },
  {
    rule: "rfc9113-8.3.1-11",
    find: 'const isPath = path.charCodeAt(0) === 0x2f || (path === "*" && method === "OPTIONS")',
    replace: "const isPath = path.charCodeAt(0) === 0x2f"
  },
  {
    rule: "rfc9113-8.3.1-3",
    find: "if (host !== undefined && !isSameAuthority(scheme, host, authority)) {",
    replace: 'if (host !== undefined && authority === "") {'
  },
  {
    rule: "rfc9113-8.3.1-2",
    find: "if (host !== undefined && !isSameAuthority(scheme, host, authority)) {",
    replace: 'if (host !== undefined && authority !== "" && !isSameAuthority(scheme, host, authority)) {'
  }
)

const pseudo = inFile(
  "packages/engine/src/message/requestPseudo.ts",
  {
    rule: "rfc9113-8.3.1-12",
    find: 'if (method !== "CONNECT") fields.push(remembered(schemes, ":scheme", scheme))',
    replace: ""
  },
  {
    rule: "rfc9113-8.3.1-2",
    find: 'if (authority.value !== "") fields.push(authority)',
    replace: "fields.push(authority)"
  },
  {
    rule: "rfc9113-8.3.1-2",
    find: 'if (authority.value !== "") fields.push(authority)',
    replace: 'if (authority.value !== "") fields.push(new HeaderField("host", authority.value))'
  },
  {
    rule: "rfc9113-8.5-1",
    find: 'if (method !== "CONNECT") fields.push(new HeaderField(":path", path))',
    replace: 'fields.push(new HeaderField(":path", path))'
  },
  {
    rule: "rfc9113-8.3-7",
    find: 'const fields = [remembered(methods, ":method", method)]',
    replace: 'const fields = [remembered(methods, ":method", method), remembered(methods, ":method", method)]'
  },
  {
    rule: "rfc8441-4-1",
    find: '  authority,\n  new HeaderField(":path", path)\n]',
    replace: "  authority\n]"
  },
  {
    rule: "rfc8441-5-1",
    find: 'new HeaderField(":protocol", protocol)',
    replace: 'new HeaderField(":protocol", "echo")'
  }
)

const defaults = inFile("packages/http2/src/internal/prepareRequest.ts", {
  rule: "rfc9113-8.3.1-10",
  find: 'path = "/", scheme',
  replace: 'path = "", scheme'
})

const writing = [
  ...inFile("packages/engine/src/fields/fieldEncoder.ts", {
    rule: "rfc9113-8.3-5",
    find: "let end = encoder.encodeInto(pseudo, octets, at)\n    end = encoder.encodeInto(fields, octets, end)",
    replace: "let end = encoder.encodeInto(fields, octets, at)\n    end = encoder.encodeInto(pseudo, octets, end)"
  }),
  ...inFile("packages/engine/src/stream/streamCore.ts", {
    rule: ["rfc9113-8.1-2"],
    find: "outbox.headers(this.id, [], trailers.fields, [], true)",
    replace:
      'outbox.headers(this.id, [{ name: ":status", value: "200", sensitive: false, size: 42 }], trailers.fields, [], true)'
  }),
  ...inFile("packages/engine/src/server/serverStream.ts", {
    rule: "rfc9113-8.3.2-1",
    find: 'this.checkHead(status, headers, date)\n    this.response = "head"\n    this.sendHead(statusField(status), headers,',
    replace: 'this.checkHead(status, headers, date)\n    this.response = "head"\n    this.sendHead(noFields, headers,'
  }),
  ...inFile("packages/engine/src/Headers.ts", {
    rule: "rfc9113-8.2-1",
    find: "const lower = name.toLowerCase()",
    replace: "const lower = name"
  }),
  ...inFile(
    "packages/http2/src/internal/bodyWriter.ts",
    {
      rule: "rfc9113-8.1.1-1",
      find: "if (core.announcedBytes >= 0 && sent > core.announcedBytes) return Effect.fail(lengthError(core))",
      replace: ""
    },
    {
      rule: "rfc9113-8.1.1-1",
      find: "sent < core.announcedBytes ? Effect.fail(lengthError(core)) : writeTrailers(core, trailers)",
      replace: "writeTrailers(core, trailers)"
    }
  )
]

export const sentMessages: ReadonlyArray<Mutant> = [...checks, ...pseudo, ...defaults, ...writing]
