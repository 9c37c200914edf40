/** Chromium without a window, told what to do over the pipe of its own protocol. */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Readable, Writable } from "node:stream"

/** No network but the one of the test: no updates, no services, no QUIC. */
const flags = [
  "--headless=new",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--disable-dev-shm-usage",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-default-apps",
  "--disable-extensions",
  "--disable-sync",
  "--no-first-run",
  "--no-default-browser-check",
  "--ignore-certificate-errors",
  "--remote-debugging-pipe"
]

interface Message {
  readonly id?: number
  readonly result?: unknown
  readonly error?: { readonly message: string }
}

type Waiter = (message: Message) => void

export interface Page {
  /** Goes to `url`; completes when the page has loaded. */
  readonly open: (url: string) => Promise<void>
  /** What `expression` gives there, awaited, as JSON carries it. Throws what it throws. */
  readonly evaluate: (expression: string) => Promise<unknown>
  readonly close: () => Promise<void>
}

interface Evaluated {
  readonly result: { readonly value?: unknown }
  readonly exceptionDetails?: { readonly exception?: { readonly description?: string } }
}

class Connection {
  private readonly waiting = new Map<number, Waiter>()
  private lastId = 0
  private rest = ""

  constructor(
    private readonly output: Writable,
    input: Readable
  ) {
    output.on("error", () => {})
    input.setEncoding("utf8").on("data", (text: string) => this.receive(text))
    input.on("close", () => {
      for (const waiter of this.waiting.values()) waiter({ error: { message: "Chromium has ended" } })
      this.waiting.clear()
    })
  }

  private receive(text: string): void {
    const messages = (this.rest + text).split("\0")
    this.rest = messages.pop() ?? ""
    for (const each of messages) {
      const message = JSON.parse(each) as Message
      if (message.id === undefined) continue
      this.waiting.get(message.id)?.(message)
      this.waiting.delete(message.id)
    }
  }

  send<A>(method: string, params: object = {}, sessionId?: string): Promise<A> {
    const id = ++this.lastId
    return new Promise((resolve, reject) => {
      this.waiting.set(id, ({ error, result }) => {
        if (error === undefined) resolve(result as A)
        else reject(new Error(`${method}: ${error.message}`))
      })
      this.output.write(
        `${JSON.stringify({ id, method, params, ...(sessionId === undefined ? {} : { sessionId }) })}\0`
      )
    })
  }
}

/** Starts a browser with an empty profile, and a page in it. */
export const launch = async (program: string): Promise<Page> => {
  const profile = await mkdtemp(join(tmpdir(), "effect-http2-chromium-"))
  const child = spawn(program, [...flags, `--user-data-dir=${profile}`], {
    stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"]
  })
  const ended = once(child, "close")
  const connection = new Connection(child.stdio[3] as Writable, child.stdio[4] as Readable)
  const { targetId } = await connection.send<{ targetId: string }>("Target.createTarget", { url: "about:blank" })
  const { sessionId } = await connection.send<{ sessionId: string }>("Target.attachToTarget", {
    targetId,
    flatten: true
  })
  const evaluate = async (expression: string): Promise<unknown> => {
    const params = { expression, awaitPromise: true, returnByValue: true }
    const { exceptionDetails, result } = await connection.send<Evaluated>("Runtime.evaluate", params, sessionId)
    if (exceptionDetails === undefined) return result.value
    throw new Error(exceptionDetails.exception?.description ?? "an exception in the page")
  }
  const open = async (url: string): Promise<void> => {
    const { errorText } = await connection.send<{ errorText?: string }>("Page.navigate", { url }, sessionId)
    if (errorText !== undefined) throw new Error(`${url}: ${errorText}`)
    await evaluate(`document.readyState === "complete" || new Promise((resolve) => addEventListener("load", resolve))`)
  }
  const close = async (): Promise<void> => {
    await connection.send("Browser.close").catch(() => {})
    await ended
    await rm(profile, { recursive: true, force: true, maxRetries: 5 })
  }
  return { open, evaluate, close }
}
