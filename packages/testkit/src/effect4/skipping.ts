/** Skips what the bridge to the skin for Effect 4 cannot show. For the setup file of a project. */
import { beforeEach } from "vitest"

/** Skips each test whose title has one of these texts in it. `titles` are by the reason. */
export const skipTitles = (titles: Readonly<Record<string, ReadonlyArray<string>>>): void => {
  beforeEach(({ skip, task }) => {
    for (const [reason, texts] of Object.entries(titles)) {
      if (texts.some((text) => task.name.includes(text))) skip(reason)
    }
  })
}
