/**
 * The work that is measured, the same for every peer. Servers learn the `Task` when they start, so that none of them pays for routing
 * that another one does without; the load generators learn the rest.
 */

/** What a server of the protocol does with a request. */
export type BasicTask = "hello" | "download" | "upload" | "headers"

export const basicTasks: ReadonlyArray<BasicTask> = ["hello", "download", "upload", "headers"]

/** What an application of `@effect/platform` does with a request, with a route for it. */
export type PlatformTask = "text" | "json"

export const platformTasks: ReadonlyArray<PlatformTask> = ["text", "json"]

export type Task = BasicTask | PlatformTask

/** A task under a certain load. `quick` marks those of the short run. */
export interface Workload {
  readonly id: string
  readonly title: string
  readonly task: Task
  readonly connections: number
  readonly streams: number
  readonly tls: boolean
  readonly quick: boolean
  /** Whether each request asks for a path of its own, in place of all for the same. */
  readonly varied: boolean
  /** Whether it is the platform's servers or clients that are compared. */
  readonly platform: boolean
}

/** The body of the small responses. */
export const HELLO = "Hello World!"

/** What the JSON of the platform's application says. */
export const JSON_VALUE = { id: 1234, name: "Ada Lovelace", email: "ada@example.com", active: true, roles: ["admin"] }

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
export const path: { readonly [K in Task]: `/${string}` } = {
  hello: "/hello.txt",
  download: "/mebibyte.bin",
  upload: "/upload.txt",
  headers: "/headers.txt",
  text: "/text",
  json: "/json"
}

/** How many paths there are where each request has one of its own. */
export const PATHS = 20_000

/** The paths of a varied workload: a query of its own for each, behind the one that the task is asked for, so that servers of files know it. */
export const variedPaths = (task: Task): ReadonlyArray<string> =>
  Array.from({ length: PATHS }, (_, index) => `${path[task]}?order=${100_000 + index}&page=${index % 7}`)

/** How many octets the response to a task has. */
export const responseSize = (task: Task): number =>
  task === "download" ? MEBIBYTE : task === "json" ? JSON.stringify(JSON_VALUE).length : HELLO.length

const workload = (
  id: string,
  title: string,
  task: Task,
  load: readonly [connections: number, streams: number],
  options: {
    readonly tls?: boolean
    readonly quick?: boolean
    readonly varied?: boolean
    readonly platform?: boolean
  } = {}
): Workload => ({
  id,
  title: `${title}, ${load[0]} x ${load[1]}, ${options.tls === true ? "TLS" : "plain"}`,
  task,
  connections: load[0],
  streams: load[1],
  tls: options.tls ?? false,
  quick: options.quick ?? true,
  varied: options.varied ?? false,
  platform: options.platform ?? false
})

/** The workloads of the servers: connections x streams at once on each. */
export const serverWorkloads: ReadonlyArray<Workload> = [
  workload("many", "12-byte response", "hello", [10, 100]),
  workload("many-varied", `12-byte response, ${PATHS.toLocaleString("en-US")} paths`, "hello", [10, 100], {
    varied: true
  }),
  workload("one", "12-byte response", "hello", [1, 1]),
  workload("spread", "12-byte response", "hello", [100, 10], { quick: false }),
  workload("download", "1 MiB download", "download", [4, 4]),
  workload("upload", "1 MiB upload", "upload", [4, 4]),
  workload("headers", "20 fields each way", "headers", [10, 100]),
  workload("many-tls", "12-byte response", "hello", [10, 100], { tls: true }),
  workload("one-tls", "12-byte response", "hello", [1, 1], { tls: true, quick: false }),
  workload("download-tls", "1 MiB download", "download", [4, 4], { tls: true, quick: false }),
  workload("upload-tls", "1 MiB upload", "upload", [4, 4], { tls: true, quick: false }),
  workload("platform-text", "platform, 12-byte text", "text", [10, 100], { platform: true }),
  workload("platform-json", "platform, small JSON", "json", [10, 100], { quick: false, platform: true })
]

/** The workloads of the clients: one connection, so many requests at once; over HTTP/1.1 a connection for each of them. */
export const clientWorkloads: ReadonlyArray<Workload> = [
  workload("client-many", "client, 12-byte response", "hello", [1, 100]),
  workload("client-one", "client, 12-byte response", "hello", [1, 1]),
  workload("client-many-tls", "client, 12-byte response", "hello", [1, 100], { tls: true }),
  workload("client-one-tls", "client, 12-byte response", "hello", [1, 1], { tls: true, quick: false }),
  workload("platform-client", "HttpClient, 12-byte text", "hello", [1, 100], { quick: false, platform: true })
]
