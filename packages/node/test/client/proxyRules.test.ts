import { toOrigin } from "@effect-http2/node/client/origin"
import { fromEnvironment, toRules } from "@effect-http2/node/client/proxyRules"
import { expect, it } from "vitest"

it("rules of proxies, from options and from the environment", () => {
  const of = (rules: ReturnType<typeof toRules>, url: string) => rules?.proxyOf(toOrigin(new URL(url)))?.host
  const noProxy = "example.com, .internal,10.0.0.1:8080 [::1],*.wild.org"
  const rules = toRules({ http: "one:3128", https: "https://two", noProxy })
  const expected: ReadonlyArray<readonly [string, string | undefined]> = [
    ["http://a/", "one:3128"],
    ["https://a/", "two"],
    ["http://example.com/", undefined],
    ["http://www.example.com/", undefined],
    ["http://badexample.com/", "one:3128"],
    ["https://a.internal/", undefined],
    ["http://10.0.0.1:8080/", undefined],
    ["http://10.0.0.1/", "one:3128"],
    ["http://[::1]:99/", undefined],
    ["http://x.wild.org/", undefined]
  ]
  expect(expected.map(([url]) => [url, of(rules, url)])).toEqual(expected)
  expect(toRules({ noProxy: "*" })).toBe(undefined)
  expect(of(toRules({ http: "one", noProxy: ["*"] }), "http://a/")).toBe(undefined)
  expect(of(fromEnvironment({ HTTPS_PROXY: "http://up" }), "https://a/")).toBe("up")
  expect(of(fromEnvironment({ https_proxy: "http://low", HTTPS_PROXY: "http://up" }), "https://a/")).toBe("low")
  expect(of(fromEnvironment({ HTTP_PROXY: "http://up", NO_PROXY: "a" }), "http://a/")).toBe(undefined)
  expect(fromEnvironment({ HTTP_PROXY: "http://evil", REQUEST_METHOD: "GET" })).toBe(undefined)
  expect(fromEnvironment({})).toBe(undefined)
})
