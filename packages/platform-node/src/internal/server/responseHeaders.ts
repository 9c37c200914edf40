/**
 * The headers of a platform response as HTTP/2 takes them.
 */
import type * as Http2Headers from "@effect-http2/http2/Headers"
import * as Fields from "@effect-http2/node/message/responseFields"
import * as Cookies from "@effect/platform/Cookies"
import type { HttpServerResponse } from "@effect/platform/HttpServerResponse"

const none: ReadonlyArray<string> = []

/** What is to be sent as `response`'s headers. `contentLength`: octets of the body where that is known, which overrides what they say. */
export const toHttp2Headers = (
  { cookies, headers }: HttpServerResponse,
  contentLength: number | undefined
): Http2Headers.Headers =>
  Fields.toHttp2Headers(headers, Cookies.isEmpty(cookies) ? none : Cookies.toSetCookieHeaders(cookies), contentLength)
