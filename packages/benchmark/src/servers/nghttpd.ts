/**
 * Launcher of nghttpd, nghttp2's server in C++, with one worker. It reads a small file for every response and adds fields of its own,
 * but none that it is told, so that its responses are small in the 20-field workload too. It takes the whole of an upload before it answers, and drops it.
 */
import * as Children from "../children.js"
import { basicTasks, settings } from "../workloads.js"
import { freePort, running, untilListening } from "./listening.js"
import type { Peer, RunningServer, StartOptions } from "./peer.js"

const start = async ({ files, tls }: StartOptions): Promise<RunningServer> => {
  const port = await freePort()
  const options = [
    ["--address", "127.0.0.1"],
    ["--htdocs", files.documents],
    ["--workers", "1"],
    ["--max-concurrent-streams", String(settings.maxConcurrentStreams)],
    ["--window-bits", String(settings.windowBits)],
    ["--connection-window-bits", String(settings.connectionWindowBits)]
  ].map(([name, value]) => `${name}=${value}`)
  const args = tls ? [...options, String(port), files.key, files.cert] : [...options, "--no-tls", String(port)]
  const child = Children.start("nghttpd", args, "tested")
  return running(child, untilListening(child, port))
}

export const nghttpd: Peer = {
  id: "nghttpd",
  label: "nghttpd",
  http1: false,
  missing: () => (Children.isInstalled("nghttpd") ? undefined : "not installed"),
  tasks: basicTasks,
  omission: "",
  start
}
