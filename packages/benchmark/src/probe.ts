/**
 * Asks a server once before it is measured: does it do the work, and what does it send? A server that answers wrongly is not measured.
 */
import * as Http from "node:http"
import * as Http2 from "node:http2"
import * as Https from "node:https"
import { requestFields } from "./fields.js"
import { MEBIBYTE, path, responseSize } from "./workloads.js"
import type { Task } from "./workloads.js"

/** A response as the probe saw it. */
export interface Answer {
  readonly status: number
  /** Names of its fields, pseudo-header fields left out. */
  readonly names: ReadonlyArray<string>
  readonly octets: number
}

type Headers = { readonly [name: string]: unknown }

const namesOf = (headers: Headers): ReadonlyArray<string> =>
  Object.keys(headers).filter((name) => !name.startsWith(":"))

const count = (body: NodeJS.ReadableStream, done: (octets: number) => void): void => {
  let octets = 0
  body.on("data", (chunk: Buffer) => (octets += chunk.length))
  body.once("end", () => done(octets))
}

const extraFields = (task: Task): Record<string, string> =>
  task === "headers" ? Object.fromEntries(requestFields) : {}

const requestBody = (task: Task): Buffer => Buffer.alloc(task === "upload" ? MEBIBYTE : 0)

const method = (task: Task): string => (task === "upload" ? "POST" : "GET")

const askHttp2 = (url: string, task: Task): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const session = Http2.connect(url, { rejectUnauthorized: false })
    session.once("error", reject)
    const body = requestBody(task)
    const stream = session.request(
      { ":method": method(task), ":path": path[task], ...extraFields(task) },
      { endStream: body.length === 0 }
    )
    stream.once("error", reject)
    stream.once("response", (headers) =>
      count(stream, (octets) => {
        session.close()
        resolve({ status: headers[":status"] ?? 0, names: namesOf(headers), octets })
      })
    )
    if (body.length > 0) stream.end(body)
  })

const askHttp1 = (url: string, task: Task): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const headers = { ...extraFields(task), "content-length": requestBody(task).length }
    const options = { method: method(task), headers, rejectUnauthorized: false, agent: false as const }
    const respond = (response: Http.IncomingMessage): void =>
      count(response, (octets) =>
        resolve({ status: response.statusCode ?? 0, names: namesOf(response.headers), octets })
      )
    const target = new URL(path[task], url)
    const request =
      target.protocol === "https:" ? Https.request(target, options, respond) : Http.request(target, options, respond)
    request.once("error", reject)
    request.end(requestBody(task))
  })

const TIMEOUT = 5000

/** Asks the server at `url`. Rejects where the answer is not the one that the task wants, or does not come within 5 s. */
export const ask = async (url: string, task: Task, http1: boolean): Promise<Answer> => {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error("does not answer")), TIMEOUT)
  })
  try {
    const answer = await Promise.race([http1 ? askHttp1(url, task) : askHttp2(url, task), late])
    if (answer.status !== 200) throw new Error(`answers ${answer.status}`)
    if (answer.octets !== responseSize(task)) throw new Error(`answers with a body of ${answer.octets} octets`)
    return answer
  } finally {
    clearTimeout(timer)
  }
}

/** The answer's fields for the table: their number with `:status`, and whether `date` is one of them. */
export const describe = (answer: Answer): string =>
  `${answer.names.length + 1}${answer.names.includes("date") ? ", date" : ""}`
