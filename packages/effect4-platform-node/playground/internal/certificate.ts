/** The certificate of the playground and of the sample application, as an Effect. */
import * as Certificate from "@effect-http2/cli/selfSigned"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"

export class CertificateError extends Data.TaggedError("CertificateError")<{ readonly cause: unknown }> {
  override get message(): string {
    return Certificate.failure(this.cause)
  }
}

/** Makes a self-signed certificate for `localhost`, its addresses and `host`. */
export const make = (host: string): Effect.Effect<Certificate.Certificate, CertificateError> =>
  Effect.tryPromise({ try: () => Certificate.make(host), catch: (cause) => new CertificateError({ cause }) })
