/** What the client programs share: their configuration and their course. */
import { print, endWithParent, Meter, observe, readConfig } from "./meter.js"
import type { Times } from "./meter.js"

/** What a client program is told. One connection, `streams` requests at once, each followed by another. */
export interface ClientConfig extends Times {
  readonly url: string
  readonly path: string
  readonly streams: number
  /** Octets of the expected body. */
  readonly expected: number
  /** The file of the certificate to trust; undefined for a plain server. */
  readonly ca: string | undefined
}

/** Runs a client: `go` sends requests from now on until `meter.finished`. */
export const main = async (go: (config: ClientConfig, meter: Meter) => void): Promise<void> => {
  endWithParent()
  const config = readConfig<ClientConfig>()
  const meter = new Meter()
  go(config, meter)
  print(await observe(meter, config))
  process.exit(0)
}

/** Ends the program because the client failed. */
export const fail = (error: unknown): never => {
  console.error(error instanceof Error ? error.stack : error)
  process.exit(1)
}
