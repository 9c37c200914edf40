/**
 * The work that is measured, the same for every peer. Servers learn the `Task` when they start, so that none of them pays for routing
 * that another one does without; the load generators learn the rest.
 */

/** What a server does with a request. */
export type Task = "hello" | "download" | "upload" | "headers"

export const allTasks: ReadonlyArray<Task> = ["hello", "download", "upload", "headers"]

/** A task under a certain load. `quick` marks those of the short run. */
export interface Workload {
  readonly id: string
  readonly title: string
  readonly task: Task
  readonly connections: number
  readonly streams: number
  readonly tls: boolean
  readonly quick: boolean
}

/** The body of the small responses. */
export const HELLO = "Hello World!"

/** Octets of the large bodies. */
export const MEBIBYTE = 1_048_576

/** The settings that every peer gets, as far as it can be told; they are the defaults of our server. */
export const settings = {
  maxConcurrentStreams: 100,
  initialWindowSize: 262_144,
  connectionWindowSize: 1_048_576,
  /** What nghttpd and h2load take: a window is 2^bits - 1. */
  windowBits: 18,
  connectionWindowBits: 20,
  cipher: "TLS_AES_128_GCM_SHA256"
} as const

/** The path that a task is asked for; nghttpd and nginx have files there. */
export const path: { readonly [K in Task]: string } = {
  hello: "/hello.txt",
  download: "/mebibyte.bin",
  upload: "/upload.txt",
  headers: "/headers.txt"
}

/** How many octets the response to a task has. */
export const responseSize = (task: Task): number => (task === "download" ? MEBIBYTE : HELLO.length)

const workload = (
  id: string,
  title: string,
  task: Task,
  load: readonly [connections: number, streams: number],
  options: { readonly tls?: boolean; readonly quick?: boolean } = {}
): Workload => ({
  id,
  title: `${title}, ${load[0]} x ${load[1]}, ${options.tls === true ? "TLS" : "plain"}`,
  task,
  connections: load[0],
  streams: load[1],
  tls: options.tls ?? false,
  quick: options.quick ?? true
})

/** The workloads of the servers: connections x streams at once on each. */
export const serverWorkloads: ReadonlyArray<Workload> = [
  workload("many", "12-byte response", "hello", [10, 100]),
  workload("one", "12-byte response", "hello", [1, 1]),
  workload("spread", "12-byte response", "hello", [100, 10], { quick: false }),
  workload("download", "1 MiB download", "download", [4, 4]),
  workload("upload", "1 MiB upload", "upload", [4, 4]),
  workload("headers", "20 fields each way", "headers", [10, 100]),
  workload("many-tls", "12-byte response", "hello", [10, 100], { tls: true }),
  workload("one-tls", "12-byte response", "hello", [1, 1], { tls: true, quick: false }),
  workload("download-tls", "1 MiB download", "download", [4, 4], { tls: true, quick: false }),
  workload("upload-tls", "1 MiB upload", "upload", [4, 4], { tls: true, quick: false })
]

/** The workloads of the clients: one connection, so many requests at once. */
export const clientWorkloads: ReadonlyArray<Workload> = [
  workload("client-many", "client, 12-byte response", "hello", [1, 100]),
  workload("client-one", "client, 12-byte response", "hello", [1, 1]),
  workload("client-many-tls", "client, 12-byte response", "hello", [1, 100], { tls: true }),
  workload("client-one-tls", "client, 12-byte response", "hello", [1, 1], { tls: true, quick: false })
]
