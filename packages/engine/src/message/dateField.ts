/**
 * The date field of a response (RFC 9110 §6.6.1), made once a second. Called by serverStream.ts.
 */
import { HeaderField } from "@effect-http2/hpack/HeaderField"

let second = Number.NaN
let fields: ReadonlyArray<HeaderField> = []

/** The field for `now` in ms, alone in its list; the same instance within a second. */
export const dateField = (now: number): ReadonlyArray<HeaderField> => {
  const current = Math.floor(now / 1000)
  if (current !== second) {
    second = current
    fields = [new HeaderField("date", new Date(current * 1000).toUTCString())]
  }
  return fields
}
