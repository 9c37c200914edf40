/**
 * A correct peer that talks of its own accord: from its begin, step by step, to its end. What the steps are depends on the role: clientModel.ts,
 * serverModel.ts. Called by the targets.
 */
import { PeerModel } from "./peer.js"

export abstract class Talker extends PeerModel {
  /** What comes first. */
  abstract begin(): void
  /** Does what is left to be done, until every exchange has ended. */
  abstract finish(): void

  /** A request more; of the client's user, where it is a server that talks. */
  protected abstract ask(): void
  /** More of some message. */
  protected abstract goOn(): void
  /** A request, or a push, of which no more is wanted. */
  protected abstract giveUp(): void
  protected abstract grantSome(): void
  protected abstract rare(): void

  /** Something that may be done now. */
  step(): void {
    const { choices } = this
    switch (choices.below(16)) {
      case 0:
      case 1:
      case 2:
        return this.ask()
      case 3:
      case 4:
      case 5:
      case 6:
        return this.goOn()
      case 7:
        return this.answer()
      case 8:
        return this.grantSome()
      case 9:
        return choices.once(3) && !this.isCalm ? this.engineChanges() : this.changeSettings()
      case 10:
        return this.ping()
      case 11:
        return choices.once(2) ? this.unknown() : this.priority()
      case 12:
        return this.giveUp()
      case 13:
        return this.wait(choices.between(1, 60))
      case 14:
        return this.run.pipe.setRead(choices.once(3) ? false : true)
      default:
        return this.rare()
    }
  }
}
