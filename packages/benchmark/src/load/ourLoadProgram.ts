/** Program: load by our own client, for machines without h2load. It prints `{"event": "start"}`, then its report. */
import * as Effect from "effect/Effect"
import { readFileSync } from "node:fs"
import { fail } from "../clients/client.js"
import { endWithParent, Meter, observe, print, readConfig } from "../clients/meter.js"
import type { Times } from "../clients/meter.js"
import * as OurClient from "../ourClient.js"

/** What the program is told. */
export interface OurLoadConfig extends Times, Omit<OurClient.Work, "body" | "scoped"> {
  /** A file to POST; undefined for GET. */
  readonly upload: string | undefined
}

endWithParent()
const config = readConfig<OurLoadConfig>()
const meter = new Meter()
const body = config.upload === undefined ? undefined : readFileSync(config.upload)
Effect.runPromise(OurClient.run({ ...config, body, scoped: false }, meter)).catch(fail)
print(await observe(meter, config, () => print({ event: "start" })))
process.exit(0)
