/**
 * The size of a field section as SETTINGS_MAX_HEADER_LIST_SIZE counts it: names, values and 32 octets for each field, pseudo-header fields and what we add
 * ourselves among them (RFC 9113 §6.5.2). A section that is larger than the peer accepts is not sent. Called by whoever is about to send one.
 */
import type { HeaderField } from "@effect-http2/hpack/HeaderField"
import type { Headers } from "../Headers.js"
import * as Http2Error from "../Http2Error.js"
import { check } from "./outgoing.js"

type Fields = ReadonlyArray<HeaderField>

const none: Fields = []
/** In errors: it is the peer that does not accept what another one would. */
const limit = "SETTINGS_MAX_HEADER_LIST_SIZE"

/** Whether `error` is that the peer does not accept a section on the stream. */
export const isTooLargeForPeer = (error: unknown, streamId: number): boolean =>
  Http2Error.isStreamError(error) && error.limit === limit && error.streamId === streamId

const sizeOf = (fields: Fields): number => {
  let size = 0
  for (const field of fields) size += field.size
  return size
}

/** What is wrong with a section of `pseudo`, `headers` and `more` for a peer that accepts `most` octets: an error of origin `User`. */
export const sizeViolation = (
  most: number,
  streamId: number,
  pseudo: Fields,
  headers: Headers,
  more: Fields = none
): Http2Error.StreamError | undefined => {
  if (most === Number.POSITIVE_INFINITY) return undefined
  const size = sizeOf(pseudo) + check(headers).size + sizeOf(more)
  return size <= most
    ? undefined
    : Http2Error.usageError(streamId, "6.5.2", `the fields have a size of ${size}, the peer accepts ${most}`, limit)
}

/** Checks headers to be sent, and that the peer accepts a section of them with `pseudo` and `more`. Throws a `StreamError` of origin `User`. */
export const checkSection = (
  most: number,
  streamId: number,
  pseudo: Fields,
  headers: Headers,
  more: Fields = none
): void => {
  check(headers)
  const violation = sizeViolation(most, streamId, pseudo, headers, more)
  if (violation !== undefined) throw violation
}

/** The same for trailers. */
export const checkTrailers = (most: number, streamId: number, trailers: Headers): void =>
  checkSection(most, streamId, none, trailers)
