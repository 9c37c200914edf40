/** Section 8 of RFC 9113, sending: what may be given to be sent. */
import * as Headers from "@effect-http2/engine/Headers"
import { describe, expect, it } from "vitest"
import { check } from "@effect-http2/engine/message/outgoing"

const failureOf = (input: Headers.Input): unknown => {
  try {
    return check(Headers.make(input))
  } catch (error) {
    return error
  }
}

describe("outgoing", () => {
  it("knows what it has checked", () => {
    const headers = Headers.make({ date: "today", "content-length": "5", "x-a": ["1", "2"] })
    const size = 4 + 5 + 32 + 14 + 1 + 32 + 2 * (3 + 1 + 32)
    expect(check(headers)).toEqual({ hasDate: true, contentLength: 5, host: undefined, size })
    expect(check(headers)).toBe(check(headers))
    expect(check(Headers.empty)).toEqual({ hasDate: false, contentLength: -1, host: undefined, size: 0 })
    // Another instance was asked for in between.
    expect(check(headers)).toEqual({ hasDate: true, contentLength: 5, host: undefined, size })
  })

  it("[rfc9113-8.2-1] names go out in lower case", () => {
    expect([...Headers.make({ "X-Upper": "Value" })]).toEqual([["x-upper", "Value"]])
  })

  it.each<readonly [rule: string, what: string, input: Headers.Input]>([
    ["[rfc9113-8.3-1]", "a pseudo-header field", { ":path": "/" }],
    ["[rfc9113-8.3-1]", "any name with a colon", { "a:b": "c" }],
    ["[rfc9113-8.2.2-1]", "connection", { Connection: "close" }],
    ["[rfc9113-8.2.2-1]", "proxy-connection", { "proxy-connection": "close" }],
    ["[rfc9113-8.2.2-1]", "keep-alive", { "keep-alive": "5" }],
    ["[rfc9113-8.2.2-1]", "transfer-encoding", { "transfer-encoding": "chunked" }],
    ["[rfc9113-8.2.2-1]", "upgrade", { upgrade: "h2c" }],
    ["[rfc9113-8.2.2-3]", "te: gzip", { te: "gzip" }],
    ["[rfc9113-8.2.1-5]", "CR LF in a value", { x: "a\r\nb: c" }],
    ["[rfc9113-8.2.1-5]", "NUL in a value", { x: "a\0" }],
    ["[rfc9113-8.2.1-1]", "a control in a value", { x: "a\x7f" }],
    ["[rfc9113-8.2.1-6]", "a blank before a value", { x: " a" }],
    ["[rfc9113-8.2.1-3]", "a blank in a name", { "x y": "a" }],
    ["[rfc9113-8.2.1-3]", "an empty name", [["", "a"]]],
    ["§8.2.1:", "a character that is no octet in a value", { x: "\u20ac" }],
    ["§8.2.1:", "a character that is no octet in a name", { "\u20ac": "x" }],
    ["§8.1.1:", "content-length that is no number", { "content-length": "five" }]
  ])("%s refuses %s, as misuse", (_rule, _what, input) => {
    expect(failureOf(input)).toMatchObject({ _tag: "Http2StreamError", origin: "User", processed: "no" })
  })

  it("lets the rest through", () => {
    expect(
      failureOf({ te: "trailers", "x-y": "a b\tc\xff", cookie: "a=b", "content-length": "0", empty: "" })
    ).toMatchObject({
      contentLength: 0
    })
  })
})
