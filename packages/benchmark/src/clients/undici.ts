/** Program: undici's client in HTTP/2, `Client` with `allowH2` over TLS, `H2CClient` over a plain connection. */
import { readFileSync } from "node:fs"
import { Client as TlsClient, H2CClient } from "undici"
import { settings } from "../workloads.js"
import * as Client from "./client.js"

await Client.main((config, meter) => {
  const shared = {
    pipelining: config.streams,
    maxConcurrentStreams: settings.maxConcurrentStreams,
    initialWindowSize: settings.initialWindowSize,
    connectionWindowSize: settings.connectionWindowSize
  }
  const client =
    config.ca === undefined
      ? new H2CClient(config.url, shared)
      : new TlsClient(config.url, { ...shared, allowH2: true, connect: { ca: readFileSync(config.ca) } })
  const loop = async (): Promise<void> => {
    while (!meter.finished) {
      const { body, statusCode } = await client.request({ path: config.path, method: "GET" })
      meter.response(statusCode, (await body.arrayBuffer()).byteLength, config.expected)
    }
  }
  for (let index = 0; index < config.streams; index++) loop().catch(Client.fail)
})
