/** Program: `node:http2`, the stream API. Everything else is compared with it. */
import type { IncomingHttpHeaders, ServerHttp2Stream } from "node:http2"
import { HELLO } from "../workloads.js"
import type { BasicTask } from "../workloads.js"
import * as NodeHttp2Options from "./nodeHttp2Options.js"
import * as Program from "./program.js"

const config = Program.readConfig<BasicTask>()
const server = NodeHttp2Options.make(config)

const ok = { ":status": 200, ...Program.helloFields }
const failed = { ":status": 500, ...Program.helloFields }
const many = { ":status": 200, ...Program.manyFields }
const download = { ":status": 200, ...Program.downloadFields }
const downloadBody = Program.downloadBody()

const handlers: { readonly [K in BasicTask]: (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void } = {
  hello: (stream) => {
    stream.respond(ok)
    stream.end(HELLO)
  },
  download: (stream) => {
    stream.respond(download)
    stream.end(downloadBody)
  },
  upload: (stream) => {
    let octets = 0
    stream.on("data", (chunk: Buffer) => (octets += chunk.length))
    stream.once("end", () => {
      if (stream.destroyed) return
      stream.respond(Program.isWhole(octets) ? ok : failed)
      stream.end(HELLO)
    })
  },
  headers: (stream, headers) => {
    stream.respond(Program.isExpected(headers[Program.expectedName]) ? many : failed)
    stream.end(HELLO)
  }
}

const handler = handlers[config.task]

server.on("stream", (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
  stream.on("error", () => undefined)
  handler(stream, headers)
})
NodeHttp2Options.listen(server)
