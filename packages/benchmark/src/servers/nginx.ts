/**
 * Launcher of nginx: one worker, everything that it writes in the run's temporary folder. Its small responses come from its
 * configuration (`return`), its large one from a file, read into
 * buffers: `sendfile`, called for each frame, made it several times slower. It answers without having read an upload, so it has no part in that workload.
 */
import { mkdtempSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import * as Children from "../children.js"
import { responseFields } from "../fields.js"
import { HELLO, path, settings } from "../workloads.js"
import { freePort, running, untilListening } from "./listening.js"
import type { Peer, RunningServer, StartOptions } from "./peer.js"

const configuration = (folder: string, port: number, { files, tls }: StartOptions, http1: boolean): string => {
  const added = responseFields.map(([name, value]) => `add_header ${name} "${value}";`).join(" ")
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((name) => `${name}_temp_path ${folder}/${name};`)
    .join(" ")
  return `
daemon off;
worker_processes 1;
${process.getuid?.() === 0 ? "user root;" : ""}
pid ${folder}/nginx.pid;
error_log ${folder}/error.log warn;
events { worker_connections 4096; }
http {
  access_log off;
  ${temporary}
  sendfile off;
  output_buffers 2 128k;
  http2_chunk_size 16k;
  tcp_nopush on;
  open_file_cache max=16;
  keepalive_timeout 1h;
  keepalive_requests 4000000000;
  http2_max_concurrent_streams ${settings.maxConcurrentStreams};
  default_type text/plain;
  server {
    listen 127.0.0.1:${port}${tls ? " ssl" : ""}${http1 ? "" : " http2"};
    ${tls ? `ssl_certificate ${files.cert}; ssl_certificate_key ${files.key}; ssl_protocols TLSv1.3;` : ""}
    location = ${path.hello} { return 200 "${HELLO}"; }
    location = ${path.headers} { ${added} return 200 "${HELLO}"; }
    location / { root ${files.documents}; }
  }
}
`
}

const start =
  (http1: boolean) =>
  async (options: StartOptions): Promise<RunningServer> => {
    const port = await freePort()
    const folder = mkdtempSync(join(options.files.folder, "nginx-"))
    const file = join(folder, "nginx.conf")
    writeFileSync(file, configuration(folder, port, options, http1))
    const child = Children.start("nginx", ["-p", folder, "-e", join(folder, "error.log"), "-c", file], "tested")
    return running(child, untilListening(child, port))
  }

export const nginx: Peer = {
  id: "nginx",
  label: "nginx",
  http1: false,
  missing: () => (Children.isInstalled("nginx", "-v") ? undefined : "not installed"),
  tasks: ["hello", "download", "headers"],
  omission: "it answers without reading the body",
  start: start(false)
}

/** The same over HTTP/1.1, for clients that speak nothing else. */
export const nginxHttp1: Peer = { ...nginx, label: "nginx over HTTP/1.1", http1: true, start: start(true) }
