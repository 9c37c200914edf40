/**
 * From the URL of a request to its origin and what is asked of it. Called for each request; the last ones are remembered, since parsing a URL costs as
 * much as all else before a request is sent.
 */
import type { Target } from "@effect-http2/node/client/exchange"
import { basicAuthorization, toOrigin } from "@effect-http2/node/client/origin"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as UrlParams from "@effect/platform/UrlParams"
import * as Either from "effect/Either"

const remembered = 1024
const longest = 2048

const parse = ({ hash, url, urlParams }: HttpClientRequest.HttpClientRequest): Target | Error => {
  const parsed = UrlParams.makeUrl(url, urlParams, hash)
  if (Either.isLeft(parsed)) return parsed.left
  const { right } = parsed
  if (right.protocol !== "https:" && right.protocol !== "http:")
    return new TypeError(`not an http: or https: URL: ${url}`)
  try {
    const path = `${right.pathname}${right.search}`
    return { url: right, origin: toOrigin(right), path, authorization: basicAuthorization(right) }
  } catch (error) {
    return error instanceof Error ? error : new TypeError(String(error))
  }
}

export class Targets {
  private readonly known = new Map<string, Target>()

  /** An Error where the URL is none that HTTP has. */
  of(request: HttpClientRequest.HttpClientRequest): Target | Error {
    if (request.urlParams.length > 0 || request.hash._tag === "Some") return parse(request)
    const known = this.known.get(request.url)
    if (known !== undefined) return known
    const target = parse(request)
    if (target instanceof Error || request.url.length > longest) return target
    if (this.known.size >= remembered) this.known.clear()
    this.known.set(request.url, target)
    return target
  }
}
