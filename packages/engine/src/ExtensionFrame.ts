/**
 * The frames of HTTP/2's extensions as values: ALTSVC (RFC 7838 §4), ORIGIN (RFC 8336 §2), PRIORITY_UPDATE (RFC 9218 §7.1). Members of `Frame.Frame`.
 *
 * @since 0.1.0
 */

/**
 * The type field of a frame.
 *
 * @since 0.1.0
 * @category constants
 */
export const Type = {
  ALTSVC: 0x0a,
  ORIGIN: 0x0c,
  PRIORITY_UPDATE: 0x10
} as const

/**
 * ALTSVC (RFC 7838 §4): where else an origin can be reached. `origin` is its ASCII serialization on stream 0, and empty on a stream, whose
 * origin is meant then; `value` is that of an Alt-Svc field.
 *
 * @since 0.1.0
 * @category models
 */
export class AltSvc {
  readonly _tag = "AltSvc"
  constructor(
    readonly streamId: number,
    readonly origin: string,
    readonly value: string
  ) {}
}

/**
 * ORIGIN (RFC 8336 §2): the origins that a server answers for on this connection, each an ASCII serialization. It means something only on stream 0
 * and with no flag of 0x0f set.
 *
 * @since 0.1.0
 * @category models
 */
export class Origin {
  readonly _tag = "Origin"
  constructor(
    readonly streamId: number,
    readonly flags: number,
    readonly origins: ReadonlyArray<string>
  ) {}
}

/**
 * PRIORITY_UPDATE (RFC 9218 §7.1): a client's new priority for the stream `prioritizedId`; `value` is that of a Priority field.
 *
 * @since 0.1.0
 * @category models
 */
export class PriorityUpdate {
  readonly _tag = "PriorityUpdate"
  readonly streamId = 0
  constructor(
    readonly prioritizedId: number,
    readonly value: string
  ) {}
}

/**
 * Any frame of an extension.
 *
 * @since 0.1.0
 * @category models
 */
export type ExtensionFrame = AltSvc | Origin | PriorityUpdate
