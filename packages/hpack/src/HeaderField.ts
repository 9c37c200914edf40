/**
 * A header field, the unit that HPACK encodes, decodes and keeps in its tables (RFC 7541 section 1.3).
 *
 * Names and values hold octets, one per character (latin1, U+0000 to U+00FF). Nothing here judges whether a name or a
 * value is fit for HTTP: that is the HTTP layer's work.
 *
 * @since 0.1.0
 */

/**
 * What a field counts for beyond its octets, in the dynamic table and in a header list alike (RFC 7541 section 4.1).
 *
 * @since 0.1.0
 * @category constants
 */
export const overhead = 32

/**
 * An immutable name and value pair. Decoders hand out the objects their tables hold, so two lists may share one.
 *
 * @since 0.1.0
 * @category models
 */
export class HeaderField {
  /**
   * The field's name in octets, lowercase in HTTP/2; pseudo-header fields keep their colon.
   */
  readonly name: string
  /**
   * The field's value in octets.
   */
  readonly value: string
  /**
   * Whether the field travels as a never-indexed literal, here and at every further hop (RFC 7541 section 6.2.3).
   */
  readonly sensitive: boolean
  /**
   * Octets of name and value plus 32 (RFC 7541 section 4.1).
   */
  readonly size: number

  constructor(name: string, value: string, sensitive: boolean = false) {
    this.name = name
    this.value = value
    this.sensitive = sensitive
    this.size = name.length + value.length + overhead
  }
}

/**
 * An ordered list of fields; duplicates are allowed and order is kept.
 *
 * @since 0.1.0
 * @category models
 */
export type HeaderList = ReadonlyArray<HeaderField>

/**
 * Makes a header field. A `sensitive` one is never put in a table and never referenced from one.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (name: string, value: string, options?: { readonly sensitive?: boolean }): HeaderField =>
  new HeaderField(name, value, options?.sensitive ?? false)
