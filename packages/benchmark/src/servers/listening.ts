/** Ports for servers that cannot choose one by themselves, and waiting until they listen. Called by the launchers of servers. */
import * as Net from "node:net"
import type { Child } from "../children.js"
import type { RunningServer } from "./peer.js"

/** A port that was free a moment ago. */
export const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = Net.createServer()
    server.once("error", reject)
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as Net.AddressInfo
      server.close(() => resolve(port))
    })
  })

const tryConnect = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = Net.connect(port, "127.0.0.1")
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false))
    socket.once("connect", () => socket.destroy())
  })

const START_TIMEOUT = 30_000

/** Completes with `port` once it can be connected to; rejects with what the program said where it ended, or after 30 s. */
export const untilListening = async (child: Child, port: number): Promise<number> => {
  let ended = false
  void child.ended.then(() => (ended = true))
  const deadline = Date.now() + START_TIMEOUT
  while (!(await tryConnect(port))) {
    if (ended || Date.now() > deadline) throw new Error(`did not start: ${child.errors() || "no message"}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  return port
}

/** Completes with the port that a program of ours announces; rejects with what it said where it ended, or after 30 s. */
export const announcedPort = (child: Child): Promise<number> =>
  new Promise((resolve, reject) => {
    const fail = (): void => {
      const reason =
        child
          .errors()
          .split("\n")
          .find((line) => line.includes("Error")) ?? child.errors().slice(-300)
      reject(new Error(`did not start: ${reason || "no message"}`))
    }
    const timer = setTimeout(fail, START_TIMEOUT)
    child.onLine((line) => {
      clearTimeout(timer)
      resolve((JSON.parse(line) as { readonly port: number }).port)
    })
    void child.ended.then(() => {
      clearTimeout(timer)
      fail()
    })
  })

/** The server that `child` is, once its port is known; where that does not come about the program is stopped. */
export const running = async (child: Child, port: Promise<number>): Promise<RunningServer> => {
  try {
    return { child, port: await port }
  } catch (error) {
    await child.stop()
    throw error
  }
}
