/**
 * The Priority field of requests (RFC 9218 §5). Called by prepareRequest.ts.
 */
import { HeaderField } from "@effect-http2/hpack/HeaderField"
import type { Headers } from "../Headers.js"
import * as Priority from "../Priority.js"

type Fields = ReadonlyArray<HeaderField>

const none: Fields = []
/** The same instance for the same value: the encoder knows it again. */
const known = new Map<string, Fields>()

/** What goes behind `headers`: nothing where they have one of their own, or nothing is asked for. */
export const priorityFields = (parameters: Priority.Parameters | undefined, headers: Headers): Fields => {
  if (parameters === undefined || headers.has("priority")) return none
  const value = Priority.toField(Priority.make(parameters))
  const fields = known.get(value) ?? [new HeaderField("priority", value)]
  known.set(value, fields)
  return fields
}
