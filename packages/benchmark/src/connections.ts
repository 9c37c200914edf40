/**
 * What a connection costs: CPU of a server for connect, one GET and close, and memory for each idle connection and each open stream, beside `node:http2`.
 * A program of its own, `node dist/connections.js [rounds]`; clients are sockets that send octets made beforehand, so that all time is the server's.
 */
import * as Net from "node:net"
import { fileURLToPath } from "node:url"
import * as Children from "./children.js"
import { cpuMicros } from "./processStats.js"

const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "latin1")
const settings = Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0])
const settingsAck = Buffer.from([0, 0, 0, 4, 1, 0, 0, 0, 0])

/** HEADERS that end their stream: GET of `path` over http, authority "a". */
const get = (streamId: number, path: string): Buffer => {
  const block = Buffer.concat([Buffer.from([0x82, 0x86, 0x41, 1, 0x61, 0x04, path.length]), Buffer.from(path)])
  const header = Buffer.from([0, 0, block.length, 1, 5, 0, 0, 0, 0])
  header.writeUInt32BE(streamId, 5)
  return Buffer.concat([header, block])
}

const once = Buffer.concat([preface, settings, settingsAck, get(1, "/")])
const idle = Buffer.concat([preface, settings, settingsAck])
const streams = 100
const holding = Buffer.concat([idle, ...Array.from({ length: streams }, (_, i) => get(2 * i + 1, "/hold"))])

/** Whether a frame that ends stream 1 is among `received`. */
const isAnswered = (received: Buffer): boolean => {
  for (let at = 0; at + 9 <= received.length; at += 9 + received.readUIntBE(at, 3)) {
    const type = received[at + 3] ?? 0
    if (type <= 1 && ((received[at + 4] ?? 0) & 1) === 1) return true
  }
  return false
}

const exchange = (port: number): Promise<void> =>
  new Promise((resolve, reject) => {
    let received: Buffer = Buffer.alloc(0)
    const socket = Net.connect({ port, host: "127.0.0.1", noDelay: true }, () => socket.write(once))
    socket.on("error", reject)
    socket.on("close", () => resolve())
    socket.on("data", (chunk: Buffer) => {
      received = Buffer.concat([received, chunk])
      if (isAnswered(received)) socket.end()
    })
  })

/** Opens a connection, says `octets`, and completes once the server's SETTINGS have come. */
const open = (port: number, octets: Buffer): Promise<Net.Socket> =>
  new Promise((resolve, reject) => {
    const socket = Net.connect({ port, host: "127.0.0.1", noDelay: true }, () => socket.write(octets))
    socket.on("error", reject)
    socket.once("data", () => resolve(socket))
  })

const openAll = async (port: number, octets: Buffer, count: number): Promise<ReadonlyArray<Net.Socket>> => {
  const sockets: Array<Net.Socket> = []
  while (sockets.length < count) {
    const batch = Array.from({ length: Math.min(50, count - sockets.length) }, () => open(port, octets))
    sockets.push(...(await Promise.all(batch)))
  }
  return sockets
}

interface Memory {
  readonly rss: number
  readonly heapUsed: number
  readonly external: number
}

const measure = async (kind: string): Promise<ReadonlyArray<number>> => {
  const program = fileURLToPath(new URL("servers/connections.js", import.meta.url))
  const child = Children.start(process.execPath, ["--expose-gc", program, kind], "tested")
  try {
    const lines: Array<(value: unknown) => void> = []
    child.onLine((line) => lines.shift()?.(JSON.parse(line)))
    const next = (): Promise<unknown> => new Promise((resolve) => lines.push(resolve))
    const { port } = (await next()) as { readonly port: number }
    const memory = (): Promise<Memory> => {
      child.ask("memory")
      return next() as Promise<Memory>
    }
    for (let i = 0; i < 1000; i++) await exchange(port)
    const before = cpuMicros(child.pid) ?? Number.NaN
    const count = 2000
    for (let i = 0; i < count; i++) await exchange(port)
    const micros = ((cpuMicros(child.pid) ?? Number.NaN) - before) / count
    const perOf = async (octets: Buffer, connections: number, each: number): Promise<ReadonlyArray<number>> => {
      const quiet = await memory()
      await openAll(port, octets, connections)
      const busy = await memory()
      const things = connections * each
      return [(busy.rss - quiet.rss) / things / 1024, (busy.heapUsed - quiet.heapUsed) / things / 1024]
    }
    // Streams first: what is idle costs the same beside them, and nothing is freed in between.
    const perStream = await perOf(holding, 100, streams)
    return [micros, ...(await perOf(idle, 5000, 1)), ...perStream]
  } finally {
    await child.stop()
  }
}

Children.cleanUpAtExit()
const rounds = Number(process.argv[2] ?? 1)
const titles = ["connect, GET, close: us CPU", "idle: KiB RSS", "idle: KiB heap", "stream: KiB RSS", "stream: KiB heap"]
console.log(["", ...titles].join(" | "))
for (let round = 0; round < rounds; round++) {
  for (const kind of ["node", "serve", "platform"]) {
    console.log([kind, ...(await measure(kind)).map((value) => value.toFixed(1))].join(" | "))
  }
}
