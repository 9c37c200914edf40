/** The interface between the benchmark and a server that is measured, whatever it is made of. */
import type { Child } from "../children.js"
import type { Files } from "../files.js"
import type { Task } from "../workloads.js"

/** What a server is started with. */
export interface StartOptions {
  readonly task: Task
  readonly tls: boolean
  readonly files: Files
  /** Flags of Node, for all that run on it. */
  readonly nodeFlags: ReadonlyArray<string>
}

/** A server that listens. */
export interface RunningServer {
  readonly child: Child
  readonly port: number
}

/** A kind of server. */
export interface Peer {
  readonly id: string
  readonly label: string
  /** Whether it is spoken to in HTTP/1.1. */
  readonly http1: boolean
  /** Why it cannot be measured on this machine; undefined where it can. */
  readonly missing: () => string | undefined
  /** The tasks that it can do. */
  readonly tasks: ReadonlyArray<Task>
  /** Why it cannot do the others as its peers do; empty where there is nothing to explain. */
  readonly omission: string
  readonly start: (options: StartOptions) => Promise<RunningServer>
}
