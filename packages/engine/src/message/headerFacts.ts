/**
 * What is known of headers that were checked for sending, kept on the headers themselves so that it is found out once. Made by outgoing.ts.
 */
export interface HeaderFacts {
  readonly hasDate: boolean
  /** The number in content-length, -1 without one. */
  readonly contentLength: number
  /** The value of host, undefined without one. */
  readonly host: string | undefined
  /** Octets of the section as SETTINGS_MAX_HEADER_LIST_SIZE counts them. */
  readonly size: number
}
