/** Section 8 of RFC 9113, receiving: which field sections are messages, and which are malformed. */
import * as Headers from "@effect-http2/engine/Headers"
import { describe, expect, it } from "vitest"
import { parseRequest, parseResponse, parseTrailers } from "@effect-http2/engine/message/message"
import { FieldSection, type RequestHead, type ResponseHead, Violation } from "@effect-http2/engine/fields/messageHead"
import { get, ok, type Pairs, post } from "@effect-http2/testkit/fieldBlock"
import { fieldsOf } from "./support/wire.js"

const section = (pairs: Pairs, overflow: "none" | "size" | "count" = "none") =>
  new FieldSection(fieldsOf(pairs), overflow)

const request = (pairs: Pairs, connectProtocol = false): RequestHead => {
  const head = parseRequest(section(pairs), connectProtocol)
  if (head instanceof Violation) throw new Error(head.description)
  return head
}

const response = (pairs: Pairs): ResponseHead => {
  const head = parseResponse(section(pairs))
  if (head instanceof Violation) throw new Error(head.description)
  return head
}

/** A request with one pseudo-header field changed, or left out. */
const withPseudo = (name: string, value: string | undefined, from: Pairs = get): Pairs =>
  from.flatMap(([key, old]) =>
    key !== name ? [[key, old] as const] : value === undefined ? [] : [[key, value] as const]
  )

describe("a request", () => {
  it("is made of its pseudo-header fields and the fields behind them", () => {
    const head = request([...post, ["content-length", "12"], ["x-a", "1"], ["x-a", "2"], ["expect", "100-Continue"]])
    expect(head).toMatchObject({
      method: "POST",
      scheme: "http",
      authority: "test",
      path: "/",
      protocol: undefined,
      contentLength: 12,
      expectsContinue: true
    })
    expect([...head.headers].map(([name]) => name)).toEqual(["content-length", "x-a", "x-a", "expect"])
  })

  it.each<readonly [what: string, pairs: Pairs, authority: string]>([
    ["pseudo-header fields in any order", [...get].reverse(), "test"],
    ["host in the place of :authority", [...withPseudo(":authority", undefined), ["host", "other"]], "other"],
    ["host beside the same :authority [rfc9113-8.3.1-5]", [...get, ["host", "TEST"]], "test"],
    ["host with the port that the scheme has anyway [rfc9113-8.3.1-5]", [...get, ["host", "test:80"]], "test"],
    [
      "host without it, beside an :authority that has it [rfc9113-8.3.1-5]",
      [...withPseudo(":scheme", "https", withPseudo(":authority", "test:443")), ["host", "Test"]],
      "test:443"
    ],
    ["neither", withPseudo(":authority", undefined), ""],
    ["* with OPTIONS [rfc9113-8.3.1-11]", withPseudo(":path", "*", withPseudo(":method", "OPTIONS")), "test"],
    ["another method", withPseudo(":method", "M-SEARCH"), "test"],
    ["another scheme", [...withPseudo(":scheme", "coap", withPseudo(":authority", ""))], ""],
    ["a query", withPseudo(":path", "/a?b=c%20d&e=[f]"), "test"],
    ["te: trailers", [...get, ["te", "trailers"]], "test"],
    ["an empty value", [...get, ["x", ""]], "test"],
    [
      "a :path with raw octets beyond ASCII, as curl sends them",
      [...get.filter(([name]) => name !== ":path"), [":path", "/\xc3\xa9"]],
      "test"
    ],
    ["obs-text and inner blanks in a value", [...get, ["x", "a \t\xff b"]], "test"]
  ])("may have %s", (_what, pairs, authority) => {
    expect(request(pairs).authority).toBe(authority)
  })

  it("[rfc9113-8.5-1] CONNECT has only :method and :authority", () => {
    const connect: Pairs = [
      [":method", "CONNECT"],
      [":authority", "host:443"]
    ]
    expect(request(connect)).toMatchObject({ method: "CONNECT", authority: "host:443", scheme: "", path: "" })
    for (const more of [
      [":scheme", "https"],
      [":path", "/"]
    ] as const) {
      expect(parseRequest(section([...connect, more]), false)).toMatchObject({ section: "8.5" })
    }
    expect(parseRequest(section([[":method", "CONNECT"]]), false)).toMatchObject({ section: "8.5" })
  })

  it("RFC 8441 §4: extended CONNECT has all of them, where it was announced", () => {
    const connect: Pairs = [...withPseudo(":method", "CONNECT"), [":protocol", "websocket"]]
    expect(request(connect, true)).toMatchObject({ method: "CONNECT", protocol: "websocket", path: "/" })
    expect(parseRequest(section(connect), false)).toBeInstanceOf(Violation)
    expect(parseRequest(section([...get, [":protocol", "websocket"]]), true)).toBeInstanceOf(Violation)
    expect(parseRequest(section(withPseudo(":protocol", "", connect)), true)).toBeInstanceOf(Violation)
    expect(parseRequest(section(withPseudo(":path", undefined, connect)), true)).toBeInstanceOf(Violation)
  })

  it("[rfc9113-8.2.3-1] has its cookie crumbs joined", () => {
    const head = request([...get, ["cookie", "a=1"], ["x", "y"], ["cookie", "b=2"], ["cookie", "c=3"]])
    expect([...head.headers]).toEqual([
      ["cookie", "a=1; b=2; c=3"],
      ["x", "y"]
    ])
  })

  it("is judged once for a section", () => {
    const once = section(get)
    expect(parseRequest(once, false)).toBe(parseRequest(once, false))
  })

  it("too large is told from malformed", () => {
    for (const overflow of ["size", "count"] as const) {
      expect(parseRequest(section(get, overflow), false)).toMatchObject({ isTooLarge: true, section: "10.5.1" })
    }
    expect(parseRequest(section([]), false)).toMatchObject({ isTooLarge: false })
  })
})

