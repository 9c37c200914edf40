/**
 * The port to whatever carries the octets that the engine writes.
 *
 * @since 0.1.0
 */

/**
 * Where octets go, in order.
 *
 * @since 0.1.0
 * @category models
 */
export interface Output {
  /**
   * Hands `chunks` to the transport in one write, in order, without waiting. Synchronous, because it stands at the end of each turn
   * of the engine. What is written after a failure, or after the end of our side, is dropped.
   *
   * Returns true when the transport is done with the memory, so that the caller may overwrite it at once; with false it belongs to the
   * transport for good.
   */
  readonly write: (chunks: ReadonlyArray<Uint8Array>) => boolean

  /**
   * For a transport to which a kind of memory of its own is cheaper: lends some to build what is written in, `size` octets at least, their contents
   * undefined; takes back what it is done with and nobody uses; and gives a view of its kind on what a user wrote. Without it, `Uint8Array`s are used
   * as they are.
   */
  readonly memory?: {
    readonly borrow: (size: number) => Uint8Array
    readonly giveBack: (memory: Uint8Array) => void
    readonly view: (octets: Uint8Array) => Uint8Array
  }

  /**
   * Octets that were written and are not yet taken over by the system.
   */
  readonly pendingOctets: () => number

  /**
   * Calls `listener` once, after `pendingOctets` has come down to 0, or the transport was closed. A later call replaces an earlier listener.
   */
  readonly onDrain: (listener: () => void) => void

  /**
   * Runs `task` once the current turn of the event loop is over, so that all that is written in a turn leaves in one write.
   */
  readonly defer: (task: () => void) => void

  /**
   * For a transport that keeps its process alive: whether it has to, as it does to begin with. A client's connection says so where nothing is awaited on it
   * any more; what is still to be read is read as long as the process goes on.
   */
  readonly hold?: (isHeld: boolean) => void
}

/**
 * All of `output`, for who makes another transport of it. Not its copy: it may be an instance of a class, whose methods a copy has not.
 *
 * @since 0.1.0
 * @category combinators
 */
export const through = (output: Output): Output => {
  const { hold, memory } = output
  return {
    write: (chunks) => output.write(chunks),
    ...(memory === undefined ? {} : { memory }),
    pendingOctets: () => output.pendingOctets(),
    onDrain: (listener) => output.onDrain(listener),
    defer: (task) => output.defer(task),
    ...(hold === undefined ? {} : { hold: (isHeld) => hold.call(output, isHeld) })
  }
}
