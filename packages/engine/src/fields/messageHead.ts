/**
 * The head of a message as the engine holds it: the decoded section, and what section 8 of RFC 9113 makes of it. Made by headerBlock.ts
 * and message.ts, read by the roles.
 */
import type { HeaderField } from "@effect-http2/hpack/HeaderField"
import type { Headers } from "../Headers.js"

/** A rule that a message breaks. It ends the stream with PROTOCOL_ERROR, except where a section is too large (§8.1.1, §10.5.1). */
export class Violation {
  readonly _tag = "Violation"
  constructor(
    readonly section: string,
    readonly description: string,
    /** The limit of ours that a section exceeds. */
    readonly limit?: "maxHeaderListSize" | "maxHeaderFields"
  ) {}

  get isTooLarge(): boolean {
    return this.limit !== undefined
  }
}

/** The head of a request (§8.3.1). What it has not is the empty string: a CONNECT has no scheme and no path. */
export class RequestHead {
  readonly _tag = "RequestHead"
  constructor(
    readonly method: string,
    readonly scheme: string,
    readonly authority: string,
    readonly path: string,
    /** :protocol of an extended CONNECT (RFC 8441 §4). */
    readonly protocol: string | undefined,
    readonly headers: Headers,
    /** Octets that the body will have, -1 where that is not said. */
    readonly contentLength: number,
    readonly expectsContinue: boolean
  ) {}
}

/** The head of a response (§8.3.2). */
export class ResponseHead {
  readonly _tag = "ResponseHead"
  constructor(
    readonly status: number,
    readonly headers: Headers,
    /** Octets that the body will have, -1 where that is not said. */
    readonly contentLength: number
  ) {}
}

/** A decoded field section. The same instance stands for equal blocks, so that what was found out about it holds for all of them. */
export class FieldSection {
  /** What `message` made of it as a request and as a response; set on first use. */
  request: RequestHead | Violation | undefined = undefined
  response: ResponseHead | Violation | undefined = undefined

  constructor(
    readonly fields: ReadonlyArray<HeaderField>,
    /** The limit that the section exceeds; its fields are not complete then. */
    readonly overflow: "none" | "size" | "count",
    /** The most fields that a message may have, crumbs of cookies joined. */
    readonly maxFields: number = Infinity
  ) {}
}
