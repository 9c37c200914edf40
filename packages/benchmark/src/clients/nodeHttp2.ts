/** Program: the client of `node:http2`, with callbacks alone, which is its cheapest form. */
import { readFileSync } from "node:fs"
import * as Http2 from "node:http2"
import { settings } from "../workloads.js"
import * as Client from "./client.js"

await Client.main((config, meter) => {
  const session = Http2.connect(config.url, {
    settings: { initialWindowSize: settings.initialWindowSize, enablePush: false },
    ...(config.ca === undefined ? {} : { ca: readFileSync(config.ca) })
  })
  session.once("error", Client.fail)
  const next = (): void => {
    if (meter.finished) return
    const stream = session.request({ ":path": config.path })
    let status = 0
    let octets = 0
    stream.once("response", (headers) => (status = headers[":status"] ?? 0))
    stream.on("data", (chunk: Buffer) => (octets += chunk.length))
    stream.once("end", () => {
      meter.response(status, octets, config.expected)
      next()
    })
    stream.once("error", Client.fail)
  }
  session.once("connect", () => {
    session.setLocalWindowSize(settings.connectionWindowSize)
    for (let index = 0; index < config.streams; index++) next()
  })
})
