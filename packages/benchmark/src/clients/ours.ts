/** Program: our client, by `collect`. */
import * as Effect from "effect/Effect"
import * as OurClient from "../ourClient.js"
import * as Client from "./client.js"

await Client.main((config, meter) => {
  const work = { ...config, connections: 1, fields: [], body: undefined, scoped: false }
  Effect.runPromise(OurClient.run(work, meter)).catch(Client.fail)
})
