/**
 * Load by our own client in a second process, where h2load is not installed. It costs more for each request than some servers do, so
 * that it, and not they, may be the limit; it speaks HTTP/2 only.
 */
import { fileURLToPath } from "node:url"
import type { Files } from "../files.js"
import type { Report } from "../clients/meter.js"
import { runProgram } from "../programs.js"
import { HELLO, MEBIBYTE } from "../workloads.js"
import type { LoadOptions, LoadResult } from "./load.js"
import type { OurLoadConfig } from "./ourLoadProgram.js"

/** Runs it once. */
export const run =
  (files: Files, nodeFlags: ReadonlyArray<string>) =>
  async (options: LoadOptions): Promise<LoadResult> => {
    if (options.http1) throw new Error("our load does not speak HTTP/1.1")
    if (options.paths !== undefined) throw new Error("our load asks for one path")
    const { host, pathname, protocol } = new URL(options.url)
    const config: OurLoadConfig = {
      url: `${protocol}//${host}`,
      path: pathname,
      connections: options.connections,
      streams: options.streams,
      expected: pathname.endsWith(".bin") ? MEBIBYTE : HELLO.length,
      ca: protocol === "https:" ? files.cert : undefined,
      fields: options.fields,
      upload: options.upload,
      warmupMillis: options.warmupMillis,
      durationMillis: options.durationMillis
    }
    const file = fileURLToPath(new URL("./ourLoadProgram.js", import.meta.url))
    const report: Report = await runProgram(file, config, { nodeFlags, core: "load", onStart: options.onStart })
    options.onEnd()
    return { ...report, cipher: undefined }
  }