const chars = (codes: ReadonlyArray<number>): ReadonlyArray<string> => codes.map((code) => String.fromCharCode(code))
const range = (from: number, to: number): ReadonlyArray<number> =>
  Array.from({ length: to - from + 1 }, (_, i) => from + i)

const malformed: ReadonlyArray<readonly [rule: string, what: string, pairs: Pairs]> = [
  ["[rfc9113-8.3.1-12]", "no :method", withPseudo(":method", undefined)],
  ["[rfc9113-8.3.1-12]", "no :scheme", withPseudo(":scheme", undefined)],
  ["[rfc9113-8.3.1-12]", "no :path", withPseudo(":path", undefined)],
  ["[rfc9113-8.3.1-12]", "an empty :method", withPseudo(":method", "")],
  ["[rfc9113-8.3.1-12]", "an empty :scheme", withPseudo(":scheme", "")],
  ["[rfc9113-8.3.1-9]", "an empty :path", withPseudo(":path", "")],
  ["[rfc9113-8.3.1-12]", "a :path without /", withPseudo(":path", "a")],
  ["[rfc9113-8.3.1-11]", "* with GET", withPseudo(":path", "*")],
  ["smuggling:", "a :path with a blank", withPseudo(":path", "/a HTTP/1.1")],
  ["smuggling:", "a :path with CR LF", withPseudo(":path", "/a\r\nhost: b")],
  ["smuggling:", "a :path with NUL", withPseudo(":path", "/a\0")],
  ["smuggling:", "a :path with a fragment", withPseudo(":path", "/a#b")],
  ["smuggling:", "a :method with a blank", withPseudo(":method", "GET /")],
  ["smuggling:", "a :method with CR LF", withPseudo(":method", "GET\r\n")],
  ["smuggling:", "a :scheme with a blank", withPseudo(":scheme", "http x")],
  ["smuggling:", "a :scheme with a slash", withPseudo(":scheme", "http://a/")],
  ["smuggling:", "a :scheme with CR LF", withPseudo(":scheme", "http\r\nx")],
  ["smuggling:", "an :authority with a blank", withPseudo(":authority", "a b")],
  ["smuggling:", "an :authority with a path", withPseudo(":authority", "a/b")],
  ["smuggling:", "an :authority with CR LF", withPseudo(":authority", "a\r\nx: y")],
  ["§8.3.1:", "an empty :authority", withPseudo(":authority", "")],
  ["[rfc9113-8.3.1-8]", "userinfo in :authority", withPseudo(":authority", "user@test")],
  ["[rfc9113-8.3.1-4]", "host that differs from :authority", [...get, ["host", "other"]]],
  ["[rfc9113-8.3.1-5]", "host with the port of another scheme", [...get, ["host", "test:443"]]],
  ["smuggling:", "host twice", [...withPseudo(":authority", undefined), ["host", "a"], ["host", "a"]]],
  ["smuggling:", "a host with a blank", [...withPseudo(":authority", undefined), ["host", "a b"]]],
  ["[rfc9113-8.3-8]", ":path twice", [...get, [":path", "/"]]],
  ["[rfc9113-8.3-8]", ":method twice", [[":method", "GET"], ...get]],
  ["[rfc9113-8.3-6]", "a pseudo-header field behind a field", [...get.slice(0, 3), ["x", "y"], [":path", "/"]]],
  ["[rfc9113-8.3-2]", ":status", [...get, [":status", "200"]]],
  ["[rfc9113-8.3-4]", "an unknown pseudo-header field", [...get, [":foo", "bar"]]],
  ["[rfc9113-8.3-4]", "a pseudo-header field with an upper case letter", [[":Method", "GET"], ...get]],
  ["CVE-2019-9516:", "a field without a name", [...get, ["", "x"]]],
  ["[rfc9113-8.2.1-4]", "a colon in a name", [...get, ["a:b", "x"]]],
  ["[rfc9113-8.2.2-2]", "connection", [...get, ["connection", "close"]]],
  ["[rfc9113-8.2.2-2]", "proxy-connection", [...get, ["proxy-connection", "close"]]],
  ["[rfc9113-8.2.2-2]", "keep-alive", [...get, ["keep-alive", "5"]]],
  ["[rfc9113-8.2.2-2]", "transfer-encoding", [...get, ["transfer-encoding", "chunked"]]],
  ["[rfc9113-8.2.2-2]", "upgrade", [...get, ["upgrade", "h2c"]]],
  ["[rfc9113-8.2.2-3]", "te: gzip", [...get, ["te", "gzip"]]],
  ["[rfc9113-8.2.2-3]", "te: trailers, gzip", [...get, ["te", "trailers, gzip"]]],
  ["smuggling:", "content-length twice, the same", [...post, ["content-length", "1"], ["content-length", "1"]]],
  ["smuggling:", "content-length twice, different", [...post, ["content-length", "1"], ["content-length", "2"]]],
  ...["", "+1", "-1", "1,1", "0x1", "1 ", "1e3", "٣", "99999999999999999"].map(
    (value) =>
      ["smuggling:", `content-length ${JSON.stringify(value)}`, [...post, ["content-length", value]] as Pairs] as const
  )
]

