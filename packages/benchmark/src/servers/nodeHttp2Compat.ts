/** Program: `node:http2`, the compatibility API, which has the shape of `node:http`. */
import type { Http2ServerRequest, Http2ServerResponse } from "node:http2"
import { HELLO } from "../workloads.js"
import type { BasicTask } from "../workloads.js"
import * as NodeHttp2Options from "./nodeHttp2Options.js"
import * as Program from "./program.js"

const config = Program.readConfig<BasicTask>()
const server = NodeHttp2Options.make(config)

const downloadBody = Program.downloadBody()

const handlers: { readonly [K in BasicTask]: (request: Http2ServerRequest, response: Http2ServerResponse) => void } = {
  hello: (_request, response) => {
    response.writeHead(200, Program.helloFields)
    response.end(HELLO)
  },
  download: (_request, response) => {
    response.writeHead(200, Program.downloadFields)
    response.end(downloadBody)
  },
  upload: (request, response) => {
    let octets = 0
    request.on("data", (chunk: Buffer) => (octets += chunk.length))
    request.once("end", () => {
      if (request.stream.destroyed) return
      response.writeHead(Program.isWhole(octets) ? 200 : 500, Program.helloFields)
      response.end(HELLO)
    })
  },
  headers: (request, response) => {
    response.writeHead(Program.isExpected(request.headers[Program.expectedName]) ? 200 : 500, Program.manyFields)
    response.end(HELLO)
  }
}

const handler = handlers[config.task]

server.on("request", (request: Http2ServerRequest, response: Http2ServerResponse) => {
  request.on("error", () => undefined)
  handler(request, response)
})
NodeHttp2Options.listen(server)
