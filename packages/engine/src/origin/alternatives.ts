/**
 * What a server has said of alternative services and nobody has taken yet (RFC 7838 §4). A skin makes one for a connection whose user wants to hear of
 * them, and gives `add` as the connection's `OriginListener.onAltSvc`.
 */
import { Listeners } from "../listeners.js"
import type { Alternative } from "./originModels.js"

/** The most origins that are kept; beyond it the one that was heard of longest ago is dropped. */
const mostOrigins = 32

export class Alternatives {
  /** The value of each origin: what is said last replaces what was said before. */
  private readonly heard = new Map<string, string>()
  readonly whenHeard = new Listeners()

  readonly add = ({ origin, value }: Alternative): void => {
    const { heard } = this
    heard.delete(origin)
    if (heard.size >= mostOrigins)
      for (const oldest of heard.keys()) {
        heard.delete(oldest)
        break
      }
    heard.set(origin, value)
    this.whenHeard.notify()
  }

  /** Removes and returns the one that was heard of longest ago. */
  take(): Alternative | undefined {
    for (const [origin, value] of this.heard) {
      this.heard.delete(origin)
      return { origin, value }
    }
    return undefined
  }

  /** The connection has ended: there are no more. */
  close(): void {
    this.whenHeard.notify()
  }
}
