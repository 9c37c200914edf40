/**
 * The fields that tell a server of a request's span. Made by tracing.ts.
 */
import { HeaderField } from "@effect-http2/hpack/HeaderField"
import * as Headers from "@effect/platform/Headers"

export class TraceFields {
  constructor(readonly fields: ReadonlyArray<HeaderField>) {}

  static from(headers: Headers.Headers): TraceFields {
    return new TraceFields(Object.entries(headers).map(([name, value]) => new HeaderField(name, value)))
  }

  has(name: string): boolean {
    for (const field of this.fields) if (field.name === name) return true
    return false
  }

  get headers(): Headers.Headers {
    return Headers.fromInput(this.fields.map(({ name, value }) => [name, value] as const))
  }
}
