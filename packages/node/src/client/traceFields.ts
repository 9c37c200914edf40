/**
 * The fields that tell a server of a request's span. Made by the tracing of a skin.
 */
import { HeaderField } from "@effect-http2/hpack/HeaderField"

export class TraceFields {
  constructor(readonly fields: ReadonlyArray<HeaderField>) {}

  static from(headers: { readonly [name: string]: string }): TraceFields {
    return new TraceFields(Object.entries(headers).map(([name, value]) => new HeaderField(name, value)))
  }

  has(name: string): boolean {
    for (const field of this.fields) if (field.name === name) return true
    return false
  }

  get entries(): ReadonlyArray<readonly [name: string, value: string]> {
    return this.fields.map(({ name, value }) => [name, value] as const)
  }
}
