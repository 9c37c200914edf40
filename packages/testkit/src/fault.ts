/** What an endpoint has sent and may not send. Thrown by the tap. */
export class Fault extends Error {
  override readonly name = "Fault"
}

/** Throws unless `condition` holds. */
export function expect(condition: boolean, detail: () => string): asserts condition {
  if (!condition) throw new Fault(detail())
}
