/**
 * The priority of a response (RFC 9218): its parameters, and the value of the Priority field and of PRIORITY_UPDATE frames.
 *
 * @since 0.1.0
 */
import type { Headers } from "./Headers.js"
import { Interned } from "./interned.js"
import * as StructuredFields from "./structuredFields.js"

/**
 * How soon a response is wanted, the lower the sooner (RFC 9218 §4.1). The default is 3; 7 is for what goes on in the background, and for nothing
 * that somebody waits for.
 *
 * @since 0.1.0
 * @category models
 */
export type Urgency = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7

/**
 * @since 0.1.0
 * @category models
 */
export interface Priority {
  readonly urgency: Urgency
  /** Whether parts of the response are of use before it is whole (RFC 9218 §4.2). Default false. */
  readonly incremental: boolean
}

/**
 * Some parameters of a priority.
 *
 * @since 0.1.0
 * @category models
 */
export interface Parameters {
  readonly urgency?: Urgency | undefined
  readonly incremental?: boolean | undefined
}

/**
 * Whether `value` is an integer from 0 to 7.
 *
 * @since 0.1.0
 * @category guards
 */
export const isUrgency = (value: unknown): value is Urgency =>
  typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= 7

/** All sixteen priorities, made once: two for each urgency. */
const all: ReadonlyArray<Priority> = Array.from({ length: 16 }, (_, i) => ({
  urgency: (i >>> 1) as Urgency,
  incremental: (i & 1) === 1
}))

/**
 * Urgency 3, not incremental: what holds for a request that says nothing else (RFC 9218 §4).
 *
 * @since 0.1.0
 * @category constants
 */
export const defaults: Priority = { urgency: 3, incremental: false }

/**
 * `base` with what `parameters` has in its place. An urgency that is out of range is left out, as a receiver does (RFC 9218 §4).
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (parameters: Parameters, base: Priority = defaults): Priority => {
  const { incremental = base.incremental } = parameters
  const urgency = isUrgency(parameters.urgency) ? parameters.urgency : base.urgency
  return all[urgency * 2 + (incremental ? 1 : 0)] ?? base
}

/**
 * Octets of the value of a Priority field, or of a PRIORITY_UPDATE frame, beyond which it is ignored: 256. Two parameters are defined, and take 5; a list
 * of thousands that nobody knows costs a receiver more than it does the sender.
 *
 * @since 0.1.0
 * @category constants
 */
export const maxLength = 256

/** Values of up to this many octets are cached once parsed: the ones in use are few and short. */
const longestKnown = 16

/**
 * Parses the value of a Priority field or a PRIORITY_UPDATE frame. Total: parameters that are unknown, out of range or of another type are left
 * out one by one; a value that is no dictionary, or longer than `maxLength`, as a whole (RFC 9218 §4, RFC 8941 §4.2). What is left out has its default.
 *
 * @since 0.1.0
 * @category decoding
 */
export const parse = (value: string): Priority => {
  if (value.length > maxLength) return defaults
  return value.length <= longestKnown ? known.get(value) : read(value)
}

const read = (value: string): Priority => {
  const members = StructuredFields.parseDictionary(value)
  if (members === undefined) return defaults
  const urgency = members.get("u")
  const incremental = members.get("i")
  return make({
    urgency: isUrgency(urgency) ? urgency : undefined,
    incremental: typeof incremental === "boolean" ? incremental : undefined
  })
}

const known = /*#__PURE__*/ new Interned(read, 64)

/**
 * What the Priority field of a message says, several of them taken as one (RFC 9110 §5.3); undefined where there is none, or more than `maxLength`
 * octets of it.
 *
 * @since 0.1.0
 * @category decoding
 */
export const fromHeaders = ({ fields }: Headers): Priority | undefined => {
  let value: string | undefined = undefined
  for (const field of fields) {
    if (field.name !== "priority") continue
    value = value === undefined ? field.value : `${value}, ${field.value}`
    if (value.length > maxLength) return undefined
  }
  return value === undefined ? undefined : parse(value)
}

/**
 * The value of a Priority field, for instance `u=5, i`. What has its default is left out, unless nothing else would be left: `u=3`.
 *
 * @since 0.1.0
 * @category encoding
 */
export const toField = ({ incremental, urgency }: Priority): string => {
  if (urgency === defaults.urgency) return incremental ? "i" : "u=3"
  return incremental ? `u=${urgency}, i` : `u=${urgency}`
}
