/**
 * What a client asks for (RFC 9113 §8.3.1, §8.5).
 *
 * @since 0.1.0
 */
import type * as Headers from "./Headers.js"
import type { Body, Trailers } from "./internal/outgoingMessage.js"
import type * as Priority from "./Priority.js"

/**
 * A request, as a client sends it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Http2ClientRequest {
  /** Default `GET`. */
  readonly method?: string | undefined
  /** Path and query. Default `/`. Has no meaning for CONNECT. */
  readonly path?: string | undefined
  /** Host and port. Default: those of the client. */
  readonly authority?: string | undefined
  /** Default: the client's, else `https` over TLS and `http` without. */
  readonly scheme?: string | undefined
  readonly headers?: Headers.Input | undefined
  readonly body?: Body | undefined
  /**
   * How urgent the response is (RFC 9218 §4), sent as the `priority` field unless `headers` have one. Default: nothing is said. The body of the
   * request is sent as any other: uploads share the connection evenly.
   */
  readonly priority?: Priority.Parameters | undefined
  /** Fields behind the body, as those of a response. Not for CONNECT (§8.5). */
  readonly trailers?: Trailers | undefined
  /** Called for each informational response (1xx) as it arrives. */
  readonly onInformational?: ((status: number, headers: Headers.Headers) => void) | undefined
}

/**
 * Where a tunnel should go.
 *
 * @since 0.1.0
 * @category models
 */
export interface TunnelRequest extends Pick<
  Http2ClientRequest,
  "authority" | "headers" | "onInformational" | "path" | "priority" | "scheme"
> {
  /** :protocol of an extended CONNECT. Path and scheme have a meaning only with it. */
  readonly protocol?: string | undefined
}
