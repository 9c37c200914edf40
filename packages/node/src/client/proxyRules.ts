/**
 * Which requests go through a proxy, and through which.
 *
 * @since 0.1.0
 */
import type { Origin } from "./origin.js"

/**
 * Proxies by the scheme of what is asked for, as URLs: `http://[user:password@]host:port`, or `https:` for one that is spoken to over TLS.
 *
 * @since 0.1.0
 * @category models
 */
export interface ProxyOptions {
  readonly http?: string | undefined
  readonly https?: string | undefined
  /** Hosts that are asked without a proxy, in the form of NO_PROXY: `localhost,.example.com,10.0.0.1:8080`, or `*`. */
  readonly noProxy?: string | ReadonlyArray<string> | undefined
}

export interface ProxyRules {
  /** The proxy for an origin, where there is one. */
  readonly proxyOf: (origin: Origin) => URL | undefined
}

const toUrl = (text: string | undefined): URL | undefined => {
  if (text === undefined || text.trim() === "") return undefined
  const url = text.includes("://") ? text : `http://${text}`
  if (!URL.canParse(url)) return undefined
  const parsed = new URL(url)
  return parsed.protocol === "http:" || parsed.protocol === "https:" ? parsed : undefined
}

const isLocalSuffix = (host: string, suffix: string): boolean => host === suffix || host.endsWith(`.${suffix}`)

/** One entry of NO_PROXY: a host and what is below it, with a port or without; `*` is everything. */
const matches = (entry: string, origin: Origin): boolean => {
  if (entry === "*") return true
  const [, name = entry, port] = /^(.*?)(?::(\d+))?$/.exec(entry) ?? []
  if (port !== undefined && Number(port) !== origin.port) return false
  const suffix = name.replace(/^\*?\./, "").replace(/^\[|\]$/g, "")
  return suffix !== "" && isLocalSuffix(origin.host.toLowerCase(), suffix.toLowerCase())
}

/** Undefined where there is no proxy at all. */
export const toRules = (options: ProxyOptions | undefined): ProxyRules | undefined => {
  if (options === undefined) return undefined
  const http = toUrl(options.http)
  const https = toUrl(options.https)
  if (http === undefined && https === undefined) return undefined
  const { noProxy = [] } = options
  const entries = (typeof noProxy === "string" ? noProxy.split(/[\s,]+/) : noProxy).filter((entry) => entry !== "")
  return {
    proxyOf: (origin) => (entries.some((entry) => matches(entry, origin)) ? undefined : origin.isTls ? https : http)
  }
}

/** CVE-2016-5385: a CGI script finds the `Proxy` field of its request in HTTP_PROXY, which is not honoured there. */
export const fromEnvironment = (environment: Readonly<Record<string, string | undefined>>): ProxyRules | undefined => {
  const isCgi = environment["REQUEST_METHOD"] !== undefined
  return toRules({
    http: environment["http_proxy"] ?? (isCgi ? undefined : environment["HTTP_PROXY"]),
    https: environment["https_proxy"] ?? environment["HTTPS_PROXY"],
    noProxy: environment["no_proxy"] ?? environment["NO_PROXY"]
  })
}
