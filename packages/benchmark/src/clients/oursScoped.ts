/** Program: our client, by `request`, each in a scope. */
import * as Effect from "effect/Effect"
import * as OurClient from "../ourClient.js"
import * as Client from "./client.js"

await Client.main((config, meter) => {
  const work = { ...config, connections: 1, fields: [], body: undefined, scoped: true }
  Effect.runPromise(OurClient.run(work, meter)).catch(Client.fail)
})
