/**
 * The settings that one side announced, as far as the other has acknowledged them (RFC 9113 §6.5.3). Two for each connection, driven by wiretap.ts.
 */
import { Setting } from "../rawFrame.js"

type Entries = ReadonlyArray<readonly [id: number, value: number]>

export interface Applied {
  /** How much every stream's window changes. */
  readonly windowDelta: number
  /** Each new limit of the HPACK table, in order. */
  readonly tableSizes: ReadonlyArray<number>
}

export class SettingsView {
  initialWindowSize = 65_535
  maxFrameSize = 16_384
  maxConcurrentStreams = Number.POSITIVE_INFINITY
  enablePush = true
  enableConnectProtocol = false
  private readonly waiting: Array<Entries> = []

  /** How many SETTINGS frames are not acknowledged. */
  get unacknowledged(): number {
    return this.waiting.length
  }

  announce(entries: Entries): void {
    this.waiting.push(entries)
  }

  /** The oldest that is not acknowledged comes into effect; undefined where there is none. */
  acknowledge(): Applied | undefined {
    const entries = this.waiting.shift()
    if (entries === undefined) return undefined
    const before = this.initialWindowSize
    const tableSizes: Array<number> = []
    for (const [id, value] of entries) {
      if (id === Setting.HEADER_TABLE_SIZE) tableSizes.push(value)
      else if (id === Setting.INITIAL_WINDOW_SIZE) this.initialWindowSize = value
      else if (id === Setting.MAX_FRAME_SIZE) this.maxFrameSize = value
      else if (id === Setting.MAX_CONCURRENT_STREAMS) this.maxConcurrentStreams = value
      else if (id === Setting.ENABLE_PUSH) this.enablePush = value === 1
      else if (id === Setting.ENABLE_CONNECT_PROTOCOL) this.enableConnectProtocol = value === 1
    }
    return { windowDelta: this.initialWindowSize - before, tableSizes }
  }
}
