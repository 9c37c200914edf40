/** What conversations of both roles have in common: a correct one, and one with a change in it. Called by clientConversation.ts and serverConversation.ts. */
import type { Choices } from "@effect-http2/testkit/choices"
import { Mutation } from "../model/mutation.js"
import type { Talker } from "../model/talker.js"
import type { World } from "../world/world.js"

/** Some steps of it. */
export const talk = (model: Talker, most: number): void => {
  const { choices } = model
  for (let steps = choices.between(1, most); steps > 0 && !model.isOver; steps--) {
    model.step()
    if (choices.once(2)) model.deliver()
  }
}

type Run = (world: World, choices: Choices) => void

/** The two targets of a role. `make`: a model that has not begun; `conclude`: everything that is left to be done and to be checked. */
export const of = <Model extends Talker>(
  make: (world: World, choices: Choices) => Model,
  conclude: (model: Model) => void
): { readonly run: Run; readonly runMutated: Run } => ({
  run: (world, choices) => {
    const model = make(world, choices)
    model.begin()
    talk(model, 60)
    conclude(model)
  },
  runMutated: (world, choices) => {
    const model = make(world, choices)
    model.isPlain = choices.once(2)
    model.disturbance = new Mutation(choices, choices.size(60), !model.isPlain)
    model.begin()
    talk(model, 40)
    conclude(model)
  }
})
