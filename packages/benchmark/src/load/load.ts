/** The interface between the benchmark and what puts a server under load. */

/** What a load generator is told. */
export interface LoadOptions {
  readonly url: string
  readonly http1: boolean
  readonly connections: number
  readonly streams: number
  readonly warmupMillis: number
  readonly durationMillis: number
  /** Fields beside those that it sends by itself. */
  readonly fields: ReadonlyArray<readonly [name: string, value: string]>
  /** What to ask for by turns, in place of the path of `url`. */
  readonly paths: ReadonlyArray<string> | undefined
  /** A file to POST; undefined for GET. */
  readonly upload: string | undefined
  /** Called as the measured time begins, after the warm-up on the same connections, and as it ends. */
  readonly onStart: () => void
  readonly onEnd: () => void
}

/** What a load generator counted in the measured time. */
export interface LoadResult {
  readonly succeeded: number
  /** Responses with another status than 2xx, requests without a response, and the like. */
  readonly failed: number
  /** Requests in a second. */
  readonly rate: number
  /** Octets of response bodies, at least those of the measured time. */
  readonly octets: number
  /** The cipher of TLS 1.3, as far as it is known. */
  readonly cipher: string | undefined
}

/** Puts a server under load; rejects where the generator itself fails. */
export type Load = (options: LoadOptions) => Promise<LoadResult>
