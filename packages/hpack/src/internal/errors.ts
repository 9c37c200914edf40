/**
 * Errors that several modules throw, so that one rule has one wording.
 */
import { HpackError } from "../HpackError.js"

/** A block that ends inside a representation. */
export const truncated = (section: string, what: string): HpackError =>
  new HpackError("TruncatedBlock", section, `header block ends inside ${what}`)

/** A character that no octet can hold. */
export const invalidCharacter = (text: string, position: number): HpackError => {
  const code = text.charCodeAt(position).toString(16).toUpperCase().padStart(4, "0")
  return new HpackError("InvalidCharacter", "5.2", `character U+${code} at position ${position} is not an octet`)
}