describe("a malformed request", () => {
  it.each(malformed)("%s %s", (_rule, _what, pairs) => {
    expect(parseRequest(section(pairs), false)).toMatchObject({ _tag: "Violation", isTooLarge: false })
  })

  it("[rfc9113-8.2.1-3] [rfc9113-8.2.1-1] no octet in a name but those of a token in lower case", () => {
    const token = new Set("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz")
    for (const char of chars(range(0, 255))) {
      for (const name of [`a${char}b`, char]) {
        const head = parseRequest(section([...get, [name, "x"]]), false)
        expect(head instanceof Violation, JSON.stringify(name)).toBe(!token.has(char))
      }
    }
  })

  it("[rfc9113-8.2.1-5] [rfc9113-8.2.1-7] no NUL, CR or LF in a value at any position", () => {
    for (const char of "\0\r\n") {
      for (const value of [char, `${char}b`, `a${char}b`, `a${char}`]) {
        expect(parseRequest(section([...get, ["x", value]]), false), JSON.stringify(value)).toBeInstanceOf(Violation)
      }
    }
  })

  it("[rfc9113-8.2.1-1] no octet in a value but those of a field value of HTTP: no control but the tab", () => {
    for (const char of chars(range(0, 255))) {
      const code = char.charCodeAt(0)
      const isAllowed = code === 0x09 || (code >= 0x20 && code !== 0x7f)
      const value = `a${char}b`
      expect(parseRequest(section([...get, ["x", value]]), false) instanceof Violation, value).toBe(!isAllowed)
      expect(parseResponse(section([...ok, ["x", value]])) instanceof Violation, value).toBe(!isAllowed)
      expect(parseTrailers(section([["x", value]])) instanceof Violation, value).toBe(!isAllowed)
    }
  })

  it("[rfc9113-8.2.1-6] no blank at the ends of a value", () => {
    for (const value of [" a", "a ", "\ta", "a\t", " ", "\t"]) {
      expect(parseRequest(section([...get, ["x", value]]), false)).toBeInstanceOf(Violation)
    }
  })
})

