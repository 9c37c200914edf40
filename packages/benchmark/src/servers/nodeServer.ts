/** Launcher of the servers that are programs of this package and run on Node. */
import { fileURLToPath } from "node:url"
import * as Children from "../children.js"
import { basicTasks } from "../workloads.js"
import type { Task } from "../workloads.js"
import { announcedPort, running } from "./listening.js"
import type { Peer, RunningServer, StartOptions } from "./peer.js"
import type { ServerConfig } from "./program.js"

const start =
  (program: string, variant: string) =>
  ({ files, nodeFlags, task, tls }: StartOptions): Promise<RunningServer> => {
    const config: ServerConfig = { task, variant, tls: tls ? { key: files.key, cert: files.cert } : undefined }
    const file = fileURLToPath(new URL(`./${program}.js`, import.meta.url))
    const child = Children.start(process.execPath, [...nodeFlags, file, JSON.stringify(config)], "tested")
    return running(child, announcedPort(child))
  }

/** A server of this package. */
export const make = (options: {
  readonly id: string
  readonly label: string
  /** Its file, from this folder and without `.js`. */
  readonly program: string
  readonly variant?: string
  readonly http1?: boolean
  readonly tasks?: ReadonlyArray<Task>
  readonly omission?: string
  readonly missing?: () => string | undefined
}): Peer => ({
  id: options.id,
  label: options.label,
  http1: options.http1 ?? false,
  missing: options.missing ?? (() => undefined),
  tasks: options.tasks ?? basicTasks,
  omission: options.omission ?? "",
  start: start(options.program, options.variant ?? "plain")
})
