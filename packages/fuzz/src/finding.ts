/**
 * What a run is ended with that shows a mistake. Thrown by whoever notices, caught by the runner and by the tests.
 */
export type Kind =
  /** The library's own mistake: a defect, an exception, a fiber that died. */
  | "defect"
  /** Something that should have ended goes on. */
  | "hang"
  /** Something is left of what has ended. */
  | "leak"
  /** The engine has sent what it may not send. */
  | "output"
  /** More came out, or is kept, than the input justifies. */
  | "bound"
  /** A message did not arrive as it was sent. */
  | "message"
  /** An error where there should be none, of another code, or of another scope. */
  | "scope"
  /** Two ways to the same value gave different ones. */
  | "mismatch"

export class Finding extends Error {
  override readonly name = "Finding"
  constructor(
    readonly kind: Kind,
    detail: string,
    options?: ErrorOptions
  ) {
    super(`${kind}: ${detail}`, options)
  }
}

/** Ends the run unless `condition` holds. */
export function expect(condition: boolean, kind: Kind, detail: () => string): asserts condition {
  if (!condition) throw new Finding(kind, detail())
}
