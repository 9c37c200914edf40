/**
 * A certificate for a machine of one's own, made anew at each start: for `serve` and `inspect`, and for whoever tries a server.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import type { Certificate } from "./selfSigned.js"
import * as SelfSigned from "./selfSigned.js"

export type {
  /**
   * @since 0.1.0
   * @category models
   */
  Certificate
} from "./selfSigned.js"

/**
 * @since 0.1.0
 * @category errors
 */
export class CertificateError extends Data.TaggedError("CertificateError")<{ readonly cause: unknown }> {
  override get message(): string {
    return SelfSigned.failure(this.cause)
  }
}

/**
 * Makes a self-signed certificate for `localhost`, its addresses and `host`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (host: string): Effect.Effect<Certificate, CertificateError> =>
  Effect.tryPromise({ try: () => SelfSigned.make(host), catch: (cause) => new CertificateError({ cause }) })
