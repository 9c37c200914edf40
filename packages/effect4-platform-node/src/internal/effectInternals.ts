/**
 * What is known of Effect beyond what it publishes. Each fact has a test in test/client/internals.test.ts, and the plain way behind it where it does not hold.
 */
import type * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import { ClientResponse } from "./client/clientResponse.js"

/**
 * The response of ours that `HttpClient.make` has wrapped, which keeps it as `original`: what is wrapped otherwise is none of ours.
 */
export const responseIn = (response: HttpClientResponse.HttpClientResponse): Option.Option<ClientResponse> => {
  if (response instanceof ClientResponse) return Option.some(response)
  return Predicate.hasProperty(response, "original") && response.original instanceof ClientResponse
    ? Option.some(response.original)
    : Option.none()
}
