/**
 * The requests that a server answers before the client has sent them (RFC 9113 §8.4).
 *
 * @since 0.1.0
 */
import type * as Headers from "./Headers.js"

/**
 * What a server answers before the client has asked for it (§8.4).
 *
 * @since 0.1.0
 * @category models
 */
export interface PromisedRequest {
  /** Path and query. */
  readonly path: string
  /** Safe and cacheable, as promised requests have to be. Default `GET`. */
  readonly method?: "GET" | "HEAD" | undefined
  /** Host and port. Default: those of the request that it is pushed with. */
  readonly authority?: string | undefined
  /** Default: that of the request that it is pushed with. */
  readonly scheme?: string | undefined
  /** What the client would have sent; the handler sees them, and a cache may go by them. Default: none. */
  readonly headers?: Headers.Input | undefined
}

/**
 * What a promised request asks for.
 *
 * @since 0.1.0
 * @category models
 */
export interface PromisedTarget {
  readonly method: string
  readonly scheme: string
  readonly authority: string
  readonly path: string
}
