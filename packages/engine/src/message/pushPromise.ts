/**
 * What may be promised (RFC 9113 §8.4): the same rules for a server before it pushes and for a client that receives the promise. Pure. Called by
 * serverPush.ts and clientPushes.ts.
 */
import { parseRequest } from "./message.js"
import { type FieldSection, type RequestHead, Violation } from "../fields/messageHead.js"

/** Whether `method` is safe and cacheable (RFC 9110 §9.2.1, §9.2.3), as far as is known here. */
const isPushable = (method: string): boolean => method === "GET" || method === "HEAD"

/** Why a request like this cannot be pushed, whatever its fields say (§8.4). */
export const promiseViolation = ({ contentLength, expectsContinue, method }: RequestHead): string | undefined => {
  if (!isPushable(method)) return `${method} is not known to be safe and cacheable`
  return contentLength > 0 || expectsContinue ? "a promised request cannot have content" : undefined
}

/** The request that `section`, of PUSH_PROMISE, has; or the rule that it breaks (§8.4, §8.4.1). */
export const parsePromise = (section: FieldSection): RequestHead | Violation => {
  const head = parseRequest(section, false)
  if (head instanceof Violation) return head
  const reason = promiseViolation(head)
  if (reason !== undefined) return new Violation("8.4", reason)
  // A host field does not stand for it here.
  const hasAuthority = section.fields.some((field) => field.name === ":authority")
  return hasAuthority ? head : new Violation("8.4", "a promised request without :authority")
}
