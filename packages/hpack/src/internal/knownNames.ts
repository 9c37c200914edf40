/**
 * What the encoder knows about a name beforehand: its place in the static table, and whether fields of that name are worth
 * a place in the dynamic table, or too sensitive for one. Called by `Encoder.ts`; this module holds the whole policy.
 *
 * Names that are not listed here are indexed. `date` is, once the same second comes again: a busy peer then sends one octet
 * for it, and a quiet one does not fill the table with values that nobody refers to.
 */
import { staticTable, staticTableLength } from "./staticTable.js"

/** Goes into the dynamic table. */
export const policyIndexed = 0
/** Literal without indexing: the value seldom comes twice, and would push out what does. */
export const policyLiteral = 1
/** Never-indexed literal: the value must not be guessable through the table (RFC 7541 section 7.1.3). */
export const policyNever = 2
/** `:path` and `date`, which `recentValues.ts` decides about. */
export const policyRecurring = 3
/** `cookie`, which is never indexed where it is short. */
export const policyCookie = 4

/** A cookie shorter than this could be guessed in few enough attempts (RFC 7541 section 7.1.3). */
export const shortCookie = 20

export class KnownName {
  /** The number of this name among the known ones. */
  readonly ordinal: number
  readonly policy: number
  /** Lowest index in the static table, or 0 where it is not there. */
  nameIndex: number = 0
  /** The values in the static table, and the index of each; they are consecutive. */
  readonly values: Array<string> = []

  constructor(ordinal: number, policy: number) {
    this.ordinal = ordinal
    this.policy = policy
  }
}

const never = ["authorization", "proxy-authorization", "set-cookie"]

const literal = [
  // of one message or one resource
  "age",
  "content-digest",
  "content-length",
  "content-location",
  "content-md5",
  "content-range",
  "digest",
  "etag",
  "idempotency-key",
  "if-match",
  "if-modified-since",
  "if-none-match",
  "if-range",
  "if-unmodified-since",
  "last-modified",
  "location",
  "range",
  "repr-digest",
  "retry-after",
  "sec-websocket-accept",
  "sec-websocket-key",
  "server-timing",
  "x-response-time",
  "x-runtime",
  // rate limits count down
  "ratelimit",
  "ratelimit-remaining",
  "ratelimit-reset",
  "x-ratelimit-remaining",
  "x-ratelimit-reset",
  // tracing and correlation
  "b3",
  "baggage",
  "cf-ray",
  "grpc-trace-bin",
  "request-id",
  "sentry-trace",
  "traceparent",
  "tracestate",
  "uber-trace-id",
  "x-amz-cf-id",
  "x-amz-id-2",
  "x-amz-request-id",
  "x-amzn-requestid",
  "x-amzn-trace-id",
  "x-b3-flags",
  "x-b3-parentspanid",
  "x-b3-sampled",
  "x-b3-spanid",
  "x-b3-traceid",
  "x-cloud-trace-context",
  "x-correlation-id",
  "x-datadog-parent-id",
  "x-datadog-trace-id",
  "x-request-id",
  "x-trace-id"
]

const makeKnownNames = (): Map<string, KnownName> => {
  const policies = new Map<string, number>()
  for (let index = 1; index <= staticTableLength; index++) {
    policies.set(staticTable[index]!.name, policyIndexed)
  }
  literal.forEach((name) => policies.set(name, policyLiteral))
  never.forEach((name) => policies.set(name, policyNever))
  policies.set(":path", policyRecurring)
  policies.set("date", policyRecurring)
  policies.set("cookie", policyCookie)

  const names = new Map<string, KnownName>()
  policies.forEach((policy, name) => names.set(name, new KnownName(names.size, policy)))
  for (let index = staticTableLength; index >= 1; index--) {
    const field = staticTable[index]!
    const known = names.get(field.name)!
    known.nameIndex = index
    known.values.unshift(field.value)
  }
  return names
}

/**
 * Every name that the static table or the policy mentions.
 */
export const knownNames: ReadonlyMap<string, KnownName> = /*#__PURE__*/ makeKnownNames()
