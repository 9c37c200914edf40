/** The interface between the HPACK benchmark and an implementation of HPACK. */

/** A name and a value. */
export type Pair = readonly [name: string, value: string]

/** Field sections in the form that an implementation takes, made before anything is timed. */
export interface Codec<Fields> {
  readonly prepare: (pairs: ReadonlyArray<Pair>) => Fields
  /** An encoder with an empty dynamic table of 4,096 octets. */
  readonly makeEncoder: () => (fields: Fields) => Uint8Array
  /** A decoder with an empty dynamic table of 4,096 octets. It returns the number of fields. */
  readonly makeDecoder: () => (block: Uint8Array) => number
}

/** The size of dynamic tables, RFC 7541's and HTTP/2's default. */
export const TABLE_SIZE = 4096
