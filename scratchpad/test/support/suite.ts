/** One playground for all the tests of a suite, started before the first and stopped behind the last. */
import { afterAll, beforeAll, expect } from "vitest"
import { settled, socketsOf } from "./observe.js"
import type { Playground, PlaygroundOptions } from "./programs.js"
import { playground } from "./programs.js"

export interface SuitePlayground extends Playground {
  /** Those that it had open when it had started; undefined where the system does not tell. */
  readonly sockets: number | undefined
}

export interface Options extends PlaygroundOptions {
  /** Whether what the tests do may make it log something. Default: false. */
  readonly mayLog?: boolean
  /** Whether it is checked that they have left nothing open in it. Default: false. */
  readonly settles?: boolean
}

/** To be called where the suite is defined; to be used in its tests. */
export const usePlayground = ({ mayLog, settles, ...options }: Options = {}): SuitePlayground => {
  let running: SuitePlayground | undefined
  const server = (): SuitePlayground => running ?? expect.unreachable("the playground has not started yet")
  beforeAll(async () => {
    const started = await playground(options)
    running = { ...started, sockets: socketsOf(started) }
  })
  afterAll(async () => {
    try {
      if (settles === true) await settled(server(), server().sockets)
    } finally {
      expect(await server().stop()).toMatchObject(mayLog === true ? { code: 0 } : { code: 0, stderr: "" })
    }
  })
  return {
    get http() {
      return server().http
    },
    get https() {
      return server().https
    },
    get process() {
      return server().process
    },
    get finished() {
      return server().finished
    },
    get sockets() {
      return server().sockets
    },
    says: (pattern) => server().says(pattern),
    stop: () => server().stop()
  }
}