describe("a response", () => {
  it("is made of its :status and the fields behind it", () => {
    expect(response([...ok, ["content-length", "3"], ["x", "y"]])).toMatchObject({ status: 200, contentLength: 3 })
    expect(response([[":status", "999"]]).status).toBe(999)
    expect(
      response([
        [":status", "103"],
        ["link", "</a>"]
      ]).headers
    ).toBeInstanceOf(Headers.Headers)
  })

  it.each<readonly [rule: string, what: string, pairs: Pairs]>([
    ["[rfc9113-8.3.2-1]", "nothing", []],
    ["[rfc9113-8.3.2-1]", "no :status", [["x", "y"]]],
    ["[rfc9113-8.3-6]", ":status behind a field", [["x", "y"], ...ok]],
    ["[rfc9113-8.3-8]", ":status twice", [...ok, ...ok]],
    ["[rfc9113-8.3-2]", ":path", [...ok, [":path", "/"]]],
    ["§8.6:", "101", [[":status", "101"]]],
    ...["", "20", "2000", "0200", "099", "abc", "20x", " 200", "+20", "1e2"].map(
      (value) => ["§8.3.2:", `:status ${JSON.stringify(value)}`, [[":status", value]] as Pairs] as const
    ),
    ["[rfc9113-8.2.1-3]", "an upper case name", [...ok, ["X", "y"]]],
    ["[rfc9113-8.2.1-5]", "CR LF in a value", [...ok, ["x", "a\r\nb"]]],
    ["[rfc9113-8.2.2-2]", "connection", [...ok, ["connection", "close"]]],
    ["[rfc9113-8.2.2-3]", "te: gzip", [...ok, ["te", "gzip"]]],
    ["smuggling:", "content-length twice", [...ok, ["content-length", "1"], ["content-length", "1"]]],
    ["smuggling:", "content-length that is no number", [...ok, ["content-length", "x"]]]
  ])("%s is malformed with %s", (_rule, _what, pairs) => {
    expect(parseResponse(section(pairs))).toBeInstanceOf(Violation)
  })

  it("may be too large", () => {
    expect(parseResponse(section(ok, "size"))).toMatchObject({ isTooLarge: true })
  })
})

describe("trailers", () => {
  it("are fields", () => {
    const trailers = parseTrailers(section([["grpc-status", "0"]]))
    expect(trailers instanceof Headers.Headers && trailers.get("grpc-status")).toBe("0")
  })

  it.each<readonly [rule: string, what: string, pairs: Pairs]>([
    ["[rfc9113-8.1-3] [rfc9113-8.3-3]", "a pseudo-header field", [[":status", "200"]]],
    [
      "[rfc9113-8.3-3]",
      "a pseudo-header field behind a field",
      [
        ["x", "y"],
        [":path", "/"]
      ]
    ],
    ["[rfc9113-8.2.2-2]", "connection", [["connection", "close"]]],
    ["[rfc9113-8.2.1-3]", "an upper case name", [["X", "y"]]]
  ])("%s are malformed with %s", (_rule, _what, pairs) => {
    expect(parseTrailers(section(pairs))).toBeInstanceOf(Violation)
  })

  it("may be too large", () => {
    expect(parseTrailers(section([], "count"))).toMatchObject({ isTooLarge: true })
  })
})
