/** Conditional requests (RFC 9110 §13): what they say of a representation that is there. */

/** What a representation is told apart by. */
export interface Validators {
  /** As in ETag, with its quotes, and `W/` where it is weak. */
  readonly etag: string
  /** In ms. */
  readonly modified: number
}

type Fields = { readonly [name: string]: string | undefined }

const opaque = (etag: string): string => etag.replace(/^W\//, "")

const listed = (field: string): ReadonlyArray<string> => field.match(/(?:W\/)?"[^"]*"/g) ?? []

/** The comparison that If-None-Match has (§8.8.3.2). */
const weakly = (field: string, { etag }: Validators): boolean =>
  field.trim() === "*" || listed(field).some((each) => opaque(each) === opaque(etag))

/** That of If-Match and If-Range: a weak one is never the same. */
const strongly = (field: string, { etag }: Validators): boolean =>
  field.trim() === "*" || (!etag.startsWith("W/") && listed(field).includes(etag))

/** Fields have seconds; undefined for what is no date of HTTP's one form that is still made. */
const dateOf = (field: string): number | undefined => {
  if (!/^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/.test(field.trim())) return undefined
  const date = Date.parse(field)
  return Number.isNaN(date) ? undefined : date
}

const inSeconds = (milliseconds: number): number => Math.floor(milliseconds / 1000) * 1000

/** 412, 304, or undefined where the request goes on, in the order of §13.2.2. For GET and HEAD. */
export const evaluate = (fields: Fields, validators: Validators): 304 | 412 | undefined => {
  const modified = inSeconds(validators.modified)
  const ifMatch = fields["if-match"]
  const unmodifiedSince = dateOf(fields["if-unmodified-since"] ?? "")
  if (ifMatch !== undefined) {
    if (!strongly(ifMatch, validators)) return 412
  } else if (unmodifiedSince !== undefined && modified > unmodifiedSince) {
    return 412
  }
  const ifNoneMatch = fields["if-none-match"]
  if (ifNoneMatch !== undefined) return weakly(ifNoneMatch, validators) ? 304 : undefined
  const modifiedSince = dateOf(fields["if-modified-since"] ?? "")
  return modifiedSince !== undefined && modified <= modifiedSince ? 304 : undefined
}

/** Whether Range is to be heeded, as far as If-Range says (§13.1.5). */
export const isSame = (ifRange: string | undefined, validators: Validators): boolean => {
  if (ifRange === undefined) return true
  if (/^\s*(?:W\/)?"/.test(ifRange)) return strongly(ifRange, validators)
  return dateOf(ifRange) === inSeconds(validators.modified)
}
